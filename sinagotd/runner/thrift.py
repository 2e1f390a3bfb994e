"""Has the C library give back what a long life of small requests leaves unused. It touches no Python object."""

import ctypes

_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8  # malloc.h of glibc
TRIM_ABOVE_BYTES = 64 * 1024
ARENAS = 2
"""Each thread would get a heap of its own, up to eight a core, and leave holes in it."""


def give_memory_back() -> bool:
    """Let this process return freed memory at once. False where the C library knows no such wish (mallopt(3) is glibc's)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    wishes = ((_M_TRIM_THRESHOLD, TRIM_ABOVE_BYTES), (_M_ARENA_MAX, ARENAS))
    return mallopt is not None and all(mallopt(*wish) == 1 for wish in wishes)
