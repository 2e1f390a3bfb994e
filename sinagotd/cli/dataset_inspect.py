"""`sinagotd dataset inspect`: for how many rows each source is there. Opens no file of a folder."""

from pathlib import Path
from typing import Any

import click

from sinagotd.cli.dataset_targets import is_folder, open_folder, open_saved, target_argument
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import print_json

HEAD = ("source", "present", "missing", "total", "coverage")


@click.command()
@target_argument
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(target: Path, *, hdf_key: str, trust: bool, as_json: bool, **asked: Any) -> int:
    """Show for how many rows of a folder or a saved file each source is there."""
    table = (
        _of_folder(target, asked) if is_folder(target) else _of_frame(open_saved(target, hdf_key=hdf_key, trust=trust))
    )
    rows = table.rename_axis("source").reset_index().to_dict("records")
    if as_json:
        print_json(rows)
        return 0
    from sinagotd.datakit.reports.sections import Section, show  # noqa: PLC0415 - pandas comes with it

    cells = [[row["source"], *(f"{row[name]:.0f}" for name in HEAD[1:-1]), f"{row['coverage']:.0%}"] for row in rows]
    show([Section(str(target), HEAD, cells)])
    return 0


def _of_folder(target: Path, asked: dict[str, Any]) -> Any:
    from sinagotd.datakit import inspect_sources  # noqa: PLC0415 - pandas comes with it

    return inspect_sources(open_folder(target, asked))


def _of_frame(frame: Any) -> Any:
    """The same figures for the sources of a saved frame: rows in which any of its features has a value."""
    from sinagotd.datakit.reports.coverage import coverage  # noqa: PLC0415 - pandas comes with it

    names = [str(label[0] if isinstance(label, tuple) else label) for label in frame.columns]
    present = frame.notna().set_axis(names, axis=1).T.groupby(level=0, sort=False).any().T
    return coverage(present.where(present, None), tuple(present.columns))
