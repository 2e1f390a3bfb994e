"""Notes how everything looked when there was nothing to do, so that a later look sees at once that it still does.

Nothing is taken on trust: every file is looked at again. What is spared is to work out once more what that means.
"""

import json
import os
from typing import Any, NamedTuple

from xxhash import xxh3_128_hexdigest

import sinagotd
from sinagotd.manifest.glance import Glance
from sinagotd.scan.listing import Listed, list_tree
from sinagotd.scripts.looks import Look, look_at
from sinagotd.settings.ownership import Trust
from sinagotd.settings.workspace import WorkspaceSettings

STILL = "still"
"""The name of the note in the manifest."""

ALL_PLANNED_ON = "all_planned_on"
"""The name in the manifest of the terms on which every record is planned."""


class Still(NamedTuple):
    """What a walk that found nothing to do went by. `scripts` are the looks of script files, `terms` those of resting."""

    settings: str
    terms: str
    steps: list[str]
    records: int
    scripts: dict[str, Look | None]
    listing: Listed

    def text(self) -> str:
        return json.dumps(self)


def digest_settings(settings: WorkspaceSettings, trust: Trust | None) -> str:
    """A digest (xxh3-128) of everything that the settings say, and of who reads them."""
    return xxh3_128_hexdigest(repr((sinagotd.__version__, os.geteuid(), trust, settings)).encode())


def is_still(read: Glance, settings: WorkspaceSettings, trust: Trust | None) -> bool:
    """Whether everything looks as it did when the owner of the manifest found nothing to do, and nothing came up since."""
    note = _read(read.meta(STILL))
    return (
        note is not None
        and note.settings == digest_settings(settings, trust)
        and note.terms == read.meta(ALL_PLANNED_ON)
        and note.records * len(note.steps) == read.count_resting(note.steps)
        and note.scripts == {name: look_at(settings.scripts_path / name) for name in note.scripts}
        and note.listing == list_tree(str(settings.data_path), note.listing.left_out)
    )


def _read(text: str | None) -> Still | None:
    """None for no note, and for one that another version wrote."""
    try:
        settings, terms, steps, records, scripts, (digest, left_out) = json.loads(text or "")
        looks: dict[str, Any] = {name: look and tuple(look) for name, look in scripts.items()}
        return Still(settings, terms, steps, records, looks, Listed(digest, tuple(left_out)))
    except (ValueError, TypeError, AttributeError):
        return None
