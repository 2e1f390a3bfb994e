"""Cells are packed where they are loaded, and nothing stands in the way of those who gather them."""

from typing import Any

import pytest

from sinagotd.datakit.builds.finding import find_rows, registry_of
from sinagotd.datakit.builds.isolating import load_isolated
from sinagotd.datakit.builds.outcome import from_bytes
from sinagotd.datakit.builds.packing import load_here, packed
from sinagotd.datakit.loading import load_row
from sinagotd.datakit.records import ERROR, OK, Record
from sinagotd.datakit.streams import equal_values


@pytest.mark.parametrize("load", [load_here, load_isolated])
def test_a_packed_row_holds_each_loaded_cell_as_bytes_and_its_values_nowhere_else(world: Any, load: Any) -> None:
    found = find_rows(world.declaration, registry_of(world.declaration))
    for row, cells in zip(found.rows, load(found.plan, found.rows), strict=True):
        loaded = load_row(found.plan, row)
        held = {
            (cell.record.source, name): value
            for cell in cells
            for name, value in from_bytes(cell.content).cells.items()
        }
        assert equal_values(held, dict(loaded.cells))
        assert [cell.record for cell in cells] == loaded.records
        assert not any(cell.outcome.cells for cell in cells)


def test_a_value_that_no_format_holds_makes_a_failed_cell() -> None:
    cell = packed(Record(("01",), "facts", OK), {"made": print})
    assert (cell.outcome.status, cell.outcome.error_type) == (ERROR, "UnsavableError")
    assert from_bytes(cell.content) == cell.outcome
