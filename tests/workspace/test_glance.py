"""Records at rest are not planned for a look, and stand as if they were (specs of sinagot §18: D35, D47)."""

from typing import Any

import pytest
from reading_world import harbour, script

from sinagotd import Workspace
from sinagotd.engine.looking import policy_of
from sinagotd.workspace import glance
from sinagotd.workspace.opened import Opened

FIRST, SECOND, THIRD = "REC-20200601", "REC-20200602", "REC-20200603"


def ran(folder: Any) -> Workspace:
    ws = harbour(folder)
    ws.steps.run(progress=False)
    return ws


def states(ws: Workspace, monkeypatch: pytest.MonkeyPatch, *, planned: bool) -> list[tuple[Any, ...]]:
    monkeypatch.setattr(glance, "MANY", 1000 if planned else 0)
    columns = ["record_id", "step_label", "state", "why"]
    return [tuple(row) for row in ws.steps.states()[columns].itertuples(index=False)]


CHANGES = {
    "nothing": lambda ws: None,
    "an input has other content": lambda ws: (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("other"),
    "an input is gone": lambda ws: (ws.data_path / f"raw/{FIRST}-raw.csv").unlink(),
    "an output is gone": lambda ws: (ws.data_path / f"computed/{SECOND}-mean.csv").unlink(),
    "an output was edited": lambda ws: (ws.data_path / f"computed/{SECOND}-count.csv").write_text("by hand"),
    "a script is another": lambda ws: (ws.scripts_path / "mean.py").write_text(script("raw/{id}-raw.csv", "{id}.x")),
    "a record came": lambda ws: (ws.data_path / "raw/REC-20200604-raw.csv").write_text("new"),
    "an input is a link out": lambda ws: (
        (ws.data_path / f"raw/{THIRD}-raw.csv").unlink(),
        (ws.data_path / f"raw/{THIRD}-raw.csv").symlink_to("/etc/hostname"),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_look_at_many_records_says_the_same_as_planning_them(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    ws = ran(tmp_path)
    CHANGES[what](ws)
    assert states(ws, monkeypatch, planned=False) == states(ws, monkeypatch, planned=True)


def test_an_input_that_comes_back_is_seen(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = ran(tmp_path)
    (ws.data_path / f"raw/{FIRST}-raw.csv").unlink()
    record = ws.records.get(FIRST)
    record.steps.run(progress=False)
    assert states(ws, monkeypatch, planned=False) == states(ws, monkeypatch, planned=True)
    (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("another one")
    assert states(ws, monkeypatch, planned=False)[0][2] == "stale"


@pytest.mark.parametrize("policy", [Opened.policy, property(lambda opened: policy_of(opened.settings))])
def test_only_what_changed_is_planned_whoever_ran_it(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, policy: Any
) -> None:
    """To a daemon outputs without their inputs are not current."""
    with monkeypatch.context() as patch:
        patch.setattr(Opened, "policy", policy)
        ws = ran(tmp_path)
    (ws.data_path / f"raw/{SECOND}-raw.csv").write_text("other")
    monkeypatch.setattr(glance, "MANY", 0)
    with ws.opened.surveying() as surveyor:
        assert glance.at_rest(surveyor, ws.records.ids()) == {FIRST, THIRD}
        assert glance.at_rest(surveyor, [FIRST]) == {FIRST}
