"""Reads several pipes at once, each into its own sink, so that no writer ever waits for another's reader."""

import os
import select
from collections.abc import Callable

Sink = Callable[[bytes], None]

_READ_BYTES = 1 << 16
_FULL_PIPE_READS = 64


class Streams:
    """The reading ends of pipes; they are closed when their writers are gone, or by `close`."""

    def __init__(self, sinks: dict[int, Sink]) -> None:
        self._sinks = dict(sinks)
        self._poll = select.poll()
        for descriptor in sinks:
            self._poll.register(descriptor, select.POLLIN)

    def is_open(self, descriptor: int) -> bool:
        return descriptor in self._sinks

    def read(self, timeout_s: float) -> bool:
        """Wait for anything and hand on one piece of each pipe; tells whether there was any."""
        ready = self._poll.poll(timeout_s * 1000)
        for descriptor, _ in ready:
            if piece := os.read(descriptor, _READ_BYTES):
                self._sinks[descriptor](piece)
            else:
                self._close(descriptor)
        return bool(ready)

    def read_rest(self) -> None:
        """Hand on what stands in the pipes now, and no more than they can hold."""
        for _ in range(_FULL_PIPE_READS):
            if not self.read(0):
                return

    def close(self) -> None:
        for descriptor in list(self._sinks):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._sinks[descriptor]
        os.close(descriptor)
