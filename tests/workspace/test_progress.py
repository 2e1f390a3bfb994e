"""The bar of `run()`: on a terminal, in a notebook, and where nobody looks on."""

import builtins
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from running_world import World

from sinagotd.workspace.running.driving import Counts
from sinagotd.workspace.running.progress import bar


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.raw("REC-1", "REC-2")
    return world


class Handle:
    """What IPython gives to whoever displays something with an id."""

    def __init__(self, data: dict[str, str]) -> None:
        self.shown = [data]

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(data)


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    """As in a notebook: a kernel's shell, and what it displays."""

    class ZMQInteractiveShell:
        """A kernel is recognized by the name of its shell."""

    made: list[Handle] = []

    def display(data: dict[str, str], **_how: Any) -> Handle:
        made.append(Handle(data))
        return made[-1]

    shown = ModuleType("IPython.display")
    vars(shown)["display"] = display
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    return made


def test_there_is_a_bar_where_it_is_wanted_and_none_without_a_terminal(world: World) -> None:
    assert "running" in "\n".join(world.run(progress=True) and world.said)
    assert world.run(force=True)
    assert "running" not in "\n".join(world.said)


def test_a_terminal_shows_one_without_being_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with bar(None) as show:
        show(Counts(1, 2))
    assert "1/2" in capsys.readouterr().out


def test_a_notebook_shows_one_output_that_is_drawn_again_and_the_lines_as_they_are(
    world: World, handles: list[Handle]
) -> None:
    world.script("count", "raise ValueError('word ' * 60)")
    world.run()
    (handle,) = handles
    assert handle.shown[0]["text/html"].startswith('running <progress value="0" max="1"></progress> 0/0')
    assert handle.shown[-1]["text/html"].startswith('running <progress value="2" max="2"></progress> 2/2')
    assert handle.shown[-1]["text/plain"].startswith("running 2/2 0:00:0")
    assert world.messages("count")[2].count("word") == 60
    assert not world.run(progress=False)
    assert len(handles) == 1


def test_a_notebook_is_not_drawn_for_each_of_many_steps(handles: list[Handle]) -> None:
    with bar(None) as show:
        for number in range(1000):
            show(Counts(number, 1000))
    assert len(handles[0].shown) < 100
    assert "999/1000" in handles[0].shown[-1]["text/plain"]
