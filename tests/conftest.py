"""What every test may count on: a home folder of its own, no leftover of whoever runs it; and the table of counted faults."""

import signal
from collections.abc import Iterator

import pytest
from counting import print_table
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="do every counted fault as often as `make faults` does")


@pytest.fixture(autouse=True, scope="session")
def _hears_ctrl_c() -> None:
    """Who starts the tests in the background of a shell has them, and what they start, ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    rows = [row for report in reports for name, row in report.user_properties if name == "faults"]
    if rows:
        print_table(rows, terminalreporter)
