"""Looks at a workspace for a command: through a surveyor, or with a bare walk where no plan is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sinagotd.cli.places import Place
from sinagotd.core.pipeline import Pipeline
from sinagotd.engine.asking import step_host_asked
from sinagotd.engine.finding import Found, compare
from sinagotd.engine.survey import Surveyor, surveying
from sinagotd.errors import WorkspaceError
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.settings.faults import did_you_mean
from sinagotd.settings.workspace import WorkspaceSettings


@contextmanager
def surveyed(place: Place) -> Iterator[Surveyor]:
    """A surveyor of this place. Raises ConfigError for its pipeline, ManifestError for its manifest."""
    settings = place.settings
    with (
        step_host_asked(settings.scripts_path) as ask,
        surveying(settings, place.state_path, ask=ask, trust=place.daemon.trust) as surveyor,
    ):
        yield surveyor


def walked(settings: WorkspaceSettings, pipeline: Pipeline) -> Found:
    """Which records are there; no file is read."""
    return compare(
        walk(settings.data_path, pipeline.reach(), ignored=IgnoredNames(settings.watch.ignore)), {}, pipeline
    )


def refuse_unknown(record: str, surveyor: Surveyor) -> None:
    """Raise WorkspaceError, with the nearest known id, if there is no such record."""
    pipeline = surveyor.pipeline
    if pipeline.id_pattern.bindings(record) is not None and surveyor.looker.has_raw_file(record):
        return
    known = walked(surveyor.settings, pipeline).records
    what = f"there is no record {record!r} in {surveyor.settings.data_path}"
    if record in {key.record for key in surveyor.read.history()}:
        raise WorkspaceError(f"{what} any more: its raw files are gone, its results and its history are kept")
    raise WorkspaceError(
        f"{what}{did_you_mean(record, sorted(known)) or f': of {len(known):,} that are there none is like it'}"
    )
