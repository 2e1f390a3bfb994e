"""Workspaces of our own making to look at: one in unit mode, one with tasks and modalities in the shape of a clinic."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from sinagotd import Workspace

HARBOUR = {
    "workspace.toml": '[records]\nid_pattern = "REC-[0-9]{8}"\n[steps]\nscripts = ["count", "mean"]\n',
    "dataset/raw/REC-20200601-raw.csv": "boat,size\nAda,7\n",
    "dataset/raw/REC-20200602-raw.csv": "boat,size\nBea,8\nCleo,9\n",
    "dataset/raw/REC-20200603-raw.csv": "boat,size\nDora,5\n",
}
CLINIC = {
    "workspace.toml": """
[records]
id_pattern = "REC-[0-9]{6}-[A-Z]"
[modalities.EEG]
scripts = ["preprocess"]
task_scripts.RS = ["alpha"]
[modalities.behavior]
scripts = ["scores", "norm"]
[modalities.clinical.models]
plugin = "pandas"
data_path = ["SHEETS", "{id}", "clinical.json"]
[modalities.gathered.models]
plugin = "processed"
[tasks.RS]
modalities = ["clinical", "EEG"]
[tasks.MMN]
modalities = ["clinical", "EEG"]
[tasks.HDC]
modalities = ["clinical", "EEG", "behavior"]
[processed.mean_score]
task = "HDC"
modality = "behavior"
step_label = "scores"
data_type = "int"
""",
    "dataset/MFF/REC-200319-A-RS.mff/dummy": "",
    "dataset/MFF/REC-200319-A-MMN.mff/dummy": "",
    "dataset/MFF/REC-200319-A-HDC.mff/dummy": "",
    "dataset/MFF/REC-200320-A-RS.mff/dummy": "",
    "dataset/MFF/REC-200320-A-MMN.mff/dummy": "",
    "dataset/MFF/REC-200320-A-HDC.mff/dummy": "",
    "dataset/HDC/REC-200320-A/report.txt": "",
    "dataset/DONE/REC-200319-A/HDC/scores.csv": "4",
    "dataset/DONE/REC-200320-A/HDC/scores.csv": "5",
    "dataset/DONE/REC-200320-A/HDC/norm.csv": "2",
    "dataset/SHEETS/REC-200319-A/clinical.json": '{"age": 8, "iq": 95}',
    "dataset/SHEETS/REC-200320-A/clinical.json": '{"age": 9, "iq": 101}',
}


def script(path_in: object, path_out: object, run: str = "pass", top: str = "") -> str:
    return (
        f"from sinagot import ScriptTemplate\n{top}\n\nclass Script(ScriptTemplate):\n"
        f"    PATH_IN = {path_in!r}\n    PATH_OUT = {path_out!r}\n\n    def run(self):\n        {run}\n"
    )


COPY = "self.path.output.write_text(self.path.input.read_text())"
HARBOUR |= {
    f"scripts/{name}.py": script(("raw", "{id}-raw.csv"), ("computed", f"{{id}}-{name}.csv"), COPY)
    for name in ("count", "mean")
}
CLINIC |= {
    "scripts/EEG/preprocess.py": script(("MFF", "{id}-{task}.mff"), ("DONE", "{id}", "{task}", "clean.txt")),
    "scripts/EEG/alpha.py": script(("DONE", "{id}", "{task}", "clean.txt"), ("DONE", "{id}", "{task}", "alpha.csv")),
    "scripts/behavior/scores.py": script(("HDC", "{id}", "report.txt"), ("DONE", "{id}", "{task}", "scores.csv")),
    "scripts/behavior/norm.py": script(
        ("DONE", "{id}", "{task}", "scores.csv"), ("DONE", "{id}", "{task}", "norm.csv")
    ),
}


def written(folder: Path, *worlds: Mapping[str, str]) -> Path:
    """Write these files below a folder; in a later world "" in place of a whole file's path takes nothing away."""
    for world in worlds:
        for name, text in world.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return folder


def harbour(folder: Path, **more: str) -> Workspace:
    return Workspace(written(folder, HARBOUR, more))


def clinic(folder: Path, **more: str) -> Workspace:
    return Workspace(written(folder, CLINIC, more))


def small(folder: Path, path_in: object, files: Iterable[str], id_pattern: str = "REC-[0-9]{3}") -> Workspace:
    """One step that reads `path_in`, with these files in the data folder."""
    settings = f"[records]\nid_pattern = '{id_pattern}'\n[steps]\nscripts = ['count']\n"
    world = {"workspace.toml": settings, "scripts/count.py": script(path_in, ("computed", "{id}.txt"))}
    return Workspace(written(folder, world, {f"dataset/{name}": "1" for name in files}))


def log_line(step: str, status: int, time: str = "2020-08-17T15:31:57.407778", **more: object) -> str:
    """One line of a record's log as Sinagot writes it."""
    *unit, label = step.split("/")
    task, modality = unit or (None, None)
    says = {
        "log_from": "script",
        "record_id": "REC-20200601",
        "scope": "record",
        "task": task,
        "modality": modality,
        "step_label": label,
        "step_status": status,
        "message": f"status {status}",
        "time": time,
    }
    return json.dumps(says | more) + "\n"


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
