"""A step as a script declares it, and as it stands for one record. Values only."""

from dataclasses import dataclass
from typing import NamedTuple

from sinagotd.core.keys import StepKey
from sinagotd.core.patterns import Template

Labelled = tuple[str, Template]
"""A template under the label that the script gives it; "" where the script declares a single path."""


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One script in one unit, before a record fills it.

    `step` is the name that `step_name` gives, `script` the path below the scripts folder, `code` and `parameters`
    are digests. Templates stand in the declared order. `fault` is a sentence: why this script cannot be used.
    """

    step: str
    label: str
    task: str | None
    modality: str | None
    inputs: tuple[Labelled, ...]
    outputs: tuple[Labelled, ...]
    code: bytes
    parameters: bytes
    script: str
    control: tuple[Labelled, ...] = ()
    fault: str | None = None

    @property
    def templates(self) -> tuple[Template, ...]:
        """What it reads, then what it writes."""
        return tuple(template for _, template in self.inputs + self.outputs)


class Bound(NamedTuple):
    """A step of one record with its actual paths; `upstream` are indexes into the tuple that `bind` returned."""

    key: StepKey
    spec: StepSpec
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    upstream: tuple[int, ...]
