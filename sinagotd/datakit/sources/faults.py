"""The error of a file that does not hold what its source reads, told with file and row; it reads nothing."""

from pathlib import Path

from sinagotd.errors import DatasetError


class UnreadableError(DatasetError, ValueError):
    """A file that is empty, cut, wrongly encoded or without what its source needs; the message names file and row."""

    def __init__(self, path: Path, what: str, *, row: int | None = None) -> None:
        where = path.name if row is None else f"{path.name}, row {row}"
        super().__init__(f"{where}: {what}")
        self.path = path
        self.row = row

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross to another process: an exception is remade from its arguments."""
        return (_again, (self.path, self.args[0], self.row))


def _again(path: Path, message: str, row: int | None) -> UnreadableError:
    error = UnreadableError(path, "", row=row)
    error.args = (message,)
    return error
