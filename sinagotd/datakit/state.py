"""What a dataset consists of, as one value: a filter makes another; it does nothing by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sinagotd.datakit.discovery import Problem
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.rows import Rows

Roots = str | Path | Iterable[str | Path]
Names = str | Iterable[str] | None


@dataclass(frozen=True, slots=True)
class State:
    """The rows, the tags to load for them, and what is known about both."""

    rows: Rows
    sources: tuple[str, ...]
    roots: tuple[Path, ...]
    registry: Sources
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def paths_of(roots: Roots) -> tuple[Path, ...]:
    """One path or several, resolved, each once."""
    several = (roots,) if isinstance(roots, str | Path) else roots
    return tuple(dict.fromkeys(Path(root).expanduser().resolve() for root in several))
