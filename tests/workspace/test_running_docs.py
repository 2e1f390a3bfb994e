"""The page about running says what happens: its examples are run."""

import doctest
from pathlib import Path

from running_world import World

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


def test_the_examples_of_the_page_hold(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.raw("REC-001", "REC-002")
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, globs={"folder": tmp_path}, optionflags=doctest.ELLIPSIS
    )
    assert (failed, tried > 5) == (0, True)
