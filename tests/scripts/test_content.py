import os
from pathlib import Path

import pytest
from xxhash import xxh3_128_digest

from sinagotd.scripts.content import CHUNK_BYTES, digest_file, digest_folder, digest_path


def test_a_file_is_digested_whole_however_long_it_is(tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK_BYTES + 7)
    (tmp_path / "file").write_bytes(content)
    assert digest_file(tmp_path / "file") == xxh3_128_digest(content)
    assert digest_path(tmp_path / "file") == digest_file(tmp_path / "file")


def test_the_name_of_a_file_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    assert digest_file(tmp_path / "a") == digest_file(tmp_path / "b")


def make_folder(top: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def test_a_folder_is_its_files_wherever_it_stands_and_however_it_was_made(tmp_path: Path) -> None:
    one = make_folder(tmp_path / "one", {"a/x": b"1", "b": b"2"})
    two = make_folder(tmp_path / "elsewhere/two", {"b": b"2", "a/x": b"1"})
    (two / "empty").mkdir()
    (two / "link").symlink_to("b")
    assert digest_folder(one) == digest_folder(two) == digest_path(two)


@pytest.mark.parametrize(
    "files",
    [
        {"a/x": b"1", "b": b"3"},
        {"a/y": b"1", "b": b"2"},
        {"a/x": b"2", "b": b"1"},
        {"a/x": b"1"},
        {"ax": b"1", "b": b"2"},
    ],
)
def test_another_content_name_or_place_makes_another_folder(tmp_path: Path, files: dict[str, bytes]) -> None:
    one = make_folder(tmp_path / "one", {"a/x": b"1", "b": b"2"})
    assert digest_folder(one) != digest_folder(make_folder(tmp_path / "two", files))


def test_a_name_that_is_no_text_is_digested_too(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"1")
    assert len(digest_folder(tmp_path)) == 16


def test_what_cannot_be_read_is_raised(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        digest_path(tmp_path / "missing")
