"""A lab per test, and the end of the daemon's log below every failure."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_world import Lab, a_lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with a_lab(tmp_path) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Lab):
                report.sections.append((f"log of the daemon of `{name}`", value.tail()))
    return report
