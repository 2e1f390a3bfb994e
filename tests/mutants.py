"""Mutants: copies of the package in which one check is missing, and the tests that must go red on them.

As a pytest plugin (`-p mutants`) it sees to it that the tests of a copy really run that copy.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
COPY = "SINAGOTD_COPY"
LIMIT_S = 600
FAILURES = re.compile(r"^\d+ failed\b", re.MULTILINE)


class Ended(StrEnum):
    """How the tests of a copy ended; a test that could not even be set up says nothing about the copy."""

    GREEN = "green"
    RED = "red"
    UNCLEAR = "without saying anything"


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file` of the package `old`, which stands there once, becomes `new`; one of `tests` must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self, package: Path) -> None:
        """Raises AssertionError when the file has changed so much that the mutant no longer applies."""
        path = package / self.file
        text = path.read_text()
        times = text.count(self.old)
        assert times == 1, f"the mutant {self.name!r} no longer applies: its text stands {times} times in {self.file}"
        path.write_text(text.replace(self.old, self.new))


def pytest_configure() -> None:
    """Refuses to test anything but the copy."""
    import sinagotd

    expected = os.environ[COPY]
    if not sinagotd.__file__.startswith(expected):
        raise pytest.UsageError(f"{sinagotd.__file__} is tested, not the copy in {expected}")


def copy_package(folder: Path) -> Path:
    """Copy the package below this folder; returns the copy."""
    package = folder / "sinagotd"
    shutil.copytree(REPOSITORY / "sinagotd", package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


def run_tests(package: Path, tests: Sequence[str]) -> tuple[Ended, str]:
    """Run these tests on a copy of the package; returns how they ended and what pytest said."""
    places = os.pathsep.join([str(package.parent), str(REPOSITORY / "tests")])
    options = ["-x", "-q", "-n0", "-p", "mutants", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=line"]
    config = ["-c", str(REPOSITORY / "pyproject.toml"), "--rootdir", str(REPOSITORY)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *options, *config, *(str(REPOSITORY / test) for test in tests)],
        env=os.environ | {"PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1", COPY: str(package)},
        cwd=package.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode == pytest.ExitCode.OK:
        return Ended.GREEN, done.stdout
    return Ended.RED if FAILURES.search(done.stdout) else Ended.UNCLEAR, done.stdout
