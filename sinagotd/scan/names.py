"""Names that are never inputs: files on their way, hidden files, our own folders. It looks at no disk."""

import re
from collections.abc import Iterable
from fnmatch import translate

from sinagotd.settings.watch import TEMPORARY_NAMES

LOG_FOLDER = "LOG"
"""Sinagot's log folder, at the top of the data folder."""

_ENDING = re.compile(r"\*[^*?\[]*")
_BEGINNING = re.compile(r"[^*?\[]*\*")


class IgnoredNames:
    """Tells which names to pass over: `ignored(name)` for one name, `hides(path)` for a path below the data folder."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        """Add `extra` shell patterns (as in fnmatch: `*`, `?`, `[abc]`) to the temporary names."""
        patterns = (*TEMPORARY_NAMES, *extra)
        # The usual ones say only how a name ends or begins: that is told at a fifth of the price of a regex.
        self._ends = tuple(pattern[1:] for pattern in patterns if _ENDING.fullmatch(pattern))
        self._begins = tuple(pattern[:-1] for pattern in patterns if _BEGINNING.fullmatch(pattern))
        others = (
            pattern for pattern in patterns if not _ENDING.fullmatch(pattern) and not _BEGINNING.fullmatch(pattern)
        )
        self._match = re.compile("|".join(map(translate, others)) or r"(?!)").match

    def __call__(self, name: str) -> bool:
        return name.endswith(self._ends) or name.startswith(self._begins) or self._match(name) is not None

    def hides(self, path: str) -> bool:
        names = path.split("/")
        return names[0] == LOG_FOLDER or any(self(name) for name in names)
