"""Where runs write, and how their finished files get into place. Decides nothing."""

import errno
import os
import shutil
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from sinagotd.atomic import exchange, fsync_folder
from sinagotd.failpoints import Point, failpoint
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt
from sinagotd.scripts.outputs import folders_to
from sinagotd.scripts.staging import left_receipt, make_folder
from sinagotd.settings.workspace import STATE_FOLDER


def staging_root(data_path: Path) -> Path:
    """Always below the data folder: publishing is a rename, and that stays on one file system."""
    return data_path / STATE_FOLDER / "staging"


def staging_folder(data_path: Path, run_id: str) -> str:
    return f"{data_path}/{STATE_FOLDER}/staging/{run_id}"


def require(data_path: Path) -> None:
    """Raise OSError unless this is the data folder that the daemon began with: no empty place where it was mounted."""
    if not os.path.isdir(f"{data_path}/{STATE_FOLDER}"):
        raise OSError(errno.ENXIO, "the data folder is not there", str(data_path))


def read_receipt(data_path: Path, run_id: str) -> Receipt | None:
    """The receipt that a worker left, None if the run did not get that far."""
    return left_receipt(staging_folder(data_path, run_id))


def publishing_began(data_path: Path, receipt: Receipt) -> bool:
    """Whether an earlier, interrupted call of `publish` has put an output of this run into place."""
    staged = staging_folder(data_path, receipt.run_id)
    return any(
        _is_in_place(f"{staged}/{path}", f"{data_path}/{path}", digest) for path, digest in receipt.outputs.items()
    )


def publish(data_path: Path, receipt: Receipt, *, known: set[str] | None = None) -> set[str]:
    """Rename every output of a finished run into place; returns the folders that want an fsync, up to the data folder.

    Folders above may have been made by an earlier, interrupted call; an fsync of one that is on the disk costs nothing.
    The folders of outputs that are `known` to be there are not looked at again; others are added.

    Repeatable: an output that an earlier, interrupted call moved already is recognised by its digest.
    Raises FileNotFoundError when an output is neither staged nor in place, OSError when its place is not to be had: both
    before the first is moved, so that what is in the way of one keeps back all.
    """
    staged = staging_folder(data_path, receipt.run_id)
    known = set() if known is None else known
    for path, digest in receipt.outputs.items():
        final = f"{data_path}/{path}"
        _require_source(f"{staged}/{path}", final, digest)
        if (folder := os.path.dirname(final)) not in known:
            _make_parents(folder, data_path)
            known.add(folder)
    for path, digest in receipt.outputs.items():
        _put_in_place(f"{staged}/{path}", f"{data_path}/{path}", digest)
    return {folder for path in receipt.outputs for folder in folders_to(data_path, path)}


def _is_in_place(staged: str, final: str, digest: str) -> bool:
    return not os.path.exists(staged) and os.path.exists(final) and digest_path(final).hex() == digest


def _require_source(staged: str, final: str, digest: str) -> None:
    if not (os.path.exists(staged) or os.path.exists(_moving(staged)) or _is_in_place(staged, final, digest)):
        raise FileNotFoundError(f"the output {staged} is not where its receipt says")


def _put_in_place(staged: str, final: str, digest: str) -> None:
    if _is_in_place(staged, final, digest):
        return
    source = staged if os.path.exists(staged) else _moving(staged)
    if os.path.lexists(final) and (os.path.isdir(final) or os.path.isdir(source)):
        _swap(Path(source), Path(final), Path(_moving(staged)))
    else:
        os.replace(source, final)
    failpoint(Point.MOVED)


def _swap(source: Path, final: Path, moving: Path) -> None:
    """Let a folder take the place of what is there, which ends in staging: a rename alone replaces no folder.

    The new one changes its name before, so what still bears the name that it was staged by was never in place.
    """
    source.rename(moving)
    if not exchange(moving, final):
        final.rename(moving.with_suffix(".replaced"))
        moving.rename(final)


def _moving(staged: str) -> str:
    return f"{staged}.moving"


def _make_parents(folder: str, within: Path) -> None:
    make_folder(folder, within=within)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


def fsync_folders(folders: Iterable[str]) -> None:
    for folder in folders:
        fsync_folder(folder)


def discard(data_path: Path, run_id: str, outputs: Iterable[str] = ()) -> None:
    """Remove what a run left in staging; what cannot be removed now is swept at the next start.

    Where nothing is left but what had to be there, that is quicker than to look for what is.
    """
    folder = staging_folder(data_path, run_id)
    if os.path.islink(folder):
        os.unlink(folder)  # a script put it there; where it leads is not ours
    try:
        _remove(folder, outputs)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: str, outputs: Iterable[str]) -> None:
    os.unlink(f"{folder}/{RECEIPT_NAME}")
    inner = {parent for path in outputs for parent in accumulate(path.split("/")[:-1], "{}/{}".format)}
    for parent in sorted(inner, reverse=True):
        os.rmdir(f"{folder}/{parent}")
    os.rmdir(folder)


def sweep(data_path: Path, keep: set[str]) -> int:
    """Remove the staging of runs that nobody waits for; returns how many."""
    try:
        left = [entry.name for entry in staging_root(data_path).iterdir() if entry.name not in keep]
    except FileNotFoundError:
        return 0
    for run_id in left:
        discard(data_path, run_id)
    return len(left)
