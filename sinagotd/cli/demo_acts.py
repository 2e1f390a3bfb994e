"""What is done to the harbour, act by act, with what exactly must follow from it. It starts nothing and shows nothing."""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sinagotd.cli.demo_daemon import DemoError
from sinagotd.cli.demo_dataset import NAME, Table
from sinagotd.cli.demo_instrument import arrive, boats_in, raw_path, raw_text, record_ids, with_first_length
from sinagotd.cli.demo_watching import Expected, Ran
from sinagotd.cli.demo_workspace import ATTEMPTS, STEPS
from sinagotd.cli.text import counted
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome, State
from sinagotd.manifest.reader import Reader
from sinagotd.scan.stamps import stamp

LATE_RECORDS = 3


@dataclass(frozen=True, slots=True)
class Act:
    """`do` does something, a bit with each step. `moral` says what it shows, once what is expected has come true.

    Raises DemoError if what it says is not so. A step that is worth explaining then is named by `explain`, a version that
    the dataset is worth comparing with by `diff_since`.
    """

    title: str
    do: Iterable[None]
    expected: Expected
    moral: Callable[[], str]
    explain: StepKey | None = None
    diff_since: int | None = None


@dataclass(frozen=True, slots=True)
class Harbour:
    """The workspace of the demo in hand; `records` are those that have come once the act in hand is over."""

    folder: Path
    records: Sequence[str]

    @property
    def data(self) -> Path:
        return self.folder / "dataset"

    def raw(self, record: str) -> Path:
        return self.data / raw_path(record)

    def script(self, name: str) -> Path:
        return self.folder / "scripts" / name

    def with_more(self, *records: str) -> "Harbour":
        return Harbour(self.folder, [*self.records, *records])

    @property
    def steps(self) -> int:
        return len(self.records) * len(STEPS)


def acts(folder: Path, count: int) -> Iterator[Act]:
    """The acts in their order; each must be over before the next is asked for."""
    *records, late, bad, good = record_ids(count + LATE_RECORDS)
    harbour = Harbour(folder, records)
    yield _all_arrive(harbour)
    yield _content_changes(harbour, records[1])
    yield _only_touched(harbour, records[2])
    harbour = harbour.with_more(late)
    yield _comment_changes(harbour, late)
    yield _same_results(harbour)
    yield _helper_changes(harbour)
    harbour = harbour.with_more(bad, good)
    yield _bad_file(harbour, bad, good)
    yield _mended(harbour, bad)
    table = Table(folder)
    yield _published(harbour, table)
    yield _published_again(harbour, table, records[3])


def _all_arrive(harbour: Harbour) -> Act:
    ways, arrival = arrive(harbour.data, harbour.records)
    told = ", ".join(f"{times} {way}" for way, times in ways.items())
    return Act(
        f"{counted(len(harbour.records), 'file')} arrive, as instruments write them: {told}.",
        arrival,
        Expected(harbour.steps, _runs(harbour.records, STEPS)),
        lambda: _nothing_lost(harbour),
    )


def _nothing_lost(harbour: Harbour) -> str:
    written = sum(boats_in(raw_text(record)) for record in harbour.records)
    found = sum(_boats_counted(path) for path in harbour.data.glob("counts/*/*.csv"))
    if found != written:
        raise DemoError(f"{written} boats were written, but {found} were counted")
    return f"Every step ran once for every file, and all {written} boats that were written are counted."


def _boats_counted(path: Path) -> int:
    with path.open(newline="") as file:
        return sum(int(row["boats"]) for row in csv.DictReader(file))


def _content_changes(harbour: Harbour, record: str) -> Act:
    raw = harbour.raw(record)
    return Act(
        f"One file changes: the first boat of {record} gets longer.",
        _write(raw, with_first_length(raw.read_text(), "160")),
        Expected(harbour.steps, _runs([record], STEPS)),
        lambda: "What depends on that file ran, and nothing else.",
    )


def _only_touched(harbour: Harbour, record: str) -> Act:
    raw = harbour.raw(record)
    return Act(
        f"One file is touched: {record} gets a new date and keeps its content.",
        _touch(raw),
        Expected(harbour.steps, Counter(), seen=lambda read: _is_fingerprinted(read, harbour.data, raw_path(record))),
        lambda: "The daemon has taken its fingerprint anew, found the same content, and ran nothing.",
    )


def _is_fingerprinted(read: Reader, data: Path, path: str) -> bool:
    """Whether the manifest knows this file as it is on disk now."""
    known = read.digests([path]).get(path)
    return known is not None and known[0] == stamp(data, path)


def _comment_changes(harbour: Harbour, late: str) -> Act:
    script = harbour.script("count.py")
    comment = script.read_text().replace("# Sorted,", "# In alphabetical order,")

    def do() -> Iterator[None]:
        yield from _write(script, comment)
        yield from _write(harbour.raw(late), raw_text(late))

    return Act(
        f"A comment in count.py changes, then {late} arrives.",
        do(),
        Expected(harbour.steps, _runs([late], STEPS)),
        # A claim waits until a script that changed has been read again: that the new one ran proves the reading.
        lambda: "The script was read again, but it means the same: only the file that is new was worked on.",
    )


def _same_results(harbour: Harbour) -> Act:
    script = harbour.script("count.py")
    code = script.read_text().replace("sorted(boats.items())", "[(name, boats[name]) for name in sorted(boats)]")
    before = _contents(harbour, "counts")

    def moral() -> str:
        if _contents(harbour, "counts") != before:
            raise DemoError("the counts are not what they were, though only the way to them changed")
        return "It ran for every file. The counts are byte for byte what they were, so no report was made anew."

    return Act(
        "A line of count.py changes, in a way that gives the same results.",
        _write(script, code),
        Expected(harbour.steps, _runs(harbour.records, ["count"])),
        moral,
    )


def _helper_changes(harbour: Harbour) -> Act:
    helper = harbour.script("harbour.py")
    before = _contents(harbour, "means")

    def moral() -> str:
        after = _contents(harbour, "means")
        if same := [path.name for path, content in after.items() if content == before[path]]:
            raise DemoError(f"{counted(len(same), 'mean')} did not change, though a metre is longer now")
        return "mean.py imports it, so every mean was made anew, they changed, and so did their reports; no count."

    return Act(
        "A line of the helper harbour.py changes: a metre gets longer.",
        _write(helper, helper.read_text().replace("3.28", "3.28084")),
        Expected(harbour.steps, _runs(harbour.records, ["mean", "report"])),
        moral,
    )


def _bad_file(harbour: Harbour, bad: str, good: str) -> Act:
    def do() -> Iterator[None]:
        yield from _write(harbour.raw(bad), with_first_length(raw_text(bad), "long"))
        yield from _write(harbour.raw(good), raw_text(good))

    mean = StepKey(bad, "mean")
    failed = Counter({(mean, Outcome.FAILED): ATTEMPTS})
    return Act(
        f"{bad} arrives with a boat that is 'long' feet long, then {good}.",
        do(),
        Expected(
            harbour.steps,
            failed + _runs([bad], ["count"]) + _runs([good], STEPS),
            others={mean: State.QUARANTINED, StepKey(bad, "report"): State.BLOCKED},
        ),
        lambda: (
            f"mean.py was tried {ATTEMPTS} times on the bad file; the good one went on. `sinagotd explain` says why:"
        ),
        explain=mean,
    )


def _mended(harbour: Harbour, bad: str) -> Act:
    return Act(
        f"{bad} is mended.",
        _write(harbour.raw(bad), raw_text(bad)),
        Expected(harbour.steps, _runs([bad], STEPS)),
        lambda: "It was taken up again by itself, and every step is current.",
    )


def _published(harbour: Harbour, table: Table) -> Act:
    def moral() -> str:
        boats = sum(boats_in(harbour.raw(record).read_text()) for record in harbour.records)
        version = table.until_it_has(harbour.records, boats)
        return f"Its version {version.number} has a row for each of the {version.rows} files, and all {boats} boats."

    return Act(
        f"All the while the results were gathered in one table: tables/{NAME}.parquet.",
        iter(()),
        Expected(harbour.steps, Counter()),
        moral,
    )


def _published_again(harbour: Harbour, table: Table, record: str) -> Act:
    raw, before = harbour.raw(record), table.latest()
    since = before.number if before is not None else 0

    def moral() -> str:
        table.until_changed(since, {(record, "mean"), (record, "report")})
        return "Of the table only these cells changed; its count is what it was. `sinagotd dataset diff` says why:"

    return Act(
        f"One file changes: the first boat of {record} gets longer, and the table follows.",
        _write(raw, with_first_length(raw.read_text(), "170")),
        Expected(harbour.steps, _runs([record], STEPS)),
        moral,
        diff_since=since,
    )


def _runs(records: Iterable[str], steps: Iterable[str]) -> Counter[Ran]:
    """Each of these steps once for each of these records, well ended."""
    names = list(steps)
    return Counter((StepKey(record, step), Outcome.SUCCEEDED) for record in records for step in names)


def _contents(harbour: Harbour, kind: str) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in harbour.data.glob(f"{kind}/*/*")}


def _write(path: Path, text: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    yield


def _touch(path: Path) -> Iterator[None]:
    """As `touch` does it, which opens the file for writing."""
    with path.open("ab") as file:
        os.utime(file.fileno())
    yield
