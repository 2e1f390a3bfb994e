"""The errors of datakit; each is also the builtin error that fits, so that code which expects that one catches it.

DatasetError (RuntimeError)
├── TreeError           (ValueError)  a root with nothing to find
├── UnknownSourceError  (KeyError)    a tag that no source has
├── RowNotFoundError    (KeyError)    no row of that name
├── SeveralRowsError    (ValueError)  more than one row of that name
├── SourceError         (ValueError)  a source that cannot be registered
└── BuildError                        cells that could not be loaded, all of them
"""

from typing import Any

from sinagotd.errors import DatasetError


class TreeError(DatasetError, ValueError):
    """A root where no file can be given to a row."""


class _NameError(DatasetError, KeyError):
    def __str__(self) -> str:  # KeyError alone would show the sentence in quotes
        return str(self.args[0])


class UnknownSourceError(_NameError):
    """A tag that no source has."""


class RowNotFoundError(_NameError):
    """No row of that name."""


class SeveralRowsError(DatasetError, ValueError):
    """More than one row of that name."""


class SourceError(DatasetError, ValueError):
    """A source that cannot be registered or imported."""


class BuildError(DatasetError):
    """Cells that could not be loaded; `records` is a frame with one row each, shaped as `Dataset.validate` has them."""

    def __init__(self, message: str, records: Any = None) -> None:
        super().__init__(message)
        self.records = records
