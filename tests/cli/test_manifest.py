from collections.abc import Callable
from typing import Any

Json = Callable[..., Any]


def test_a_whole_manifest_is_fine(worked: Any) -> None:
    result = worked("manifest", "check")

    assert result.exit_code == 0
    assert "3 rows of records, 6 rows of steps" in result.stdout


def test_a_damaged_manifest_is_a_fault(worked: Any, json_of: Json) -> None:
    file = worked.state / "manifest.db"
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\0" * 8192
    file.write_bytes(content)

    result = worked("manifest", "check", "--json")

    (report,) = json_of(result)
    assert result.exit_code == 1
    assert report["path"] == str(file)
    assert report["findings"]


def test_a_manifest_that_is_not_there_is_a_fault(bench: Any) -> None:
    result = bench("manifest", "check")

    assert result.exit_code == 1
    assert "manifest.db is not there" in result.stdout
