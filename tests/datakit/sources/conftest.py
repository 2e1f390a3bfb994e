import pytest
from rig_files import Rig


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


@pytest.fixture
def full_rig(rig):
    """A row with every file that a test may need."""
    for tag in ("dataqueue", "wheel", "psychopy", "mouseportal", "mouseportal_trials", "mesomap", "meso_mean"):
        rig.write(tag)
    return rig
