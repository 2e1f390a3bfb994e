"""What a script may change of its process: environment, working folder, import path. Taken down, and put back."""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The state of this process at one moment; `folder` is None when the working folder was gone."""

    environ: dict[str, str]
    folder: str | None
    path: list[str]
    writes_bytecode: bool
    stdout: TextIO
    stderr: TextIO

    @classmethod
    def taken(cls) -> Self:
        return cls(dict(os.environ), _folder(), sys.path[:], not sys.dont_write_bytecode, sys.stdout, sys.stderr)

    def restore(self) -> None:
        if dict(os.environ) != self.environ:
            os.environ.clear()
            os.environ.update(self.environ)
        if self.folder is not None and self.folder != _folder():
            with contextlib.suppress(OSError):
                os.chdir(self.folder)
        sys.path[:] = self.path
        sys.dont_write_bytecode = not self.writes_bytecode
        sys.stdout, sys.stderr = self.stdout, self.stderr


def _folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:
        return None
