"""Finding files and whose they are (spec 2, 2.1)."""

import errno
import os
import tempfile
from pathlib import Path

import pytest
from datakit_world import write
from hypothesis import given, settings
from hypothesis import strategies as st

from sinagotd.datakit.discovery import discover
from sinagotd.datakit.globs import Globs

NOTES = Globs([("notes", "**/*_notes.txt")])


def identities(root, *paths, globs=NOTES):
    for path in paths:
        write(root, path)
    return [found.identity[:3] for found in discover(root, globs).files]


def problems(root):
    return [(problem.kind, problem.path.removeprefix(f"{root}/")) for problem in discover(root, NOTES).problems]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/sub-01/ses-01/beh/x_sub-01_ses-01_task-a_notes.txt", ("01", "ses-01", "task-a")),
        ("data/sub-01/ses-01/beh/x_notes.txt", ("01", "ses-01", "")),
        ("data/mouse7/ses-1/x_notes.txt", ("mouse7", "ses-1", "")),
        ("data/Sub-01/SES-02/x_TASK-Go_notes.txt", ("01", "ses-02", "task-Go")),
        ("data/sub-01/ses-01/x_sub-99_ses-88_task-t_notes.txt", ("01", "ses-01", "task-t")),
        ("data/sub-01/ses-_x/a_notes.txt", ("01", "ses-_x", "")),
        ("data/sub-A.1/ses-pre_lesion/x_task-my_notes.txt", ("A.1", "ses-pre_lesion", "task-my")),
        ("data/resub-5/courses-3/ses-1/x_notes.txt", ("resub-5", "ses-1", "")),
        ("data/sub-01_ses-02/x_notes.txt", ("01", "ses-02", "")),
        ("data/groupA/sub-3/ses-1/x_notes.txt", ("3", "ses-1", "")),
        ("data/x_sub-4_ses-1_task-go_notes.txt", ("4", "ses-1", "task-go")),
        ("rawdata/sub-01/ses-01/x_notes.txt", ("01", "ses-01", "")),
        ("processed/m/ses-01/x_notes.txt", ("m", "ses-01", "")),
        ("derivatives/pipeline-2/sub-01/ses-01/x_notes.txt", ("01", "ses-01", "")),
        ("sub-01/ses-01/func/sub-01_ses-01_task-rest_notes.txt", ("01", "ses-01", "task-rest")),
        ("sub-01/func/sub-01_task-rest_notes.txt", ("01", "", "task-rest")),
        ("study/sub-01/ses-01/x_notes.txt", ("01", "ses-01", "")),
    ],
)
def test_identity_comes_from_whole_path_components(tmp_path, path, expected):
    """V9, and layouts as published."""
    assert identities(tmp_path, path) == [expected]


def test_names_that_differ_after_a_dot_or_an_underscore_are_different_rows(tmp_path):
    """V9: `sub-M.1` and `sub-M.2` were one subject."""
    paths = [f"data/sub-M.{n}/ses-pre_{n}/x_notes.txt" for n in (1, 2)]
    assert identities(tmp_path, *paths) == [("M.1", "ses-pre_1", ""), ("M.2", "ses-pre_2", "")]


@pytest.mark.parametrize(
    "path", ["data/sub-01/readme_notes.txt", "data/x_ses-01_notes.txt", "derivatives/pipe/ses-1/x_notes.txt"]
)
def test_a_file_of_nobody_is_a_problem_and_the_others_are_found(tmp_path, path):
    """V1: one such file aborted discovery."""
    write(tmp_path, path)
    assert identities(tmp_path, "data/sub-01/ses-01/x_notes.txt") == [("01", "ses-01", "")]
    assert problems(tmp_path) == [("unidentified", path)]


def test_a_name_that_says_another_subject_than_its_folder_is_used_with_doubt(tmp_path):
    write(tmp_path, "data/sub-01/ses-pre_one/x_sub-02_ses-pre_one_notes.txt")
    (problem,) = discover(tmp_path, NOTES).problems
    assert (problem.kind, problem.used) == ("disagreement", True)
    assert "sub-02 by its own name and sub-01 by its folder" in problem.message


def test_further_entities_are_kept(tmp_path):
    write(tmp_path, "data/sub-1/ses-1/acq-low/x_run-02_acq-high_colour-red_notes.txt")
    (found,) = discover(tmp_path, NOTES).files
    assert dict(found.identity.entities) == {"acq": "low", "run": "02"}


def test_patterns_without_a_literal_end_leave_the_suffix_out_of_the_last_value(tmp_path):
    """A pattern as `*` says nothing about where a name's suffix begins."""
    globs = Globs([("any", "sub*")])
    assert identities(tmp_path, "data/sub-1_ses-2.5.nii.gz", globs=globs) == [("1", "ses-2.5", "")]


def test_linked_folders_are_followed_and_loops_are_not(tmp_path):
    """V11: linked subjects were skipped in silence."""
    write(tmp_path, "elsewhere/ses-1/x_notes.txt")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/sub-1").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/ses-1/back").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/self").symlink_to("self")
    assert identities(tmp_path) == [("1", "ses-1", "")]
    assert problems(tmp_path) == [("loop", "data/sub-1/ses-1/back"), ("unreadable", "data/sub-1/self")]


def test_two_folders_that_link_to_each_other_end(tmp_path):
    for one, other in ("12", "21"):
        write(tmp_path, f"data/sub-{one}/ses-1/x_notes.txt")
        (tmp_path / f"data/sub-{one}/other").symlink_to(tmp_path / f"data/sub-{other}")
    assert {identity[0] for identity in identities(tmp_path)} == {"1", "2"}
    assert len(problems(tmp_path)) == 2


def test_folders_and_broken_links_are_no_cells_and_hidden_names_are_passed_over(tmp_path):
    """V11: a folder that fits a pattern became a cell; hidden folders were searched."""
    base = "data/sub-1/ses-1"
    write(tmp_path, f"{base}/a_notes.txt/inner_notes.txt")
    write(tmp_path, f"{base}/.hidden/b_notes.txt")
    write(tmp_path, f"{base}/.c_notes.txt")
    (tmp_path / base / "d_notes.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / base / "e_notes.txt")
    found = discover(tmp_path, NOTES)
    assert [file.relative for file in found.files] == [f"{base}/a_notes.txt/inner_notes.txt"]
    assert problems(tmp_path) == [("not a file", f"{base}/{name}_notes.txt") for name in "ade"]


def test_a_folder_that_cannot_be_listed_is_a_problem(tmp_path, monkeypatch):
    write(tmp_path, "data/sub-1/ses-1/x_notes.txt")
    write(tmp_path, "data/sub-2/ses-1/x_notes.txt")

    def scandir(folder, real=os.scandir):
        if folder.endswith("sub-2"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert len(identities(tmp_path)) == 1
    assert problems(tmp_path) == [("unreadable", "data/sub-2")]


def test_a_folder_that_is_gone_is_a_problem(tmp_path):
    found = discover(tmp_path / "never", NOTES)
    assert [problem.kind for problem in found.problems][:1] == ["unreadable"]


def test_a_name_that_is_no_text_is_a_problem(tmp_path):
    folder = tmp_path / "data/sub-1/ses-1"
    folder.mkdir(parents=True)
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff_notes.txt"))).touch()
    assert identities(tmp_path) == []
    assert problems(tmp_path) == [("unidentified", "data/sub-1/ses-1/\\xff_notes.txt")]


def test_only_folders_of_data_are_walked_where_there_are_any(tmp_path):
    write(tmp_path, "code/sub-9/ses-1/x_notes.txt")
    assert identities(tmp_path, "data/sub-1/ses-1/x_notes.txt") == [("1", "ses-1", "")]


def test_the_tree_is_walked_once_and_no_file_is_opened(tmp_path, monkeypatch):
    """V31: up to 44 walks for 22 patterns."""
    for n in range(5):
        write(tmp_path, f"data/sub-{n}/ses-1/x_notes.txt").chmod(0)
    listed = []
    monkeypatch.setattr(os, "scandir", lambda folder, real=os.scandir: (listed.append(folder), real(folder))[1])
    monkeypatch.setattr("builtins.open", None)
    globs = Globs([(f"tag{n}", f"**/*_x{n}.csv") for n in range(50)] + [("notes", "**/*_notes.txt")])
    assert len(discover(tmp_path, globs).files) == 5
    assert len(listed) == len(set(listed)) == 12


VALUES = st.text("aB1.+ü", min_size=1, max_size=4).filter(lambda value: value.strip("."))
RECORDING = st.tuples(VALUES, VALUES, st.none() | VALUES)


@settings(max_examples=40)
@given(
    st.sets(RECORDING, min_size=1, max_size=8),
    st.sampled_from(["data/", "rawdata/", "", "derivatives/p/", "processed/"]),
    st.booleans(),
)
def test_every_recording_of_a_generated_tree_is_found_as_it_was_named(recordings, layout, flat):
    with tempfile.TemporaryDirectory() as folder:
        for subject, session, task in recordings:
            name = "_".join([f"sub-{subject}", f"ses-{session}", *([f"task-{task}"] if task else []), "notes.txt"])
            inside = "" if flat and layout == "data/" else f"sub-{subject}/ses-{session}/beh/"
            write(Path(folder), f"{layout}{inside}{name}")
        found = discover(Path(folder), NOTES)
    assert found.problems == []
    assert {file.identity[:3] for file in found.files} == {
        (subject, f"ses-{session}", f"task-{task}" if task else "") for subject, session, task in recordings
    }
