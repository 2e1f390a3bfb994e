"""Draws records by steps as a table in the colours of their states, for notebooks. It looks at nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from sinagotd.core.states import State
from sinagotd.workspace.standing import StepRow

MAX_ROWS = 100
COLOURS = {
    State.WAITING: "#e0e0e0",
    State.BLOCKED: "#e0e0e0",
    State.STALE: "#fff3bf",
    State.QUEUED: "#d0ebff",
    State.RUNNING: "#74c0fc",
    State.CURRENT: "#b2f2bb",
    State.HELD: "#eebefa",
    State.FAILED: "#ffa8a8",
    State.QUARANTINED: "#ff8787",
}
"""Backgrounds for dark text, one for each state."""


def paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def matrix(rows: Sequence[StepRow]) -> str:
    """A row for each record, a column for each step; why a step stands so shows where the mouse rests."""
    if not rows:
        return "<p>no step of any record</p>"
    steps = list(dict.fromkeys(row.key.step for row in rows))
    records: dict[str, dict[str, StepRow]] = {}
    for row in rows:
        records.setdefault(row.key.record, {})[row.key.step] = row
    shown = list(records)[:MAX_ROWS]
    return "".join(
        [
            f"<p>{_counts(rows)}</p><table><thead><tr><th>record</th>",
            *(f"<th>{escape(step)}</th>" for step in steps),
            "</tr></thead><tbody>",
            *(_record(record, steps, records[record]) for record in shown),
            "</tbody></table>",
            f"<p>and {len(records) - len(shown)} more records</p>" if len(shown) < len(records) else "",
        ]
    )


def _counts(rows: Sequence[StepRow]) -> str:
    counts = Counter(row.standing.state for row in rows)
    return ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])


def _record(record: str, steps: Sequence[str], standing: dict[str, StepRow]) -> str:
    cells = "".join(_cell(standing.get(step)) for step in steps)
    return f"<tr><th>{escape(record)}</th>{cells}</tr>"


def _cell(row: StepRow | None) -> str:
    if row is None:
        return "<td></td>"
    state = row.standing.state
    style = f"background:{COLOURS[state]};color:#212529"
    return f'<td style="{style}" title="{escape(row.standing.sentence)}">{state.value}</td>'
