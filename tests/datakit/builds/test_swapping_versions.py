"""Readers see a whole version while it is swapped for another one, again and again (promise P11)."""

import multiprocessing
import os
from pathlib import Path

import pytest

from sinagotd.datakit.builds.home import Home

SWAPS = 2000


def swap_often(output: Path, versions: list[Path]) -> None:
    home = Home(output)
    for turn in range(SWAPS):
        home.show(versions[turn % len(versions)])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "main")
    for number in (1, 2):
        folder = made.of(number) / "published"
        folder.mkdir(parents=True)
        for name in ("main", "other"):
            (folder / name).write_text(f"{number} " * 5000)
    return made


def test_a_file_is_never_missing_and_never_half(home: Home) -> None:
    versions = [home.of(number) / "published" / "main" for number in (1, 2)]
    wanted = {version.read_text() for version in versions}
    home.show(versions[0])
    child = multiprocessing.get_context("fork").Process(target=swap_often, args=(home.output, versions))
    child.start()
    seen = set()
    while child.is_alive():
        seen.add(home.output.read_text())
    child.join()
    assert child.exitcode == 0
    child.close()
    assert seen == wanted


def test_a_folder_looked_up_once_is_of_one_version(home: Home) -> None:
    versions = [home.of(number) / "published" for number in (1, 2)]
    home.show(versions[0])
    child = multiprocessing.get_context("fork").Process(target=swap_often, args=(home.output, versions))
    child.start()
    seen = set()
    while child.is_alive():
        folder = Path(os.path.realpath(home.output))
        one, other = ((folder / name).read_text() for name in ("main", "other"))
        assert one == other
        seen.add(one)
    child.join()
    child.close()
    assert len(seen) == 2
