"""How a script file looks without reading it: enough to tell that it, or who may write it, changed."""

from pathlib import Path

Look = tuple[int, int, int, int]
"""Size, mtime_ns, inode and ctime_ns: also a change of owner or mode counts."""


def look_at(path: Path) -> Look | None:
    """How this file looks, its links followed; None if it cannot be looked at."""
    try:
        entry = path.stat()
    except OSError:
        return None
    return (entry.st_size, entry.st_mtime_ns, entry.st_ino, entry.st_ctime_ns)
