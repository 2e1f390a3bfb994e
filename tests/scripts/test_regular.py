import os
from pathlib import Path

import pytest

from sinagotd.scripts.regular import open_regular, read_regular


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 3000)
    assert read_regular(file, limit=3000) == b"x" * 3000
    with open_regular(file) as opened:
        assert opened.read(2) == b"xx"


def test_a_larger_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3001)
    with pytest.raises(OSError, match="larger than"):
        read_regular(tmp_path / "file", limit=3000)


@pytest.mark.parametrize("kind", ["a named pipe", "a device", "a folder"])
def test_anything_else_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    place = {"a named pipe": tmp_path / "pipe", "a device": Path("/dev/zero"), "a folder": tmp_path}[kind]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        open_regular(place)
