"""A small experiment to find and load: trees of files, and sources that are as small as their tests need."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.source import DataSource, IntervalSeriesSource, TableSource, TimeseriesSource
from sinagotd.datakit.streams import LoadedStream


class Licks(TimeseriesSource):
    """Lines of `time,side`."""

    tag = "licks"
    patterns = ("**/*_licks.csv",)

    def build_timeseries(self, path: Path, *, context: LoadContext | None) -> tuple[Any, Any, dict[str, Any]]:
        frame = pd.read_csv(path)
        return frame["time"], frame[["side"]], {"source_file": str(path)}


class Weight(TableSource):
    """Lines of `key=value`, as a mapping."""

    tag = "weight"
    patterns = ("**/*_weight.txt",)

    def build_table(self, path: Path, *, context: LoadContext | None) -> tuple[Any, Any, dict[str, Any]]:
        pairs = dict(line.split("=", 1) for line in path.read_text().splitlines())
        return [0.0], {key: _number(value) for key, value in pairs.items()}, {"scope": "session"}


class Trials(IntervalSeriesSource):
    """Lines of `start_s,stop_s`, shifted by the weight where there is one."""

    tag = "trials"
    patterns = ("**/*_trials.csv",)
    requires = ("weight",)

    def build_intervals(self, path: Path, *, context: LoadContext | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        weight = self.need_context(context).get_dependency("weight")
        shift = weight.value["grams"] if weight else 0.0
        return pd.read_csv(path) + shift, {"shifted": weight is not None}


def small_sources(*more: type[DataSource]) -> Sources:
    return Sources(Licks, Weight, Trials, *more, built_in=False, entry_points=False)


def source_giving(tag: str, give: Any, **attributes: Any) -> type[DataSource]:
    """A source for `*_<tag>.txt` whose stream `give(path, context)` makes."""

    def load(_self: DataSource, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        return give(path, context)  # type: ignore[no-any-return]

    return type(tag.title(), (DataSource,), {"tag": tag, "patterns": (f"*_{tag}.txt",), "load": load, **attributes})


def write(root: Path, relative: str, content: str = "") -> Path:
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def experiment(root: Path, subjects: Iterable[str] = ("01", "02"), tasks: Iterable[str] = ("a", "b")) -> Path:
    """Two subjects, one session, two tasks; licks, trials and a weight for each."""
    for subject in subjects:
        for task in tasks:
            base = f"data/sub-{subject}/ses-1/beh/x_sub-{subject}_ses-1_task-{task}"
            write(root, f"{base}_licks.csv", "time,side\n0.0,left\n0.5,right\n1.5,left\n")
            write(root, f"{base}_trials.csv", "start_s,stop_s\n1.0,2.0\n3.0,4.0\n")
            write(root, f"{base}_weight.txt", f"grams=2{subject}\nsex=F\n")
    return root


def stream(value: Any, t: Any = (0.0, 1.0), **meta: Any) -> LoadedStream:
    return LoadedStream("anything", np.asarray(t, dtype=np.float64), value, meta)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
