"""Which state of a git work tree a folder is in. Only asks; nothing in the folder's settings is run, and no secret is told."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

LONGEST_WAIT_S = 10
RUN_NOTHING = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")


def git_state(folder: Path) -> dict[str, Any]:
    """`git_commit, git_commit_short, git_branch` (None if detached), `git_describe, git_tag, git_dirty`; with a remote also
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
