"""Writes the note of `still` into the manifest, for the owner of a workspace."""

from sinagotd.engine.engine import Engine
from sinagotd.engine.finding import Found
from sinagotd.engine.resting import terms_of
from sinagotd.engine.still import STILL, Still, digest_settings
from sinagotd.scan.listing import Listed


def note_still(engine: Engine, found: Found, listed: Listed | None) -> None:
    """Remember what a walk saw if it found nothing to do. Whether all steps are current is asked when it is read."""
    if listed is None or found.changed or found.findings or engine.standstill or not engine.at_rest:
        return
    note = Still(
        settings=digest_settings(engine.settings, engine.tools.trust),
        terms=terms_of(engine.pipeline, engine.looker.policy),
        steps=[spec.step for spec in engine.pipeline.specs],
        records=len(engine.records),
        scripts=engine.code.looks,
        listing=listed,
    ).text()
    if note != engine.manifest.read.meta(STILL):
        with engine.manifest.transaction():
            engine.manifest.set_meta(STILL, note)
