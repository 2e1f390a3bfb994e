"""Sinagot's constants: what its status codes and the keys of its logs are called."""

from enum import IntEnum

LOG_ORIGIN = "log_from"
LOG_STEP_LABEL = "step_label"
LOG_RECORD_ID = "record_id"
LOG_STEP_STATUS = "step_status"
LOG_VERSION = "workspace_version"


class StepStatus(IntEnum):
    """How a step stands, as in `steps.status()` and in logs; the last one is met in logs and results of runs only."""

    INIT = 0
    DATA_READY = 10
    PROCESSING = 20
    DONE = 30
    ERROR = 40
    DATA_NOT_AVAILABLE = 41
