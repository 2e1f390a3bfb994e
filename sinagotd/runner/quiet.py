"""Keeps Dask's chatter out of our logs: what matters in it comes back as events and as `trouble`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

LEVELS = {"distributed": logging.WARNING, "distributed.client": logging.CRITICAL}


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Raise the levels of Dask's loggers where they are lower, and give them back as they were."""
    before = {name: logging.getLogger(name).level for name in LEVELS}
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(max(before[name], level))
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
