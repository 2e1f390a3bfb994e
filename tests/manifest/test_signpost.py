from pathlib import Path

import pytest

from sinagotd.errors import LockedError
from sinagotd.manifest.lock import Lock
from sinagotd.manifest.signpost import NAME, Signpost, put_up, refuse_other_owner, signpost


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The `.sinagotd` of a data folder."""
    folder = tmp_path / "data" / ".sinagotd"
    folder.mkdir(parents=True)
    return folder


def test_it_says_where_the_manifest_is_and_who_decided_so(folder: Path, tmp_path: Path) -> None:
    put_up(folder, tmp_path / "state", Path("/etc/sinagotd.toml"))
    assert signpost(folder) == Signpost(tmp_path / "state", "/etc/sinagotd.toml")


def test_it_is_taken_down_when_the_manifest_is_back_in_its_data_folder(folder: Path, tmp_path: Path) -> None:
    put_up(folder, tmp_path / "state", None)
    put_up(folder, folder, None)
    assert signpost(folder) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"state_path": 3, "config": ""}', "[" * 10_000, " " * 20_000], ids=len
)
def test_nonsense_says_nothing(folder: Path, text: str) -> None:
    (folder / NAME).write_text(text)
    assert signpost(folder) is None


@pytest.mark.parametrize(("held", "asked"), [("state", ".sinagotd"), (".sinagotd", "state"), ("state", "other")])
def test_a_data_folder_has_one_owner_wherever_its_manifest_is(
    folder: Path, tmp_path: Path, held: str, asked: str
) -> None:
    places = {"state": tmp_path / "state", "other": tmp_path / "other", ".sinagotd": folder}
    with Lock.acquire(places[held], command="sinagotd run", at=0.0):
        put_up(folder, places[held], None)
        refuse_other_owner(folder, places[held])
        with pytest.raises(LockedError, match="is in use by process"):
            refuse_other_owner(folder, places[asked])
    refuse_other_owner(folder, places[asked])
