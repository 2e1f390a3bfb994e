"""What this process makes durable and what it renames, in order: each fsync is seen, as no power cut can show it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest


class Act(NamedTuple):
    """An fsync of a path, or a rename to it."""

    kind: str
    path: str


def noted_acts(monkeypatch: pytest.MonkeyPatch) -> list[Act]:
    """The list that they are added to from now on; paths are those of that moment."""
    done: list[Act] = []

    def noting(kind: str, call: Callable, path_of: Callable) -> Callable:
        def noted(*arguments, **more):
            answer = call(*arguments, **more)
            done.append(Act(kind, path_of(*arguments)))
            return answer

        return noted

    monkeypatch.setattr(
        os, "fsync", noting("fsync", os.fsync, lambda descriptor: str(Path(f"/proc/self/fd/{descriptor}").readlink()))
    )
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, noting("rename", getattr(os, name), lambda _, target: os.fspath(target)))
    return done
