"""Reads and writes the Parquet files of datasets, row group by row group; other Parquet files are read as pandas would.

The columns are plain Parquet that any reader opens: a list per cell of signals, text for nested values. What only we need is in
the footer (`footer.py`) and in columns whose name has a colon.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sinagotd.datakit.saving.digesting import Digesting
from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.footer import KEY, fitting, for_pandas, layout_text, read_attrs, read_layout
from sinagotd.datakit.saving.frames import Gathering
from sinagotd.datakit.saving.layout import Layout

ROW_GROUP_BYTES = 16 * 2**20
ARROW_KEY = b"ARROW:schema"
VALUES_AT_ONCE = 2**16
COMPRESSION = {"compression": "zstd", "compression_level": 1}


def is_small(held: int) -> bool:
    """Whether a row group whose rows took so many bytes has room for others."""
    return 2 * held < ROW_GROUP_BYTES


def said_of(layout: Layout, attrs: dict[str, Any]) -> dict[bytes, bytes]:
    """What a file says of itself in its footer. The schema for Arrow is ours to write: pyarrow would at the start, without attrs."""
    schema = layout.schema().with_metadata(for_pandas(layout, attrs))
    return {KEY: layout_text(layout), ARROW_KEY: b64encode(schema.serialize())}


class ParquetPart:
    """A Parquet file that is being written: tables of one layout, gathered to row groups of a bounded size.

    `held` is what the rows of each row group took in memory, in bytes.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.layout = layout
        self.held: list[int] = []
        self._waiting: list[Any] = []
        self._waiting_bytes = 0
        self._file = Digesting(path)
        self._writer = pq.ParquetWriter(self._file, layout.schema(), store_schema=False, **_options(layout.schema()))

    def add(self, table: Any) -> None:
        """Further rows; they are written as soon as they make a row group."""
        self._waiting.append(table)
        self._waiting_bytes += table.nbytes
        if self._waiting_bytes >= ROW_GROUP_BYTES:
            self.flush()

    def close(self, attrs: dict[str, Any]) -> None:
        """Write what waits and the footer."""
        self.flush()
        self._writer.add_key_value_metadata(said_of(self.layout, attrs))
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let the file go as it is, also where there is no room to end it."""
        self._waiting = []
        for closing in (self._writer.close, self._file.close):
            with suppress(OSError, pa.ArrowException):
                closing()

    def check(self) -> None:
        """Read the file back. Raises DamagedError if it is not what was written."""
        with opened(self.path):
            self._file.check()

    def flush(self) -> None:
        """Make a row group of what waits."""
        if not self._waiting:
            return
        table, held = pa.concat_tables(self._waiting), self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
            self.held.append(held)


def read_parquet(path: Path) -> pd.DataFrame:
    """The frame that was saved, with its attrs. Raises DamagedError (a DatasetError) and OSError."""
    with opened(path) as file:
        metadata = file.metadata.metadata or {}
        if KEY not in metadata:
            plain: pd.DataFrame = file.read().to_pandas()
            return plain
        with fitting():
            return _read(file, read_layout(metadata[KEY], file.schema_arrow))


def _read(file: pq.ParquetFile, layout: Layout) -> pd.DataFrame:
    gathering = Gathering(layout, file.metadata.num_rows)
    for group in range(file.num_row_groups):
        gathering.add(file.read_row_group(group))  # no name holds it while the next one is read
        pa.default_memory_pool().release_unused()
    frame = gathering.frame()
    frame.attrs |= read_attrs(file.schema_arrow.metadata)
    return frame


def tables(file: pq.ParquetFile) -> Iterator[Any]:
    """The row groups of an open file."""
    for group in range(file.num_row_groups):
        yield file.read_row_group(group)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """An open Parquet file, whose pages are checked as they are read. Raises DamagedError and OSError."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except DamagedError as fault:
        raise DamagedError(f"{path}: {fault}") from fault
    except (pa.ArrowException, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise
        raise DamagedError(f"{path}: the file is cut off or damaged and cannot be read ({_short(fault)})") from fault


def _short(fault: Exception) -> str:
    return str(fault).splitlines()[0][:200]


def _options(schema: pa.Schema) -> dict[str, Any]:
    """How the columns are encoded: texts by dictionary, fractions byte by byte, statistics for none (they are of no use in lists)."""
    texts, fractions = [], []
    for field in schema:
        is_list = pa.types.is_large_list(field.type)
        leaf = field.type.value_type if is_list else field.type
        path = f"{field.name}.list.element" if is_list else field.name
        if pa.types.is_large_string(leaf):
            texts.append(path)
        if pa.types.is_float32(leaf) or pa.types.is_float64(leaf):
            fractions.append(path)
    encodings = {"use_dictionary": texts or False, "use_byte_stream_split": fractions or False}
    pages = {"write_batch_size": VALUES_AT_ONCE, "write_page_checksum": True, "write_statistics": False}
    return COMPRESSION | encodings | pages
