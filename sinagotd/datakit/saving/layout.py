"""Which columns of a file make up which column of the frame, and how two such layouts become one. Holds no values.

A column of cells has one *variant* per kind of cell in it; a variant has one or more columns of the file. Their names are
`source.feature`, `source.feature:2` for a second variant, and a suffix such as `source.feature:shape` for what only we need.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NamedTuple

import pyarrow as pa

from sinagotd.datakit.saving.kinds import Kind

OBJECT = "object"
NEVER_MISSING = re.compile(r"[<>|=][iub]\d")


@dataclass(frozen=True, slots=True)
class Variant:
    """The cells of one kind: the Arrow type of each suffix.

    Quiet if no value in any of them tells a type: 1 if all are empty, 2 if some hold missing values; else 0.
    """

    kind: Kind
    types: Mapping[str, pa.DataType] = field(compare=False, default_factory=dict)
    quiet: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the frame: its label, its name in files, its dtype as text, what marks a missing cell, and its variants."""

    label: Any
    name: str
    dtype: str = OBJECT
    missing: str = "nan"
    variants: tuple[Variant, ...] = ()

    def physical(self, kind: Kind, suffix: str) -> str:
        """The name in the file of one part of a variant."""
        place = next(place for place, variant in enumerate(self.variants) if variant.kind == kind)
        return ":".join([self.name, *([str(place + 1)] if place else []), *([suffix] if suffix else [])])

    def fields(self) -> Iterator[pa.Field]:
        """The columns of the file, in order; one of nulls if no cell is there."""
        for variant in self.variants:
            for suffix, type_ in variant.types.items():
                yield pa.field(self.physical(variant.kind, suffix), type_)
        if not self.variants:
            yield pa.field(self.name, pa.null())

    def with_(self, other: "Column") -> "Column":
        """This column with the variants of another of the same label; of two dtypes, the one that says more."""
        if not other.variants:
            return self.with_gaps()
        if not self.variants:
            return replace(other.with_gaps(), name=self.name)
        known = {variant.kind: variant for variant in self.variants}
        for variant in other.variants:
            same = known.get(variant.kind, variant)
            known[variant.kind] = replace(variant, quiet=_both(same.quiet, variant.quiet))
        dtype = self.dtype if self.dtype == other.dtype else OBJECT
        return replace(self, dtype=dtype, variants=tuple(known.values()))

    def with_gaps(self) -> "Column":
        """This column with rows in which nothing is; whole numbers and truth values of numpy cannot stand beside nothing."""
        return replace(self, dtype=OBJECT) if NEVER_MISSING.match(self.dtype) else self


class Labels(NamedTuple):
    """The names of an axis' levels and, for the columns, the dtype of each level as text."""

    names: tuple[Any, ...]
    dtypes: tuple[str, ...] = ()
    is_multi: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole frame: the levels of its index as columns, its columns, and what its two axes are called."""

    index: tuple[Column, ...]
    columns: tuple[Column, ...]
    rows: Labels
    heads: Labels

    def all(self) -> Iterator[Column]:
        yield from self.index
        yield from self.columns

    def schema(self) -> pa.Schema:
        """The columns of the file."""
        return pa.schema([field for column in self.all() for field in column.fields()])

    def with_(self, other: "Layout") -> "Layout":
        """This layout with what another brings: further columns, variants, dtypes. Raises ValueError if the axes differ."""
        if self.rows.names != other.rows.names or self.heads.names != other.heads.names:
            raise ValueError(f"a batch has the levels {other.rows.names}, those before it {self.rows.names}")
        index, columns = _merged(self.index, other.index), _merged(self.columns, other.columns)
        return make_layout(index, columns, self.rows, self.heads)

    def grouped(self, sources: Sequence[str]) -> "Layout":
        """The columns of each source side by side, sources in the order given: where one came late, it stands with its own."""
        order = {source: place for place, source in enumerate(sources)}
        columns = sorted(self.columns, key=lambda column: order.get(column.label[0], len(order)) if order else 0)
        return replace(self, columns=tuple(columns))


def _both(one: int, other: int) -> int:
    return max(one, other) if one and other else 0


def keyed(columns: Iterable[Column]) -> Iterator[tuple[tuple[Any, int], Column]]:
    """Each column by its label and how many of that label stand before it."""
    seen: dict[Any, int] = {}
    for column in columns:
        seen[column.label] = seen.get(column.label, -1) + 1
        yield (column.label, seen[column.label]), column


def _merged(columns: Iterable[Column], others: Iterable[Column]) -> tuple[Column, ...]:
    known, new = dict(keyed(columns)), dict(keyed(others))
    both = {key: column.with_(new[key]) if key in new else column.with_gaps() for key, column in known.items()}
    return (*both.values(), *(column.with_gaps() for key, column in new.items() if key not in known))


def plain_name(label: Any) -> str:
    """What a column is called in files: its levels with dots between; a colon is doubled, for ours begin with one."""
    parts = label if isinstance(label, tuple) else (label,)
    return ".".join(map(str, parts)).replace(":", "::")


def _named(*groups: Iterable[Column]) -> Iterator[tuple[Column, ...]]:
    """The columns with names of which no two are alike: the later of two gets a number."""
    taken: set[str] = set()
    for group in groups:
        named = []
        for column in group:
            name = column.name
            candidates = (f"{name}~{number}" for number in count(2))
            while name in taken:
                name = next(candidates)
            taken.add(name)
            named.append(column if name == column.name else replace(column, name=name))
        yield tuple(named)


def make_layout(index: Iterable[Column], columns: Iterable[Column], rows: Labels, heads: Labels) -> Layout:
    """A layout whose columns have names of their own."""
    named_index, named_columns = _named(index, columns)
    return Layout(named_index, named_columns, rows, heads)
