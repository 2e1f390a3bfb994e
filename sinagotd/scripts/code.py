"""What the code of a step means, as a digest: its script and every local module that it imports. Runs nothing."""

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xxhash import xxh3_128

from sinagotd.errors import ScriptError
from sinagotd.scripts.canonical import canonical, parse
from sinagotd.scripts.imports import local_files
from sinagotd.scripts.regular import read_regular

LARGEST_SCRIPT_BYTES = 4 << 20
_LENGTH_BYTES = 8


class Code(NamedTuple):
    """The digest (xxh3-128, 16 bytes) and the files that it covers, relative to the scripts folder, sorted."""

    digest: bytes
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """The very bytes that were digested, by absolute path."""

    scripts_path: Path
    script: Path
    contents: Mapping[Path, bytes]
    digest: bytes

    @property
    def search(self) -> tuple[Path, ...]:
        """The folders in which the script's absolute imports are looked for."""
        return search_folders(self.scripts_path, self.script)

    def unchanged(self) -> bool:
        """Whether the files still hold these bytes; where they lie does not matter."""
        try:
            return all(
                read_regular(path, limit=LARGEST_SCRIPT_BYTES) == content for path, content in self.contents.items()
            )
        except OSError:
            return False


def read_code(scripts_path: Path, script: str) -> Code:
    """Digest the meaning of a script, given relative to the scripts folder, and of the local modules it imports.

    Comments, layout and docstrings do not count. Raises ScriptError naming file and line when one of the files
    cannot be read or parsed.
    """
    sources = read_sources(scripts_path, script)
    files = sorted(str(path.relative_to(scripts_path)) for path in sources.contents)
    return Code(sources.digest, tuple(files))


def read_sources(scripts_path: Path, script: str) -> Sources:
    """Read each file that matters once. Raises ScriptError as `read_code` does."""
    path = scripts_path / script
    if ".." in Path(script).parts or not path.is_relative_to(scripts_path):
        raise ScriptError(f"{script}: is outside of the scripts folder {scripts_path}")
    contents: dict[Path, bytes] = {}
    trees: dict[Path, ast.Module] = {}
    pending = {path}
    while pending:
        file = pending.pop()
        contents[file] = read_script(scripts_path, file)
        trees[file] = parse(contents[file], str(file))
        pending |= local_files(trees[file], file, search_folders(scripts_path, path)) - contents.keys()
    return Sources(scripts_path, path, contents, _digest(scripts_path, path, trees))


def search_folders(scripts_path: Path, script: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys((script.parent, scripts_path)))


def _digest(scripts_path: Path, script: Path, trees: Mapping[Path, ast.Module]) -> bytes:
    state = xxh3_128()
    for file in sorted(trees, key=lambda file: (file != script, str(file))):
        name = "" if file == script else file.relative_to(scripts_path).as_posix()
        for piece in (name.encode("utf-8", "surrogateescape"), canonical(trees[file])):
            state.update(len(piece).to_bytes(_LENGTH_BYTES, "big"))
            state.update(piece)
    return state.digest()


def read_script(scripts_path: Path, file: Path) -> bytes:
    """Read one file of the scripts folder, whatever is there. Raises ScriptError that says why it is none."""
    try:
        real = os.path.realpath(file, strict=True)
        if Path(real).is_relative_to(os.path.realpath(scripts_path)):
            return read_regular(file, limit=LARGEST_SCRIPT_BYTES)
    except FileNotFoundError as fault:
        raise ScriptError(f"{file}: there is no such script") from fault
    except OSError as fault:
        raise ScriptError(f"{file}: cannot be read ({fault.strerror})") from fault
    raise ScriptError(f"{file}: is a link out of the scripts folder: put {real} itself there")
