"""Loads a row and packs its cells into bytes where they were loaded, so that the process that gathers them only passes them on."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sinagotd.datakit.builds.outcome import Outcome, outcome_of, to_bytes
from sinagotd.datakit.loading import load_row
from sinagotd.datakit.parallel import each_row
from sinagotd.datakit.plan import Plan, Row
from sinagotd.datakit.records import ERROR, Record
from sinagotd.datakit.saving.tags import UnsavableError


class Packed(NamedTuple):
    """A loaded cell: what is told of it, and all of it as bytes. The outcome is without its values."""

    record: Record
    outcome: Outcome
    content: bytes


PackedRow = list[Packed]
Load = Callable[[Plan, Sequence[Row]], Iterator[PackedRow]]


def load_packed(plan: Plan, row: Row) -> PackedRow:
    """The cells of the files that the row has."""
    loaded = load_row(plan, row)
    values: dict[str, dict[str, object]] = {}
    for (source, feature), value in loaded.cells.items():
        values.setdefault(source, {})[feature] = value
    return [packed(record, values.get(record.source, {})) for record in loaded.records if record.source in row.own]


def load_here(plan: Plan, rows: Sequence[Row]) -> Iterator[PackedRow]:
    """The rows one after another, in this process."""
    return each_row(load_packed, plan, rows)


def packed(record: Record, values: dict[str, object]) -> Packed:
    """Pack one cell; one that no data-only format can hold becomes a failed one."""
    outcome = outcome_of(record, values)
    try:
        return Packed(record, outcome._replace(cells={}), to_bytes(outcome))
    except UnsavableError as fault:
        message = f"it holds {fault}, which no data-only format can save"
        failed = Outcome(ERROR, "UnsavableError", message, None, None, "", {})
        return Packed(record, failed, to_bytes(failed))
