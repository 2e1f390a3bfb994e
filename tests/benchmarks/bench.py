"""What every case is given: sizes, how often, a temporary folder, and workspaces that are made once for all cases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.measuring import Measured
from tests.benchmarks.peers import Peers
from tests.benchmarks.tree import make_finished


@dataclass(slots=True)
class Bench:
    """Cases at one size use `usual` records; `small` and `large` tell how a cost grows, `large` what memory is needed."""

    folder: Path
    peers: Peers
    small: int
    usual: int
    large: int
    rounds: int
    steps: int
    is_long: bool
    say: Callable[[str], None]
    _finished: dict[int, Path] = field(default_factory=dict)

    def finished(self, records: int) -> Path:
        """A workspace of at least this many records where nothing is left to do."""
        if records not in self._finished:
            self.say(f"making {records:,} records x 2 steps")
            self._finished[records] = make_finished(self.fresh(f"finished-{records}"), records)
        return self._finished[records]

    def fresh(self, name: str) -> Path:
        """A path of a folder that is not there yet, in a folder of its own."""
        home = self.folder / name
        home.mkdir()
        return home / "workspace"


class Case(NamedTuple):
    """Lines of the table that are measured together; `title` stands above them."""

    name: str
    title: str
    measure: Callable[[Bench], Iterator[Measured]]
