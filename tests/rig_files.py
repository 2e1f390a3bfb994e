"""Writes the files of one session of the rig, small and exactly known, and loads them as a row would."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.source import DataSource
from sinagotd.datakit.streams import LoadedStream

QUEUE_ZERO = 976929.05
STEP_S = 0.05


def dataqueue() -> str:
    """540 messages, one each 50 ms: camera, pulse, pupil camera, camera, encoder, treadmill, and again."""
    lines = ["queue_elapsed,packet_ts,device_ts,device_id,payload,device_us,distance,speed"]
    for i in range(540):
        stamp = f"2025-07-08T16:58:{i * STEP_S + 0.05:06.3f}"
        device, payload = (
            ("dhyana_cam", i // 3),
            ("Dev1_nidaq", i // 6 + 1),
            ("ThorCam_1", i // 6),
            ("dhyana_cam", i // 3),
            ("encoder", i // 6),
            ("treadmill", ""),
        )[i % 6]
        sample = f"{1_000_000 + 50_000 * i},{0.5 * i},{10 + i % 7}" if device == "treadmill" else ",,"
        lines.append(f"{QUEUE_ZERO + STEP_S * i:.4f},{stamp},{stamp},{device},{payload},{sample}")
    return "\n".join(lines) + "\n"


def treadmill() -> str:
    rows = (f"{(4_294_000_000 + i * 200_000) % 2**32},{i * 2.0},{10 + i}\n" for i in range(100))
    return "timestamp,distance_mm,speed_mm\n" + "".join(rows)


def wheel() -> str:
    ends = "2025-07-08T16:58:00,2025-07-08T16:58:20"
    rows = (f"{i % 3},{i * 0.2:.1f},{5 + i % 4 * 0.1:.1f},{ends if i == 0 else ','}\n" for i in range(100))
    return "Clicks,Time,Speed,Started,Stopped\n" + "".join(rows)


def psychopy() -> str:
    names = "trials.thisN,stim_grayScreen.started,stim_grayScreen.stopped,stim_grating.started,stim_grating.stopped"
    head = f"{names},display_gratings.started,display_gratings.stopped,key_resp_2.rt,expStart\n"
    rows = []
    for i in range(20):
        gray, grating, end = 4 + 4 * i, 6 + 4 * i, 8 + 4 * i
        key = 2.0 if i == 1 else ""
        rows.append(f"{i},{gray}.0,{grating}.0,{grating}.0,{end}.0,{gray}.0,{end}.0,{key},2025-07-08 16h57.57.000000\n")
    return head + "".join(rows)


def mouseportal() -> str:
    rows = (
        f"{i},{1_250_000 + i * 100_000},{i * 0.5},{'TRIAL_RUNNING' if i // 10 % 2 == 0 else 'INTER_TRIAL_INTERVAL'},"
        f"{i // 100},{i // 20},gain{i // 20 % 2}\n"
        for i in range(200)
    )
    return "frame,treadmill_device_us,position,state,block,trial,condition\n" + "".join(rows)


def camera_frames(**more: Any) -> str:
    frames = [
        {
            "camera_device": "D",
            "runner_time_ms": i * 20.1,
            "ImageNumber": str(i),
            "camera_metadata": {"Binning": "1", "Temperature": "20.5"},
            **{key: make(i) for key, make in more.items()},
        }
        for i in range(50)
    ]
    return json.dumps({"p0": frames})


FILES: dict[str, tuple[str, Callable[[], str]]] = {
    "dataqueue": ("dataqueue.csv", dataqueue),
    "treadmill": ("treadmill.csv", treadmill),
    "wheel": ("wheel.csv", wheel),
    "psychopy": ("psychopy.csv", psychopy),
    "mouseportal": ("mouseportal.csv", mouseportal),
    "mouseportal_trials": ("mouseportal.csv", mouseportal),
    "meso_metadata": ("mesoscope.ome.tiff_frame_metadata.json", camera_frames),
    "pupil_metadata": ("pupil.mp4_frame_metadata.json", camera_frames),
    "meso_mean": (
        "meso-mean-trace.csv",
        lambda: "Slice,Mean\n" + "".join(f"{i + 1},{1000 + i * 0.37}\n" for i in range(200)),
    ),
    "meso_dff": ("meso-collapse_first-trace.csv", lambda: "Slice,Mean\n1,0.0\n2,0.0037\n"),
    "mesomap": (
        "mesoscope.ome_traces.csv",
        lambda: "frame,V1,M1\n" + "".join(f"{i},{i * 0.1},{-i * 0.2}\n" for i in range(180)),
    ),
    "session_config": (
        "configuration.csv",
        lambda: "Parameter,Value\nsex,F\nweight,25.3\nn_trials,12\nempty,\nsubject,01\n",
    ),
    "notes": ("notes.txt", lambda: "2025-01-01 10:00:00: animal calm\n2025-01-01 10:00:05: stimulus on\n"),
    "timestamps": (
        "timestamps.csv",
        lambda: (
            "device_id,started,stopped\ncam,2025-01-01 10:00:00,2025-01-01 10:01:00\nwheel,2025-01-01 10:00:01,2025-01-01 10:00:59\n"
        ),
    ),
}


@dataclass
class Rig:
    """The files of one row in one folder; a file is written when it is first asked for, or with a text of the test's own."""

    folder: Path
    stem: str = "20250708_sub-01_ses-01_task-gratings"
    row: dict[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=lambda: Sources(entry_points=False))

    def write(self, tag: str, content: str | bytes | None = None) -> Path:
        name, make = FILES[tag]
        path = self.folder / f"{self.stem}_{name}"
        content = make() if content is None else content
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.row[tag] = str(path)
        return path

    def load(
        self, tag: str, kind: type[DataSource] | None = None, *, task: str | None = "task-gratings"
    ) -> LoadedStream:
        """Load a tag as its row would: what it requires first, if the row has it."""
        kind = kind or self.sources.get_source_class(tag)
        dependencies = {name: self.load(name) if name in self.row else None for name in kind.requires}
        log = dependencies.get("dataqueue")
        frame, meta = (log.value, log.meta) if log else (None, None)
        context = LoadContext("01", "ses-01", task, self.row, dependencies, dataqueue_frame=frame, dataqueue_meta=meta)
        return kind().load(Path(self.row[tag]), context=context)

    def suite2p(self, *, frames: int = 45, planes: int = 1) -> None:
        for plane in range(planes):
            folder = self.folder / f"{self.stem}_suite2p" / f"plane{plane}"
            folder.mkdir(parents=True)
            np.save(folder / "F.npy", np.arange(5 * frames, dtype="f4").reshape(5, frames) + 1 + plane)
            np.save(folder / "Fneu.npy", np.ones((5, frames), dtype="f4"))
            np.save(folder / "iscell.npy", np.array([[1, 0.9], [0, 0.1], [1, 0.8], [1, 0.7], [0, 0.2]]))
        self.row["suite2p"] = str(self.folder / f"{self.stem}_suite2p" / "plane0" / "F.npy")

    def deeplabcut(
        self, write: "Callable[[Path, Any, list[tuple[str, ...]]], None]", unsure: tuple[int, int] = (5, 8)
    ) -> np.ndarray[Any, Any]:
        """Eight body parts on a circle around (25, 25) whose diameter grows over 60 frames, some unsure."""
        frames = 60
        parts = [f"p{k}" for k in range(8)]
        size = 10 + np.arange(frames) / 10
        points = np.empty((frames, 24))
        for k in range(8):
            angle = np.pi * (k // 2) / 4 + np.pi * (k % 2)
            points[:, 3 * k] = 25 + size / 2 * np.cos(angle)
            points[:, 3 * k + 1] = 25 + size / 2 * np.sin(angle)
            points[:, 3 * k + 2] = 0.9
        points[slice(*unsure)] = 0.1  # far away, and no more likely than that
        path = self.folder / f"{self.stem}_pupilDLC_resnet50.h5"
        write(path, points, [("net", part, name) for part in parts for name in ("x", "y", "likelihood")])
        self.row["pupil_dlc"] = str(path)
        return size


def write_pandas_table(path: Path, values: Any, labels: list[tuple[str, ...]], *, pickled: bytes | None = None) -> None:
    """A frame in the layout that pandas' "table" format writes through PyTables; its names are pickled attributes."""
    import pickle

    names = pickle.dumps(labels, protocol=0) if pickled is None else pickled
    record = np.zeros(len(values), dtype=[("index", "<i8"), ("values_block_0", "<f8", (values.shape[1],))])
    record["index"] = np.arange(len(values))
    record["values_block_0"] = values
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        group.attrs["non_index_axes"] = np.bytes_(pickle.dumps([(1, labels)], protocol=0))
        table = group.create_dataset("table", data=record)
        table.attrs["values_block_0_kind"] = np.bytes_(names)
        file.create_group("df_with_missing/_i_table")


def write_pandas_fixed(path: Path, values: Any, labels: list[tuple[str, ...]]) -> None:
    """The same in pandas' "fixed" format: levels and codes of the columns as arrays, nothing pickled."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame")
        group.attrs["nblocks"] = 1
        for axis in ("axis0", "block0_items"):
            group.attrs[f"{axis}_nlevels"] = 3
            for level in range(3):
                words, codes = np.unique([label[level] for label in labels], return_inverse=True)
                group[f"{axis}_level{level}"] = np.char.encode(words)
                group[f"{axis}_label{level}"] = codes.astype("i1")
        group["axis1"] = np.arange(len(values))
        group["block0_values"] = values
