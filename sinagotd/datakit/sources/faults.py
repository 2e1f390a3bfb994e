"""The error of a file that does not hold what its source reads, told with file and row; it reads nothing."""

from pathlib import Path

from sinagotd.errors import DatasetError


class UnreadableError(DatasetError, ValueError):
    """A file that is empty, cut, wrongly encoded or without what its source needs; the message names file and row."""

    def __init__(self, path: Path, what: str, row: int | None = None) -> None:
        super().__init__(
            path, what, row
        )  # an exception is remade from its arguments when it crosses to another process
        self.path = path
        self.row = row

    def __str__(self) -> str:
        path, what, row = self.args
        return f"{path.name}: {what}" if row is None else f"{path.name}, row {row}: {what}"
