"""The `[run]` table: what makes a step run, for how long, how often it is tried, and the options of scripts."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from sinagotd.settings.quantities import HOUR_S, MIB_BYTES, Duration, IntervalOrOff, SizeOrOff
from sinagotd.settings.sections import Count, Flag, Options, Section


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What holds for one step: seconds and bytes, None for no limit; `attempts` are tries at one fingerprint."""

    timeout: float | None
    memory: int | None
    attempts: int
    opts: dict[str, Any]


class StepSection(Section):
    """One step by its name: "count", "behavior/scores" or "HDC/behavior/scores"; the longer name wins."""

    timeout: IntervalOrOff = Field(None, description="As in [run].", examples=["1h"])
    memory: SizeOrOff = Field(None, description="As in [run].", examples=["8 GiB"])
    attempts: Count = Field(3, description="As in [run].")
    opts: Options = Field({}, description="Options of this step, added to those of [run].")


class RunSettings(Section):
    """How steps are run."""

    mode: Literal["main_process", "dask"] = Field(
        "main_process",
        description="Where a notebook runs steps: in its own process, or on Dask. The service always uses its cluster.",
    )
    timeout: IntervalOrOff = Field(6 * HOUR_S, description='The longest a run may take; "off" for no limit.')
    memory: SizeOrOff = Field(
        None, description='The most memory a run and all it starts may use, such as "4 GiB"; "off" for no limit.'
    )
    attempts: Count = Field(
        3, description="A step that fails this often with the same inputs, code and parameters is left alone."
    )
    backoff: Duration = Field(10.0, description="The pause before the second attempt; each further one is longer.")
    backoff_max: Duration = Field(HOUR_S, description="The longest pause between two attempts.")
    reserve: SizeOrOff = Field(
        256 * MIB_BYTES,
        description='Nothing new is run while less than this is free on the disk of the results; "off" for no limit.',
    )
    on_input_change: Flag = Field(default=True, description="Run again when the content of an input changes.")
    on_code_change: Flag = Field(default=True, description="Run again when the code of a script changes.")
    on_parameter_change: Flag = Field(default=True, description="Run again when the options of a step change.")
    on_output_edit: Flag = Field(
        default=True, description="Hold a step whose output was edited by hand, instead of taking the edit as its own."
    )
    adopt_existing: Flag = Field(
        default=True,
        description="Take outputs that exist with no run recorded as current, instead of making them anew.",
    )
    opts: Options = Field({}, description="Options of all scripts: self.opts, and placeholders in their paths.")
    steps: dict[str, StepSection] = Field({}, description="Settings of single steps.", examples=["count"])

    def for_step(self, step: str) -> StepSettings:
        """The settings of a step named as in a step key, `count` or `HDC/behavior/scores`."""
        timeout, memory, attempts, opts = self.timeout, self.memory, self.attempts, dict(self.opts)
        for section in (self.steps[name] for name in names_of_step(step) if name in self.steps):
            given = section.model_fields_set
            timeout = section.timeout if "timeout" in given else timeout
            memory = section.memory if "memory" in given else memory
            attempts = section.attempts if "attempts" in given else attempts
            opts |= section.opts
        return StepSettings(timeout, memory, attempts, opts)


def names_of_step(step: str) -> tuple[str, ...]:
    """The names that mean this step, the most general first: `scores`, `behavior/scores`, `HDC/behavior/scores`."""
    parts = step.split("/")
    return tuple("/".join(parts[start:]) for start in reversed(range(len(parts))))
