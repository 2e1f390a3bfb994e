"""Opens regular files only: a named pipe would be waited for without end, a device has none. It decides nothing."""

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path


def open_regular(path: str | Path) -> FileIO:
    """Open a file to read. Raises OSError when it cannot be, and for what is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return FileIO(descriptor)
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def read_regular(path: str | Path, *, limit: int) -> bytes:
    """Read a whole file of at most so many bytes. Raises OSError as `open_regular`, and for a larger one."""
    with BufferedReader(open_regular(path)) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB", str(path))
    return content
