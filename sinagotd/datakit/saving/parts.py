"""Writes tables whose layouts may widen from one to the next, and makes one Parquet file of them; memory holds a row group.

As long as nothing new comes there is one part, and it is the file. A wider layout begins a new part, and the end rewrites all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sinagotd.datakit.saving.adapting import adapt
from sinagotd.datakit.saving.layout import Layout
from sinagotd.datakit.saving.parquet import ParquetPart, opened, tables
from sinagotd.errors import DatasetError


class Parts:
    """The parts of a file in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._parts: list[ParquetPart] = []
        self._wholes: list[ParquetPart] = []
        self.rows = 0

    @property
    def layout(self) -> Layout:
        """The layout that all tables so far fit. Raises DatasetError if there was none."""
        if not self._parts:
            raise DatasetError("nothing was saved: not one batch was written, not even one without rows")
        return self._parts[-1].layout

    def add(self, table: Any, layout: Layout) -> None:
        """Further rows."""
        wider = self.layout.with_(layout) if self._parts else layout
        if not self._parts or wider != self.layout:
            self._begin(wider)
        self._parts[-1].layout = wider  # it may say more of what is quiet
        self._parts[-1].add(adapt(table, layout, wider))
        self.rows += table.num_rows

    def end_group(self) -> int:
        """Let what was added so far be in other row groups than what comes; gives how many there are in the last part."""
        self._parts[-1].flush()
        return len(self._parts[-1].held)

    def tables(self) -> Iterator[Any]:
        """All rows, in the last layout. No more can be added then; each part is gone when it has been read."""
        layout = self.layout
        self._parts[-1].close({})
        for part in self._parts:
            with opened(part.path) as file:
                for table in tables(file):
                    yield adapt(table, part.layout, layout)
            part.path.unlink()

    def finish(self, attrs: dict[Any, Any]) -> ParquetPart:
        """One file of all parts, with the attrs in it, read back."""
        if len(self._parts) == 1:
            (whole,) = self._parts
        else:
            whole = ParquetPart(self._folder / "whole", self.layout)
            self._wholes.append(whole)
            for table in self.tables():
                whole.add(table)
        whole.close(attrs)
        whole.check()
        return whole

    def abandon(self) -> None:
        """Close what is open."""
        for part in (*self._parts, *self._wholes):
            part.abandon()

    def _begin(self, layout: Layout) -> None:
        if self._parts:
            self._parts[-1].close({})
        self._parts.append(ParquetPart(self._folder / f"part-{len(self._parts)}", layout))
