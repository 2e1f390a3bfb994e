"""The same frame whoever loads it: here, threads, processes, a Dask cluster."""

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import cloudpickle
import pandas as pd
import pytest
from datakit_world import experiment, small_sources, source_giving, stream, write

from sinagotd.datakit import Dataset
from sinagotd.datakit.processes import Processes
from sinagotd.errors import DatasetError


@pytest.fixture(autouse=True)
def _sent_whole():
    """Other processes cannot import a test module."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def slow_at_first(path, _context):
    time.sleep(0.05 if "sub-01" in str(path) else 0)
    return stream(path.name, is_timeseries=False)


def broken(path, _context):
    if "task-b" in path.name:
        raise UnsendableError(path)
    return stream(path.name, is_timeseries=False)


class UnsendableError(Exception):
    def __init__(self, path):
        super().__init__("cannot be sent")
        self.kept = lambda: path


def unsendable(path, _context):
    return stream((lambda: path) if "task-b" in path.name else "", is_timeseries=False)


def dies(_path, _context):
    os._exit(1)


@pytest.fixture
def root(tmp_path):
    experiment(tmp_path, subjects=("01", "02", "03"))
    for path in list(tmp_path.rglob("*_licks.csv")):
        for tag in ("slow", "broken"):
            path.with_name(path.name.replace("licks.csv", f"{tag}.txt")).touch()
    return tmp_path


def dataset(root):
    more = (source_giving("slow", slow_at_first), source_giving("broken", broken))
    return Dataset.from_directory(root, registry=small_sources(*more))


def assert_same(root, workers):
    here, there = (
        dataset(root).materialize(strict=False, return_errors=True, workers=each) for each in (None, workers)
    )
    pd.testing.assert_frame_equal(here[0], there[0])
    assert here[0].attrs["datakit_cells"] == there[0].attrs["datakit_cells"]
    unlike = ["traceback"]
    pd.testing.assert_frame_equal(here[1].drop(columns=unlike), there[1].drop(columns=unlike))
    assert there[1].error_type.dropna().unique().tolist() == ["UnsendableError"]


def test_a_value_that_cannot_be_sent_is_a_failed_cell_of_its_own(root):
    """It was the end of the build, and named neither row nor source."""
    mixed = Dataset.from_directory(root, registry=small_sources(source_giving("broken", unsendable)))
    frame, records = mixed.materialize(strict=False, return_errors=True, workers=2)
    bad = records[records["status"] == "error"]
    assert set(bad["Source"]) == {"broken"}
    assert bad["message"].str.contains("cannot be sent from a worker: ").all()
    assert frame["weight", "grams"].notna().any()
    with pytest.raises(DatasetError, match=r"broken of \('01', 'ses-1', 'task-b'\)"):
        mixed.materialize(workers=2)


def test_threads(root):
    with ThreadPoolExecutor(3) as pool:
        assert_same(root, pool)


def test_two_processes(root):
    assert_same(root, 2)


def test_a_pool_of_processes(root):
    with ProcessPoolExecutor(1) as pool:
        assert_same(root, pool)


@pytest.mark.cluster
def test_a_dask_client(root):
    from distributed import Client

    with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as client:
        assert_same(root, client)


def test_strict_tells_the_errors_of_all_workers(root):
    with ThreadPoolExecutor(2) as pool, pytest.raises(DatasetError, match="3 of 30 cells"):
        dataset(root).materialize(workers=pool)


def test_a_worker_that_dies_is_told_with_its_rows(tmp_path):
    write(tmp_path, "data/sub-1/ses-1/x_deadly.txt")
    deadly = Dataset.from_directory(tmp_path, registry=small_sources(source_giving("deadly", dies)))
    with pytest.raises(DatasetError, match=r"a worker died while it loaded the rows \('1', 'ses-1', 'task-session'\)"):
        deadly.materialize(workers=2)


def test_children_end_with_their_executor_and_at_once_after_an_error():
    with Processes(1) as pool:
        assert pool.submit(pow, 2, 5).result() == 32
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            pool.submit(divmod, 1, 0).result()
    began = time.monotonic()
    pool = Processes(1)
    with pytest.raises(KeyError):
        interrupt(pool)
    assert time.monotonic() - began < 40
    assert all(child.poll() is not None for child, _ in pool._children)


def interrupt(pool):
    with pool:
        assert pool.submit(pow, 2, 5).result() == 32
        pool.submit(time.sleep, 50)
        raise KeyError


def test_a_script_needs_no_guard_to_use_processes(root, tmp_path):
    script = write(
        tmp_path,
        "script.py",
        "import sys\nfrom datakit_world import small_sources\nfrom sinagotd.datakit import DataSource, Dataset, LoadedStream\n"
        "class Mine(DataSource):\n    tag = 'mine'\n    patterns = '*_slow.txt'\n"
        "    def load(self, path, *, context=None):\n        return LoadedStream(self.tag, [], 1, {'is_timeseries': False})\n"
        f"dataset = Dataset.from_directory({str(root)!r}, sources='mine', registry=small_sources(Mine))\n"
        "print(dataset.materialize(workers=2)['mine', 'value'].tolist())\n",
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, script], check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    assert done.stdout == "[1, 1, 1, 1, 1, 1]\n"


@pytest.mark.parametrize("workers", [0, -1, True, "four", 1.5])
def test_workers_that_are_none_are_refused(root, workers):
    with pytest.raises(TypeError, match="workers="):
        dataset(root).materialize(workers=workers)
