"""The records of a workspace as rows of a dataset, and the files of their steps as its sources. It loads nothing.

A row is a record in a task and a modality; its levels are the entities of the id (the id itself where these do not tell
all records apart), then task and modality where the workspace has them. Tags are `count` for the only output of a step
`count`, `count.LABEL` for one of several, `count.input` for what it reads that no step writes, the names of `[processed]`,
and sources that are declared or registered, whose patterns match the path of one of these files below the data folder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sinagotd.core.keys import step_name
from sinagotd.core.steps import Labelled, StepSpec
from sinagotd.errors import ConfigError, DatasetError
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.faults import did_you_mean
from sinagotd.settings.workspace import AnyPath, load_workspace
from sinagotd.workspace.finding import find_ids
from sinagotd.workspace.opened import Opened, opened

if TYPE_CHECKING:
    import pandas as pd

    from sinagotd.datakit.dataset import Dataset
    from sinagotd.datakit.registry import Sources

Key = tuple[str, ...]


class Filed(NamedTuple):
    """A file of a row: its tag, and its path below the data folder."""

    tag: str
    path: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a workspace; nothing named is everything. `declared` is as a TOML file of sources holds it."""

    workspace: Path
    service: Path | None = None
    sources: tuple[str, ...] = ()
    source_files: tuple[Path, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)


def dataset_of(asked: Asked) -> "Dataset":
    """The dataset of a workspace that is given by its settings file or folder. Raises ConfigError, and as below."""
    from sinagotd.datakit.registry import Sources  # noqa: PLC0415 - pandas comes with datakit
    from sinagotd.datakit.sources.declared import declared_sources  # noqa: PLC0415 - as above

    registry, own = Sources(), list[str]()
    for file in asked.source_files:
        own += registry.add_file(file)
    for kind in declared_sources(asked.declared):
        own.append(registry.register(kind).tag)
    matched = [*own, *(tag for tag in asked.sources if tag in registry.available_tags() and tag not in own)]
    return table_of(opened(load_workspace(asked.workspace), asked.service), asked.sources, registry, matched)


def table_of(
    workspace: Opened, sources: Iterable[str] = (), registry: "Sources | None" = None, matched: Iterable[str] = ()
) -> "Dataset":
    """Rows and sources; of `registry` those in `matched` get files by their patterns.

    Raises WorkspaceError without a data folder, UnknownSourceError (a KeyError) for a tag that there is not.
    """
    from sinagotd.datakit.registry import Sources as Registry  # noqa: PLC0415 - as above

    described = workspace.settings.raw.get("processed", {})
    registry = registry or Registry()
    called = _called(workspace)
    rows = dict(_rows(workspace, called, described))
    claimed = _claims(registry, tuple(matched))
    cells = {key: {filed.tag: filed.path for filed in (*files, *claimed(files))} for key, files in rows.items()}
    tags = list(dict.fromkeys([*_tags(workspace), *described, *matched]))
    _register(registry, tags, described)
    made = _Made(called.levels, cells, tuple(sources) or tuple(tags))
    return _dataset(made, workspace.settings.data_path, registry)


def published(name: str, service: AnyPath) -> "pd.DataFrame":
    """What readers see now of a dataset of a service, whose settings file that is.

    Raises ConfigError for a name that the service does not have, DatasetError for what is not published yet.
    """
    from sinagotd.datakit.builds.reading import load_published  # noqa: PLC0415 - as above

    settings = load_daemon(service)
    if name not in settings.datasets:
        near = did_you_mean(name, settings.datasets) or f": there are {', '.join(settings.datasets) or 'none'}"
        raise ConfigError(f"{settings.config_path}: there is no dataset {name!r}{near}")
    output = settings.datasets[name].output_for(name, datetime.now().astimezone().date())
    if not output.exists():
        raise DatasetError(f"{output}: nothing is published yet: say `sinagotd dataset build {name}`, or wait for it")
    return load_published(output)


# rows and their files


class _Called(NamedTuple):
    """The names of the levels of rows, and what each record is called in the first of them."""

    levels: Key
    records: dict[str, Key]


def _called(workspace: Opened) -> _Called:
    """By the entities of the ids, unless two records have the same."""
    entities = workspace.id_pattern.entities
    ids = sorted(find_ids(workspace))
    bindings = {record: workspace.id_pattern.bindings(record) or {} for record in ids}
    keys = {record: tuple(bound.get(name) or "" for name in entities) for record, bound in bindings.items()}
    unit = () if workspace.settings.is_unit_mode else ("Task", "Modality")
    named = tuple(name.capitalize() for name in entities)
    if entities and len(set(keys.values())) == len(keys):
        return _Called((*named, *unit), keys)
    return _Called(("Record", *named, *unit), {record: (record, *key) for record, key in keys.items()})


def _rows(workspace: Opened, called: _Called, described: Mapping[str, Any]) -> Iterator[tuple[Key, list[Filed]]]:
    for record, key in called.records.items():
        for unit, files in _units(workspace, record, described).items():
            if files:
                yield (*key, *unit), files


def _units(workspace: Opened, record: str, described: Mapping[str, Any]) -> dict[Key, list[Filed]]:
    """By task and modality where there are any: the files of a record that are there."""
    data_path = workspace.settings.data_path
    units: dict[Key, list[Filed]] = {}
    made: dict[tuple[str, str], Filed] = {}
    for bound in workspace.pipeline.bind(record):
        spec = bound.spec
        files = units.setdefault(_unit(spec), [])
        files += _filed(_input_tags(workspace, spec), spec.inputs, bound.inputs)
        outputs = _filed(_output_tags(spec), spec.outputs, bound.outputs)
        files += outputs
        made |= {(spec.step, label): filed for (label, _), filed in zip(spec.outputs, outputs, strict=False)}
    for name, wanted in described.items():
        step = step_name(wanted["step_label"], wanted["task"], wanted["modality"])
        if found := made.get((step, wanted.get("path_label") or "")):
            units[wanted["task"], wanted["modality"]].append(Filed(name, found.path))
    return {unit: [each for each in files if (data_path / each.path).exists()] for unit, files in units.items()}


def _unit(spec: StepSpec) -> Key:
    return tuple(name for name in (spec.task, spec.modality) if name is not None)


def _filed(tags: Mapping[str, str], declared: Iterable[Labelled], paths: Iterable[str]) -> list[Filed]:
    """A step that cannot be bound to a record has no paths."""
    return [Filed(tags[label], path) for (label, _), path in zip(declared, paths, strict=False) if label in tags]


def _tags(workspace: Opened) -> Iterator[str]:
    for spec in workspace.pipeline.specs:
        yield from _input_tags(workspace, spec).values()
        yield from _output_tags(spec).values()


def _input_tags(workspace: Opened, spec: StepSpec) -> dict[str, str]:
    """By the label of the script: of what it reads and no step writes."""
    raw = set(workspace.scripts.raw())
    return _named(f"{spec.label}.input", [label for label, template in spec.inputs if template in raw])


def _output_tags(spec: StepSpec) -> dict[str, str]:
    return _named(spec.label, [label for label, _ in spec.outputs])


def _named(stem: str, labels: list[str]) -> dict[str, str]:
    return {label: stem if len(labels) == 1 or not label else f"{stem}.{label}" for label in labels}


# sources


def _claims(registry: "Sources", tags: tuple[str, ...]) -> Callable[[Iterable[Filed]], list[Filed]]:
    """What gives the files of a row that one of these sources claims by its patterns."""
    from sinagotd.datakit.globs import Globs  # noqa: PLC0415 - as above

    globs = Globs((tag, pattern) for tag in tags for pattern in registry.get_source_class(tag).patterns)

    def claimed(files: Iterable[Filed]) -> list[Filed]:
        places = ((path, *path.rpartition("/")[::2]) for _, path in files)
        return [Filed(claim.tag, path) for path, folder, name in places for claim in globs.claims(name, folder)]

    return claimed


def _register(registry: "Sources", tags: Iterable[str], described: Mapping[str, Any]) -> None:
    from sinagotd.workspace.cells import step_source  # noqa: PLC0415 - as above

    known = set(registry.available_tags())
    for tag in tags:
        if tag not in known or tag in described:
            registry.register(step_source(tag, described.get(tag, {})))


# the dataset


class _Made(NamedTuple):
    levels: Key
    cells: Mapping[Key, Mapping[str, str]]
    sources: tuple[str, ...]


def _dataset(made: _Made, data_path: Path, registry: "Sources") -> "Dataset":
    import pandas as pd  # noqa: PLC0415 - as above

    from sinagotd.datakit.dataset import Dataset  # noqa: PLC0415 - as above
    from sinagotd.datakit.inventory import Levels  # noqa: PLC0415 - as above
    from sinagotd.datakit.rows import found_rows  # noqa: PLC0415 - as above
    from sinagotd.datakit.settings import DatasetSettings  # noqa: PLC0415 - as above
    from sinagotd.datakit.state import State  # noqa: PLC0415 - as above

    registry.require(made.sources)
    first, second, third, *further = (*made.levels, "Session", "Task")[: max(3, len(made.levels))]
    settings = DatasetSettings(index_names=(first, second, third))
    levels = Levels(len(made.levels) > 2, tuple(name.lower() for name in further))
    filler = () if len(made.levels) > 1 else (settings.no_session,)
    index = pd.MultiIndex.from_tuples([(*key, *filler) for key in made.cells], names=levels.names(settings))
    files = [{tag: f"{data_path}/{path}" for tag, path in row.items()} for row in made.cells.values()]
    tags = list(dict.fromkeys(tag for row in files for tag in row))
    frame = pd.DataFrame(files, index=index, columns=tags, dtype=object).sort_index()
    state = State(found_rows(frame, levels, settings), made.sources, (data_path,), registry)
    return Dataset._of(state)  # noqa: SLF001 - what is public takes no other levels than BIDS has
