"""Which scripts run in which unit, in which order, and what in the listing is odd."""

from collections.abc import Iterator
from typing import NamedTuple

from sinagotd.core.keys import step_name
from sinagotd.settings.faults import did_you_mean
from sinagotd.settings.run import names_of_step
from sinagotd.settings.workspace_file import WorkspaceFile

_API_NAMES = frozenset([
    "all", "as_dataset", "classes", "close", "config", "config_path", "count", "count_detail", "count_raw_data",
    "count_step", "data_path", "dataset", "explain", "faults", "first", "get", "get_subscope", "graph", "has",
    "head", "id", "ids", "info", "is_unit", "is_unit_mode", "iter_ids", "iter_modalities", "iter_tasks",
    "iter_units", "log_lines", "logger", "logs", "logs_json", "modalities", "modality", "opened", "records",
    "results", "run", "script_class", "scripts_path", "service", "shown", "status", "status_dict", "status_json",
    "steps", "steps_of", "task", "tasks", "unit_settings", "values", "version", "wanted", "workspace",
])  # fmt: skip

Oddity = tuple[tuple[str, ...], str]


class ScriptRef(NamedTuple):
    """A script by its label, and its file below the scripts folder."""

    label: str
    path: str


class UnitSettings(NamedTuple):
    """One task with one modality with its scripts in order; both are None in unit mode."""

    task: str | None
    modality: str | None
    scripts: tuple[ScriptRef, ...]

    def step_names(self) -> tuple[str, ...]:
        return tuple(step_name(script.label, self.task, self.modality) for script in self.scripts)


def units_of(file: WorkspaceFile, *, unit_mode: bool) -> tuple[UnitSettings, ...]:
    """Tasks in order, each with its modalities in the order of `[modalities]`; in unit mode the one unit."""
    if unit_mode:
        return (UnitSettings(None, None, _refs(file.steps.scripts)),)
    return tuple(
        UnitSettings(task, modality, _refs(_labels(file, task, modality), f"{modality}/"))
        for task, listed in file.tasks.items()
        for modality in file.modalities
        if modality in listed.modalities
    )


def oddities(file: WorkspaceFile, units: tuple[UnitSettings, ...]) -> Iterator[Oddity]:
    """Each key that is allowed but will not do what was meant, with the words that follow it in a sentence."""
    yield from _half_declared(file)
    yield from _of_no_mode(file)
    yield from _undeclared(file)
    yield from _hidden_by_the_library(file)
    yield from _listed_twice(file)
    yield from _settings_for_nothing(file, units)


def _labels(file: WorkspaceFile, task: str, modality: str) -> tuple[str, ...]:
    section = file.modalities[modality]
    return section.scripts + section.task_scripts.get(task, ())


def _refs(labels: tuple[str, ...], folder: str = "") -> tuple[ScriptRef, ...]:
    return tuple(ScriptRef(label, f"{folder}{label}.py") for label in dict.fromkeys(labels))


def _half_declared(file: WorkspaceFile) -> Iterator[Oddity]:
    if bool(file.tasks) != bool(file.modalities):
        there, lacking = ("tasks", "modalities") if file.tasks else ("modalities", "tasks")
        yield (there,), f"has no {lacking} beside it, so no step can run: add [{lacking}.<name>]"


def _of_no_mode(file: WorkspaceFile) -> Iterator[Oddity]:
    if file.steps.scripts and (file.tasks or file.modalities):
        yield (
            ("steps", "scripts"),
            "does nothing where there are tasks and modalities: list them in [modalities.<name>]",
        )


def _undeclared(file: WorkspaceFile) -> Iterator[Oddity]:
    for task, section in file.tasks.items():
        for name in section.modalities:
            if file.modalities and name not in file.modalities:
                near = did_you_mean(name, file.modalities)
                yield ("tasks", task, "modalities"), f"lists {name}, which [modalities] lacks{near}"
    for modality, scripts in file.modalities.items():
        for task in scripts.task_scripts:
            if file.tasks and task not in file.tasks:
                near = did_you_mean(task, file.tasks)
                yield ("modalities", modality, "task_scripts", task), f"is for a task that [tasks] lacks{near}"


def _hidden_by_the_library(file: WorkspaceFile) -> Iterator[Oddity]:
    for table, kind, names in (("tasks", "task", file.tasks), ("modalities", "modality", file.modalities)):
        for name in names:
            if name in _API_NAMES:
                yield (table, name), f'is the name of a method too: in Python write get_subscope({kind}="{name}")'


def _listed_twice(file: WorkspaceFile) -> Iterator[Oddity]:
    for key, labels in _lists(file):
        for label in dict.fromkeys(label for label in labels if labels.count(label) > 1):
            yield key, f"lists {label} again: a step runs once, at its first place"


def _lists(file: WorkspaceFile) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    yield ("steps", "scripts"), file.steps.scripts
    for modality, section in file.modalities.items():
        yield ("modalities", modality, "scripts"), section.scripts
        for task, labels in section.task_scripts.items():
            yield ("modalities", modality, "task_scripts", task), (*dict.fromkeys(section.scripts), *labels)


def _settings_for_nothing(file: WorkspaceFile, units: tuple[UnitSettings, ...]) -> Iterator[Oddity]:
    steps = {name: None for unit in units for step in unit.step_names() for name in names_of_step(step)}
    for name in file.run.steps:
        if name not in steps:
            yield ("run", "steps", name), f"is for a step that is not listed{did_you_mean(name, steps)}"
    for name in file.watch.modalities:
        if name not in file.modalities:
            near = did_you_mean(name, file.modalities)
            yield ("watch", "modalities", name), f"is for a modality that [modalities] lacks{near}"
