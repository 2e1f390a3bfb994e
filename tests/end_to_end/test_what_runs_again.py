"""What changes runs exactly the steps that it concerns, and nothing else: content, code and time stamps."""

import os
from collections.abc import Iterator

import pytest
from lab_world import COUNTED, MEANT, RAW, Lab, a_lab, script

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

HELPER = "def count(text):\n    return len(text.split())\n"
COUNT_WITH_HELPER = "from words import count\n\n" + script(
    RAW, COUNTED, "self.path.output.write_text(str(count(text)))"
)
MEAN = script(COUNTED, MEANT, "prefix = 'mean of '", "self.path.output.write_text(prefix + text)")


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("staleness")
    with a_lab(home, count=COUNT_WITH_HELPER, mean=MEAN, words=HELPER) as made:
        made.start()
        yield made
        made.daemon.stop()


@pytest.fixture
def lab(shared_lab: Lab) -> Lab:
    """One daemon for all, at rest, with three records at least."""
    for count in (1, 2, 3):
        shared_lab.new_record("word " * count)
    shared_lab.come_to_rest()
    return shared_lab


def ran_after(lab: Lab, before: int) -> list[str]:
    """The runs beyond the first so many, the newcomer's left out."""
    lab.come_to_rest()
    newcomer = lab.last_record
    return sorted(str(run.key) for run in lab.daemon.runs()[before:] if run.key.record != newcomer)


def test_a_touch_runs_nothing(lab: Lab) -> None:
    record, before = lab.new_record("touched only"), len(lab.daemon.runs())
    lab.wait_current(record)
    for path in (f"raw/{record}.txt", f"count/{record}.txt", f"mean/{record}.txt"):
        os.utime(lab.data / path)
    assert ran_after(lab, before + 2) == []


def test_changed_content_runs_exactly_what_depends_on_it(lab: Lab) -> None:
    record = lab.last_record
    before = len(lab.daemon.runs())
    lab.put(f"raw/{record}.txt", "word " * 77)
    assert ran_after(lab, before) == [f"{record}/count", f"{record}/mean"]
    assert lab.read(f"count/{record}.txt") == "77"
    assert (lab.read(f"mean/{record}.txt") or "").endswith("mean of 77")


def test_identical_outputs_stop_the_wave(lab: Lab) -> None:
    record = lab.last_record
    before = len(lab.daemon.runs())
    text = lab.read(f"raw/{record}.txt") or ""
    lab.put(f"raw/{record}.txt", text.replace("new", "other"))
    assert ran_after(lab, before) == [f"{record}/count"]


def test_a_comment_a_docstring_or_another_layout_runs_nothing(lab: Lab) -> None:
    before, told = len(lab.daemon.runs()), len(lab.daemon.lines("code_changed"))
    scripts = lab.folder / "scripts"
    mean = (scripts / "mean.py").read_text()
    lab.script("mean", "# why: they asked\n" + mean.replace("def run(self):", "def run( self ):\n        'Says it.'\n"))
    lab.script("words", "'Counts.'\n\n\n" + (scripts / "words.py").read_text() + "# the end\n")
    assert ran_after(lab, before) == []
    assert len(lab.daemon.lines("code_changed")) == told


def test_a_changed_line_in_a_script_runs_exactly_its_steps(lab: Lab) -> None:
    record, before = lab.last_record, len(lab.daemon.runs())
    lab.script("mean", MEAN.replace("'mean of '", "'the mean of '"))
    records = {run.key.record for run in lab.daemon.runs()}
    assert ran_after(lab, before) == sorted(f"{each}/mean" for each in records)
    assert lab.read(f"mean/{record}.txt") == f"the mean of {lab.read(f'count/{record}.txt')}"


def test_a_changed_line_in_an_imported_helper_runs_exactly_its_steps(lab: Lab) -> None:
    before = len(lab.daemon.runs())
    lab.script("words", HELPER.replace("len(text.split())", "sum(1 for _ in text.split())"))
    records = {run.key.record for run in lab.daemon.runs()}
    assert ran_after(lab, before) == sorted(f"{each}/count" for each in records)
