"""What became of each cell: its status and what is known of its file, as records, a frame, or one short text."""

import json
import os
import traceback
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd
import xxhash

OK, FOUND, MISSING, ERROR = "ok", "found", "missing", "error"
COLUMNS = ("Source", "status", "path", "error_type", "message", "traceback", "findings")
_KEPT = ("Source", "status", "path", "size", "digest", "message", "findings")
_JSON = json.JSONEncoder(separators=(",", ":"))


class Record(NamedTuple):
    """One (row, source): `size` in bytes and `digest` of the file as it was read; what is unknown is None."""

    key: tuple[Any, ...]
    source: str
    status: str
    path: str | None = None
    error_type: str | None = None
    message: str | None = None
    traceback: str | None = None
    findings: str | None = None
    size: int | None = None
    digest: str | None = None


def failed(key: tuple[Any, ...], source: str, path: str | None, fault: BaseException) -> Record:
    """The record of a cell whose source raised."""
    text = "".join(traceback.format_exception(fault))
    return Record(key, source, ERROR, path, type(fault).__name__, str(fault), text)


def absent(
    key: tuple[Any, ...], source: str, *, is_required: bool, path: str | None = None, findings: str | None = None
) -> Record:
    """The record of a cell that is not there: missing, or an error where every row must have one."""
    if is_required:
        return Record(key, source, ERROR, path, "LookupError", "is required, and this row has none", None, findings)
    return Record(key, source, MISSING, path, findings=findings)


def stamped(record: Record) -> Record:
    """The record with the size and digest of its file; without them where that is a folder or cannot be read."""
    if record.path is None or os.path.isdir(record.path):  # noqa: PTH112  paths are text here, by the thousand
        return record
    digest = xxhash.xxh3_128()
    size = 0
    try:
        with open(record.path, "rb", buffering=0) as file:  # noqa: PTH123  as above
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        return record
    return record._replace(size=size, digest=f"xxh3-128:{digest.hexdigest()}")


def record_frame(records: Iterable[Record], levels: Sequence[str]) -> pd.DataFrame:
    """One row per record: the row's key by level, then `COLUMNS`."""
    rows = [(*record.key, *record[1:8]) for record in records]
    return pd.DataFrame.from_records(rows, columns=[*levels, *COLUMNS]).astype(object)


class RecordText:
    """Records on their way into a frame's attrs, as one text: a few dozen bytes for each, paths relative to their root.

    It is a text because pandas copies attrs with every operation, and copies a text for nothing; it is short because a file
    has it in its footer, of which writing makes several copies. Lines of JSON are deflated as they come, and told in base64.
    """

    def __init__(self, levels: Iterable[str], roots: Sequence[str]) -> None:
        self._roots = roots
        self._deflate = zlib.compressobj(zlib.Z_BEST_SPEED)
        self._text = bytearray()
        self.add_lines([[*levels, *_KEPT]])

    def add(self, records: Iterable[Record]) -> None:
        """Further records."""
        self.add_lines(
            [
                *map(str, r.key),
                r.source,
                r.status,
                relative(r.path, self._roots),
                r.size,
                r.digest,
                r.message,
                r.findings,
            ]
            for r in records
        )

    def add_lines(self, lines: Iterable[list[Any]]) -> None:
        """The same as they stand in the text: level by level, then source, status, path, size, digest, message and findings."""
        self._text += self._deflate.compress(_in_lines(list(lines)).encode())

    def finish(self) -> str:
        """The whole text; nothing can be added then."""
        self._text += self._deflate.flush()
        return b64encode(self._text).decode()


def _in_lines(values: list[list[Any]]) -> str:
    """Each as a line of JSON: all in one go, which takes a third of the time, unless there is what looks like the end of a line."""
    whole = _JSON.encode(values)
    if whole.count("],[") == len(values) - 1:
        return whole[1:-1].replace("],[", "]\n[") + "\n"
    return "".join([f"{_JSON.encode(value)}\n" for value in values])


def cell_records(frame: pd.DataFrame) -> pd.DataFrame:
    """Per cell of a materialized frame: status, path, size and digest of its file, message and findings."""
    if "datakit_cells" not in frame.attrs:
        return pd.DataFrame(columns=list(_KEPT))
    lines = zlib.decompress(b64decode(frame.attrs["datakit_cells"])).splitlines()
    columns, *rows = [json.loads(line) for line in lines]
    return pd.DataFrame(rows, columns=columns)


def relative(path: str | None, roots: Sequence[str]) -> str | None:
    """A path as seen from the root it lies in; with several, the root's own name stands before it."""
    for root in roots if path else ():
        if path and path.startswith(f"{root}/"):
            below = path[len(root) + 1 :]
            return below if len(roots) == 1 else f"{os.path.basename(root)}/{below}"  # noqa: PTH119  as above
    return path
