"""What would run if the daemon looked now, and why: the part of `sinagotd plan` that has something to tell."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from sinagotd.cli.places import Place
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted, key_columns
from sinagotd.cli.walking import refuse_unknown, surveyed
from sinagotd.core.keys import StepKey
from sinagotd.core.planner import Decision
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State


@dataclass(frozen=True, slots=True)
class Intended:
    """What is to be done in one workspace, and why other steps wait; `behind` are decided once these are done."""

    workspace: str
    steps: dict[StepKey, Decision]
    waits: Counter[Reason]
    behind: int
    in_flight: int


def show(places: list[Place], records: Sequence[str], *, limit: int | None, as_json: bool) -> None:
    """Look, and print what would run and why."""
    intended = [intend(place, records) for place in places]
    if as_json:
        print_json([row for each in intended for row in _rows(each)])
    else:
        print_lines(make_console(), (text for each in intended for text in _lines(each, limit)))


def intend(place: Place, records: Sequence[str] = ()) -> Intended:
    """Look at these records, or at all; raises WorkspaceError for one that is not there."""
    with surveyed(place) as surveyor:
        for record in records:
            refuse_unknown(record, surveyor)
        planned = surveyor.look_at(records) if records else surveyor.look_at_all().planned
    decisions = planned.decisions.values()
    return Intended(
        place.name,
        {key: decision for key, decision in planned.decisions.items() if decision.action is not Action.NOTHING},
        waits=Counter(decision.reason for decision in decisions if decision.state is State.WAITING),
        behind=sum(decision.reason is Reason.UPSTREAM_NOT_CURRENT for decision in decisions),
        in_flight=sum(decision.state in (State.QUEUED, State.RUNNING) for decision in decisions),
    )


def _rows(intended: Intended) -> Iterator[dict[str, Any]]:
    for key, decision in intended.steps.items():
        yield key_columns(intended.workspace, key) | {
            "action": decision.action.value,
            "state": decision.state.value,
            "reason": decision.reason.name.lower(),
            "why": decision.sentence,
            "paths": list(decision.paths),
        }


def _lines(intended: Intended, limit: int | None) -> Iterator[Text | str]:
    runs = sum(decision.action is Action.RUN for decision in intended.steps.values())
    yield line(styled(intended.workspace, "bold"), f": {counted(runs, 'step')} would run")
    reasons = Counter(decision.reason for decision in intended.steps.values())
    yield from (f"{count:>7,}  {_in_general(reason)}" for reason, count in reasons.most_common())
    yield from (f"{count:>7,}  wait: {_in_general(reason)}" for reason, count in intended.waits.most_common())
    if intended.in_flight:
        yield f"{intended.in_flight:>7,}  are in flight already"
    if intended.behind:
        yield f"{intended.behind:>7,}  come after these and are decided then"
    keys = list(intended.steps)
    for key in keys[:limit]:
        yield line("  ", styled(str(key), "cyan"), f"  {intended.steps[key].sentence}")
    if len(keys) > len(keys[:limit]):
        yield f"  and {len(keys) - len(keys[:limit]):,} more: --all shows them"


def _in_general(reason: Reason) -> str:
    """A reason without the paths of one step."""
    return reason.value.format(paths="…", detail="…")
