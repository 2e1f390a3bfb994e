"""Our library and mesofield 0.5.0b0 side by side: what each is called with for the same table. It measures nothing."""

from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.bench import Bench
from tests.benchmarks.fresh import OURS
from tests.benchmarks.rig import SOURCES

PEER = "mesofield"
OWN = "ours"
LOAD = "frame = dataset.materialize()"
_OURS = "from sinagotd.datakit import Dataset, load_dataset\nfrom sinagotd.datakit.saving.writing import save_frame"
_THEIRS = "from mesofield.datakit import Dataset, load_dataset"


class Side(NamedTuple):
    """Whose library it is: its Python, what is imported, and how a table is written, into what."""

    python: str
    before: str
    write: str
    path: str


def sides_of(bench: Bench) -> dict[str, Side]:
    """Ours, and theirs where it can be installed; a table is written there as its own `save` does it."""
    sides = {OWN: Side(OURS, _OURS, "save_frame(frame, {path!r})", "table.parquet")}
    if not bench.peers.why_not(PEER):
        sides[PEER] = Side(bench.peers.program(PEER), _THEIRS, "frame.to_pickle({path!r})", "table.pkl")
    return sides


def find(root: Path) -> str:
    return f"dataset = Dataset.from_directory({str(root)!r}, sources={SOURCES!r})"
