"""The digest of an input as it lies on the disk: whole, or sampled above a size. It remembers nothing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from xxhash import xxh3_128

from sinagotd.core.facts import Digest
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import inner_entries, refuse_outside
from sinagotd.scripts.content import digest_file, digest_folder

SAMPLE_BYTES = 1 << 20
SAMPLES = 16
_SAMPLED = b"sinagotd: sampled\0"
_SIZE_BYTES = 8


def digest(root: str | Path, path: str, *, sample_above: int | None = None) -> Digest:
    """Digest the file or folder at `path` below `root`; files larger than `sample_above` bytes are sampled.

    A sample is the size and 16 blocks of 1 MiB: the first, the last and evenly spaced ones. It never equals the
    digest of the whole. Raises `Unreadable`, also when nothing is there.
    """
    full = Path(root, path)
    try:
        refuse_outside(os.path.realpath(root), str(full), path)
        return Digest(_digest(full, full.stat(), sample_above))
    except OSError as fault:
        raise Unreadable.because(path, fault) from fault


def _digest(full: Path, status: os.stat_result, sample_above: int | None) -> bytes:
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is neither a file nor a folder")
    if sample_above is None:
        return digest_folder(full) if is_folder else digest_file(full)
    if is_folder:
        return _sample_folder(full, sample_above)
    return _sample_file(full) if status.st_size > sample_above else digest_file(full)


def _sample_folder(full: Path, sample_above: int) -> bytes:
    files = [(name, inner) for name, inner in inner_entries(str(full)) if stat.S_ISREG(inner.st_mode)]
    if all(inner.st_size <= sample_above for _, inner in files):
        return digest_folder(full)
    state = xxh3_128(_SAMPLED)
    for name, inner in sorted(files, key=lambda file: os.fsencode(file[0])):
        encoded = os.fsencode(name)
        state.update(len(encoded).to_bytes(_SIZE_BYTES, "big") + encoded)
        state.update(_digest(full / name, inner, sample_above))
    return state.digest()


def _sample_file(full: Path) -> bytes:
    with full.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        state = xxh3_128(_SAMPLED + size.to_bytes(_SIZE_BYTES, "big"))
        for offset in _offsets(size):
            state.update(os.pread(file.fileno(), SAMPLE_BYTES, offset))
    return state.digest()


def _offsets(size: int) -> Iterator[int]:
    """Where the blocks begin; in a file smaller than all blocks together they overlap."""
    last = max(0, size - SAMPLE_BYTES)
    return (last * block // (SAMPLES - 1) for block in range(SAMPLES))
