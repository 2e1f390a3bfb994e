"""The errors of a workspace in a notebook, under Sinagot's names where it has them (its specs §15).

WorkspaceError (LookupError)
├── NotFoundError                        a step that is not listed, or whose script is not there
├── NotUnitError                         counting where there is no single unit
├── NoModalityError                      a step of a scope that fixes no modality
├── MissingFileError (FileNotFoundError) a data folder, a log or a result that is not there
├── UnknownKeyError  (KeyError)          a name that the settings do not have
└── SubscopeError    (AttributeError)    a task or modality that does not go with this scope
"""

from sinagotd.errors import WorkspaceError


class NotFoundError(WorkspaceError):
    """A step that is not listed here, or whose script is not there."""


class NotUnitError(WorkspaceError):
    """Something that only a unit has, asked of another scope."""


class NoModalityError(WorkspaceError):
    """A step, asked of a scope that fixes no modality."""


class MissingFileError(WorkspaceError, FileNotFoundError):
    """A data folder, a log or a result that is not there."""


class UnknownKeyError(WorkspaceError, KeyError):
    """A name that the settings do not have."""

    __str__ = Exception.__str__  # KeyError would show the sentence in quotes


class SubscopeError(WorkspaceError, AttributeError):
    """A task or modality that is declared, and does not go with this scope."""
