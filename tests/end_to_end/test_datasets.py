"""Datasets that a real daemon keeps: of a workspace and of a tree, built in step hosts beside the steps."""

import os
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lab_world import Lab
from service_world import Service

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]


@pytest.fixture
def service(lab: Lab) -> Service:
    return Service(lab)


def test_results_and_files_become_rows_and_an_edit_a_new_version(service: Service) -> None:
    service.score(1, "10")
    service.lab.put("raw/REC-1.txt", "one two")
    service.start()
    service.wait_for("counts", "count", [2])
    service.wait_for("scores", "score", [10])
    service.lab.put("raw/REC-2.txt", "one")
    service.score(1, "11")
    service.score(2, "20")
    service.wait_for("counts", "count", [2, 1])
    service.wait_for("scores", "score", [11, 20])
    assert service.last_line("dataset_built", "scores")["cells_loaded"] in (1, 2)
    staging = service.folder / "tables/.sinagotd/datasets/staging"
    service.lab.daemon.wait_until(lambda: not any(staging.iterdir()), "no staging left")


def test_a_source_that_dies_or_hangs_costs_its_own_cell(service: Service) -> None:
    for number, text in enumerate(("1", "dies", "hangs", "4"), start=1):
        service.score(number, text)
    service.start()
    service.wait_for("scores", "score", [1, None, None, 4])
    assert service.last_line("dataset_built", "scores")["failed"] == 2


def test_a_killed_daemon_goes_on_where_it_was_and_readers_notice_nothing(service: Service) -> None:
    service.score(1, "1")
    service.start()
    service.wait_for("scores", "score", [1])
    for value in range(2, 5):
        service.score(1, str(value))
        time.sleep(0.3 * value)
        service.lab.daemon.kill()
        assert pq.read_table(service.table("scores")).num_rows == 1
        service.start()
    service.wait_for("scores", "score", [4])


def test_once_builds_every_dataset_and_says_if_one_failed(service: Service) -> None:
    service.score(1, "7")
    service.lab.put("raw/REC-1.txt", "one two three")
    assert "dataset_built" in service.run_once(0)
    assert (service.values("counts", "count"), service.values("scores", "score")) == ([3], [7])
    (service.folder / "mine.py").write_text("this is no python")
    service.run_once(1)
    assert service.values("scores", "score") == [7]


def test_the_daemon_itself_does_not_grow_with_a_dataset(service: Service) -> None:
    for number in range(300):
        service.score(number, str(number))
    service.start()
    before = _memory_bytes(service.lab.daemon.pid)
    service.wait_for("scores", "score", sorted(range(300), key=str))
    assert _memory_bytes(service.lab.daemon.pid) - before < 50 * 1024**2
    maps = Path(f"/proc/{service.lab.daemon.pid}/maps").read_text()
    assert "pyarrow" not in maps
    assert "pandas" not in maps


def _memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
