"""`sinagotd plan`: what would run if the daemon looked now, and why. Where nothing moved, that is told at once."""

import click

from sinagotd.cli.places import JSON_HELP, Place, on_places, workspace_argument
from sinagotd.cli.text import printable
from sinagotd.collecting import no_collecting
from sinagotd.engine.still import is_still
from sinagotd.manifest.glance import open_glance
from sinagotd.manifest.place import has_manifest

SHOWN_STEPS = 50


@click.command()
@workspace_argument
@click.option("--record", "records", multiple=True, metavar="ID", help="Only this record; may be given several times.")
@click.option("--all", "everything", is_flag=True, help="Show all steps, not only the first 50.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@on_places
def command(places: list[Place], records: tuple[str, ...], *, everything: bool, as_json: bool) -> int:
    """Show which steps would run now, and why."""
    if not records and all(map(_is_still, places)):
        _show_nothing(places, as_json=as_json)
        return 0
    from sinagotd.cli.intending import show  # noqa: PLC0415 - to import it takes longer than to see that nothing moved

    show(places, records, limit=None if everything else SHOWN_STEPS, as_json=as_json)
    return 0


def _is_still(place: Place) -> bool:
    if not has_manifest(place.state_path):
        return False
    with no_collecting(), open_glance(place.state_path) as read:
        return is_still(read, place.settings, place.daemon.trust)


def _show_nothing(places: list[Place], *, as_json: bool) -> None:
    lines = ["[]"] if as_json else [f"{printable(place.name)}: 0 steps would run" for place in places]
    click.echo("\n".join(lines))
