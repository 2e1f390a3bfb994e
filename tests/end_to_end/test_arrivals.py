"""However a file arrives, it is read once, whole, and becomes results: a real daemon, a real cluster, real inotify."""

from collections.abc import Iterator

import pytest
from lab_world import SETTLE_S, Lab, a_lab, script, write_slowly

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

SETTINGS = """\
[records]
id_pattern = "(?P<subject>S[0-9]+)-(?P<session>[0-9]+)"
[steps]
scripts = ["count", "mean"]
[watch]
settle = "300ms"
"""
RAW = ("raw", "{subject}", "{session}", "{id}.txt")
COUNT = script(RAW, ("count", "{id}.txt"), "self.path.output.write_text(str(len(text.split())))")
MEAN = script(("count", "{id}.txt"), ("mean", "{id}.txt"), "self.path.output.write_text('mean of ' + text)")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One daemon for all: each test has subjects of its own."""
    with a_lab(tmp_path_factory.mktemp("arrivals"), SETTINGS, count=COUNT, mean=MEAN) as made:
        made.start()
        yield made
        made.daemon.stop()


def raw(record: str) -> str:
    subject, session = record.split("-")
    return f"raw/{subject}/{session}/{record}.txt"


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


def assert_counted_once(lab: Lab, counts: dict[str, int]) -> None:
    lab.wait_current(*counts)
    assert {record: lab.results(record) for record in counts} == {
        record: (str(count), f"mean of {count}") for record, count in counts.items()
    }
    ran = [str(run.key) for run in lab.daemon.runs() if run.key.record in counts]
    assert sorted(ran) == sorted(f"{record}/{step}" for record in counts for step in ("count", "mean"))


def test_a_dropped_file_becomes_results(lab: Lab) -> None:
    lab.put(raw("S1-1"), words(3))
    assert_counted_once(lab, {"S1-1": 3})


def test_a_further_record_is_processed_alone(lab: Lab) -> None:
    counts = {"S2-1": 1, "S2-2": 2, "S2-3": 3}
    for record, count in counts.items():
        lab.put(raw(record), words(count))
    assert_counted_once(lab, counts)
    before = len(lab.daemon.runs())
    lab.put(raw("S2-4"), words(4))
    assert_counted_once(lab, counts | {"S2-4": 4})
    assert {str(run.key) for run in lab.daemon.runs()[before:]} == {"S2-4/count", "S2-4/mean"}


def test_a_file_written_in_ten_slow_chunks_is_read_once_whole(lab: Lab) -> None:
    for session in range(1, 4):  # a busy machine may stretch a pause beyond what a settled file is
        path = lab.data / raw(record := f"S30-{session}")
        path.parent.mkdir(parents=True)
        if write_slowly(path, ["one two "] * 10, pause_s=SETTLE_S * 0.7, hold_open=False) < SETTLE_S:
            assert_counted_once(lab, {record: 20})
            return
    pytest.skip(f"this machine is too busy to write every {SETTLE_S} s")


def test_a_file_that_is_held_open_is_read_once_however_long_its_writer_pauses(lab: Lab) -> None:
    path = lab.data / raw("S31-1")
    path.parent.mkdir(parents=True)
    write_slowly(path, ["one two "] * 5, pause_s=SETTLE_S * 1.5, hold_open=True)
    assert_counted_once(lab, {"S31-1": 10})


def test_a_file_that_is_renamed_in_becomes_results(lab: Lab) -> None:
    lab.rename_in(raw("S4-1"), words(7))
    assert_counted_once(lab, {"S4-1": 7})


def test_a_fresh_tree_of_nested_folders_becomes_results(lab: Lab) -> None:
    counts = {f"S{subject}-{session}": subject + session for subject in range(50, 60) for session in range(5)}
    for record, count in counts.items():
        lab.put(raw(record), words(count))
    assert_counted_once(lab, counts)


def test_a_folder_that_is_renamed_in_becomes_results(lab: Lab) -> None:
    counts = {f"S6-{session}": 10 + session for session in range(4)}
    for record, count in counts.items():
        file = lab.elsewhere / "S6" / record.split("-")[1] / f"{record}.txt"
        file.parent.mkdir(parents=True)
        file.write_text(words(count))
    (lab.elsewhere / "S6").rename(lab.data / "raw" / "S6")
    assert_counted_once(lab, counts)
