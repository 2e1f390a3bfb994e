"""The planner's table: one world, one change, the reason that must come out of it."""

from dataclasses import replace

import pytest

from sinagotd.core.facts import (
    RESTORED,
    Digest,
    Failure,
    Fingerprint,
    Flight,
    Made,
    Seen,
    StepHistory,
    Vain,
    pack_stamp,
)
from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import StepKey
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline, StepSpec
from sinagotd.core.planner import DEFAULT_POLICY, Policy, plan
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State

RAW, COUNT, MEAN = "raw/A", "count/A", "mean/A"
NOW = 1000.0
FIRST, SECOND = StepKey("A", "count"), StepKey("A", "mean")
STAMP = pack_stamp(1, 1, 1, 1)


def digest(text):
    return Digest(text.encode().ljust(16))


def seen(text, unsettled=None):
    return Seen(STAMP, digest(text), unsettled)


def template(text):
    return ((("", Template.parse(text, constants={}, entities=()))),)


def spec(step, reads, writes, **changes):
    blank = StepSpec(step, step, None, None, template(reads), template(writes), b"code", b"parameters", f"{step}.py")
    return replace(blank, **changes)


COUNTS = spec("count", "raw/{id}", "count/{id}")
MEANS = spec("mean", "count/{id}", "mean/{id}")


def fingerprint(text, code=b"code", parameters=b"parameters"):
    return Fingerprint(code, parameters, digest(text))


def made(of, result):
    return StepHistory(made=Made("run", fingerprint(of), digest(result)))


FACTS = {RAW: seen("raw"), COUNT: seen("count"), MEAN: seen("mean")}
HISTORY = {FIRST: made("raw", "count"), SECOND: made("count", "mean")}


def decide(facts=FACTS, history=HISTORY, specs=(COUNTS, MEANS), policy=DEFAULT_POLICY):
    pipeline = Pipeline.build(specs, IdPattern("[A-Z]"))
    decisions = plan([pipeline.bind("A")], history, facts, now=NOW, policy=policy)
    return decisions[FIRST], decisions[SECOND]


def without(world, *names):
    return {name: value for name, value in world.items() if name not in names}


def failed(of="raw", retry_at=None, **more):
    return StepHistory(failure=Failure(fingerprint(of), 1, retry_at, "ValueError: no"), **more)


def test_nothing_to_do_when_everything_is_as_it_was_made():
    first, second = decide()
    assert (first.reason, second.reason) == (Reason.CURRENT, Reason.CURRENT)
    assert (first.state, first.action) == (State.CURRENT, Action.NOTHING)


CHANGES = {
    "never ran": (without(FACTS, COUNT, MEAN), {}, Reason.NEVER_RAN, Reason.UPSTREAM_NOT_CURRENT),
    "outputs without a run": (FACTS, {}, Reason.ADOPTED, Reason.ADOPTED),
    "an output still arriving": (
        FACTS | {COUNT: seen("count", Reason.INPUT_ARRIVING)},
        {},
        Reason.INPUT_ARRIVING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "no raw file": (without(FACTS, RAW), HISTORY, Reason.INPUT_MISSING, Reason.UPSTREAM_NOT_CURRENT),
    "raw arriving": (
        FACTS | {RAW: seen("x", Reason.INPUT_ARRIVING)},
        HISTORY,
        Reason.INPUT_ARRIVING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "raw not fingerprinted yet": (
        FACTS | {RAW: Seen(STAMP)},
        HISTORY,
        Reason.INPUT_HASHING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "raw changed": (FACTS | {RAW: seen("new")}, HISTORY, Reason.INPUT_CHANGED, Reason.UPSTREAM_NOT_CURRENT),
    "output missing": (without(FACTS, COUNT), HISTORY, Reason.OUTPUT_MISSING, Reason.UPSTREAM_NOT_CURRENT),
    "last output missing": (without(FACTS, MEAN), HISTORY, Reason.CURRENT, Reason.OUTPUT_MISSING),
    "output edited": (FACTS | {COUNT: seen("mine")}, HISTORY, Reason.OUTPUT_EDITED, Reason.INPUT_CHANGED),
    "output being edited": (
        FACTS | {COUNT: seen("mine", Reason.INPUT_ARRIVING)},
        HISTORY,
        Reason.INPUT_ARRIVING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "edited, and raw changed": (
        FACTS | {COUNT: seen("mine"), RAW: seen("new")},
        HISTORY,
        Reason.OUTPUT_EDITED,
        Reason.INPUT_CHANGED,
    ),
    "queued": (
        FACTS,
        HISTORY | {FIRST: StepHistory(flight=Flight("r", started=False))},
        Reason.QUEUED,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "running": (
        FACTS,
        HISTORY | {FIRST: StepHistory(flight=Flight("r", started=True))},
        Reason.RUNNING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "on hold": (
        FACTS,
        HISTORY | {FIRST: made("raw", "count")._replace(held=True)},
        Reason.HELD_BY_PERSON,
        Reason.CURRENT,
    ),
    "asked for": (
        FACTS,
        HISTORY | {FIRST: made("raw", "count")._replace(requested=True)},
        Reason.REQUESTED,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "gave up": (without(FACTS, COUNT, MEAN), {FIRST: failed()}, Reason.GAVE_UP, Reason.UPSTREAM_BLOCKED),
    "backing off": (
        without(FACTS, COUNT, MEAN),
        {FIRST: failed(retry_at=NOW + 1)},
        Reason.BACKING_OFF,
        Reason.UPSTREAM_BLOCKED,
    ),
    "due again": (
        without(FACTS, COUNT, MEAN),
        {FIRST: failed(retry_at=NOW)},
        Reason.RETRYING,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "failed with another input": (
        without(FACTS, COUNT, MEAN),
        {FIRST: failed("old")},
        Reason.INPUT_CHANGED,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "a failure newer than the outputs wins": (
        FACTS,
        HISTORY | {FIRST: failed(made=Made("run", fingerprint("raw"), digest("count")))},
        Reason.GAVE_UP,
        Reason.UPSTREAM_BLOCKED,
    ),
}


WAITS = Vain(b"code", 3, NOW + 1, "raw/A changed while the step ran")
CHANGES |= {
    "its runs come to nothing": (
        without(FACTS, COUNT, MEAN),
        {FIRST: StepHistory(vain=WAITS)},
        Reason.IN_VAIN,
        Reason.UPSTREAM_BLOCKED,
    ),
    "its runs come to nothing and someone asked for it meanwhile": (
        FACTS,
        HISTORY | {FIRST: StepHistory(vain=WAITS, requested=True)},
        Reason.IN_VAIN,
        Reason.UPSTREAM_BLOCKED,
    ),
    "the pause after runs in vain is over": (
        without(FACTS, COUNT, MEAN),
        {FIRST: StepHistory(vain=WAITS._replace(retry_at=NOW))},
        Reason.NEVER_RAN,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "runs of another code came to nothing": (
        without(FACTS, COUNT, MEAN),
        {FIRST: StepHistory(vain=WAITS._replace(code=b"old"))},
        Reason.NEVER_RAN,
        Reason.UPSTREAM_NOT_CURRENT,
    ),
    "what its runs in vain were for is undone": (
        FACTS,
        HISTORY | {FIRST: made("raw", "count")._replace(vain=WAITS)},
        Reason.CURRENT,
        Reason.CURRENT,
    ),
}


def test_runs_in_vain_are_told_with_their_number_and_the_time_of_the_next():
    first, _ = decide(without(FACTS, COUNT, MEAN), {FIRST: StepHistory(vain=WAITS)})
    assert first.sentence.endswith(": raw/A changed while the step ran (3 in a row)")
    assert (first.state, first.action, first.until) == (State.FAILED, Action.NOTHING, NOW + 1)


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_has_its_reason(change):
    facts, history, first_reason, second_reason = CHANGES[change]
    first, second = decide(facts, history)
    assert (first.reason, second.reason) == (first_reason, second_reason)


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ((replace(COUNTS, code=b"other"), MEANS), Reason.CODE_CHANGED),
        ((replace(COUNTS, parameters=b"other"), MEANS), Reason.PARAMETERS_CHANGED),
        ((replace(COUNTS, fault="count.py: line 3: no"), MEANS), Reason.SCRIPT_BROKEN),
    ],
)
def test_a_change_of_the_script_has_its_reason(specs, reason):
    assert decide(specs=specs)[0].reason is reason


@pytest.mark.parametrize(
    ("policy", "facts", "specs"),
    [
        (Policy(on_input_change=False), FACTS | {RAW: seen("new")}, (COUNTS, MEANS)),
        (Policy(on_code_change=False), FACTS, (replace(COUNTS, code=b"other"), MEANS)),
        (Policy(on_parameter_change=False), FACTS, (replace(COUNTS, parameters=b"other"), MEANS)),
        (Policy(hold_edited=False), FACTS | {COUNT: seen("mine")}, (COUNTS, MEANS)),
    ],
)
def test_each_trigger_can_be_switched_off(policy, facts, specs):
    assert decide(facts, specs=specs, policy=policy)[0].reason is Reason.CURRENT


def test_outputs_that_exist_are_made_anew_when_adoption_is_switched_off():
    assert decide(history={}, policy=Policy(adopt_existing=False))[0].reason is Reason.NEVER_RAN


def test_the_decision_names_the_paths_concerned():
    assert decide(FACTS | {RAW: seen("new")})[0].sentence == "raw/A changed since the last run"
    assert decide(without(FACTS, RAW))[0].sentence == "waiting for raw/A"
    assert decide(FACTS | {COUNT: seen("mine")})[0].paths == (COUNT,)


def test_only_the_changed_one_of_several_inputs_is_named():
    both = (("a", template("raw/{id}")[0][1]), ("b", template("extra/{id}")[0][1]))
    one = replace(COUNTS, inputs=both)
    was = StepHistory(made=Made("run", Fingerprint(b"code", b"parameters", digest("raw") + digest("old")), digest("c")))
    first, _ = decide(FACTS | {"extra/A": seen("new"), COUNT: seen("c")}, {FIRST: was}, (one, MEANS))
    assert first.paths == ("extra/A",)


def test_every_input_is_named_when_their_number_changed():
    was = StepHistory(made=Made("run", Fingerprint(b"code", b"parameters", b""), digest("count")))
    assert decide(history={FIRST: was})[0].paths == (RAW,)


def test_a_missing_output_is_not_taken_for_an_edited_one():
    two = replace(COUNTS, outputs=(*COUNTS.outputs, ("b", template("more/{id}")[0][1])))
    was = StepHistory(made=Made("run", fingerprint("raw"), digest("count") + digest("more")))
    assert decide(history={FIRST: was}, specs=(two, MEANS))[0].paths == ("more/A",)


@pytest.mark.parametrize(
    ("raw", "reason"), [("raw", Reason.OUTPUT_EDITED), ("new", Reason.INPUT_CHANGED)], ids=["same input", "other input"]
)
def test_after_a_restore_another_output_is_an_edit_only_where_no_forgotten_run_can_have_made_it(raw, reason):
    was = StepHistory(made=Made(RESTORED, fingerprint("raw"), digest("count")))
    assert decide(FACTS | {RAW: seen(raw), COUNT: seen("other")}, {FIRST: was})[0].reason is reason


def test_an_edit_stays_where_a_run_that_was_to_overwrite_it_failed_and_that_is_said():
    (first, _) = decide(FACTS | {COUNT: seen("mine")}, {FIRST: failed(made=HISTORY[FIRST].made)})
    assert first.state is State.HELD
    assert first.sentence.endswith("unless accepted or forced; its last run failed: ValueError: no")


def test_a_block_reaches_what_is_further_downstream():
    last = spec("plot", "mean/{id}", "plot/{id}")
    pipeline = Pipeline.build((COUNTS, MEANS, last), IdPattern("[A-Z]"))
    decisions = plan([pipeline.bind("A")], {FIRST: failed()}, without(FACTS, COUNT, MEAN), now=NOW)
    assert decisions[StepKey("A", "plot")].reason is Reason.UPSTREAM_BLOCKED
