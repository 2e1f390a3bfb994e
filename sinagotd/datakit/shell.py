"""A Python prompt with a dataset at hand: IPython where it is installed, else the standard one."""

import code
import errno
from importlib import import_module
from pathlib import Path
from typing import Any

BANNER = "at hand: {names}"


def open_shell(target: str | Path | None = None, *, hdf_key: str = "dataset", trust: bool = False) -> int:
    """Open a prompt and return 0 when it is left.

    Always at hand: `datakit`, `explore`. Of a folder also `dataset`, `inventory`, `report`; of a saved file `df`, `report`.
    Raises FileNotFoundError for another target, and what discovering or loading raises.
    """
    names = namespace(target, hdf_key=hdf_key, trust=trust)
    banner = BANNER.format(names=", ".join(names))
    try:
        embed = import_module("IPython").embed
    except ImportError:
        code.interact(banner=banner, local=names, exitmsg="")
    else:
        embed(banner1=banner, user_ns=names, colors="neutral")
    return 0


def namespace(target: str | Path | None, *, hdf_key: str = "dataset", trust: bool = False) -> dict[str, Any]:
    """The names that are at hand in a shell on a target."""
    datakit = import_module("sinagotd.datakit")
    explore = import_module("sinagotd.datakit.exploring").explore
    always = {"datakit": datakit, "explore": explore}
    if target is None:
        return always
    place = Path(target).expanduser()
    if place.is_dir():
        dataset = datakit.Dataset.from_directory(place)
        return always | {"dataset": dataset, "inventory": dataset.inventory, "report": explore.inventory(dataset)}
    if not place.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is neither a folder nor a saved dataset of this name", str(place))
    frame = datakit.load_dataset(place, hdf_key=hdf_key, trust=trust)
    return always | {"df": frame, "report": explore.materialized(frame)}
