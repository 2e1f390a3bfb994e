"""Where runs write, and how their finished files get into place. Decides nothing."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from sinagotd.atomic import fsync_folder
from sinagotd.failpoints import Point, failpoint
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt
from sinagotd.settings.workspace import STATE_FOLDER


def staging_root(data_path: Path) -> Path:
    """Always below the data folder: publishing is a rename, and that stays on one file system."""
    return data_path / STATE_FOLDER / "staging"


def staging_folder(data_path: Path, run_id: str) -> Path:
    return staging_root(data_path) / run_id


def read_receipt(data_path: Path, run_id: str) -> Receipt | None:
    """The receipt that a worker left, None if the run did not get that far."""
    try:
        return Receipt.from_json((staging_folder(data_path, run_id) / RECEIPT_NAME).read_text())
    except (OSError, ValueError):
        return None


def publish(data_path: Path, receipt: Receipt) -> set[Path]:
    """Rename every output of a finished run into place; returns the folders that want an fsync.

    Repeatable: an output that an earlier, interrupted call moved already is recognised by its digest.
    Raises FileNotFoundError when an output is neither staged nor in place.
    """
    staging = staging_folder(data_path, receipt.run_id)
    folders: set[Path] = set()
    for path, digest in receipt.outputs.items():
        folders |= _put_in_place(staging / path, data_path / path, digest)
    return folders


def _put_in_place(staged: Path, final: Path, digest: str) -> set[Path]:
    if not staged.exists():
        if final.exists() and digest_path(final).hex() == digest:
            return {final.parent}
        raise FileNotFoundError(f"the output {staged} is not where its receipt says")
    made = _make_parents(final.parent)
    if final.is_dir() and not final.is_symlink():
        os.rename(final, staged.with_name(staged.name + ".replaced"))  # noqa: PTH104 - a folder cannot be replaced in one call
    staged.replace(final)
    failpoint(Point.MOVED)
    return {final.parent, *made}


def _make_parents(folder: Path) -> set[Path]:
    """Make the folders that are missing; returns the ones that got a new entry."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return {parent.parent for parent in missing}


def fsync_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        fsync_folder(folder)


def discard(data_path: Path, run_id: str) -> None:
    """Remove what a run left in staging; what cannot be removed now is swept at the next start."""
    shutil.rmtree(staging_folder(data_path, run_id), ignore_errors=True)


def sweep(data_path: Path, keep: set[str]) -> int:
    """Remove the staging of runs that nobody waits for; returns how many."""
    try:
        left = [entry.name for entry in staging_root(data_path).iterdir() if entry.name not in keep]
    except FileNotFoundError:
        return 0
    for run_id in left:
        discard(data_path, run_id)
    return len(left)
