"""Mean fluorescence of the whole field at the rate the mesoscope always has; nothing is aligned."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.source import Timed, TimeseriesSource
from sinagotd.datakit.sources import columns
from sinagotd.datakit.sources.delimited import read_delimited, require

RATE_HZ = 50.0


class MesoMean(TimeseriesSource):
    """`Slice` and `Mean`, one line per frame at 50 Hz; `Slice` is left out."""

    tag = "meso_mean"
    patterns = ("*_meso-mean-trace.csv",)
    camera_tag = "meso_metadata"
    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> Timed:  # noqa: ARG002  the rate is fixed
        table = read_delimited(path)
        require(path, table, "Slice", "Mean")
        values = {
            self.renamed.get(name, name): columns.plain(table[name]) for name in table.column_names if name != "Slice"
        }
        frame = columns.frame(values)
        return np.arange(len(frame)) / RATE_HZ, frame, {"source_file": str(path), "n_slices": len(frame)}

    def options(self) -> dict[str, Any]:
        return {"rate_hz": RATE_HZ}


class MesoDff(MesoMean):
    """The same, of the relative change: `Mean` is called `dF_F`."""

    tag = "meso_dff"
    patterns = ("*_meso-collapse_first-trace.csv",)
    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({"Mean": "dF_F"})
