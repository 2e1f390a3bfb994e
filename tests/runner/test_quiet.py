import logging
import subprocess
import sys

from sinagotd.runner.quiet import quiet_logs


def test_dasks_loggers_are_given_back_as_they_were() -> None:
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    with quiet_logs():
        assert [logger.level for logger in loggers] == [logging.WARNING, logging.CRITICAL]
    assert [logger.level for logger in loggers] == before


def test_a_logger_that_is_quieter_already_stays_so() -> None:
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    with quiet_logs():
        assert logger.level == logging.CRITICAL
    logger.setLevel(before)


def test_importing_the_runners_does_not_import_dask() -> None:
    code = (
        "import sys, sinagotd.runner.dask_runner, sinagotd.runner.inline; "
        "sys.exit(bool({'dask', 'distributed', 'pandas', 'tornado'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
