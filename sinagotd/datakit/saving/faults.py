"""What can be wrong with a saved dataset, as exceptions that say it in a sentence; each inherits the builtin that fits.

DatasetError (RuntimeError)
├── FormatError    (ValueError)                 the format or what a format can hold does not suit
├── DamagedError                                a file that is cut off, damaged or newer than this program
├── RefusedError   (pickle.UnpicklingError)     a pickle that holds something which is not on the list
├── NoFrameError   (TypeError)                  a pickle of something else than a frame
└── NoKeyError     (KeyError)                   an HDF5 file without a dataset below that key
"""

import pickle

from sinagotd.errors import DatasetError


class FormatError(DatasetError, ValueError):
    """A format that is unknown, contradicts the path, or cannot hold the values."""


class DamagedError(DatasetError):
    """A file that cannot be read to its end, or whose layout this program does not know."""


class RefusedError(DatasetError, pickle.UnpicklingError):
    """A pickle that asks for something which is not on the list of admitted names."""


class NoFrameError(DatasetError, TypeError):
    """A pickle that holds something else than a frame."""


class NoKeyError(DatasetError, KeyError):
    """An HDF5 file that has no dataset below a key."""

    def __str__(self) -> str:  # KeyError alone would show the sentence in quotes
        return str(self.args[0])
