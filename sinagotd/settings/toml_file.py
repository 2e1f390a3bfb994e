"""Reads one TOML file, whatever is in it, without harm: size, form and nesting are bounded. It knows no keys."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import tomli

from sinagotd.errors import ConfigError

WORKSPACE_FILE_NAME = "workspace.toml"
MAX_FILE_BYTES = 256 * 1024
MAX_DOTS_IN_LINE = 64

_STRING_OR_COMMENT = (
    r'"""(?:\\.|[^\\])*?"{3,5}'  # a multi-line string may end with up to two quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
)


def config_file(path: str | os.PathLike[str], name: str = WORKSPACE_FILE_NAME) -> Path:
    """The settings file that `path` means, absolute: the file itself, or the one of that name in a folder."""
    text = os.fspath(path)
    try:
        absolute = Path(text).expanduser().absolute()
    except RuntimeError:  # "~nobody"
        absolute = None
    if absolute is None or "\0" in text:
        raise ConfigError(f"{text!r}: not a path: give the path of a settings file or its folder")
    return absolute / name if absolute.is_dir() else absolute


def read_toml(path: Path) -> dict[str, Any]:
    """Parse the file; raises ConfigError with the file, the line where there is one, and what to do."""
    text = _decode(_read(path), path)
    _refuse_long_dotted_keys(text, path)
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as fault:
        raise ConfigError(f"{path}, {_place(fault)}: not valid TOML: {_lower_first(fault.msg)}") from fault
    except RecursionError as fault:
        raise ConfigError(f"{path}: lists or tables are nested too deeply: make the file flatter") from fault
    except ValueError as fault:  # a number of thousands of digits
        raise ConfigError(f"{path}: not valid TOML: {_lower_first(str(fault))}") from fault


def _read(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
            raise ConfigError(f"{path}: not a file: give the path of a settings file")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as fault:
        raise ConfigError(_cannot_read(path, fault)) from fault
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_FILE_BYTES // 1024} KiB, too much for settings: make it smaller")
    return content


def _cannot_read(path: Path, fault: OSError) -> str:
    match fault:
        case FileNotFoundError() | NotADirectoryError():
            return f"{path}: there is no such file: create it, or give the path of a settings file or its folder"
        case PermissionError():
            return f"{path}: this user may not read it: change its permissions, or run as its owner"
        case _:
            return f"{path}: cannot be read: {fault.strerror}"


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8 text: save the file as UTF-8") from fault


def _refuse_long_dotted_keys(text: str, path: Path) -> None:
    """Refuse what makes a parser slow: time and memory grow with the square of a dotted key's length."""
    if all(line.count(".") <= MAX_DOTS_IN_LINE for line in text.split("\n")):
        return
    bare = re.sub(_STRING_OR_COMMENT, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(bare.split("\n"), start=1):
        if line.count(".") > MAX_DOTS_IN_LINE:
            raise ConfigError(
                f"{path}, line {number}: more than {MAX_DOTS_IN_LINE} dots: break it into several lines or tables"
            )


def _place(fault: tomli.TOMLDecodeError) -> str:
    return f"line {fault.lineno}, column {fault.colno}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
