"""Lets a program that was written for Sinagot 0.2.5 run against this library, without installing a package of that name.

`install()` for a notebook or a test suite, `python -m sinagotd.compat script.py` for a whole program.
"""

import sys
from types import TracebackType

from sinagotd.scripts.sinagot_names import TOP, SinagotNames, put_back

__all__ = ["Installed", "install", "uninstall"]

_BEFORE = "__stood_here_before__"
"""An attribute of our module `sinagot`: what `uninstall` puts back."""


class Installed:
    """What `install` gives: as a context manager it takes the names back at the end of its block."""

    def __enter__(self) -> None:
        """They are installed already."""

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        uninstall()


def install() -> Installed:
    """From now on `import sinagot`, and every name that it documents, means ours; an installed Sinagot is not touched."""
    before = SinagotNames().install()
    setattr(sys.modules[TOP], _BEFORE, before)
    return Installed()


def uninstall() -> None:
    """Undo the last `install`: what stood there before, a real Sinagot too, stands again. Without one it does nothing."""
    before = vars(sys.modules[TOP]).get(_BEFORE) if TOP in sys.modules else None
    if before is not None:
        put_back(before)
