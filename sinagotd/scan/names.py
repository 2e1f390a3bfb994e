"""Names that are never inputs: files on their way, hidden files, our own folders. It looks at no disk."""

import re
from collections.abc import Iterable
from fnmatch import translate

from sinagotd.settings.watch import TEMPORARY_NAMES

LOG_FOLDER = "LOG"
"""Sinagot's log folder, at the top of the data folder."""


class IgnoredNames:
    """Tells which names to pass over: `ignored(name)` for one name, `hides(path)` for a path below the data folder."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        """Add `extra` shell patterns (as in fnmatch: `*`, `?`, `[abc]`) to the temporary names."""
        pattern = re.compile("|".join(translate(name) for name in (*TEMPORARY_NAMES, *extra)))
        self._match = pattern.match

    def __call__(self, name: str) -> bool:
        return self._match(name) is not None

    def hides(self, path: str) -> bool:
        names = path.split("/")
        return names[0] == LOG_FOLDER or any(self(name) for name in names)
