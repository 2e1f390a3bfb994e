"""The power fails while the daemon works: what it said is done is there afterwards, and nothing half counts as done."""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from counting import Count
from engine_world import World, a_world
from power_cut import COUNT, MEAN, Disk, PowerLab, UnavailableError

from sinagotd.engine import staging
from sinagotd.scripts.orders import RECEIPT_NAME

pytestmark = pytest.mark.timeout(1200)

MEMORY = Path("/dev/shm")
BATCH = 6
MOST_CUTS = 20
KINDS = {"ext4": ("ext4",), "ext4, noauto_da_alloc": ("ext4", "noauto_da_alloc"), "XFS": ("xfs",)}


@contextmanager
def a_power_lab(home: Path, kind: tuple[str, ...], broken: str = "") -> Iterator[PowerLab]:
    place = home / "dataset"
    place.mkdir()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else home) as images:
        try:
            disk = Disk(Path(images, "disk"), place, *kind)
        except UnavailableError as why:
            pytest.skip(str(why))
        seed = secrets.randbits(32)
        lab = PowerLab(home, disk, seed, broken)
        try:
            yield lab
        except BaseException as fault:
            fault.add_note(f"seed {seed}\n{lab.tail()}")
            raise
        finally:
            lab.close()
            disk.close()


def cut_at_random(lab: PowerLab) -> None:
    """Let it come to rest, most of the time, bring it something new, and cut the power while it works on that."""
    lab.start()
    if lab.chance.random() < 0.8:
        lab.come_to_rest()
    lab.change(lab.chance.randint(1, BATCH))
    time.sleep(lab.chance.uniform(0, 0.5))
    lab.cut()
    lab.look()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_said_to_be_done_is_there_after_a_power_cut(kind: str, tmp_path: Path, count: Count) -> None:
    what = f"power cuts at random moments on {kind}"
    with a_power_lab(tmp_path, KINDS[kind]) as lab, count("P6", what, share=1, full=100) as counted:
        for _ in range(counted.times):
            cut_at_random(lab)
        lab.start()
        lab.come_to_rest()
        counted.wrongs += lab.wrongs
        counted.note = f"{len(lab.done)} results"


@pytest.mark.parametrize(("broken", "kind"), [("fsync", "XFS"), ("synchronous", "ext4")])
def test_the_same_cuts_find_losses_where_nothing_is_made_durable(broken: str, kind: str, tmp_path: Path) -> None:
    with a_power_lab(tmp_path, KINDS[kind], broken) as lab:
        for _ in range(MOST_CUTS):
            cut_at_random(lab)
            if lab.wrongs:
                return
    pytest.fail(f"{MOST_CUTS} power cuts, and nothing was lost")


# everywhere, without a disk of our own


class Acts:
    """What a world makes durable (fsync), visible (move) and acknowledged (commit), in the order in which it did."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, str]] = []
        self.session = world.engine.manifest._session
        self.session.connection.set_trace_callback(self._hear)
        fsync = os.fsync
        monkeypatch.setattr(os, "fsync", lambda handle: (fsync(handle), self._note("fsync", f"/proc/self/fd/{handle}")))
        for module, name in ((os, "replace"), (os, "rename"), (staging, "exchange")):
            monkeypatch.setattr(module, name, self._told(getattr(module, name)))

    def _hear(self, sql: str) -> None:
        if sql == "COMMIT":
            self.seen.append(("commit", ""))

    def _note(self, verb: str, path: str) -> None:
        self.seen.append((verb, str(Path(path).readlink()) if path.startswith("/proc") else path))

    def _told(self, move: Callable[..., bool | None]) -> Callable[..., bool | None]:
        def moved(source: Path, target: Path) -> bool | None:
            answer = move(source, target)
            self._note("move", str(target))
            return answer

        return moved

    def at(self, verb: str, path: Path | str, after: int = -1) -> int:
        return self.seen.index((verb, str(path)), after + 1)


@pytest.mark.parametrize("text", ["first", "second"], ids=["new results", "results that take the place of others"])
def test_a_result_is_durable_before_it_is_visible_and_visible_for_good_before_it_counts(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(tmp_path, count=COUNT, mean=MEAN) as world:
        if text == "second":
            world.put("raw/REC-1.txt", "first")
            world.settle()
        acts = Acts(world, monkeypatch)
        world.put("raw/REC-1.txt", text)
        world.settle()
        runs = world.engine.manifest.read.runs(limit=2)
        assert acts.session.rows("PRAGMA synchronous") == [(2,)]  # FULL
        for run, outputs in zip(runs, (["mean/REC-1.txt", "parts/REC-1"], ["count/REC-1.txt"]), strict=True):
            staged = Path(staging.staging_folder(world.data, run.run_id))
            receipt = acts.at("move", staged / RECEIPT_NAME)
            assert acts.seen[receipt - 1][0] == "fsync"
            assert f".{RECEIPT_NAME}." in acts.seen[receipt - 1][1]
            assert acts.at("fsync", staged, receipt) < acts.at("move", world.data / outputs[0], receipt)
            for output in outputs:
                content = f"{output}/part" if "parts" in output else output
                for place in (content, *map(str, Path(content).parents)):
                    assert acts.at("fsync", staged / place) < receipt
                moved = acts.at("move", world.data / output)
                assert receipt < moved
                known = (world.data / output).parent
                assert acts.at("fsync", known, moved) < acts.at("commit", "", moved)
                if text == "first":
                    assert acts.at("fsync", world.data, moved) < acts.at("commit", "", moved)
