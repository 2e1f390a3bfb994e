"""The planner is total, deterministic and independent of order, whatever it is told."""

from hypothesis import given
from hypothesis import strategies as st

from sinagotd.core.facts import DIGEST_BYTES, Digest, Failure, Fingerprint, Flight, Made, Seen, StepHistory, pack_stamp
from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import StepKey
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline, StepSpec
from sinagotd.core.planner import Policy, plan
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Action, State

RECORDS = ("A", "B", "C")
CHAIN = (("count", "raw", "count"), ("mean", "count", "mean"), ("plot", "mean", "plot"))


def a_template(folder):
    return (("", Template.parse(f"{folder}/{{id}}", constants={}, entities=())),)


SPECS = tuple(
    StepSpec(step, step, None, None, a_template(reads), a_template(writes), b"c", b"p", f"{step}.py")
    for step, reads, writes in CHAIN
)
PIPELINE = Pipeline.build(SPECS, IdPattern("[A-Z]"))
PATHS = [f"{folder}/{record}" for folder in ("raw", "count", "mean", "plot") for record in RECORDS]
KEYS = [StepKey(record, step) for record in RECORDS for step, _, _ in CHAIN]

digests = st.sampled_from([Digest(bytes([value]) * DIGEST_BYTES) for value in range(3)])
unsettled = st.sampled_from([None, None, None, Reason.INPUT_ARRIVING, Reason.INPUT_EMPTY])
seen = st.builds(Seen, st.just(pack_stamp(1, 1, 1, 1)), st.one_of(digests, st.none()), unsettled)
facts = st.dictionaries(st.sampled_from(PATHS), seen)
fingerprints = st.builds(Fingerprint, st.sampled_from([b"c", b"x"]), st.sampled_from([b"p", b"y"]), digests)
histories = st.builds(
    StepHistory,
    st.one_of(st.none(), st.builds(Made, st.just("run"), fingerprints, digests)),
    st.one_of(
        st.none(),
        st.builds(Failure, fingerprints, st.just(1), st.one_of(st.none(), st.floats(0, 200)), st.just("{oops}")),
    ),
    st.one_of(st.none(), st.builds(Flight, st.just("run"), st.booleans())),
    st.booleans(),
    st.booleans(),
)
pasts = st.dictionaries(st.sampled_from(KEYS), histories)
policies = st.builds(Policy, *[st.booleans()] * 5)


@given(pasts, facts, policies)
def test_every_step_gets_one_decision_with_a_sentence(past, there, policy):
    decisions = plan(map(PIPELINE.bind, RECORDS), past, there, now=100, policy=policy)
    assert set(decisions) == set(KEYS)
    assert all(decision.sentence for decision in decisions.values())


@given(pasts, facts, policies, st.permutations(RECORDS))
def test_the_order_and_company_of_records_changes_nothing(past, there, policy, order):
    together = plan(map(PIPELINE.bind, order), past, there, now=100, policy=policy)
    apart = {}
    for record in RECORDS:
        apart |= plan([PIPELINE.bind(record)], past, there, now=100, policy=policy)
    assert together == apart


@given(pasts, facts, policies)
def test_only_what_is_settled_and_not_upstream_of_change_is_run_or_adopted(past, there, policy):
    decisions = plan(map(PIPELINE.bind, RECORDS), past, there, now=100, policy=policy)
    for key, decision in decisions.items():
        if decision.action is Action.NOTHING:
            continue
        (bound,) = [bound for bound in PIPELINE.bind(key.record) if bound.key == key]
        assert all(there[path].digest is not None and there[path].unsettled is None for path in bound.inputs)
        upstream = [decisions[StepKey(key.record, step)].state for step in PIPELINE.upstream(key.step)]
        assert set(upstream) <= {State.CURRENT, State.HELD}
        assert decision.fingerprint is not None


@given(pasts, facts)
def test_what_is_made_from_what_is_there_needs_nothing(past, there):
    """Pretend that everything asked for was done: the next plan asks for nothing, step by step down the chain."""
    past, there = dict(past), dict(there)
    for _ in range(2 * len(CHAIN)):
        for key, decision in plan(map(PIPELINE.bind, RECORDS), past, there, now=100).items():
            if decision.action is not Action.NOTHING:
                (bound,) = [bound for bound in PIPELINE.bind(key.record) if bound.key == key]
                output = Digest(bytes([9]) * DIGEST_BYTES)
                there |= {path: Seen(pack_stamp(2, 2, 2, 2), output) for path in bound.outputs}
                past[key] = StepHistory(made=Made("new", decision.fingerprint, output))
    assert all(
        decision.action is Action.NOTHING
        for decision in plan(map(PIPELINE.bind, RECORDS), past, there, now=100).values()
    )
