"""The names and habits of one dataset; frozen, so that changing them for one changes no other."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """Index names, the words for rows without a session or task, and which column and devices are the session's clock.

    `entities` are the BIDS entities that become further index levels (`("run", "acq")`); None takes those without which
    two files would claim one cell. Files of a session that name no task have a row of their own, whose files the session's
    tasks see (`session_files="visible"`), or they are cells of every task's row (`"joined"`).
    `required` are sources that every row must have: a missing one counts as an error.
    `timeout_s` limits the load of one cell, in seconds (None: no limit); it holds in a main thread, thus also in processes.
    """

    index_names: tuple[str, str, str] = ("Subject", "Session", "Task")
    session_task: str = "task-session"
    no_session: str = "ses-none"
    entities: tuple[str, ...] | None = None
    session_files: Literal["visible", "joined"] = "visible"
    clock_tag: str = "dataqueue"
    queue_column: str = "queue_elapsed"
    device_column: str = "device_id"
    window_device_patterns: tuple[str, ...] = ("dhyana", "mesoscope")
    required: tuple[str, ...] = ()
    timeout_s: float | None = None
