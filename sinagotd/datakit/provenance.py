"""What a dataset was made with: this package, the machine, the state of the user's folder in git, the code of each source."""

import hashlib
import inspect
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import CodeType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sinagotd.datakit.source import DataSource

PACKAGE = "datakit"
DISTRIBUTION = "sinagotd"
DIGEST_CHARS = 16
LONGEST_WAIT_S = 10
RUN_NOTHING = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")


def build_meta(folder: str | Path | None = None, *, sources: Iterable[type[DataSource]] = ()) -> dict[str, Any]:
    """With what, where and when a dataset is built; JSON-able.

    Always there: `package`, `distribution`, `version`, `version_file`, `version_installed`, `python`, `python_implementation`,
    `platform`, `built_at` (UTC, ISO 8601). If the folder, by default the current one, is in a git work tree, the keys of
    `git_state` too; if sources are given, `sources`: what `describe_source` says of each, by tag.
    """
    described = {kind.tag: describe_source(kind) for kind in sources}
    return {
        "package": PACKAGE,
        "distribution": DISTRIBUTION,
        "version": get_version(),
        "version_file": get_version(),
        "version_installed": _installed(),
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **git_state(Path.cwd() if folder is None else Path(folder).expanduser()),
        **({"sources": described} if described else {}),
    }


def get_version() -> str:
    """The version of the package that is running."""
    return str(import_module(DISTRIBUTION).__version__)


def describe_source(kind: type[DataSource]) -> dict[str, Any]:
    """The class of a source, the digest of its code and options, and the options; JSON-able."""
    options = kind().options()
    return {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "code": _digest(kind, options),
        "options": options,
        "requires": list(kind.requires),
    }


def _digest(kind: type[DataSource], options: dict[str, Any]) -> str:
    """A digest that changes with the code of the class or of one it derives from, or with its options."""
    hasher = hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode())
    for ancestor in kind.__mro__[:-1]:
        hasher.update(_code(ancestor))
    return hasher.hexdigest()[:DIGEST_CHARS]


def _code(kind: type) -> bytes:
    """The file of a class; of one typed into an interpreter, which has none, the code of its methods."""
    try:
        return Path(inspect.getfile(kind)).read_bytes()
    except (OSError, TypeError):
        return repr(
            [(name, _plain(held.__code__)) for name, held in sorted(vars(kind).items()) if inspect.isfunction(held)]
        ).encode()


def _plain(code: CodeType) -> Any:
    """What a function does, without where it was typed."""
    constants = [_plain(constant) if isinstance(constant, CodeType) else constant for constant in code.co_consts]
    return code.co_code, code.co_names, constants


def _installed() -> str | None:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return None


def git_state(folder: Path) -> dict[str, Any]:
    """Which state of a git work tree a folder is in; nothing in its settings is run, and no secret told.

    `git_commit, git_commit_short, git_branch` (None if detached), `git_describe, git_tag, git_dirty`; with a remote also
    `git_url, git_link`. Nothing outside a work tree, without git, or when it takes too long.
    """
    commit = _ask(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    state = {
        "git_commit": commit,
        "git_commit_short": commit[:7],
        "git_branch": _ask(folder, "symbolic-ref", "--short", "-q", "HEAD") or None,
        "git_describe": _ask(folder, "describe", "--tags", "--always"),
        "git_tag": _ask(folder, "describe", "--tags", "--exact-match") or None,
        "git_dirty": bool(_ask(folder, "status", "--porcelain", "--untracked-files=no")),
    }
    url = _public(_ask(folder, "config", "--get", "remote.origin.url") or "")
    return state | ({"git_url": url, "git_link": f"{_page(url)}/tree/{commit}"} if url else {})


def _ask(folder: Path, *words: str) -> str | None:
    """What git answers; None if it does not, or says no."""
    git = shutil.which("git")
    if git is None:
        return None
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    command = [git, *RUN_NOTHING, "-C", str(folder), *words]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, env=quiet, timeout=LONGEST_WAIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _public(url: str) -> str:
    """A remote's address without the user name and password that may be in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.scheme else url


def _page(url: str) -> str:
    """The address of the repository's page, also for `user@host:owner/name`."""
    plain = url.removesuffix(".git")
    if "://" in plain:
        parts = urlsplit(plain)
        return f"https://{parts.hostname}{parts.path}"
    host, _, path = plain.rpartition("@")[2].partition(":")
    return f"https://{host}/{path}"
