"""A new file that knows the digest of what was written into it, and can tell whether the disk has it. Knows no format."""

from pathlib import Path

import xxhash

from sinagotd.datakit.saving.faults import DamagedError

CHUNK_BYTES = 2**22


class Digesting:
    """A file to write into from start to end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb")
        self._digest = xxhash.xxh3_128()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def check(self) -> None:
        """Read all of it. Raises DamagedError if it is not what was written."""
        found = xxhash.xxh3_128()
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
        if found.digest() != self._digest.digest():
            raise DamagedError(f"{self._path}: the disk does not give back what was written to it")
