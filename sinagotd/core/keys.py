"""The names of things: a step of a workspace, and that step for one record."""

from typing import NamedTuple, Self


def step_name(label: str, task: str | None = None, modality: str | None = None) -> str:
    """Name a step of the workspace: `count` in unit mode, `HDC/behavior/scores` otherwise."""
    return "/".join(part for part in (task, modality, label) if part is not None)


class StepKey(NamedTuple):
    """One script for one record in one unit; reads `REC-1/count` or `REC-1/HDC/behavior/scores`.

    `record` is the record's id, `step` the name that `step_name` gives.
    """

    record: str
    step: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key from its text form; raises ValueError when there is no step in it."""
        record, slash, step = text.partition("/")
        if not (record and slash and step):
            message = f"{text!r} is not a step key: write RECORD/STEP or RECORD/TASK/MODALITY/STEP"
            raise ValueError(message)
        return cls(record, step)

    def __str__(self) -> str:
        return f"{self.record}/{self.step}"
