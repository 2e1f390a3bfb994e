"""Draws how the steps of a workspace stand: counts, records by steps or a list, what is in trouble. It looks at nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sinagotd.cli.screen import line, state_word, styled
from sinagotd.cli.text import counted, printable, span
from sinagotd.cli.viewing import View
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.manifest.rows import Standing

TROUBLE = (State.FAILED, State.QUARANTINED, State.HELD)
AT_REST = (State.CURRENT,)
SHOWN_TROUBLES = 10
LEAST_ROWS = 3
LEAST_AGE_S = 1.0
GAP, WIDEST_STATE = 2, max(len(state) for state in State)

Steps = Mapping[StepKey, Standing]


class Frame(NamedTuple):
    """How much fits: columns, and lines (None: as many as there are)."""

    width: int
    height: int | None


def picture(view: View, steps: Steps, frame: Frame, *, as_list: bool) -> RenderableType:
    """The whole of one workspace, fitted into the frame."""
    head = [line(styled(view.place.name, "bold"), f": {view.source}"), _counts(steps, view.at), Text()]
    rows = None if frame.height is None else frame.height - len(head) - 3
    if as_list:
        return Group(*head, *_listed(steps, view.at, rows))
    troubles = list(_listed(_in_trouble(steps), view.at, SHOWN_TROUBLES))
    if rows is not None:
        rows = max(LEAST_ROWS, rows - len(troubles) - 1)
    return Group(*head, *_by_record(steps, frame.width, rows), *troubles)


def _counts(steps: Steps, now: float) -> Text:
    """How many steps stand how, and for how long the first of them has stood so."""
    counts = Counter(standing.state for standing in steps.values())
    parts = [
        line(f"{counts[state]:,} ", state_word(state), _oldest(steps, state, now)) for state in State if counts[state]
    ]
    return Text(", ").join(parts) if parts else Text("no step of any record")


def _oldest(steps: Steps, state: State, now: float) -> str:
    age = now - min(each.since for each in steps.values() if each.state is state)
    return "" if state in AT_REST or age < LEAST_AGE_S else f" (for {span(age)})"


# records by steps


def _by_record(steps: Steps, width: int, limit: int | None) -> Iterator[RenderableType]:
    """A row for each record, those that are not current first when not all of them fit."""
    rows: dict[str, dict[str, State]] = {}
    for key, standing in steps.items():
        rows.setdefault(key.record, {})[key.step] = standing.state
    shown = list(rows)
    if limit is not None and len(shown) > limit:
        shown = sorted(shown, key=lambda record: all(state in AT_REST for state in rows[record].values()))[:limit]
    if shown:
        yield _table({record: rows[record] for record in shown}, list(dict.fromkeys(key.step for key in steps)), width)
    if len(rows) > len(shown):
        yield line(f"and {counted(len(rows) - len(shown), 'more record')}: --all shows them")
    yield Text()


def _table(rows: Mapping[str, Mapping[str, State]], names: list[str], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    table.add_column("record", no_wrap=True)
    widths = [max(len(printable(name)), WIDEST_STATE) + GAP for name in names]
    if max(len(record) for record in rows) + GAP + sum(widths) > width:
        table.add_column("steps", no_wrap=True)
        for record, states in rows.items():
            table.add_row(line(record), _numbers(states))
        return table
    for name in names:
        table.add_column(line(name), no_wrap=True)
    for record, states in rows.items():
        table.add_row(line(record), *(state_word(states[name]) if name in states else Text("-") for name in names))
    return table


def _numbers(states: Mapping[str, State]) -> Text:
    """How many steps of a record stand how, where the steps themselves do not fit."""
    counts = Counter(states.values())
    return Text(", ").join(line(f"{counts[state]} ", state_word(state)) for state in State if counts[state])


# a list


def _in_trouble(steps: Steps) -> Steps:
    return {key: standing for key, standing in steps.items() if standing.state in TROUBLE}


def _listed(steps: Steps, now: float, limit: int | None) -> Iterator[Text]:
    """A line for each step, with the reason; as many as may be."""
    keys = list(steps)
    shown = keys if limit is None else keys[: max(LEAST_ROWS, limit)]
    for key in shown:
        standing = steps[key]
        why = f"  {standing.sentence}{_times(standing, now)}"
        yield line(styled(str(key), "cyan"), "  ", state_word(standing.state), why)
    if len(keys) > len(shown):
        yield line(f"and {counted(len(keys) - len(shown), 'more step')}: --all shows them")


def _times(standing: Standing, now: float) -> str:
    age = now - standing.since
    times = [f"for {span(age)}"] if age >= LEAST_AGE_S else []
    if standing.until is not None:
        times.append(f"again in {span(standing.until - now)}")
    return f" ({', '.join(times)})" if times else ""
