"""Every error that sinagotd raises on purpose.

SinagotError
├── ConfigError     (ValueError)         a settings file or a declaration in a script is wrong
├── WorkspaceError  (LookupError)        a workspace, record or step that is not there
├── ScriptError     (RuntimeError)       a script cannot be read, loaded or called
├── ManifestError   (RuntimeError)       the manifest is damaged, too new or in the wrong place
│   ├── UnusableError                    no waiting will make it usable: it is too new or in the wrong place
│   └── LockedError                      another process owns the workspace
├── RunnerError     (RuntimeError)       the cluster cannot be reached or used
└── DatasetError    (RuntimeError)       a dataset cannot be built, saved or read

A message says what is wrong, where, and what to do. Exit codes of the command line: 0 fine, 1 your input,
2 usage, 3 our bug, 130 interrupted.
"""


class SinagotError(Exception):
    """Base of all; the message is one sentence for the person who can mend it."""


class ConfigError(SinagotError, ValueError):
    """Settings that cannot be used; `faults` holds every one of them, a sentence each."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class WorkspaceError(SinagotError, LookupError):
    """A workspace, record or step that is not there."""


class ScriptError(SinagotError, RuntimeError):
    """A script that cannot be read, loaded or called."""


class ManifestError(SinagotError, RuntimeError):
    """A manifest that is damaged, newer than this program, or on a network mount."""


class UnusableError(ManifestError):
    """A manifest that is whole and that this program must not use here; only a person can change that."""


class LockedError(ManifestError):
    """Another process owns the workspace; the message names it."""


class RunnerError(SinagotError, RuntimeError):
    """A cluster that cannot be reached or used."""


class DatasetError(SinagotError, RuntimeError):
    """A dataset that cannot be built, saved or read."""
