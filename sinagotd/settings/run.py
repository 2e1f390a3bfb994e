"""The `[run]` table: what makes a step run, for how long, how often it is tried, and the options of scripts."""

from typing import Any, NamedTuple

from sinagotd.settings.kinds import COUNT, FLAG, OPTIONS, choice
from sinagotd.settings.quantities import DURATION, HOUR_S, INTERVAL_OR_OFF, MIB_BYTES, SIZE_OR_OFF
from sinagotd.settings.sections import Section, named, setting, table


class StepSettings(NamedTuple):
    """What holds for one step: seconds and bytes, None for no limit; `attempts` are tries at one fingerprint."""

    timeout: float | None
    memory: int | None
    attempts: int
    opts: dict[str, Any]


class StepSection(Section):
    """One step by its name: "count", "behavior/scores" or "HDC/behavior/scores"; the longer name wins."""

    timeout: float | None = setting(INTERVAL_OR_OFF, None, "As in [run].", example="1h")
    memory: int | None = setting(SIZE_OR_OFF, None, "As in [run].", example="8 GiB")
    attempts: int = setting(COUNT, 3, "As in [run].")
    opts: dict[str, Any] = setting(OPTIONS, {}, "Options of this step, added to those of [run].")


class RunSettings(Section):
    """How steps are run."""

    mode: str = setting(
        choice("main_process", "dask"),
        "main_process",
        "Where a notebook runs steps: in its own process, or on Dask. The service always uses its cluster.",
    )
    timeout: float | None = setting(INTERVAL_OR_OFF, 6 * HOUR_S, 'The longest a run may take; "off" for no limit.')
    memory: int | None = setting(
        SIZE_OR_OFF, None, 'The most memory a run and all it starts may use, such as "4 GiB"; "off" for no limit.'
    )
    attempts: int = setting(
        COUNT, 3, "A step that fails this often with the same inputs, code and parameters is left alone."
    )
    backoff: float = setting(DURATION, 10.0, "The pause before the second attempt; each further one is longer.")
    backoff_max: float = setting(DURATION, HOUR_S, "The longest pause between two attempts.")
    reserve: int | None = setting(
        SIZE_OR_OFF,
        256 * MIB_BYTES,
        'Nothing new is run while less than this is free on the disk of the results; "off" for no limit.',
    )
    on_input_change: bool = setting(FLAG, default=True, text="Run again when the content of an input changes.")
    on_code_change: bool = setting(FLAG, default=True, text="Run again when the code of a script changes.")
    on_parameter_change: bool = setting(FLAG, default=True, text="Run again when the options of a step change.")
    on_output_edit: bool = setting(
        FLAG, default=True, text="Hold a step whose output was edited by hand, instead of taking the edit as its own."
    )
    adopt_existing: bool = setting(
        FLAG, default=True, text="Take outputs that exist with no run recorded as current, instead of making them anew."
    )
    opts: dict[str, Any] = setting(OPTIONS, {}, "Options of all scripts: self.opts, and placeholders in their paths.")
    steps: dict[str, StepSection] = setting(named(table(StepSection)), {}, "Settings of single steps.", example="count")

    def for_step(self, step: str) -> StepSettings:
        """The settings of a step named as in a step key, `count` or `HDC/behavior/scores`."""
        chosen, opts = {name: getattr(self, name) for name in StepSettings._fields}, dict(self.opts)
        for section in (self.steps[name] for name in names_of_step(step) if name in self.steps):
            chosen |= {name: getattr(section, name) for name in section.given}
            opts |= section.opts
        return StepSettings(**chosen | {"opts": opts})


def names_of_step(step: str) -> tuple[str, ...]:
    """The names that mean this step, the most general first: `scores`, `behavior/scores`, `HDC/behavior/scores`."""
    parts = step.split("/")
    return tuple("/".join(parts[start:]) for start in reversed(range(len(parts))))
