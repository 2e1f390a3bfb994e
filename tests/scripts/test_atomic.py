from pathlib import Path

import pytest

from sinagotd.atomic import exchange, fsync_tree, write_atomically


def test_a_written_file_holds_the_content_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_of_the_old_file_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    with path.open("rb") as reader:
        write_atomically(path, b"new")
        assert reader.read() == b"old"


def test_a_write_that_fails_leaves_no_leftover(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "taken", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_a_tree_with_links_that_lead_nowhere_can_be_made_durable(tmp_path: Path) -> None:
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "folder/inner/file").write_bytes(b"x")
    (tmp_path / "folder/link").symlink_to("nowhere")
    fsync_tree(tmp_path / "folder")
    fsync_tree(tmp_path / "folder/inner/file")


@pytest.mark.parametrize("other", ["a file", "a folder"])
def test_two_names_are_swapped_in_one_step_whatever_they_are_of(tmp_path: Path, other: str) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "inner").mkdir(parents=True)
    if other == "a folder":
        two.mkdir()
    else:
        two.write_bytes(b"x")
    assert exchange(one, two)
    assert ((two / "inner").is_dir(), one.is_dir()) == (True, other == "a folder")


def test_a_swap_with_a_name_that_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "two")


def test_a_file_system_that_cannot_swap_names_is_told_from_a_fault(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert not exchange(tmp_path, tmp_path / "one")
