"""Notes that somebody typed during a session, each with the time it was typed; it loses no line."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from sinagotd.datakit.arrays import text_type
from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns, instants
from sinagotd.datakit.sources.texts import read_text

NOTE = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)\s*:\s?(.*)")


class Notes(TimeseriesSource):
    """`*_notes.txt`, lines as `2025-01-01 10:00:00: calm`; what follows without a time belongs to the note before it.

    A time may have a fraction, a `T`, an offset. Lines before the first time, and impossible dates, stand in the meta
    under `unread_lines`, with their row.
    """

    tag = "notes"
    patterns = ("*_notes.txt",)

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:  # noqa: ARG002  a file of its own
        text = read_text(path)
        stamps: list[str] = []
        said: list[str] = []
        unread: list[list[Any]] = []
        for row, line in enumerate(text.content.decode().splitlines(), start=1):
            found = NOTE.match(line.strip())
            if found and _is_time(found[1]):
                stamps.append(found[1].replace(",", "."))
                said.append(found[2])
            elif not line.strip():
                continue
            elif stamps and not found:
                said[-1] += f"\n{line.strip()}"
            else:
                unread.append([row, line.strip()])
        return _stream(path, stamps, said, {**text.findings, **({"unread_lines": unread} if unread else {})})


def _stream(path: Path, stamps: list[str], said: list[str], more: dict[str, Any]) -> Timed:
    times = instants.local_times(pa.chunked_array([pa.array(stamps, pa.string())]))
    at = instants.nanoseconds(times)
    frame = columns.frame({"timestamp": times, "note": pd.array(said, dtype=text_type())})
    return (
        instants.seconds(at, at[0] if len(at) else 0),
        frame,
        {"source_file": str(path), "n_notes": len(said), **more},
    )


def _is_time(stamp: str) -> bool:
    try:
        dt.datetime.fromisoformat(stamp.replace(",", "."))
    except ValueError:
        return False
    return True
