"""The digest of what a file or folder holds (xxh3-128, 16 bytes); names, times and modes do not count for a file."""

import os
from collections.abc import Iterator
from pathlib import Path

from xxhash import xxh3_128

from sinagotd.scripts.regular import open_regular

CHUNK_BYTES = 1 << 18
_LENGTH_BYTES = 8


def digest_path(path: str | Path) -> bytes:
    """Digest a file or a folder, whichever is there. Raises OSError when it cannot be read."""
    return digest_folder(path) if os.path.isdir(path) else digest_file(path)


def digest_file(path: str | Path) -> bytes:
    """Digest a file of any size in constant memory. Raises OSError when it cannot be read."""
    state = xxh3_128()
    with open_regular(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            state.update(chunk)
    return state.digest()


def digest_folder(path: str | Path) -> bytes:
    """Digest the regular files below a folder: their paths relative to it and their contents, in the order of the paths.

    Symbolic links, sockets and empty folders do not count. Raises OSError when anything below cannot be read.
    """
    state = xxh3_128()
    for relative in sorted(_regular_files(os.fsencode(path))):
        state.update(len(relative).to_bytes(_LENGTH_BYTES, "big"))
        state.update(relative)
        state.update(digest_file(f"{path}/{os.fsdecode(relative)}"))
    return state.digest()


def _regular_files(top: bytes) -> Iterator[bytes]:
    prefix = len(top.rstrip(b"/")) + 1
    folders = [top]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    yield entry.path[prefix:]
