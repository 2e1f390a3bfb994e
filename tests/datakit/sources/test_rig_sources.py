"""The sixteen sources together: their tags, the names they claim, files that are cut or rubbish."""

import json
from pathlib import Path

import pytest
from rig_files import (
    FILES,
    write_pandas_table,
)

from sinagotd.datakit.registry import Sources
from sinagotd.datakit.sources import BUILT_IN
from sinagotd.datakit.sources.faults import UnreadableError


def test_every_built_in_source_is_there_under_the_tag_of_its_class():
    """V 19: one name each, `meso_mean` and `meso_dff` among them."""
    sources = Sources(entry_points=False)
    assert sources.available_tags() == tuple(sorted(BUILT_IN))
    assert [sources.get_source_class(tag).tag for tag in BUILT_IN] == list(BUILT_IN)


def test_no_file_name_belongs_to_two_sources_unless_both_read_it():
    """V 23: a treadmill claims its own files, not every event log."""
    globs = Sources(entry_points=False).globs()
    assert [claim.tag for claim in globs.claims("x_dataqueue.csv", "01/beh")] == ["dataqueue"]
    assert [claim.tag for claim in globs.claims("x_treadmill.csv", "01/beh")] == ["treadmill"]
    assert [claim.tag for claim in globs.claims("F.npy", "01/x_suite2p/suite2p/plane0")] == ["suite2p"]
    assert globs.claims("F.npy", "01/x_suite2p/suite2p/plane1") == []


@pytest.mark.parametrize(
    "tag", ["dataqueue", "treadmill", "wheel", "psychopy", "mouseportal", "meso_mean", "mesomap", "timestamps"]
)
@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", b"\x89PNG\r\n\x1a\n\0\0", '"'])
def test_rubbish_is_told_by_every_table(rig, tag, content):
    if tag != "treadmill":  # a log that holds one comes before its file
        rig.write("dataqueue")
    rig.write(tag, content)
    with pytest.raises((UnreadableError, FileNotFoundError)):
        rig.load(tag)


@pytest.mark.parametrize("tag", [*FILES, "suite2p", "pupil_dlc"])
def test_a_file_that_was_cut_anywhere_is_read_or_told(rig, tag):
    rig.write("dataqueue")
    if tag == "suite2p":
        rig.suite2p()
    elif tag == "pupil_dlc":
        rig.deeplabcut(write_pandas_table)
    else:
        rig.write(tag)
    path = Path(rig.row[tag])
    content = path.read_bytes()
    told = [
        fault for tenth in range(10) if (fault := fault_of(rig, tag, content[: len(content) * tenth // 10 + 7 * tenth]))
    ]
    assert all(fault.path.is_relative_to(rig.folder) for fault in told)
    assert told or tag in {"notes", "treadmill"}  # a cut note is a shorter note; the log holds a treadmill, too


def fault_of(rig, tag, content):
    Path(rig.row[tag]).write_bytes(content)
    try:
        rig.load(tag)
    except UnreadableError as fault:
        return fault


def test_what_sources_say_can_be_stored_as_json(full_rig):
    for tag in ("dataqueue", "wheel", "psychopy", "mouseportal", "mouseportal_trials", "meso_mean"):
        json.dumps(full_rig.load(tag).meta)
        json.dumps(full_rig.sources.get_source_class(tag)().options())
