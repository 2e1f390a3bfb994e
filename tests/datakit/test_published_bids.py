"""Datasets of BIDS as they are published: sidecars, tables and recordings that no source reads, with and without sessions."""

import pytest
from datakit_world import write
from pandas.testing import assert_frame_equal

from sinagotd.datakit import Dataset, Sources, load_dataset

SOURCES = """
[source.events]
kind = "intervals"
files = "*_events.tsv"
start = "onset"
duration = "duration"

[source.channels]
kind = "table"
files = "*_channels.tsv"

[source.scans]
kind = "table"
files = "*_scans.tsv"
types = { acq_time = "time" }
"""
EVENTS = "onset\tduration\ttrial_type\n0.5\t0.9\tface\n3.5\tn/a\tscrambled\n"


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "bids.toml").write_text(SOURCES)
    made = Sources(entry_points=False)
    made.add_file(tmp_path / "bids.toml")
    return made


def publish(root, *files):
    """What every such dataset has, and these files."""
    for name in ("dataset_description.json", "participants.json", "README", "CHANGES", ".bidsignore", "code/run.m"):
        write(root, name, "{}")
    write(root, "participants.tsv", "participant_id\tage\nsub-01\tn/a\n")
    for name in files:
        write(root, name, EVENTS if name.endswith("_events.tsv") else "name\ttype\nFz\tEEG\n")
    return root


def test_runs_of_several_sessions_are_rows_of_their_own(tmp_path, sources):
    stems = [f"sub-01/ses-meg/meg/sub-01_ses-meg_task-faces_run-0{run}" for run in (1, 2)]
    files = [f"{stem}_{name}" for stem in stems for name in ("events.tsv", "channels.tsv", "meg.fif", "meg.json")]
    root = publish(
        tmp_path / "ds1",
        *files,
        "sub-01/ses-mri/anat/sub-01_ses-mri_acq-mprage_T1w.nii.gz",
        "sub-emptyroom/ses-20090409/meg/sub-emptyroom_ses-20090409_task-noise_meg.fif",
        "derivatives/freesurfer/sub-01/ses-mri/anat/lh.pial",
        "stimuli/f001.bmp",
    )
    write(root, "sub-01/ses-meg/sub-01_ses-meg_scans.tsv", "filename\tacq_time\nmeg/x.fif\t2009-10-09T11:15:06\n")
    dataset = Dataset.from_directory(root, registry=sources)
    assert list(dataset.inventory.index) == [
        ("01", "ses-meg", "task-faces", "run-01"),
        ("01", "ses-meg", "task-faces", "run-02"),
        ("01", "ses-meg", "task-session", ""),
    ]
    assert dataset.problems.empty
    frame, records = dataset.materialize(return_errors=True)
    assert records["findings"].isna().all()
    events = frame.iloc[0]["events"]
    assert (events["start_s"].tolist(), events["stop_s"][0], list(events["trial_type"])) == (
        [0.5, 3.5],
        1.4,
        ["face", "scrambled"],
    )
    assert "t" not in frame["channels"]
    assert_frame_equal(load_dataset(dataset.save(tmp_path / "x.parquet")), frame)


def test_a_dataset_without_sessions_keeps_every_subject_apart(tmp_path, sources):
    files = [
        f"sub-{one}/eeg/sub-{one}_task-rest_{name}" for one in ("M.1", "M.2") for name in ("events.tsv", "eeg.set")
    ]
    dataset = Dataset.from_directory(publish(tmp_path, *files), registry=sources)
    assert (dataset.subjects, dataset.sessions, len(dataset)) == (["M.1", "M.2"], ["ses-none"], 2)
    assert dataset.problems.empty
