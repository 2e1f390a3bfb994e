"""Why a step stands as it does: one reason per decision, its value the sentence that people see."""

from enum import Enum


class Reason(Enum):
    """The reasons in the order in which the planner tries them; `{paths}` and `{detail}` are filled in by a decision."""

    RUNNING = "it is running"
    QUEUED = "it is queued for a worker"
    SCRIPT_BROKEN = "its script cannot be used: {detail}"
    HELD_BY_PERSON = "someone put it on hold"
    UPSTREAM_BLOCKED = "the upstream step {detail} cannot go on"
    UPSTREAM_NOT_CURRENT = "the upstream step {detail} is not current yet"
    INPUT_MISSING = "waiting for {paths}"
    INPUT_UNREADABLE = "cannot read {paths}"
    INPUT_EMPTY = "{paths} is empty: suspect, so not read"
    INPUT_ARRIVING = "{paths} is still arriving"
    INPUT_OPEN = "{paths} is still open in a program that writes it"
    INPUT_NOT_READY = "{paths} is there, its ready marker is not"
    INPUT_HASHING = "{paths} is being fingerprinted"
    NEVER_RAN = "it never ran"
    ADOPTED = "its outputs exist and no run is recorded: taken as current"
    OUTPUT_EDITED = "{paths} was changed by hand: not overwritten unless accepted or forced{detail}"
    INPUT_CHANGED = "{paths} changed since the last run"
    CODE_CHANGED = "its code changed since the last run"
    PARAMETERS_CHANGED = "its parameters changed since the last run"
    GAVE_UP = "it failed too often and is left alone: {detail}"
    BACKING_OFF = "it failed and will be tried again: {detail}"
    RETRYING = "it failed and is due again: {detail}"
    OUTPUT_MISSING = "its output {paths} is missing"
    IN_VAIN = "its runs come to nothing, so the next one waits: {detail}"
    REQUESTED = "someone asked for it"
    CURRENT = "nothing it depends on changed since the last run"
