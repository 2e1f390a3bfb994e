"""The words for how a step stands, how a run ended and what a decision asks for. A value is its stored text."""

from enum import StrEnum


class State(StrEnum):
    """How a step of a record stands, as people see it."""

    WAITING = "waiting"  # an input is missing, unsettled or not yet fingerprinted
    STALE = "stale"  # to be run, not claimed yet
    QUEUED = "queued"  # claimed and submitted
    RUNNING = "running"  # a worker has started it
    CURRENT = "current"  # nothing to do
    FAILED = "failed"  # will be retried, the decision says when
    QUARANTINED = "quarantined"  # gave up until an input, the code or a parameter changes, or someone says retry
    HELD = "held"  # an output was edited by hand, or someone said hold
    BLOCKED = "blocked"  # an upstream step is not current

    @property
    def code(self) -> int:
        """Sinagot's status code (specs: INIT 0, DATA_READY 10, PROCESSING 20, DONE 30, ERROR 40)."""
        return SINAGOT_CODES[self]


SINAGOT_CODES = {
    State.WAITING: 0,
    State.BLOCKED: 0,
    State.STALE: 10,
    State.QUEUED: 10,
    State.RUNNING: 20,
    State.CURRENT: 30,
    State.HELD: 30,
    State.FAILED: 40,
    State.QUARANTINED: 40,
}


class Outcome(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"  # no exception, every declared output exists
    FAILED = "failed"  # the script's fault
    TIMED_OUT = "timed_out"  # stopped with everything it had started
    TAINTED = "tainted"  # an input or the code changed meanwhile: the result is thrown away, the step runs again
    ABANDONED = "abandoned"  # nobody knows how it ended: a worker or the daemon died with it
    CANCELLED = "cancelled"  # stopped on request

    @property
    def blames_the_step(self) -> bool:
        """Whether this outcome counts as an attempt of the step, not as the machine's fault."""
        return self in (Outcome.FAILED, Outcome.TIMED_OUT)


class Action(StrEnum):
    """What a decision asks the engine to do."""

    NOTHING = "nothing"
    ADOPT = "adopt"
    RUN = "run"
