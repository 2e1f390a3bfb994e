"""One pass over some records: gather facts and history, plan, keep all three together. Changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from sinagotd.core.facts import NO_HISTORY, Fingerprint, Seen, StepHistory, unpack_stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Bound, Pipeline
from sinagotd.core.planner import Decision, Policy, plan
from sinagotd.core.states import Action
from sinagotd.engine.clock import Clock
from sinagotd.engine.gathering import Gatherer, StampOf
from sinagotd.manifest.reader import Reader
from sinagotd.settings.workspace import WorkspaceSettings


@dataclass(frozen=True, slots=True)
class Planned:
    """What was looked at and what was decided, by step."""

    bounds: dict[StepKey, Bound]
    facts: dict[str, Seen]
    history: dict[StepKey, StepHistory]
    decisions: dict[StepKey, Decision]

    def extend(self, other: "Planned") -> None:
        """Take in a later pass over other records."""
        self.bounds.update(other.bounds)
        self.facts.update(other.facts)
        self.history.update(other.history)
        self.decisions.update(other.decisions)

    def is_to_run(self, key: StepKey) -> bool:
        return key in self.decisions and self.decisions[key].action is Action.RUN

    def arrival(self, key: StepKey) -> int:
        """The mtime_ns of the newest input of a step."""
        seen = (self.facts.get(path) for path in self.bounds[key].inputs)
        return max((unpack_stamp(one.stamp).mtime_ns for one in seen if one), default=0)

    def fingerprint(self, key: StepKey) -> Fingerprint:
        """What a run of this step would depend on now; all its inputs must be fingerprinted."""
        spec, inputs = self.bounds[key].spec, self.bounds[key].inputs
        return Fingerprint(spec.code, spec.parameters, b"".join(self.facts[path].digest or b"" for path in inputs))

    def attempt(self, key: StepKey) -> int:
        """Which try at its fingerprint the next run of a step is, from 1."""
        failure = self.history.get(key, NO_HISTORY).failure
        return failure.attempts + 1 if failure and failure.fingerprint == self.decisions[key].fingerprint else 1


@dataclass(slots=True)
class Looker:
    """Looks at records with everything that takes; the pipeline is replaced when the code changes."""

    pipeline: Pipeline
    gatherer: Gatherer
    read: Reader
    clock: Clock
    policy: Policy

    def look(self, records: Collection[str], stamp_of: StampOf | None = None) -> Planned:
        """Plan these records as things stand now, which is as `stamp_of` says if everything was just looked at."""
        if not records:
            return Planned({}, {}, {}, {})
        bound_records = [self.pipeline.bind(record) for record in records]
        bounds = [bound for steps in bound_records for bound in steps]
        facts = self.gatherer.facts(bounds, stamp_of)
        history = self.read.history(records)
        decisions = plan(bound_records, history, facts, now=self.clock.now(), policy=self.policy)
        return Planned({bound.key: bound for bound in bounds}, facts, history, decisions)

    def has_raw_file(self, record: str) -> bool:
        """Whether any raw file of this record is there."""
        paths = {path for bound in self.pipeline.bind(record) for path in bound.inputs}
        return any(self.pipeline.record_of(path) == record and self.gatherer.stamp(path) for path in paths)


def policy_of(settings: WorkspaceSettings) -> Policy:
    run = settings.run
    return Policy(
        on_input_change=run.on_input_change,
        on_code_change=run.on_code_change,
        on_parameter_change=run.on_parameter_change,
        hold_edited=run.on_output_edit,
        adopt_existing=run.adopt_existing,
    )
