"""A layout as JSON for the footer of a file, and back; says which versions of it can be read. Reads no file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from sinagotd.datakit.saving.faults import DamagedError
from sinagotd.datakit.saving.kinds import Kind
from sinagotd.datakit.saving.layout import Column, Labels, Layout, Variant
from sinagotd.datakit.saving.nested import dumps, loads

KEY = b"sinagotd.datakit"
ATTRS_KEY = b"PANDAS_ATTRS"
PANDAS_KEY = b"pandas"
VERSION = 1


def layout_text(layout: Layout) -> bytes:
    """The layout as it is written into a file."""
    axes = {"index": layout.index, "columns": layout.columns}
    held = {axis: [_column(column) for column in columns] for axis, columns in axes.items()}
    return dumps({"version": VERSION, **held, "rows": tuple(layout.rows), "heads": tuple(layout.heads)}).encode()


def for_pandas(layout: Layout, attrs: dict[str, Any]) -> dict[bytes, bytes]:
    """The attrs, and which columns are the index, where pandas looks for them."""
    names = [column.name for column in layout.index]
    kept = [
        {"name": name, "field_name": name, "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
        for name in names
    ]
    index = {"index_columns": names, "column_indexes": [], "columns": kept, "pandas_version": "2.2.0"}
    return {PANDAS_KEY: dumps(index).encode(), ATTRS_KEY: dumps(attrs).encode()}


def read_layout(text: bytes, schema: pa.Schema) -> Layout:
    """The layout that a footer describes. Raises DamagedError for one that is newer, or does not fit the columns."""
    with fitting():
        held = loads(text)
        version = held["version"]
        if version > VERSION:
            raise DamagedError(
                f"it was saved by a newer sinagotd (layout {version}, this one reads up to {VERSION}): update sinagotd to read it"
            )
        index, columns = ([_read_column(column, schema) for column in held[axis]] for axis in ("index", "columns"))
        return Layout(tuple(index), tuple(columns), Labels(*held["rows"]), Labels(*held["heads"]))


@contextmanager
def fitting() -> Iterator[None]:
    """Turn whatever comes of columns that do not fit their description into a DamagedError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as fault:
        told = f"{type(fault).__name__}: {fault}".splitlines()[0]
        raise DamagedError(f"it is cut off or damaged: its columns do not fit their description ({told})") from fault


def read_attrs(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """The attrs among the metadata of a schema."""
    return dict(loads((metadata or {}).get(ATTRS_KEY, b"{}")))


def _column(column: Column) -> list[Any]:
    variants = [[*variant.kind, list(variant.types)] for variant in column.variants]
    return [column.label, column.name, column.dtype, column.missing, variants]


def _read_column(held: list[Any], schema: pa.Schema) -> Column:
    label, name, dtype, missing, variants = held
    bare = Column(label, name, dtype, missing, tuple(Variant(Kind(form, detail)) for form, detail, _ in variants))
    typed = []
    for form, detail, suffixes in variants:
        kind = Kind(form, detail)
        typed.append(Variant(kind, {suffix: schema.field(bare.physical(kind, suffix)).type for suffix in suffixes}))
    return Column(label, name, dtype, missing, tuple(typed))
