"""What a place can do to the datasets of a real daemon: full, read-only, gone, of another file system; and a build that hangs."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_world import Lab
from service_world import Service
from small_disk import a_small_disk, fill_disk, remount

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

SCORES = """
[intervals]
scan = "2s"
[datasets.scores]
roots = ["study"]
output = "disk/not/there/{name}.parquet"
quiet = "200ms"
at_most_every = "100ms"
sources_from = ["mine.py"]
"""


class OnDisk(Service):
    """A service whose dataset is published on another, small file system, in a folder that is not there at first."""

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    def table(self, name: str) -> Path:
        return self.disk / f"not/there/{name}.parquet"

    def has_said(self, event: str, word: str) -> None:
        """Wait for a line about the dataset that says so."""
        daemon = self.lab.daemon
        daemon.wait_until(
            lambda: any(word in str(line["why"]) for line in daemon.lines(event)), f"{event}: {word}", 90.0
        )

    def retried_at_once(self) -> None:
        """What failed is tried again a minute later; who reads the settings again needs not wait so long."""
        (self.disk / "not/there/.sinagotd/datasets/scores.json").unlink(missing_ok=True)
        self.lab.daemon.send(signal.SIGHUP)


@pytest.fixture
def on_disk(lab: Lab) -> Iterator[OnDisk]:
    service = OnDisk(lab)
    service.declare(SCORES)
    with a_small_disk(service.disk, "size=3m"):
        yield service


def test_a_disk_that_is_full_or_read_only_keeps_what_readers_had_and_work_resumes(on_disk: OnDisk) -> None:
    on_disk.score(1, "1")
    on_disk.start()
    on_disk.wait_for("scores", "score", [1])
    ballast = fill_disk(on_disk.disk, 0)
    on_disk.score(1, "2")
    on_disk.has_said("dataset_failed", "no room left")
    on_disk.lab.daemon.wait_for_line("dataset_not_remembered")
    assert on_disk.values("scores", "score") == [1]
    ballast.unlink()
    on_disk.retried_at_once()
    on_disk.wait_for("scores", "score", [2])
    on_disk.last_line("dataset_built", "scores")
    remount(on_disk.disk, "ro")
    on_disk.score(1, "3")
    on_disk.has_said("dataset_failed", "Read-only file system")
    assert on_disk.values("scores", "score") == [2]
    remount(on_disk.disk, "rw")
    on_disk.retried_at_once()
    on_disk.wait_for("scores", "score", [3])
    on_disk.lab.daemon.stop()


def test_what_is_taken_away_or_changed_by_someone_is_said_and_built_again(on_disk: OnDisk) -> None:
    on_disk.score(1, "1")
    on_disk.start()
    on_disk.wait_for("scores", "score", [1])
    on_disk.table("scores").unlink()
    on_disk.has_said("dataset_built", "deleted by someone")
    on_disk.table("scores").unlink()
    on_disk.table("scores").write_text("mine")
    on_disk.has_said("dataset_built", "changed by someone")
    assert on_disk.values("scores", "score") == [1]
    for entry in on_disk.disk.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    on_disk.lab.daemon.wait_until(on_disk.table("scores").exists, "built though its folder was emptied")
    assert on_disk.values("scores", "score") == [1]
    on_disk.lab.daemon.stop()


def test_a_build_that_hangs_is_killed_by_its_timeout_with_all_that_it_started(service: Service) -> None:
    service.declare(SCORES.replace("disk/not/there/", "tables/") + 'timeout = "15s"\ncell_timeout = "off"\n')
    service.score(1, "hangs")
    service.score(2, "2")
    service.start()
    assert "15s" in str(service.last_line("dataset_failed", "scores")["why"])
    service.score(1, "1")
    service.lab.daemon.send(signal.SIGHUP)
    service.wait_for("scores", "score", [1, 2])
    service.lab.daemon.stop()


def test_datasets_are_declared_anew_without_a_stop(service: Service) -> None:
    service.score(1, "1")
    service.lab.put("raw/REC-1.txt", "one two")
    service.start()
    service.wait_for("counts", "count", [2])
    service.wait_for("scores", "score", [1])
    service.declare(SCORES.replace("disk/not/there/", "elsewhere/"))
    service.lab.daemon.send(signal.SIGHUP)
    moved = service.folder / "elsewhere/scores.parquet"
    service.lab.daemon.wait_until(moved.exists, "published elsewhere")
    service.declare("[datasets.scores]\nroots = 7\n")
    service.lab.daemon.send(signal.SIGHUP)
    service.lab.daemon.wait_for_line("reload_refused")
    before = moved.stat().st_ino
    service.score(1, "5")
    service.lab.daemon.wait_until(lambda: moved.stat().st_ino != before, "kept as it was declared last")
    assert service.values("scores", "score") == [1], "what is declared no longer is left alone"
    service.lab.daemon.stop()


@pytest.fixture
def service(lab: Lab) -> Service:
    return Service(lab)
