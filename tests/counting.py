"""What a fault test counts, and the table of it. A row is (promise, what, times, wrong, note, seconds)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

Row = Sequence[Any]
HEAD = ("", "what was done", "times", "wrong", "s", "seen")


@dataclass
class Counted:
    """One line of the table: a promise of RELIABILITY, what was done to the system, how often, what went wrong."""

    promise: str
    what: str
    times: int
    note: str = ""
    wrongs: list[str] = field(default_factory=list)

    def wrong(self, sentence: str) -> None:
        """Something did not hold; go on counting, the test fails in the end."""
        self.wrongs.append(sentence)

    def row(self, took_s: float) -> Row:
        return (self.promise, self.what, self.times, len(self.wrongs), self.note, round(took_s, 1))


class Count(Protocol):
    """The fixture `count`: a block in which faults are counted, one line of the table."""

    def __call__(self, promise: str, what: str, *, share: int, full: int) -> AbstractContextManager[Counted]:
        """`times` is `share` in `make test` and `full` in `make faults`."""


def print_table(rows: Sequence[Row], reporter: pytest.TerminalReporter) -> None:
    """One line per counted fault, in the order of the promises."""
    reporter.section("counted faults")
    ordered = sorted(rows, key=lambda row: (int(row[0][1:]), row[1]))
    cells = [HEAD, *((p, what, f"{times:,}", str(bad), f"{s:.0f}", note) for p, what, times, bad, note, s in ordered)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    for promise, what, times, bad, took, note in cells:
        figures = f"{times:>{widths[2]}}  {bad:>{widths[3]}}  {took:>{widths[4]}}"
        reporter.write_line(f"{promise:<{widths[0]}}  {what:<{widths[1]}}  {figures}  {note}".rstrip())
