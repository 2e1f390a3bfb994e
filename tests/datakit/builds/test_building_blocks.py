"""The parts of a build by themselves: declarations, the cache, digests of code and files, kept cells."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinagotd.datakit.builds.cache import Cache
from sinagotd.datakit.builds.declaration import Declaration, DeclarationError
from sinagotd.datakit.builds.outcome import DamagedEntryError, Outcome, from_bytes, outcome_of, to_bytes
from sinagotd.datakit.builds.stamps import Stamps
from sinagotd.datakit.parallel import each_row
from sinagotd.datakit.records import OK, Record
from sinagotd.datakit.streams import equal_values
from sinagotd.errors import DatasetError


def outcome(**cells: Any) -> Outcome:
    return outcome_of(Record(("01",), "facts", OK), cells)


def test_a_declaration_tells_everything_that_is_wrong_with_it() -> None:
    wrong = Declaration("a/b", Path("out.xyz"), keep=-1, timeout_s=0)
    with pytest.raises(DeclarationError) as raised:
        wrong.check()
    assert len(raised.value.faults) == 6
    assert all(fault.startswith("dataset 'a/b': ") for fault in raised.value.faults)


def test_a_partitioned_dataset_is_one_of_parquet() -> None:
    declared = Declaration("a", Path("/out/a"), roots=(Path("/in"),), partition_by=("subject",), format="csv")
    assert "partition_by is for folders of Parquet" in declared.faults()[0]


def test_an_unknown_level_to_partition_by_is_said(world: Any) -> None:
    world.declare(output=world.folder / "out" / "main", partition_by=("weekday",))
    with pytest.raises(DatasetError, match="no level weekday, only Subject"):
        world.build()


def test_a_kept_cell_comes_back_as_it_was() -> None:
    cells = {
        "a": np.arange(3.0),
        "text": pd.array(["x", None], dtype="str"),
        "deep": {"k": [1, None, float("nan")]},
        "nothing": float("nan"),
        "grid": np.ones((2, 3), dtype=np.int16),
        "kinds": pd.Categorical(["a", "b", "a"]),
        "when": pd.to_datetime(["2020-01-01"], utc=True).array,
        "one": np.float64(2.5),
    }
    kept = from_bytes(to_bytes(outcome(**cells)))
    assert equal_values(kept.cells, cells)
    assert kept == outcome(**cells)._replace(cells=kept.cells)


@pytest.mark.parametrize(
    "harm", [lambda content: content[:-1], lambda content: content[:20] + b"!" + content[21:], lambda _: b""]
)
def test_a_damaged_entry_is_as_one_never_kept(tmp_path: Path, harm: Any) -> None:
    cache = Cache(tmp_path)
    cache.put("0123456789", to_bytes(outcome(age=1)))
    (entry,) = tmp_path.rglob("*.cell")
    entry.write_bytes(harm(entry.read_bytes()))
    with pytest.raises(DamagedEntryError):
        from_bytes(entry.read_bytes())
    assert cache.get("0123456789") is None
    assert not entry.exists()


def test_the_cache_lets_go_of_what_was_used_longest_ago(tmp_path: Path) -> None:
    size = len(to_bytes(outcome(values=np.arange(1000))))
    cache = Cache(tmp_path, most_bytes=5 * size)
    for at in range(8):
        cache.put(f"{at:04}key", to_bytes(outcome(values=np.arange(1000))))
        used = time.time() - 1000 + at
        os.utime(tmp_path / f"{at:04}"[:2] / f"{at:02}key.cell", (used, used))
    cache.get("0000key")
    assert cache.shrink() == 4
    assert [at for at in range(8) if cache.get(f"{at:04}key")] == [0, 5, 6, 7]


def test_a_cell_that_no_format_can_hold_is_a_problem(world: Any) -> None:
    file = world.scripts / "lab_sources.py"
    file.write_text(file.read_text().replace('"length": len(text)', '"length": lambda: text'))
    built = world.build()
    assert {problem.source for problem in built.problems} == {"remarks"}
    assert "no data-only format can save" in (built.problems[0].message or "")


def test_a_file_is_read_again_only_if_its_stamp_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    long_after = time.time_ns() + 10_000_000_000
    first = Stamps({}, long_after)
    content = first.content(str(file))
    again = Stamps(first.seen, long_after)
    assert again.content(str(file)) == content
    assert again.read == 0
    file.write_text("two")
    changed = Stamps(first.seen, long_after)
    assert changed.content(str(file)).digest != content.digest


def test_the_stamp_of_a_file_that_was_just_written_is_not_believed(tmp_path: Path) -> None:
    """A second change within the clock's step would leave the same stamp."""
    file = tmp_path / "a"
    file.write_text("one")
    first = Stamps({}, time.time_ns())
    first.content(str(file))
    again = Stamps(first.seen, time.time_ns())
    again.content(str(file))
    assert again.read == 1


def test_what_a_source_reads_beside_its_file_counts(tmp_path: Path) -> None:
    own, beside = tmp_path / "a", tmp_path / "b"
    own.write_text("one")
    beside.write_text("one")
    before = Stamps({}, time.time_ns()).content(str(own), [str(beside)])
    beside.write_text("two")
    assert Stamps({}, time.time_ns()).content(str(own), [str(beside)]).digest != before.digest


def test_a_bounded_number_of_rows_is_loaded_ahead_of_the_one_in_hand() -> None:
    """However many there are: a build in a step host needs memory for a batch, not for its dataset."""
    rows: list[Any] = list(range(10_000))
    begun: list[Any] = []
    with ThreadPoolExecutor(2) as executor:
        loaded = each_row(lambda _, row: begun.append(row) or row, None, rows, executor)
        for at, row in enumerate(loaded):
            assert row == at
            assert len(begun) <= at + 6 * 16
