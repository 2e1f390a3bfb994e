"""Brings the tables up to date by the numbered .sql files, each in one transaction; never back."""

from pathlib import Path
from typing import NamedTuple

from sinagotd.errors import ManifestError, UnusableError
from sinagotd.manifest import queries
from sinagotd.manifest.session import Session

FOLDER = Path(__file__).with_name("migrations")


class Migration(NamedTuple):
    """One step from the schema before `number` to `number`."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """The migrations of this program, in order."""
    return sorted(
        Migration(int(path.name.split("_")[0]), path.name, path.read_text("utf-8")) for path in FOLDER.glob("*.sql")
    )


def newest_version() -> int:
    return migrations()[-1].number


def version_of(session: Session) -> int:
    """The number of the last migration that this file went through; 0 for an empty one."""
    return int(session.rows(queries.USER_VERSION)[0][0])


def refuse_newer(version: int, path: Path) -> None:
    newest = newest_version()
    if version > newest:
        raise UnusableError(
            f"{path} was written by a newer sinagotd (schema {version}, this one knows {newest}): upgrade this one"
        )


def migrate(session: Session, steps: list[Migration]) -> None:
    """Run those of these migrations that the file has not been through. Raises ManifestError, and stays as it was."""
    version = version_of(session)
    for migration in steps:
        if migration.number > version:
            _run(session, migration)


def _run(session: Session, migration: Migration) -> None:
    try:
        session.script(f"{migration.sql};\nPRAGMA user_version = {migration.number}")
    except ManifestError as fault:
        raise ManifestError(f"migration {migration.name} failed and was undone: {fault}") from fault
