"""What a person may ask of a workspace: retry, accept, hold, release. The daemon and a lone command do it the same way."""

from collections.abc import Callable, Iterable
from typing import Any

from sinagotd.core.keys import StepKey
from sinagotd.core.reasons import Reason
from sinagotd.core.states import State
from sinagotd.engine.applying import outputs_of
from sinagotd.engine.engine import Engine
from sinagotd.engine.looking import Planned
from sinagotd.errors import WorkspaceError
from sinagotd.settings.faults import did_you_mean

Done = dict[str, Any]
"""`steps` holds the keys that were changed, `left` a sentence for each that was not."""


def perform(engine: Engine, verb: str, arguments: dict[str, Any]) -> Done:
    """Do what was asked; arguments: `records` and `steps` (names or labels; None for all), `force`.

    Raises WorkspaceError for a verb, record or step that does not exist.
    """
    verbs: dict[str, Callable[[Engine, list[StepKey], bool], Done]] = {
        "retry": _retry,
        "accept": _accept,
        "hold": _hold,
        "release": _release,
        "retire": _retire,
    }
    if verb not in verbs:
        raise WorkspaceError(f"{verb!r} cannot be asked for; these can: {', '.join(verbs)}")
    keys = _select(engine, arguments.get("records"), arguments.get("steps"))
    done = verbs[verb](engine, keys, bool(arguments.get("force")))
    engine.teller.tell_request(verb, [StepKey.parse(step) for step in done["steps"]], engine.tools.clock.now())
    engine.mark(engine.records & {key.record for key in keys})
    return done


def _select(engine: Engine, records: Iterable[str] | None, steps: Iterable[str] | None) -> list[StepKey]:
    named = sorted(engine.records) if records is None else list(records)
    for record in named:
        if record not in engine.records:
            near = did_you_mean(record, sorted(engine.records)) or ": none of its raw files is in the data folder"
            raise WorkspaceError(f"there is no record {record!r}{near}")
    chosen = [spec.step for spec in engine.pipeline.specs if steps is None or {spec.step, spec.label} & set(steps)]
    if not chosen:
        known = ", ".join(spec.step for spec in engine.pipeline.specs)
        raise WorkspaceError(f"there is no step {', '.join(steps or ())}; the steps are: {known}")
    return [StepKey(record, step) for record in named for step in chosen]


def _retry(engine: Engine, keys: list[StepKey], force: bool) -> Done:  # noqa: FBT001 - one shape for all verbs
    """Forget the failures of the steps that failed or run in vain; with `force`, run every one of them whatever its state."""
    past = engine.manifest.read.history({key.record for key in keys})
    chosen = [key for key in keys if force or (key in past and (past[key].failure or past[key].vain))]
    with engine.manifest.transaction():
        for key in chosen:
            engine.manifest.forgive(key)
            if force or past[key].made is None:
                engine.manifest.request(key)
    return _done(chosen, [])


def _hold(engine: Engine, keys: list[StepKey], _: bool) -> Done:  # noqa: FBT001 - one shape for all verbs
    held = _held(engine, keys)
    chosen = [key for key in keys if key not in held]
    with engine.manifest.transaction():
        for key in chosen:
            engine.manifest.hold(key)
    return _done(chosen, [])


def _release(engine: Engine, keys: list[StepKey], _: bool) -> Done:  # noqa: FBT001 - one shape for all verbs
    held = _held(engine, keys)
    chosen = [key for key in keys if key in held]
    with engine.manifest.transaction():
        for key in chosen:
            engine.manifest.release(key)
    return _done(chosen, [])


def _held(engine: Engine, keys: list[StepKey]) -> set[StepKey]:
    past = engine.manifest.read.history({key.record for key in keys})
    return {key for key in keys if key in past and past[key].held}


def _retire(engine: Engine, keys: list[StepKey], _: bool) -> Done:  # noqa: FBT001 - one shape for all verbs
    """Believe that raw files are gone for good, however many: their records are retired."""
    if not engine.settings.data_path.is_dir():
        raise WorkspaceError(f"{engine.settings.data_path} is not there at all: mount it first")
    before = set(engine.records)
    engine.retire({key.record for key in keys})
    gone = before - engine.records
    return _done([key for key in keys if key.record in gone], [])


def _accept(engine: Engine, keys: list[StepKey], _: bool) -> Done:  # noqa: FBT001 - one shape for all verbs
    """Take the outputs as they are for current: their inputs, code and parameters now are what they were made from."""
    planned = engine.looker.look(sorted({key.record for key in keys}))
    refusals = {key: _why_not(planned, key) for key in keys}
    accepted = [key for key, why in refusals.items() if why is None]
    with engine.manifest.transaction():
        engine.manifest.remember_digests(engine.take_fresh(planned))
        for key in accepted:
            fingerprint = planned.fingerprint(key)
            engine.manifest.forgive(key)
            engine.manifest.adopt(key, fingerprint, outputs_of(planned, key), at=engine.tools.clock.now())
    return _done(accepted, [f"{key}: {why}" for key, why in refusals.items() if why is not None])


def _why_not(planned: Planned, key: StepKey) -> str | None:
    bound, decision = planned.bounds[key], planned.decisions[key]
    if decision.state in (State.QUEUED, State.RUNNING):
        return "it is running"
    if decision.reason is Reason.SCRIPT_BROKEN:
        return decision.sentence
    for path in (*bound.inputs, *bound.outputs):
        seen = planned.facts.get(path)
        if seen is None:
            return f"{path} is missing"
        if seen.digest is None:
            return f"{path} is not settled yet"
    return None


def _done(keys: list[StepKey], left: list[str]) -> Done:
    return {"steps": [str(key) for key in keys], "left": left}
