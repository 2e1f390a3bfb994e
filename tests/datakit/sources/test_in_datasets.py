"""The sixteen sources together, as rows of a dataset."""

import numpy as np
import pandas as pd
import pytest
from rig_files import FILES, Rig, write_pandas_table

from sinagotd.datakit import Dataset, Sources, load_dataset


@pytest.fixture
def root(tmp_path):
    return tmp_path / "experiment"


def session(root, name="ses-01"):
    folder = root / "data" / "sub-01" / name
    folder.mkdir(parents=True)
    return Rig(folder, f"20250708_sub-01_{name}_task-gratings")


def found(root, **options):
    return Dataset.from_directory(root, registry=Sources(entry_points=False), **options)


@pytest.fixture
def whole(root):
    """A session with a file for each of the sixteen."""
    rig = session(root)
    for tag in FILES:
        rig.write(tag)
    rig.suite2p()
    rig.deeplabcut(write_pandas_table)
    return found(root)


def test_all_sixteen_are_found_and_loaded(whole):
    records = whole.validate()
    assert (len(records), set(records["status"])) == (16, {"ok"})
    assert whole.problems.empty


def test_all_sixteen_are_equal_after_saving_and_loading(whole, tmp_path):
    frame = whole.materialize()
    again = load_dataset(whole.save(tmp_path / "all.parquet"))
    pd.testing.assert_frame_equal(again, frame)


def test_values_do_not_depend_on_what_else_is_selected(whole):
    """V 24: what a source requires is loaded for it, and not shown."""
    together = whole.materialize()
    for tag in ("treadmill", "wheel", "psychopy", "mouseportal_trials", "mesomap", "pupil_dlc", "suite2p"):
        pd.testing.assert_frame_equal(whole.include(source=tag).materialize(), together[[tag]])


def test_paths_in_the_table_are_told_relative_to_the_root(whole, root):
    """V 44."""
    frame = whole.materialize()
    metas = [frame[column].iloc[0] for column in frame.columns if column[1] == "meta"]
    said = [value for meta in metas for value in meta.values() if isinstance(value, str) and "sub-01" in value]
    assert len(said) > 15
    assert all(value.startswith("data/sub-01/") for value in said)
    assert str(root) not in str(metas)


def test_a_row_with_a_log_but_no_treadmill_lacks_nothing(root):
    """V 23: it was listed as having one, and the strict build of the whole experiment failed."""
    session(root).write("dataqueue", "queue_elapsed,device_id\n0,dhyana\n1,dhyana\n")
    ds = found(root)
    assert "treadmill" not in ds.inventory.columns
    assert ("treadmill", "t") not in ds.materialize().columns


def test_a_treadmill_inside_the_log_is_in_the_table_without_a_file_of_its_own(root):
    """V 23: the other half of the cure."""
    session(root).write("dataqueue")
    frame = found(root).materialize()
    assert len(frame["treadmill", "speed_mm"].iloc[0]) == 89


def test_a_trace_that_never_changes_keeps_its_length(root):
    """V 25, as seen from a source: an immobile animal."""
    session(root).write("wheel", "Clicks,Time,Speed\n" + "".join(f"0,{i},0.0\n" for i in range(5)))
    frame = found(root).materialize()
    np.testing.assert_array_equal(frame["wheel", "speed_mm"].iloc[0], np.zeros(5))
    assert frame["wheel", "time_elapsed_s"].iloc[0].tolist() == [0, 1, 2, 3, 4]
