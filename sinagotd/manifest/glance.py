"""The questions that want no history: what is noted, and whether all is at rest. A command that asks no more starts sooner."""

import json
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from sinagotd.errors import ManifestError
from sinagotd.manifest import queries
from sinagotd.manifest.faults import DamagedError
from sinagotd.manifest.migrating import newest_version, refuse_newer
from sinagotd.manifest.place import DATABASE
from sinagotd.manifest.session import Session, open_to_read


class Glance:
    """Each question is answered whole, by one statement, from one moment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def meta(self, name: str) -> str | None:
        row = self._session.row(queries.META, {"name": name})
        return row[0] if row else None

    def count_resting(self, steps: Collection[str]) -> int:
        """How many of these steps, of how many records that are not retired, are current and want nothing."""
        return int(self._session.rows(queries.COUNT_RESTING, {"steps": json.dumps(list(steps))})[0][0])


def open_glance(folder: Path) -> Glance:
    """As `open_reader`, for these questions only."""
    return Glance(open_session(folder))


def open_session(folder: Path) -> Session:
    """A session to read the manifest in this state folder. Raises ManifestError as `open_reader` does."""
    path = folder / DATABASE
    if not path.exists():
        raise ManifestError(
            f"{path} is not there: the daemon has not worked on this workspace yet, or keeps it elsewhere"
        )
    session = open_to_read(path)
    try:
        _refuse_other_versions(session)
    except BaseException:
        session.close()
        raise
    return session


def _refuse_other_versions(session: Session) -> None:
    version = session.rows(queries.USER_VERSION)[0][0]
    refuse_newer(version, session.path)
    if version == 0:
        raise DamagedError(f"{session.path} holds no tables: the daemon will move it aside and restore a backup")
    if version < newest_version():
        raise ManifestError(f"{session.path} is from an older sinagotd: start the daemon once, it brings it up to date")
