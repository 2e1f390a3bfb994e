"""What to do for every step of every record, and why: one total, pure function over facts and history.

Rules, the first that matches wins:

- a run in flight is left to end;
- a script that cannot be used waits for its code; a step on hold waits for a person;
- nothing is made from what an upstream step has yet to make anew (a held upstream step counts as made);
- every input must be there, settled and fingerprinted;
- what someone asked for is run;
- outputs that were edited by hand are held, outputs that nobody recorded are adopted;
- a failure at this very fingerprint is retried when due, until its attempts are used up;
- a step runs when it never ran, when its fingerprint changed, or when an output is missing;
- else it is current;
- what is to run waits while the runs of its code come to nothing, longer and longer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sinagotd.core.facts import (
    DIGEST_BYTES,
    NO_DIGEST,
    NO_HISTORY,
    RESTORED,
    Facts,
    Failure,
    Fingerprint,
    History,
    Made,
    StepHistory,
    Vain,
)
from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Bound
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State


@dataclass(frozen=True, slots=True)
class Policy:
    """Which changes make a step stale; each can be switched off per workspace.

    `ignore_missing` runs steps without inputs that are not there; with `outputs_outlive` outputs are current although an
    input that they were made from is gone.
    """

    on_input_change: bool = True
    on_code_change: bool = True
    on_parameter_change: bool = True
    hold_edited: bool = True
    adopt_existing: bool = True
    ignore_missing: bool = False
    outputs_outlive: bool = False


class Decision(NamedTuple):
    """What to do for one step, and the sentence that says why; `until` is epoch seconds of a retry."""

    state: State
    reason: Reason
    action: Action = Action.NOTHING
    paths: tuple[str, ...] = ()
    detail: str = ""
    fingerprint: Fingerprint | None = None
    until: float | None = None

    @property
    def sentence(self) -> str:
        return self.reason.value.format(paths=", ".join(self.paths), detail=self.detail)


DEFAULT_POLICY = Policy()
_LETS_DOWNSTREAM_GO_ON = frozenset({State.CURRENT, State.HELD})
_CANNOT_GO_ON = frozenset({State.FAILED, State.QUARANTINED})


def plan(
    bound_records: Iterable[Sequence[Bound]],
    history: History,
    facts: Facts,
    *,
    now: float,
    policy: Policy = DEFAULT_POLICY,
) -> dict[StepKey, Decision]:
    """One decision for every step of each of these records, as the pipeline bound them; `now` is epoch seconds."""
    decisions: dict[StepKey, Decision] = {}
    for bounds in bound_records:
        made_so_far: list[Decision] = []
        for bound in bounds:
            past = history.get(bound.key, NO_HISTORY)
            decision = _before_inputs(bound, past, bounds, made_so_far) or _after_inputs(
                bound, past, facts, now, policy
            )
            if past.vain is not None and decision.action is Action.RUN:
                decision = _in_time(decision, past.vain, now)
            made_so_far.append(decision)
            decisions[bound.key] = decision
    return decisions


def _before_inputs(  # noqa: PLR0911 - one return per rule
    bound: Bound, past: StepHistory, bounds: Sequence[Bound], decided: list[Decision]
) -> Decision | None:
    """What is decided without a look at the inputs."""
    if past.flight is not None:
        if past.flight.started:
            return Decision(State.RUNNING, Reason.RUNNING)
        return Decision(State.QUEUED, Reason.QUEUED)
    if bound.spec.fault is not None:
        return Decision(State.QUARANTINED, Reason.SCRIPT_BROKEN, detail=bound.spec.fault)
    if past.held:
        return Decision(State.HELD, Reason.HELD_BY_PERSON)
    for index in bound.upstream:
        upstream = decided[index]
        if upstream.state in _LETS_DOWNSTREAM_GO_ON:
            continue
        if upstream.state in _CANNOT_GO_ON or upstream.reason is Reason.UPSTREAM_BLOCKED:
            return Decision(State.BLOCKED, Reason.UPSTREAM_BLOCKED, detail=str(bounds[index].key.step))
        return Decision(State.BLOCKED, Reason.UPSTREAM_NOT_CURRENT, detail=str(bounds[index].key.step))
    return None


def _after_inputs(bound: Bound, past: StepHistory, facts: Facts, now: float, policy: Policy) -> Decision:
    not_ready = _inputs_not_ready(bound.inputs, facts, policy)
    if not_ready is not None:
        return _outlived(bound, past, facts, not_ready, policy)
    fingerprint = Fingerprint(bound.spec.code, bound.spec.parameters, _joined(bound.inputs, facts))
    if past.requested:
        return Decision(State.STALE, Reason.REQUESTED, Action.RUN, fingerprint=fingerprint)
    held = _edited(bound, past.made, fingerprint, facts, policy)
    if past.failure is not None and past.failure.fingerprint == fingerprint:
        told = held and held._replace(detail=f"; its last run failed: {past.failure.error}")
        return told or _after_failure(past.failure, fingerprint, now)
    if past.made is None:
        return _without_a_run(bound, past, facts, fingerprint, policy)
    return held or _against(past.made, bound, facts, fingerprint, policy)


def _in_time(to_run: Decision, vain: Vain, now: float) -> Decision:
    """Run, unless the pause after the runs of this very code that came to nothing is not over."""
    assert to_run.fingerprint is not None
    if vain.code != to_run.fingerprint.code or now >= vain.retry_at:
        return to_run
    return Decision(State.FAILED, Reason.IN_VAIN, detail=f"{vain.why} ({vain.times} in a row)", until=vain.retry_at)


def _inputs_not_ready(inputs: tuple[str, ...], facts: Facts, policy: Policy) -> Decision | None:
    missing = tuple(path for path in inputs if path not in facts)
    if missing and not policy.ignore_missing:
        return Decision(State.WAITING, Reason.INPUT_MISSING, paths=missing)
    return _unsettled(tuple(path for path in inputs if path in facts) if missing else inputs, facts)


def _outlived(bound: Bound, past: StepHistory, facts: Facts, not_ready: Decision, policy: Policy) -> Decision:
    """Nothing can be made anew without the input; what was made of it may be good enough."""
    is_gone = policy.outputs_outlive and not_ready.reason is Reason.INPUT_MISSING
    is_wanted = past.requested or past.failure is not None or any(path not in facts for path in bound.outputs)
    return not_ready._replace(state=State.CURRENT) if is_gone and not is_wanted else not_ready


def _unsettled(paths: tuple[str, ...], facts: Facts) -> Decision | None:
    for path in paths:
        seen = facts[path]
        if seen.unsettled is not None:
            return Decision(State.WAITING, seen.unsettled, paths=(path,))
        if seen.digest is None:
            return Decision(State.WAITING, Reason.INPUT_HASHING, paths=(path,))
    return None


def _joined(paths: tuple[str, ...], facts: Facts) -> bytes:
    return b"".join([(seen.digest or b"") if (seen := facts.get(path)) else NO_DIGEST for path in paths])


def _without_a_run(bound: Bound, past: StepHistory, facts: Facts, fingerprint: Fingerprint, policy: Policy) -> Decision:
    """It never succeeded: adopt what is there, or run; a step that only failed says what changed since."""
    if past.failure is None and policy.adopt_existing and all(path in facts for path in bound.outputs):
        return _unsettled(bound.outputs, facts) or Decision(
            State.CURRENT, Reason.ADOPTED, Action.ADOPT, fingerprint=fingerprint
        )
    failed_at = past.failure.fingerprint if past.failure else fingerprint
    changed = _changed_since(failed_at, bound, fingerprint, DEFAULT_POLICY)
    return changed or Decision(State.STALE, Reason.NEVER_RAN, Action.RUN, fingerprint=fingerprint)


def _edited(bound: Bound, made: Made | None, fingerprint: Fingerprint, facts: Facts, policy: Policy) -> Decision | None:
    """Held, or waiting for the edit to settle; None if each output is absent or as it was made."""
    if made is None or not policy.hold_edited:
        return None
    if made.run_id == RESTORED and made.fingerprint != fingerprint:
        return None  # a run that is forgotten will have made it
    there = tuple(path for path in bound.outputs if path in facts)
    if len(there) == len(bound.outputs) and _joined(there, facts) == made.outputs:
        return None
    unsettled = _unsettled(there, facts)
    if unsettled is not None:
        return unsettled
    edited = tuple(
        path
        for path, digest in zip(bound.outputs, _digests(made.outputs), strict=False)
        if path in facts and facts[path].digest != digest
    )
    return Decision(State.HELD, Reason.OUTPUT_EDITED, paths=edited) if edited else None


def _after_failure(failure: Failure, fingerprint: Fingerprint, now: float) -> Decision:
    if failure.retry_at is None:
        return Decision(State.QUARANTINED, Reason.GAVE_UP, detail=failure.error)
    if now < failure.retry_at:
        return Decision(State.FAILED, Reason.BACKING_OFF, detail=failure.error, until=failure.retry_at)
    return Decision(State.STALE, Reason.RETRYING, Action.RUN, detail=failure.error, fingerprint=fingerprint)


def _against(made: Made, bound: Bound, facts: Facts, fingerprint: Fingerprint, policy: Policy) -> Decision:
    """Compare with what the last success was made from."""
    changed = _changed_since(made.fingerprint, bound, fingerprint, policy)
    if changed is not None:
        return changed
    missing = tuple(path for path in bound.outputs if path not in facts)
    if missing:
        return Decision(State.STALE, Reason.OUTPUT_MISSING, Action.RUN, paths=missing, fingerprint=fingerprint)
    return Decision(State.CURRENT, Reason.CURRENT, fingerprint=fingerprint)


def _changed_since(was: Fingerprint, bound: Bound, fingerprint: Fingerprint, policy: Policy) -> Decision | None:
    if policy.on_input_change and was.inputs != fingerprint.inputs:
        changed = _changed_paths(bound.inputs, was.inputs, fingerprint.inputs)
        return Decision(State.STALE, Reason.INPUT_CHANGED, Action.RUN, paths=changed, fingerprint=fingerprint)
    if policy.on_code_change and was.code != fingerprint.code:
        return Decision(State.STALE, Reason.CODE_CHANGED, Action.RUN, fingerprint=fingerprint)
    if policy.on_parameter_change and was.parameters != fingerprint.parameters:
        return Decision(State.STALE, Reason.PARAMETERS_CHANGED, Action.RUN, fingerprint=fingerprint)
    return None


def _changed_paths(paths: tuple[str, ...], was: bytes, now: bytes) -> tuple[str, ...]:
    if len(was) != len(now):
        return paths
    return tuple(path for path, old, new in zip(paths, _digests(was), _digests(now), strict=True) if old != new)


def _digests(joined: bytes) -> list[bytes]:
    return [joined[start : start + DIGEST_BYTES] for start in range(0, len(joined), DIGEST_BYTES)]
