"""What `record.explain()` gives: why each step stands as it does, in words. It decides nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from sinagotd.settings.quantities import format_size
from sinagotd.workspace.explained import Compared, Explained, FileNow, explained
from sinagotd.workspace.opened import Opened, Wanted
from sinagotd.workspace.standing import step_rows

FURTHER = "\n              "
"""Before the further lines of an error's message."""

CHANGED = {None: "", False: ", as at the last success", True: ", changed since the last success"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of some steps of one record."""

    steps: tuple[Explained, ...]

    def __str__(self) -> str:
        return "\n\n".join("\n".join(line.replace("\n", FURTHER) for line in _lines(step)) for step in self.steps)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def explain(opened: Opened, record: str, wanted: Wanted) -> Explanation:
    """Look at the wanted steps of a record. Raises WorkspaceError for a record or a step that is not there."""
    rows = {row.key: row.standing for row in step_rows(opened, [record], wanted._replace(label=None))}
    with opened.surveying() as surveyor:
        planned = surveyor.look_at([record])
        own = replace(planned, bounds={key: bound for key, bound in planned.bounds.items() if key in rows})
        return Explanation(tuple(explained(own, rows, surveyor.read, wanted.label)))


def _lines(step: Explained) -> Iterator[str]:
    standing = step.standing
    yield f"{step.key}  {standing.state.value}: {standing.sentence}"
    again = "" if standing.until is None else f", tried again at {_moment(standing.until)}"
    yield f"  since       {_moment(standing.since)}{again}"
    for role, files in (("input", step.inputs), ("output", step.outputs)):
        yield from (f"  {role:<10}  {_file(each)}" for each in files)
    yield f"  code        {step.script}{_change(step.code)}"
    if step.parameters.changed is not None:
        yield f"  options     {_change(step.parameters).removeprefix(', ')}"
    for run in step.runs:
        yield f"  run         {_moment(run.claimed_at)} {run.outcome or 'in flight'}{f': {run.error}' if run.error else ''}"


def _file(file: FileNow) -> str:
    name = f"{file.path} ({file.label})" if file.label else file.path
    if file.size is None or file.mtime is None:
        return f"{name}  missing"
    unsettled = f", {file.unsettled}" if file.unsettled else ""
    return f"{name}  {format_size(file.size)}, {_moment(file.mtime)}{unsettled}{CHANGED[file.changed]}"


def _change(compared: Compared) -> str:
    return CHANGED[compared.changed]


def _moment(at: float) -> str:
    """An epoch time on the clock of this machine."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
