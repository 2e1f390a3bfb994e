"""Puts found files into a frame of paths, one row per recording and one column per source; it reads no disk."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from sinagotd.datakit.discovery import Found, Problem
from sinagotd.datakit.settings import DatasetSettings

Key = tuple[str, ...]


class Levels(NamedTuple):
    """Which levels the rows have beside subject and session."""

    task: bool
    entities: tuple[str, ...]

    def names(self, settings: DatasetSettings) -> list[str]:
        names = settings.index_names if self.task else settings.index_names[:2]
        return [*names, *map(str.capitalize, self.entities)]

    def unset(self, settings: DatasetSettings) -> Key:
        """What stands for "not said" in the levels after the session."""
        return (*((settings.session_task,) if self.task else ()), *("" for _ in self.entities))


class Inventory(NamedTuple):
    """Paths by row and tag, what the rows' levels are, and the files that wanted a cell another one has."""

    frame: pd.DataFrame
    levels: Levels
    problems: list[Problem]


class Clash(NamedTuple):
    """Two files for one cell."""

    used: Found
    unused: Found


def build_inventory(
    files: Sequence[Found], settings: DatasetSettings, *, prefer_processed: bool, include_task_level: bool | None
) -> Inventory:
    """Give every file its cell. Where two want one: the preferred origin, then the earlier root, then the last path has it.

    Without a word on it, the task is a level if any file names a task, and the entities are that tell two files apart.
    """
    task = any(found.identity.task for found in files) if include_task_level is None else include_task_level
    levels = Levels(task, settings.entities or ())
    rows, clashes = _rows(files, levels, settings, prefer_processed=prefer_processed)
    telling = _telling(clashes) if settings.entities is None else ()
    if telling:
        levels = Levels(task, telling)
        rows, clashes = _rows(files, levels, settings, prefer_processed=prefer_processed)
    return Inventory(_frame(rows, levels.names(settings)), levels, [_problem(clash) for clash in clashes])


def with_inherited(frame: pd.DataFrame, unset: Key) -> pd.DataFrame:
    """The same rows, with what they see of the rows they are part of: a file that names no task is there for every task.

    `unset` is what stands for "not said" in the levels after the session. The nearest row wins; a row's own file stays.
    """
    keys = list(frame.index)
    general = {key: at for at, key in enumerate(keys) if any(map(str.__eq__, map(str, key[2:]), unset))}
    if not general:
        return frame
    values = frame.to_numpy(dtype=object, copy=True)
    present = frame.notna().to_numpy()
    seen = present.copy()
    for at, key in enumerate(keys):
        for wider in _wider(key, unset):
            other = general.get(wider)
            if other is not None:
                fill = present[other] & ~seen[at]
                values[at, fill] = values[other, fill]
                seen[at] |= fill
    return pd.DataFrame(values, index=frame.index, columns=frame.columns)


def joined(frame: pd.DataFrame, unset: Key) -> pd.DataFrame:
    """Every row with what it inherits as its own, without the rows that others are part of."""
    whole = with_inherited(frame, unset)
    wider = {other for key in whole.index for other in _wider(key, unset)}
    return whole[[key not in wider for key in whole.index]]


def _rows(
    files: Iterable[Found], levels: Levels, settings: DatasetSettings, *, prefer_processed: bool
) -> tuple[dict[Key, dict[str, Found]], list[Clash]]:
    rows: dict[Key, dict[str, Found]] = {}
    clashes = []
    key_of = _key_maker(levels, settings)
    for found in files:
        row = rows.setdefault(key_of(found), {})
        holder = row.setdefault(found.tag, found)
        if holder is not found:
            clash = _settle(holder, found, prefer_processed=prefer_processed)
            row[found.tag] = clash.used
            clashes.append(clash)
    return rows, [clash for clash in clashes if _is_doubtful(clash)]


def _telling(clashes: Iterable[Clash]) -> tuple[str, ...]:
    """The entities that tell files apart which would share a cell without them."""
    telling: dict[str, None] = {}
    for clash in clashes:
        one, other = dict(clash.used.identity.entities), dict(clash.unused.identity.entities)
        if clash.used.root == clash.unused.root:
            telling |= dict.fromkeys(name for name in {**one, **other} if one.get(name) != other.get(name))
    return tuple(telling)


def _key_maker(levels: Levels, settings: DatasetSettings) -> Callable[[Found], Key]:
    no_session, no_task = settings.no_session, settings.session_task

    def key_of(found: Found) -> Key:
        subject, session, task, entities = found.identity
        key: Key = (subject, session or no_session)
        if levels.task:
            key += (task or no_task,)
        if levels.entities:
            key += _entity_values(dict(entities), levels.entities)
        return key

    return key_of


def _entity_values(own: Mapping[str, str], names: tuple[str, ...]) -> Key:
    return tuple(f"{name}-{own[name]}" if name in own else "" for name in names)


def _settle(holder: Found, found: Found, *, prefer_processed: bool) -> Clash:
    if holder.is_processed != found.is_processed:
        return Clash(found, holder) if found.is_processed == prefer_processed else Clash(holder, found)
    return Clash(holder, found) if holder.root != found.root else Clash(found, holder)


def _is_doubtful(clash: Clash) -> bool:
    """A processed file beside its raw one is no accident; all else is."""
    used, unused = clash
    return used.root != unused.root or used.is_processed == unused.is_processed


def _problem(clash: Clash) -> Problem:
    used, unused = clash
    message = f"{unused.path} and {used.path} claim the same cell of {used.tag!r}; the second is used"
    return Problem("duplicate", unused.path, unused.tag, message)


def _frame(rows: Mapping[Key, Mapping[str, Found]], names: list[str]) -> pd.DataFrame:
    keys = sorted(rows)
    place = {key: at for at, key in enumerate(keys)}
    tags = sorted({tag for row in rows.values() for tag in row})
    columns = {tag: np.full(len(keys), np.nan, dtype=object) for tag in tags}
    for key, row in rows.items():
        at = place[key]
        for tag, found in row.items():
            columns[tag][at] = found.path
    index = pd.MultiIndex.from_arrays(
        [list(level) for level in zip(*keys, strict=True)] or [[]] * len(names), names=names
    )
    return pd.DataFrame(columns, index=index, columns=pd.Index(tags, dtype=object))


def _wider(key: Key, unset: Key) -> list[Key]:
    """The rows this one is part of, nearest first: some of its further levels not said."""
    said = [at for at, (own, nothing) in enumerate(zip(key[2:], unset, strict=True), start=2) if own != nothing]
    return [
        tuple(unset[at - 2] if at in dropped else part for at, part in enumerate(key))
        for count in range(1, len(said) + 1)
        for dropped in combinations(reversed(said), count)
    ]
