"""Says in a data folder where its manifest is kept, if that is elsewhere. It is shown to people and never followed."""

import json
from pathlib import Path
from typing import NamedTuple

from sinagotd.atomic import write_atomically
from sinagotd.errors import LockedError, ManifestError
from sinagotd.manifest.lock import owner
from sinagotd.scripts.regular import read_regular

NAME = "kept-elsewhere.json"
LONGEST_BYTES = 16 << 10


class Signpost(NamedTuple):
    """The state folder, and the settings of the service that chose it, "" if there were none."""

    state_path: Path
    config: str


def put_up(folder: Path, state_path: Path, config: Path | None) -> None:
    """Say it in `.sinagotd` of the data folder, or no more. Raises OSError when that cannot be written."""
    if state_path == folder:
        (folder / NAME).unlink(missing_ok=True)
        return
    says = {"state_path": str(state_path), "config": str(config or "")}
    write_atomically(folder / NAME, json.dumps(says).encode())


def signpost(folder: Path) -> Signpost | None:
    """What is said in this folder; None if nothing is, or nonsense: others may be able to write there."""
    try:
        raw = json.loads(read_regular(folder / NAME, limit=LONGEST_BYTES))
        return Signpost(Path(raw["state_path"]), str(raw["config"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def refuse_other_owner(folder: Path, state_path: Path) -> None:
    """Raise LockedError if somebody keeps this data folder with a manifest elsewhere than in `state_path`."""
    there = signpost(folder)
    for other in {folder, there.state_path if there else folder} - {state_path}:
        try:
            who = owner(other)
        except ManifestError as fault:
            raise LockedError(f"{folder.parent} has its manifest in {other}, and perhaps an owner: {fault}") from fault
        if who is not None:
            raise LockedError(f"{folder.parent} is in use by {who}, with its manifest in {other}: stop that one first")
