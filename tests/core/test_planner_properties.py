"""The planner is total, deterministic and independent of order, whatever it is told."""

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sinagotd.core.facts import (
    DIGEST_BYTES,
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
from sinagotd.core.planner import Policy, plan
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State

RECORDS = ("A", "B")
NOW = 100.0
STEPS = {
    "count": (["raw"], ["count"]),
    "mean": (["count", "notes"], ["mean", "spread"]),
    "plot": (["mean", "count"], ["plot"]),
    "print": (["plot"], ["print"]),
}


def templates(folders):
    return tuple((folder, Template.parse(f"{folder}/{{id}}", constants={}, entities=())) for folder in folders)


SPECS = [
    StepSpec(step, step, None, None, templates(reads), templates(writes), b"c", b"p", f"{step}.py")
    for step, (reads, writes) in STEPS.items()
]
SPECS[-1] = replace(SPECS[-1], fault="print.py, line 1: {this} is no Python")
PIPELINE = Pipeline.build(SPECS, IdPattern("[A-Z]"))
FOLDERS = ("raw", "notes", "count", "mean", "spread", "plot", "print")
PATHS = [f"{folder}/{record}" for folder in FOLDERS for record in RECORDS]
KEYS = [StepKey(record, step) for record in RECORDS for step in STEPS]

DIGESTS = [Digest(bytes([value]) * DIGEST_BYTES) for value in range(3)]
JOINED = [b"".join(several) for number in range(4) for several in product(DIGESTS, repeat=number)]
FINGERPRINTS = [Fingerprint(*each) for each in product([b"c", b"x"], [b"p", b"y"], JOINED)]
TIMES = [NOW - 1, NOW, NOW + 1]
SEEN = [
    Seen(pack_stamp(1, 1, 1, 1), *each)
    for each in product([*DIGESTS, None], [None, None, Reason.INPUT_ARRIVING, Reason.INPUT_EMPTY])
]
MADE = [Made(*each) for each in product(["run", RESTORED], FINGERPRINTS, JOINED)]
FAILED = [Failure(of, 1, at, "{oops}") for of, at in product(FINGERPRINTS, [None, *TIMES])]
FLIGHTS = [None, None, None, Flight("run", started=False), Flight("run", started=True)]
VAIN = [Vain(*each, "{vain}") for each in product([b"c", b"x"], [1, 9], TIMES)]

facts = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(SEEN))
histories = st.builds(
    StepHistory,
    made=st.none() | st.sampled_from(MADE),
    failure=st.none() | st.sampled_from(FAILED),
    flight=st.sampled_from(FLIGHTS),
    held=st.booleans(),
    requested=st.booleans(),
    vain=st.none() | st.sampled_from(VAIN),
)
pasts = st.dictionaries(st.sampled_from(KEYS), histories)
policies = st.builds(Policy, *[st.booleans()] * 5)


def planned(past, there, policy, records=RECORDS):
    return plan(map(PIPELINE.bind, records), past, there, now=NOW, policy=policy)


def bound_of(key):
    return next(bound for bound in PIPELINE.bind(key.record) if bound.key == key)


def backwards(world):
    return dict(reversed(world.items()))


@given(pasts, facts, policies)
def test_every_step_gets_one_decision_with_a_sentence(past, there, policy):
    decisions = planned(past, there, policy)
    assert sorted(decisions) == sorted(KEYS)
    assert all(decision.sentence for decision in decisions.values())


@given(pasts, facts, policies, st.permutations(RECORDS))
def test_the_order_and_company_of_records_changes_nothing(past, there, policy, order):
    together = planned(past, there, policy, order)
    apart = {}
    for record in RECORDS:
        apart |= planned(backwards(past), backwards(there), policy, [record])
    assert together == apart


@given(pasts, facts, policies)
def test_only_what_is_settled_and_not_upstream_of_change_is_run_or_adopted(past, there, policy):
    decisions = planned(past, there, policy)
    for key, decision in decisions.items():
        if decision.action is Action.NOTHING:
            continue
        assert all(there[path].digest is not None and there[path].unsettled is None for path in bound_of(key).inputs)
        upstream = [decisions[StepKey(key.record, step)].state for step in PIPELINE.upstream(key.step)]
        assert set(upstream) <= {State.CURRENT, State.HELD}
        assert decision.fingerprint is not None


@given(pasts, facts, policies)
def test_what_is_in_flight_on_hold_or_broken_is_left_alone(past, there, policy):
    for key, decision in planned(past, there, policy).items():
        before = past.get(key, StepHistory())
        if before.flight or before.held or bound_of(key).spec.fault:
            assert decision.action is Action.NOTHING


@given(pasts, facts, policies)
def test_outputs_are_adopted_only_where_all_are_there_and_no_run_is_remembered(past, there, policy):
    for key, decision in planned(past, there, policy).items():
        if decision.action is Action.ADOPT:
            before = past.get(key, StepHistory())
            assert policy.adopt_existing
            assert before.made is None
            assert before.failure is None
            assert all(there[path].digest is not None for path in bound_of(key).outputs)


@given(pasts, facts, policies)
def test_what_was_edited_by_hand_is_run_only_when_someone_asks_for_it(past, there, policy):
    for key, decision in planned(past, there, replace(policy, hold_edited=True)).items():
        before = past.get(key, StepHistory())
        if decision.action is Action.RUN and before.made is not None and not before.requested:
            outputs = bound_of(key).outputs
            was = [
                before.made.outputs[at : at + DIGEST_BYTES] for at in range(0, len(before.made.outputs), DIGEST_BYTES)
            ]
            edited = [
                path
                for path, digest in zip(outputs, was, strict=False)
                if path in there and there[path].digest != digest
            ]
            assert not edited or before.made.run_id == RESTORED


@given(pasts, facts)
def test_what_is_made_from_what_is_there_needs_nothing(past, there):
    """Pretend that everything asked for was done: the next plan asks for nothing, step by step down the chain."""
    past, there = dict(past), dict(there)
    for _ in range(2 * len(STEPS)):
        for key, decision in planned(past, there, Policy()).items():
            if decision.action is not Action.NOTHING:
                outputs = bound_of(key).outputs
                made = Digest(bytes([9]) * DIGEST_BYTES)
                there |= {path: Seen(pack_stamp(2, 2, 2, 2), made) for path in outputs}
                past[key] = StepHistory(made=Made("new", decision.fingerprint, made * len(outputs)))
    assert {decision.action for decision in planned(past, there, Policy()).values()} == {Action.NOTHING}


def test_outputs_of_a_step_that_only_failed_are_not_adopted():
    key, there = StepKey("A", "count"), {"raw/A": SEEN[0], "count/A": SEEN[0]}
    before = Failure(Fingerprint(b"c", b"p", DIGESTS[1]), 1, None, "no")
    assert planned({}, there, Policy())[key].action is Action.ADOPT
    assert planned({key: StepHistory(failure=before)}, there, Policy())[key].action is Action.RUN
