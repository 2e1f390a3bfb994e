"""Whether the threads beside the loop still turn: each is asked for a sign of life, which only it can give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from structlog.typing import FilteringBoundLogger

Ping = Callable[[Callable[[], None]], None]
"""Has a thread call the function as soon as it comes round; does not wait for that."""


class Vitals:
    """Asked by the loop's thread alone; the answers come from the others."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._pings: dict[str, Ping] = {}
        self._owing: dict[str, bool] = {}

    @contextmanager
    def watching(self, name: str, ping: Ping) -> Iterator[None]:
        """While this lasts, the thread of this name counts."""
        self._pings[name] = ping
        try:
            yield
        finally:
            del self._pings[name]
            self._owing.pop(name, None)

    def ask(self) -> None:
        """Ask every thread that does not owe an answer already; one that does is told of, once."""
        for name, ping in self._pings.items():
            if name not in self._owing:
                self._owing[name] = False
                ping(partial(self._answer, name))
            elif not self._owing[name]:
                self._owing[name] = True
                self._log.error("silent", thread=name, then="if it stays so, the watchdog of systemd starts us anew")

    def _answer(self, name: str) -> None:
        self._owing.pop(name, None)

    @property
    def all_answered(self) -> bool:
        return not self._owing

    @property
    def silent(self) -> list[str]:
        """The threads that did not answer from one question to the next."""
        return [name for name, is_late in self._owing.copy().items() if is_late]
