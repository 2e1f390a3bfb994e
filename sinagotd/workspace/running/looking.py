"""Looks at the steps that a call of `run()` speaks of: inputs that are missing, how all of them stand."""

import time
from pathlib import Path

from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Pipeline
from sinagotd.engine.looking import Looker
from sinagotd.engine.standings import standing
from sinagotd.manifest.rows import Standing
from sinagotd.workspace.running.outcomes import Steps
from sinagotd.workspace.running.speaking import MissingOf


def missing_inputs(pipeline: Pipeline, data_path: Path) -> MissingOf:
    """How to tell the inputs of a step that are not there."""

    def missing_of(key: StepKey) -> list[Path]:
        bound = next((bound for bound in pipeline.bind(key.record) if bound.key == key), None)
        paths = [data_path / path for path in bound.inputs] if bound else []
        return [path for path in paths if not path.exists()]

    return missing_of


def all_said(steps: Steps, said: dict[StepKey, Standing], looker: Looker) -> dict[StepKey, Standing]:
    """How all of them stand; those of records that are not there are looked at now."""
    unsaid = {key.record for key in steps if key not in said}
    decisions = looker.look(sorted(unsaid)).decisions
    return {key: standing(decision, time.time()) for key, decision in decisions.items()} | said
