"""An incremental build equals a build from scratch, cell for cell, over random histories."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from sinagotd.datakit.saving import parquet
from sinagotd.datakit.saving.parquet import ROW_GROUP_BYTES

SUBJECTS = ("01", "02")

numbers = st.sampled_from([0, 1, -3, 2**53 + 1, 2**63, 0.5, 1e300])
scalars = st.one_of(numbers, st.sampled_from(["", "text", "é"]), st.booleans(), st.none())
lists = st.one_of(
    st.lists(st.integers(-5, 5), max_size=3),
    st.lists(st.floats(-2, 2, allow_nan=False, width=16), max_size=3),
    st.lists(st.sampled_from(["a", "b"]), max_size=2),
    st.just([[1, 2], [3, 4]]),
)
cells = st.one_of(scalars, lists, st.just({"deep": [1, None]}))
values = st.one_of(
    st.dictionaries(st.sampled_from(["age", "name", "extra"]), cells, max_size=3),
    st.just({"fail": "told to"}),
    st.just({"refuse": 1, "age": 7}),
)
columns = st.sampled_from(
    ["x\n1\n2\n", "x\n1.5\n", "x,y\n1,a\n", "x\n", "x,when\n1,2020-01-01\n", "y\nTrue\n", "x\n,\n", ""]
)
texts = st.sampled_from(["", "one", "two lines\n"])

events = st.one_of(
    st.tuples(st.just("values.json"), st.sampled_from(SUBJECTS), values),
    st.tuples(st.just("rows.csv"), st.sampled_from(SUBJECTS), columns),
    st.tuples(st.just("notes.txt"), st.sampled_from(SUBJECTS), texts),
    st.tuples(st.just("delete"), st.sampled_from(SUBJECTS), st.sampled_from(["values.json", "rows.csv", "notes.txt"])),
    st.tuples(st.just("sources"), st.just(""), st.integers(1, 3)),
    st.tuples(st.just("disk"), st.just(""), st.booleans()),
    st.tuples(st.just("build"), st.just(""), st.none()),
    st.tuples(st.just("build"), st.just(""), st.none()),
)
histories = st.lists(events, min_size=1, max_size=12)
BUILD = ("build", "", None)


def happen(world: Any, what: str, subject: str, how: Any) -> None:
    match what:
        case "delete":
            world.path(subject, how).unlink(missing_ok=True)
        case "sources":
            world.edit_sources(how)
        case "disk":
            refuse = world.scripts / "refuse"
            refuse.touch() if how else refuse.unlink(missing_ok=True)
        case "build":
            world.build()
            if not (world.scripts / "refuse").exists():
                world.check()
        case _:
            world.write(subject, what, how)


def edit(name: str, *contents: Any) -> list[Any]:
    """A file of one row gets one content after the other, and each is built."""
    return [event for content in contents for event in ((name, "01", content), BUILD)]


@pytest.fixture(params=[1, ROW_GROUP_BYTES], ids=["each row is a row group", "all rows are one row group"])
def _row_groups(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones are copied byte for byte from one version to the next as soon as there are two rows."""
    monkeypatch.setattr(parquet, "ROW_GROUP_BYTES", request.param)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_row_groups")
@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it stays as it is for all histories
)
@given(history=histories)
@example(
    history=[BUILD, *edit("values.json", {"age": 1, "name": "a", "extra": 0}, {"age": 1})]
)  # what a table requires
@example(history=[BUILD, ("sources", "", 3), BUILD])
@example(history=[BUILD, ("delete", "01", "values.json"), BUILD, *edit("values.json", {"age": 1})])
@example(history=[("disk", "", True), *edit("values.json", {"refuse": 1, "age": 7}), ("disk", "", False), BUILD])
@example(history=[BUILD, *edit("rows.csv", "x\n1.5\n", "x,y\n1,a\n", "x\n1\n2\n", "", "x\n7\n")])  # columns change type
@example(history=[BUILD, *edit("values.json", {"fail": "told to"}, {"age": 2**63}, {"age": [[1, 2], [3, 4]]})])
def test_a_build_equals_one_from_scratch_after_any_history(new_world: Any, history: list[Any]) -> None:
    """What a disk refused is loaded again as soon as it no longer does; everything else is loaded once."""
    world = new_world()
    world.fill(*SUBJECTS, "05")
    for event in history:
        happen(world, *event)
    (world.scripts / "refuse").unlink(missing_ok=True)
    world.build()
    world.check()
    again = world.build()
    assert (again.status, again.cells_loaded) == ("unchanged", 0)
