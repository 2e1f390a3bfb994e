"""Which cells differ between two versions, and why."""

from typing import Any

import pytest

from sinagotd.datakit.builds.diffing import Cause, diff
from sinagotd.errors import DatasetError


def test_every_changed_cell_has_its_causes(world: Any) -> None:
    world.build()
    world.write("01", "values.json", {"age": 5})
    world.path("02", "notes.txt").unlink()
    world.fill("04")
    world.build()
    found = {(change.row[0], change.source): change.causes for change in diff(world.output, 1, 2)}
    assert found == {
        ("01", "facts"): (Cause.FILE,),
        ("01", "table"): (Cause.DEPENDENCY,),
        ("02", "remarks"): (Cause.GONE,),
        ("04", "facts"): (Cause.APPEARED,),
        ("04", "table"): (Cause.APPEARED,),
        ("04", "remarks"): (Cause.APPEARED,),
    }


def test_a_dependency_is_named(world: Any) -> None:
    world.build()
    world.write("01", "values.json", {"age": 5})
    world.build()
    (change,) = [change for change in diff(world.output, 1, 2) if change.source == "table"]
    assert change.detail == "facts"


def test_code_is_a_cause(world: Any) -> None:
    world.build()
    world.edit_sources(3)
    world.build()
    assert {Cause.CODE} == {change.causes[0] for change in diff(world.output, 1, 2)}


def test_two_equal_versions_do_not_differ(world: Any) -> None:
    world.build()
    assert diff(world.output, 1, 1) == []


def test_a_version_that_is_not_kept_is_said(world: Any) -> None:
    world.build()
    with pytest.raises(DatasetError, match="there is no version 9; kept are 1"):
        diff(world.output, 1, 9)
