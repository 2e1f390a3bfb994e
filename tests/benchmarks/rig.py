"""Makes an experiment as the rig leaves it: subjects x sessions x tasks, eight small files each, no two alike. It loads nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = (
    "dataqueue", "meso_mean", "notes", "psychopy", "session_config", "timestamps", "treadmill", "wheel",
)  # fmt: skip
SHAPES = {40: (10, 2, 2), 100: (10, 5, 2), 300: (25, 3, 4), 1_000: (50, 5, 4), 3_000: (100, 6, 5)}
"""Rows as subjects x sessions x tasks."""

MESSAGES = 540
LONG_MESSAGES = 54_000
_START = np.datetime64("2025-07-08T16:58:00", "us")
_DEVICES = ("dhyana_cam", "Dev1_nidaq", "ThorCam_1", "dhyana_cam", "encoder", "treadmill")
_EVERY = (3, 6, 6, 3, 6)

Random = np.random.Generator


def make_rig(root: Path, rows: int, sources: Sequence[str] = SOURCES, messages: int = MESSAGES) -> Path:
    """A tree of this many rows (a key of `SHAPES`) with the files of these sources; the same each time."""
    random = np.random.default_rng(rows)
    files = {name: make for name, make in _files(messages).items() if name in sources}
    for folder, stem in _places(root, rows):
        folder.mkdir(parents=True, exist_ok=True)
        for name, make in _named(files).items():
            with open(f"{folder}/{stem}_{name}", "w") as file:  # noqa: PTH123 - as in `tree.fill`
                file.write(make(random))
    return root


def notes_of(root: Path, rows: int) -> list[Path]:
    """The notes of all rows."""
    return [folder / f"{stem}_{NAMES['notes']}" for folder, stem in _places(root, rows)]


NAMES = {
    "dataqueue": "dataqueue.csv",
    "meso_mean": "meso-mean-trace.csv",
    "notes": "notes.txt",
    "psychopy": "psychopy.csv",
    "session_config": "configuration.csv",
    "timestamps": "timestamps.csv",
    "treadmill": "treadmill.csv",
    "wheel": "wheel.csv",
}


def _places(root: Path, rows: int) -> Iterator[tuple[Path, str]]:
    for subject, session, task in product(*map(range, SHAPES[rows])):
        names = f"sub-{subject:03}", f"ses-{session:02}"
        yield Path(root, "data", *names, "beh"), f"20250708_{'_'.join(names)}_task-{'abcde'[task]}"


def _named(files: Mapping[str, Callable[[Random], str]]) -> dict[str, Callable[[Random], str]]:
    return {NAMES[name]: make for name, make in files.items()}


def _files(messages: int) -> dict[str, Callable[[Random], str]]:
    return {
        "dataqueue": lambda random: _dataqueue(random, messages),
        "meso_mean": lambda random: _table("Slice,Mean", "%d,%.3f", np.arange(1, 201), random.normal(1000, 30, 200)),
        "notes": _notes,
        "psychopy": _psychopy,
        "session_config": _session_config,
        "timestamps": _timestamps,
        "treadmill": _treadmill,
        "wheel": _wheel,
    }


def _table(head: str, line: str, *columns: Any) -> str:
    return "\n".join([head, *(line % values for values in zip(*columns, strict=True)), ""])


def _dataqueue(random: Random, messages: int) -> str:
    """A message each 50 ms, of six devices by turns; the treadmill's have values of their own."""
    at_s = 0.05 * np.arange(1, messages + 1) + random.uniform(0, 0.01, messages)
    sent, got = (np.datetime_as_string(_START + (1e6 * (at_s + late)).astype("m8[us]")) for late in (0, 0.002))
    numbers = range(messages)
    payload = ["" if at % 6 == 5 else at // _EVERY[at % 6] + (at % 6 == 1) for at in numbers]
    steps, speeds = np.cumsum(random.random(messages)), random.normal(20, 5, messages)
    sample = [f"{1_000_000 + 50_000 * at},{steps[at]:.2f},{speeds[at]:.3f}" if at % 6 == 5 else ",," for at in numbers]
    devices = [_DEVICES[at % 6] for at in numbers]
    head = "queue_elapsed,packet_ts,device_ts,device_id,payload,device_us,distance,speed"
    return _table(head, "%.4f,%s,%s,%s,%s,%s", 976_929 + at_s, got, sent, devices, payload, sample)


def _notes(random: Random) -> str:
    return f"2025-01-01 10:00:00: animal calm\n2025-01-01 10:00:{random.integers(10, 60)}: stimulus on\n"


def _psychopy(random: Random) -> str:
    gray = 4.0 + 4 * np.arange(20) + random.uniform(0, 0.1, 20)
    keys = [f"{random.random():.3f}" if at == 1 else "" for at in range(20)]
    names = "trials.thisN,stim_grayScreen.started,stim_grayScreen.stopped,stim_grating.started,stim_grating.stopped"
    head = f"{names},display_gratings.started,display_gratings.stopped,key_resp_2.rt,expStart"
    times = (gray, gray + 2, gray + 2, gray + 4, gray, gray + 4)
    return _table(head, "%d" + ",%.4f" * 6 + ",%s,2025-07-08 16h57.57.000000", range(20), *times, keys)


def _session_config(random: Random) -> str:
    return (
        f"Parameter,Value\nsex,F\nweight,{random.normal(25, 2):.1f}\nled_power,0.4\nn_trials,{random.integers(8, 20)}\n"
    )


def _timestamps(random: Random) -> str:
    return f"device_id,started,stopped\ncam,{_moment(0)},{_moment(60)}\nwheel,{_moment(1)},{_moment(random.integers(50, 59))}\n"


def _moment(second: Any) -> str:
    return str(_START + np.timedelta64(int(second), "s")).replace("T", " ").partition(".")[0]


def _treadmill(random: Random) -> str:
    counts = (4_294_000_000 + 200_000 * np.arange(100)) % 2**32
    return _table(
        "timestamp,distance_mm,speed_mm", "%d,%.1f,%.2f", counts, 2.0 * np.arange(100), random.normal(20, 5, 100)
    )


def _wheel(random: Random) -> str:
    ends = ["2025-07-08T16:58:00,2025-07-08T16:58:20", *[","] * 99]
    return _table(
        "Clicks,Time,Speed,Started,Stopped",
        "%d,%.1f,%.3f,%s",
        random.integers(-2, 3, 100),
        0.2 * np.arange(100),
        random.random(100),
        ends,
    )
