"""Whether the machine has room for new runs. Says why not, once when that begins and once when it ends; claims nothing."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.engine.clock import Clock
from sinagotd.settings.quantities import format_size

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
FEWEST_FILES = 64


def shortage(folders: Iterable[Path], reserve: int | None) -> str:
    """Why nothing new should be written in these folders; empty if more than `reserve` bytes are free, or it is None."""
    return next((why for folder in folders if reserve is not None and (why := _shortage(folder, reserve))), "")


def _shortage(folder: Path, reserve: int) -> str:
    try:
        system = os.statvfs(folder)
    except OSError:
        return ""  # that a folder is gone is told by who walks it
    free = system.f_bavail * system.f_frsize
    if system.f_blocks and free < reserve:
        limit = f"less than run.reserve ({format_size(reserve)})"
        return f"only {format_size(free)} are free on {folder}, {limit}: make room"
    if system.f_files and system.f_favail < FEWEST_FILES:
        return f"only {system.f_favail} more files can be made on {folder}, however small: remove some"
    return ""


@dataclass(slots=True)
class Room:
    """What the machine lacks: room in reserve, or a write that it refused and that was not made good yet.

    After a refusal nothing is claimed for a while, each time for longer; then one run at a time, until one succeeds.
    """

    folders: tuple[Path, ...]
    clock: Clock
    log: FilteringBoundLogger
    _short: str = ""
    _refused: str = ""
    _try_at: float = 0.0
    _pause_s: float = FIRST_PAUSE_S

    @property
    def why(self) -> str:
        """What the machine lacks, a sentence; empty if nothing."""
        return self._short or self._refused

    @property
    def try_at(self) -> float | None:
        """The monotonic time of the next try after a refusal, None if no such time is to come."""
        return self._try_at if self._waits else None

    def look(self, reserve: int | None) -> None:
        """See how much is free now; `reserve` bytes are to stay so."""
        with self._telling():
            self._short = shortage(self.folders, reserve)

    def refuse(self, why: str) -> None:
        """The machine refused a write; what else it refuses before the next try counts as the same."""
        if self._waits:
            return
        with self._telling():
            self._refused = why
        self._try_at = self.clock.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def make_good(self) -> None:
        """What was refused works again, or is wanted no more. What was on its way before the refusal proves nothing."""
        if not self._waits:
            with self._telling():
                self._refused = ""
            self._pause_s = FIRST_PAUSE_S

    def within(self, wanted: int, *, in_flight: int) -> int:
        """How many of the wanted runs may be claimed beside those in flight."""
        if self._short or self._waits:
            return 0
        return min(wanted, max(0, 1 - in_flight)) if self._refused else wanted

    @property
    def _waits(self) -> bool:
        return bool(self._refused) and self.clock.monotonic() < self._try_at

    @contextmanager
    def _telling(self) -> Iterator[None]:
        before = self.why
        yield
        if self.why and not before:
            self.log.error("paused", why=self.why, then="nothing new is run until this is mended")
        if before and not self.why:
            self.log.info("resumed", why="the machine has room again")
