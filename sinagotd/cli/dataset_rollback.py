"""`sinagotd dataset rollback`: show readers an older version again."""

from pathlib import Path

import click

from sinagotd.cli.dataset_choosing import Chosen, dataset_argument, the_dataset, version_at
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.errors import DatasetError


@click.command()
@dataset_argument
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(name: str, config: Path | None, version: int | None, *, as_json: bool) -> int:
    """Publish VERSION again, the one before the latest if none is named; it stays until something changes."""
    from sinagotd.datakit.builds import versions  # noqa: PLC0415 - the settings are read first, and may be wrong

    chosen = the_dataset(name, config)
    wanted = version or _before(chosen)
    listing = versions.rollback(chosen.output, wanted)
    if as_json:
        print_json({"dataset": name, "version": listing.latest, "output": str(chosen.output)})
    else:
        print_lines(make_console(), [line(styled(name, "bold"), f"  readers see version {listing.latest} again")])
    return 0


def _before(chosen: Chosen) -> int:
    latest, kept = version_at(chosen.output)
    older = [number for number in kept if number < latest]
    if not older:
        raise DatasetError(f"dataset {chosen.name!r}: no older version is kept (keep = {chosen.section.keep})")
    return max(older)
