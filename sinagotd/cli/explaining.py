"""Explains the steps of one record of a place, as its daemon follows them or as found on disk. Prints nothing."""

from sinagotd.cli.places import Place
from sinagotd.cli.viewing import found_standings
from sinagotd.cli.walking import refuse_unknown, surveyed
from sinagotd.manifest.lock import owner
from sinagotd.workspace.explained import Compared, Explained, FileNow, explained

__all__ = ["Compared", "Explained", "FileNow", "explain_record"]


def explain_record(place: Place, record: str, step: str | None) -> list[Explained]:
    """Explain this step (by name or label) of a record, or all of them. Raises WorkspaceError for an unknown one."""
    with surveyed(place) as surveyor:
        refuse_unknown(record, surveyor)
        planned = surveyor.look_at([record])
        standings = found_standings(surveyor, planned, owned=owner(place.state_path) is not None)
        return explained(planned, standings, surveyor.read, step)
