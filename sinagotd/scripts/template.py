"""What a script derives from: its declared paths filled in for one record. It runs and records nothing itself.

Attribute by attribute as in Sinagot 0.2.5 (specs §8). Only the standard library is imported here: scripts and
notebooks start with this module.
"""

import logging
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, ClassVar, NamedTuple

from sinagotd.scripts.parts import DEFAULT_CONTROL, DEFAULT_IN, DEFAULT_OUT, SINGLE, read_parts

Paths = Path | dict[str, Path]
PathPart = str | os.PathLike[str]
DeclaredPath = PathPart | tuple[PathPart, ...] | list[PathPart]
Declared = DeclaredPath | Mapping[str, DeclaredPath]

DEFAULT_LOGGER = "sinagot"


class IOPath(NamedTuple):
    """Where a script reads and writes: a `Path`, or a dict of them by label, as the script declares it."""

    input: Any
    output: Any
    control: Any = None


class ScriptTemplate:
    """Base of every `Script`: declare `PATH_IN` and `PATH_OUT`, override `run`.

    A path is a tuple of parts, a list, a text or a `Path`, or a dict of those by label. `{id}`, `{task}` and the
    keys of `opts` are filled in. While the daemon runs a script, `path.output` points into a staging folder on the
    file system of the data; by hand it is the real place.
    """

    PATH_IN: ClassVar[Declared] = DEFAULT_IN
    PATH_OUT: ClassVar[Declared] = DEFAULT_OUT
    PATH_CONTROL: ClassVar[Declared] = DEFAULT_CONTROL

    def __init__(
        self,
        data_path: str | os.PathLike[str],
        record_id: str,
        task: str | None = None,
        opts: Mapping[str, Any] | None = None,
        logger_namespace: str | None = None,
        workspace_version: str | None = None,
    ) -> None:
        """Raises ValueError when the id cannot stand in a path; declared paths are read when `path` is first used."""
        self.data_path = Path(data_path)
        self.id = checked_id(record_id)
        self.task = task
        self.opts = dict(opts or {})
        self.workspace_version = workspace_version
        self.debug = False
        self.status = 0
        self.logger: logging.Logger = logging.getLogger(logger_namespace or DEFAULT_LOGGER)

    @cached_property
    def label(self) -> str:
        """The name of the script's file, without its ending."""
        return self._module_names[-1]

    @cached_property
    def modality(self) -> str | None:
        """The folder of the script's file, below the scripts folder; None if it stands in the scripts folder itself."""
        return self._module_names[-2] if len(self._module_names) > 1 else None

    @cached_property
    def path(self) -> IOPath:
        """Raises ValueError or TypeError, a sentence, for a declaration that cannot be used."""
        return IOPath(self._filled("PATH_IN"), self._filled("PATH_OUT"), self._filled("PATH_CONTROL"))

    @property
    def data_exist(self) -> IOPath:
        """Which paths are there now: `input` and `output`, each a dict from `Path` to bool."""
        return IOPath(_existence(self.path.input), _existence(self.path.output))

    def run(self) -> None:
        """Override this: read `self.path.input`, write `self.path.output`."""
        self.logger.info("Running ...")

    @property
    def _module_names(self) -> list[str]:
        module = type(self).__module__
        file = getattr(sys.modules.get(module), "__file__", None)
        return [Path(file).stem] if module == "__main__" and file else module.split(".")

    def _filled(self, attribute: str) -> Paths:
        from sinagotd.core.patterns import Template  # noqa: PLC0415 - a script that is only loaded does not pay for it

        constants = {"task": self.task, **self.opts}
        filled = {
            label: self.data_path / Template.parse(parts, constants=constants, entities=()).fill({"id": self.id})
            for label, parts in read_parts(getattr(self, attribute))
        }
        return filled[SINGLE] if filled.keys() == {SINGLE} else filled


def checked_id(record_id: str) -> str:
    """Give back an id that can stand in a path; raises ValueError with a sentence otherwise."""
    if not isinstance(record_id, str):
        raise ValueError(f"a record id is a text, not {record_id!r}")  # noqa: TRY004 - one fault, one exception
    unsafe = not record_id.isprintable() or "/" in record_id or "\\" in record_id or record_id in ("", ".", "..")
    if unsafe or PurePath(record_id).name != record_id:
        raise ValueError(f"the record id {record_id!r} cannot stand in a path: use letters, digits, '-', '_' and '.'")
    return record_id


def _existence(paths: Paths) -> dict[Path, bool]:
    every = paths.values() if isinstance(paths, dict) else (paths,)
    return {path: path.exists() for path in every}
