import os
from pathlib import Path

import pytest
from scan_world import IGNORED, reach_of, write

from sinagotd.scan.stamps import stamp
from sinagotd.scan.walk import Walk, walk


def test_only_what_patterns_end_at_is_stamped_and_only_what_they_reach_is_listed(data):
    wanted = {"REC-1/HDC/raw.txt", "REC-2/HDC/raw.txt", "all.csv"}
    for path in (*wanted, "REC-1/HDC/other.txt", "REC-1/RS/raw.txt", "misc/HDC/raw.txt", "REC-1/raw.txt"):
        write(data / path)
    seen = walk(data, reach_of("{id}/HDC/raw.txt", "all.csv"), ignored=IGNORED)
    assert seen.stamps == {path: stamp(data, path) for path in wanted}
    assert seen.findings == ()
    assert seen.folders == 5


def test_ignored_names_and_our_own_folders_are_passed_over(data):
    reach = reach_of("LOG/{id}.txt", "raw/LOG/{id}.txt", ".sinagotd/{id}.txt", "raw/{id}.txt~")
    for path in ("LOG/REC-1.txt", "raw/LOG/REC-1.txt", ".sinagotd/REC-1.txt", "raw/REC-1.txt~"):
        write(data / path)
    assert walk(data, reach, ignored=IGNORED).stamps.keys() == {"raw/LOG/REC-1.txt"}


def test_a_folder_input_is_stamped_as_one_and_walked_where_patterns_go_on(data):
    write(data / "REC-1.mff/info.xml")
    write(data / "REC-1.mff/signal.bin")
    seen = walk(data, reach_of("{id}.mff", "{id}.mff/info.xml"), ignored=IGNORED)
    assert seen.stamps == {path: stamp(data, path) for path in ("REC-1.mff", "REC-1.mff/info.xml")}


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("REC-1", {"REC-1/HDC/raw.txt", "REC-1/HDC/info"}),
        ("REC-1/HDC", {"REC-1/HDC/raw.txt", "REC-1/HDC/info"}),
        ("REC-1/HDC/info", {"REC-1/HDC/info"}),
        ("REC-1/HDC/raw.txt", {"REC-1/HDC/raw.txt"}),
        ("REC-1/HDC/raw.txt/below", set()),
        ("REC-3", set()),
        ("misc", set()),
        ("LOG/REC-1", set()),
        (".sinagotd", set()),
    ],
)
def test_a_walk_can_start_anywhere(data, start, expected):
    for path in ("REC-1/HDC/raw.txt", "REC-1/HDC/info/a", "REC-2/HDC/raw.txt", "misc/a", "LOG/REC-1/a"):
        write(data / path)
    reach = reach_of("{id}/HDC/raw.txt", "{id}/HDC/info", "LOG/{id}/a")
    seen = walk(data, reach, ignored=IGNORED, start=start)
    assert seen.stamps.keys() == expected
    assert seen.findings == ()


def test_one_bad_entry_is_a_finding_and_stops_nothing(shared, as_nobody, tmp_path):
    for number in range(1, 7):
        write(shared / f"REC-{number}/raw.txt")
    (shared / "REC-1").chmod(0)
    (shared / "REC-2/raw.txt").chmod(0)
    for number in (3, 4):
        (shared / f"REC-{number}/raw.txt").unlink()
    os.mkfifo(shared / "REC-3/raw.txt")
    (shared / "REC-4/raw.txt").symlink_to("/etc/hostname")
    (shared / "REC-7").symlink_to(tmp_path)
    (shared / "REC-8").symlink_to("REC-8")
    (shared / "REC-9").symlink_to("nowhere")
    with as_nobody():
        seen = walk(shared, reach_of("{id}/raw.txt"), ignored=IGNORED)
    (shared / "REC-1").chmod(0o700)
    assert seen.stamps.keys() == {"REC-5/raw.txt", "REC-6/raw.txt"}
    assert {finding.path: finding.why.split(",")[0] for finding in seen.findings} == {
        "REC-1": "Permission denied",
        "REC-2/raw.txt": "this user may not read it",
        "REC-3/raw.txt": "it is a named pipe",
        "REC-4/raw.txt": "it is a link",
        "REC-7": "it is a link",
        "REC-8": "Too many levels of symbolic links",
    }


def test_a_link_to_a_folder_within_the_root_is_walked_also_as_a_start(data, tmp_path):
    write(data / "REC-1/raw.txt")
    (data / "REC-2").symlink_to("REC-1")
    (data / "REC-3").symlink_to(tmp_path)
    reach = reach_of("{id}/raw.txt")
    assert walk(data, reach, ignored=IGNORED).stamps.keys() == {"REC-1/raw.txt", "REC-2/raw.txt"}
    assert walk(data, reach, ignored=IGNORED, start="REC-2").stamps.keys() == {"REC-2/raw.txt"}
    write(tmp_path / "raw.txt")
    outside = walk(data, reach, ignored=IGNORED, start="REC-3/raw.txt")
    assert outside.stamps == {}
    assert [finding.path for finding in outside.findings] == ["REC-3/raw.txt"]


def test_a_root_that_is_not_there_is_a_finding(tmp_path):
    seen = walk(tmp_path / "none", reach_of("{id}.txt"), ignored=IGNORED)
    assert seen == Walk({}, seen.findings, 1)
    assert [str(finding) for finding in seen.findings] == ["cannot read '': No such file or directory"]


def test_names_of_any_bytes_are_walked(data):
    names = [os.fsdecode(raw) for raw in (b"REC-1\xff.txt", b"REC-2\n.txt")]
    for name in names:
        Path(f"{data}/{name}").write_text("x")
    assert walk(data, reach_of(*names), ignored=IGNORED).stamps.keys() == set(names)
