"""Writes the commented sample of a settings file from the declarations of its settings. It writes text, not files."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from sinagotd.settings.daemon import DaemonFile
from sinagotd.settings.sections import Section, Setting
from sinagotd.settings.toml_text import key_text, value_text
from sinagotd.settings.workspace_file import WorkspaceFile

_WIDTH = 100
_HEAD = """\
# {title}
# A line that begins with "#" and no space shows a setting at its default, or an example where there is none:
# take the "#" away to change it. Durations are written as "2s", "10min", "1h30min", "1d", sizes as "512 MB", "4 GiB".
# Relative paths start from the folder of this file.
"""

Values = dict[tuple[str, ...], Any]


def daemon_sample(workspaces: Sequence[str] = ()) -> str:
    """A `sinagotd.toml` with every setting at its default."""
    return _sample(DaemonFile, "Settings of the service sinagotd.", {("workspaces",): list(workspaces)})


def workspace_sample(id_pattern: str, scripts: Sequence[str]) -> str:
    """A `workspace.toml` with this pattern of ids and these scripts, all else at its default."""
    values: Values = {("records", "id_pattern"): id_pattern, ("steps", "scripts"): list(scripts)}
    return _sample(WorkspaceFile, "Settings of a workspace of sinagotd.", values)


def _sample(model: type[Section], title: str, values: Values) -> str:
    text = "\n".join([_HEAD.format(title=title), *_table(model, (), values)])
    return text.replace("\n\n\n", "\n\n").rstrip() + "\n"


def _table(model: type[Section], above: tuple[str, ...], values: Values, *, mark: str = "") -> Iterator[str]:
    """The lines of one table: first its own keys, then the tables in it; `mark` is "#" for a table that is an example."""
    shown = {key: setting for key, setting in model.settings.items() if _is_shown(setting)}
    if above:
        yield from _comment(model.__doc__ or "")
        yield f"{mark}[{key_text(above)}]"
    for key, setting in shown.items():
        if not (setting.kind.table or setting.kind.tables):
            yield from _setting(key, setting, values.get((*above, key)))
    yield ""
    for key, setting in shown.items():
        if inner := setting.kind.table:
            yield from _table(inner, (*above, key), values, mark=mark)
        elif inner := setting.kind.tables:
            yield from _table(inner, (*above, key, setting.example), values, mark="#")


def _setting(key: str, setting: Setting, value: Any) -> Iterator[str]:
    yield from _comment(setting.text or "")
    if value is not None:
        yield f"{key} = {value_text(value)}"
    else:
        yield f"#{key} = {value_text(setting.example or setting.kind.write(setting.default))}"


def _is_shown(setting: Setting) -> bool:
    """What Sinagot reads or ignores and no sample needs to show has no text."""
    inner = setting.kind.table
    return any(map(_is_shown, inner.settings.values())) if inner else setting.text is not None


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
