"""Counts faults: a share of them in every run of the tests, all of them with `--full`, and a table in the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from counting import Count, Counted
from lab_world import Lab, a_lab


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All the faults take as long as they take."""
    for item in items if config.getoption("--full") else ():
        item.add_marker(pytest.mark.timeout(0), append=False)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """How a test says what it does to the system, how often, and what went wrong; in the end nothing may have."""
    is_full = request.config.getoption("--full")

    @contextmanager
    def counting(promise: str, what: str, *, share: int, full: int) -> Iterator[Counted]:
        counted = Counted(promise, what, full if is_full else share)
        began = time.monotonic()
        try:
            yield counted
        finally:
            request.node.user_properties.append(("faults", counted.row(time.monotonic() - began)))
        assert counted.wrongs == []

    return counting


@pytest.fixture
def lab(tmp_path) -> Iterator[Lab]:
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
