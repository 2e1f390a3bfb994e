"""What the tables of both settings files are made of: the base of every table, and the types of their values."""

import os
import re
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    ValidationInfo,
)
from pydantic.fields import FieldInfo

_MAX_NESTING = 20


class Section(BaseModel):
    """One table of a settings file. Its docstring and the descriptions of its fields are the text of the sample file."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @classmethod
    def defaults(cls) -> Self:
        """The table with nothing in it. To call the class would have pydantic compile it, which takes milliseconds each."""
        return cls.model_construct()  # type: ignore[return-value] # pydantic's plugin forgets that it is Self


def table_of(field: FieldInfo) -> type[Section] | None:
    """The kind of table that this key holds, if it holds one."""
    return _section(field.annotation)


def tables_of(field: FieldInfo) -> type[Section] | None:
    """The kind of the tables with free names that this key holds, as `tasks.RS` in `tasks`, if it holds such."""
    return _section(get_args(field.annotation)[1]) if get_origin(field.annotation) is dict else None


def _section(annotation: Any) -> type[Section] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def resolve_path(text: str | os.PathLike[str], folder: Path) -> Path:
    """An absolute path: `text` as it is if absolute, else below `folder`, links followed; `~` is a home folder."""
    text = os.fspath(text)
    if not text or not text.isprintable():
        raise ValueError('must be a path, such as "./dataset" or "/srv/lab"')
    try:
        path = Path(text).expanduser()
    except RuntimeError as fault:
        raise ValueError("starts with a home folder that does not exist: write the path in full") from fault
    return path if path.is_absolute() else (folder / path).resolve()


def _local_path(value: Any, info: ValidationInfo) -> Any:
    return resolve_path(value, info.context["folder"]) if isinstance(value, str) and info.context else value


def _local_path_or_none(value: Any, info: ValidationInfo) -> Any:
    return None if value == "" else _local_path(value, info)


def _text_or_none(value: Any) -> Any:
    return None if value == "" else value


def _check_name(name: str) -> str:
    if not name or name != name.strip() or name.startswith(".") or re.search(r"[/\\]", name) or not name.isprintable():
        raise ValueError('a name may not hold "/" or "\\", begin with "." or be empty')
    return name


def _check_label(label: str) -> str:
    if not label or label != label.strip() or re.search(r"[/\\.]", label) or not label.isprintable():
        raise ValueError('a script is listed as its file name without folder and without ".py", such as "count"')
    return label


def _check_options(options: dict[str, Any]) -> dict[str, Any]:
    for reserved in ("id", "task", "modality"):
        if reserved in options:
            raise ValueError(f"{reserved} is the record's own: give this option another name")
    values = list(_walk(options))
    if any(depth > _MAX_NESTING for depth, _ in values):
        raise ValueError(f"nested more than {_MAX_NESTING} deep: make it flatter")
    for moment in (value for _, value in values if isinstance(value, date | time)):
        raise ValueError(f'dates and times are given as text: write "{moment}" in quotes')
    return options


def _walk(value: Any, depth: int = 0) -> Iterator[tuple[int, Any]]:
    yield depth, value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner if depth <= _MAX_NESTING else ():
        yield from _walk(each, depth + 1)


def _text(value: Path | str | None) -> str:
    return "" if value is None else str(value)


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Flag = StrictBool
Number = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Name = Annotated[str, AfterValidator(_check_name)]
Label = Annotated[str, AfterValidator(_check_label)]
Labels = tuple[Label, ...]
Options = Annotated[dict[str, Any], AfterValidator(_check_options)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)]
LocalPath = Annotated[Path, BeforeValidator(_local_path), PlainSerializer(str)]
LocalPathOrNone = Annotated[Path | None, BeforeValidator(_local_path_or_none), PlainSerializer(_text)]
TextOrNone = Annotated[str | None, BeforeValidator(_text_or_none), PlainSerializer(_text)]
