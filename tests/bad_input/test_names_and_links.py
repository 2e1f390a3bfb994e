"""Names and files that nobody should drop: each is left alone or waited for, told in a sentence, and harms no other."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_world import SETTINGS, Lab, a_lab

from sinagotd.core.states import State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

ANY_ID = SETTINGS.replace('"REC-[0-9]+"', "'(?s).+'") + 'scan_interval = "1s"\n'
HOSTILE_NAMES = (
    b"RE..C.txt",
    b"...txt",
    b"RE\nC.txt",
    b"RE\x1b[31mC.txt",
    b"RE\\C.txt",
    b"RE\xff\xfeC.txt",
    b"R" * 250 + b".txt",
    b"-rf.txt",
    b"RE/C.txt",
)
PLAIN = re.compile("[A-Z]+(-[a-z0-9_]+)?")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One daemon for all, whose id pattern refuses nothing by itself."""
    with a_lab(tmp_path_factory.mktemp("names"), ANY_ID) as made:
        made.start("--inline")
        yield made
        made.daemon.stop()


def others_go_on(lab: Lab) -> None:
    record = lab.new_record("good words")
    lab.wait_current(record)
    assert lab.results(record) == ("2", "mean of 2")


def told(lab: Lab, path: str) -> str:
    """What the daemon says about an entry that it cannot use."""

    def lines() -> list[str]:
        return [line["why"] for line in lab.daemon.lines("unusable") if line["path"] == path]

    lab.daemon.wait_until(lines, f"a line about {path}")
    assert len(lines()) == 1
    return lines()[0]


def test_files_with_dangerous_names_are_no_records(lab: Lab) -> None:
    raw = os.fsencode(lab.data / "raw")
    (lab.data / "raw" / "RE").mkdir()
    for name in HOSTILE_NAMES:
        with open(raw + b"/" + name, "wb") as file:  # noqa: PTH123 - a name that is no text
            file.write(b"dangerous words")
    others_go_on(lab)
    with lab.daemon.reading() as read:
        assert [record for record in read.records() if not PLAIN.fullmatch(record)] == []
    assert [entry.name for entry in (lab.data / "count").iterdir() if not PLAIN.fullmatch(entry.stem)] == []
    for name in HOSTILE_NAMES:
        with open(raw + b"/" + name, "rb") as file:  # noqa: PTH123 - as above
            assert file.read() == b"dangerous words"


def leaving_link(lab: Lab, place: Path) -> None:
    secret = lab.elsewhere / "secret"
    secret.write_text("one secret")
    place.symlink_to(secret)


def dangling_link(lab: Lab, place: Path) -> None:
    place.symlink_to(lab.data / "raw" / "nothing")


def link_to_itself(lab: Lab, place: Path) -> None:
    place.symlink_to(place)


def pipe(lab: Lab, place: Path) -> None:
    os.mkfifo(place)


def bound_socket(lab: Lab, place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(place))


UNUSABLE: list[tuple[Callable[[Lab, Path], None], str]] = [
    (leaving_link, "leaves the data folder"),
    (link_to_itself, "symbolic links"),
    (pipe, "a named pipe"),
    (bound_socket, "a socket"),
]


def test_what_is_no_file_of_the_data_folder_is_told_and_left_alone_until_it_is_one(lab: Lab) -> None:
    places = {f"BAD-{make.__name__}": lab.data / f"raw/BAD-{make.__name__}.txt" for make, _ in UNUSABLE}
    for (make, _), place in zip(UNUSABLE, places.values(), strict=True):
        make(lab, place)
    for (_, says), record in zip(UNUSABLE, places, strict=True):
        assert says in told(lab, f"raw/{record}.txt")
    others_go_on(lab)
    assert {lab.results(record) for record in places} == {(None, None)}
    for place in places.values():
        place.unlink()
        place.write_text("now three words")
    lab.wait_current(*places)
    assert {lab.results(record) for record in places} == {("3", "mean of 3")}


def test_an_input_that_becomes_unusable_is_waited_for_and_what_was_made_of_it_stays(lab: Lab) -> None:
    places = {f"TURNED-{make.__name__}": lab.data / f"raw/TURNED-{make.__name__}.txt" for make, _ in UNUSABLE}
    for place in places.values():
        place.write_text("good")
    lab.wait_current(*places)
    for (make, _), place in zip(UNUSABLE, places.values(), strict=True):
        place.unlink()
        make(lab, place)
    for (_, says), record in zip(UNUSABLE, places, strict=True):
        assert says in told(lab, f"raw/{record}.txt")
        assert f"cannot read raw/{record}.txt" in waiting_for(lab, f"{record}/count")
    others_go_on(lab)
    assert {lab.results(record) for record in places} == {("1", "mean of 1")}


def waiting_for(lab: Lab, key: str) -> str:
    lab.daemon.wait_until(lambda: lab.daemon.state(key) is State.WAITING, f"{key} waiting")
    return lab.daemon.standings()[key].sentence


def test_a_link_to_a_file_within_is_read_like_it(lab: Lab) -> None:
    lab.put("store/within", "four words are here")
    (lab.data / "raw/LINK.txt").symlink_to(lab.data / "store/within")
    lab.wait_current("LINK")
    assert lab.results("LINK") == ("4", "mean of 4")


def test_a_link_to_nothing_is_not_there_until_what_it_points_to_is(lab: Lab) -> None:
    dangling_link(lab, lab.data / "raw/DANGLING.txt")
    others_go_on(lab)
    assert "DANGLING/count" not in lab.daemon.standings()
    lab.put("raw/nothing", "two words")
    lab.wait_current("DANGLING")
    (lab.data / "raw/DANGLING.txt").unlink()


def test_a_folder_in_the_place_of_a_file_fails_its_step_in_a_sentence(lab: Lab) -> None:
    lab.put("raw/FOLDER.txt/inside", "words")
    lab.daemon.wait_until(lambda: lab.daemon.state("FOLDER/count") is State.FAILED, "failed")
    assert "IsADirectoryError" in lab.daemon.standings()["FOLDER/count"].sentence
    others_go_on(lab)
    assert lab.read("raw/FOLDER.txt/inside") == "words"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told_and_waited_for(lab: Lab) -> None:
    lab.put("raw/SECRET.txt", "one two")
    (lab.data / "raw/SECRET.txt").chmod(0)
    assert "may not read" in told(lab, "raw/SECRET.txt")
    others_go_on(lab)
    (lab.data / "raw/SECRET.txt").chmod(0o600)
    lab.wait_current("SECRET")
