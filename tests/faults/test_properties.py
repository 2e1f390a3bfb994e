"""The properties of `tests/core` once more, with very many examples."""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from counting import Count
from hypothesis import HealthCheck, is_hypothesis_test, settings

pytestmark = pytest.mark.timeout(1200)

CORE = Path(__file__).parents[1] / "core"
WHAT = {
    "planner": "plans of any facts and histories: total, alike in any order",
    "patterns": "paths filled in and matched back, pipelines put in order",
}


def properties_of(part: str) -> list[Callable[[], None]]:
    spec = spec_from_file_location(f"{part}_properties", CORE / f"test_{part}_properties.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return [each for each in vars(module).values() if is_hypothesis_test(each)]


@pytest.mark.parametrize("part", WHAT)
def test_properties_hold_for_very_many_examples(part: str, count: Count, request: pytest.FixtureRequest) -> None:
    is_full = request.config.getoption("--full")
    properties = properties_of(part)
    with count("P5", WHAT[part], share=20 * len(properties), full=5_000 * len(properties)) as counted:
        for check in properties:
            settings(
                max_examples=counted.times // len(properties),
                derandomize=not is_full,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )(check)()
