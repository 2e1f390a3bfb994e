"""From roots to rows: one walk each, merged where they hold the same recording, with everything doubtful as problems."""

from pathlib import Path
from typing import NamedTuple

from sinagotd.datakit.discovery import Found, Problem, discover
from sinagotd.datakit.faults import TreeError
from sinagotd.datakit.inventory import build_inventory
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.rows import Rows, found_rows
from sinagotd.datakit.settings import DatasetSettings


class Finding(NamedTuple):
    """What there is below some roots."""

    rows: Rows
    problems: tuple[Problem, ...]


def find(
    roots: tuple[Path, ...],
    registry: Sources,
    settings: DatasetSettings,
    *,
    prefer_processed: bool,
    include_task_level: bool | None,
) -> Finding:
    """Find and merge. Raises TreeError for no root, a root that is no folder, and roots without any recording."""
    if not roots:
        raise TreeError("there is no root to look in: name a folder")
    globs = registry.globs()
    files: list[Found] = []
    problems = [Problem("no plug-in", tag, tag, message) for tag, message in registry.faults.items()]
    for root in roots:
        _check(root)
        found = discover(root, globs)
        problems += found.problems
        files += found.files
        if not found.files:
            problems.append(Problem("empty root", str(root), "", f"{root} holds no file of any source"))
    if not files:
        raise TreeError(_nothing(roots, problems, registry))
    inventory = build_inventory(
        files, settings, prefer_processed=prefer_processed, include_task_level=include_task_level
    )
    return Finding(found_rows(inventory.frame, inventory.levels, settings), (*problems, *inventory.problems))


def _check(root: Path) -> None:
    if not root.exists():
        raise TreeError(f"{root} is not there: no files discovered")
    if not root.is_dir():
        raise TreeError(f"{root} is a file, and a root is a folder: no files discovered")


def _nothing(roots: tuple[Path, ...], problems: list[Problem], registry: Sources) -> str:
    where = ", ".join(map(str, roots))
    unused = [problem for problem in problems if problem.kind not in {"empty root", "no plug-in"}]
    if unused:
        return f"no files discovered below {where}: {len(unused)} were there, and none could be used; the first: {unused[0].message}"
    tags = ", ".join(registry.available_tags())
    return (
        f"no files discovered below {where}: no name there fits a pattern of the sources {tags or '(there are none)'}"
    )
