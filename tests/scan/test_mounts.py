import os
import subprocess
from pathlib import Path

import pytest
from scan_world import python_in, write

from sinagotd.scan import mounts
from sinagotd.scan.mounts import CLOCK_NAME, file_system, file_system_now, is_network, root_identity


def test_an_identity_stays_until_the_folder_is_another(data, tmp_path):
    before = root_identity(data)
    write(data / "a.txt")
    assert root_identity(data) == before
    data.rename(tmp_path / "old")
    data.mkdir()
    assert root_identity(data) != before
    assert root_identity(tmp_path / "old") == before


@pytest.mark.parametrize("path", ["none", "file.txt", "file.txt/below", "loop"])
def test_what_is_no_folder_has_no_identity(tmp_path, path):
    write(tmp_path / "file.txt")
    (tmp_path / "loop").symlink_to("loop")
    assert root_identity(tmp_path / path) is None


def test_the_type_of_a_file_system_is_the_one_the_kernel_names(tmp_path):
    named = subprocess.run(["stat", "-f", "-c", "%T", tmp_path], check=True, capture_output=True, text=True)
    assert file_system(tmp_path).startswith(named.stdout[:3])
    assert file_system("/proc") == "proc"
    assert file_system(tmp_path / "not/there/yet") == file_system(tmp_path)


NETWORK = ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "fuse", "fuse.sshfs", "fuse.rclone"]
LOCAL = ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "vfat", "exfat", ""]


@pytest.mark.parametrize("kind", NETWORK + LOCAL)
def test_network_file_systems_are_known(monkeypatch, tmp_path, kind):
    monkeypatch.setattr(mounts, "file_system", lambda path: kind)
    assert is_network(tmp_path) == (kind in NETWORK)


def test_the_clock_of_the_file_system_is_that_of_new_files(data):
    before = write(data / "before").stat().st_mtime
    now = file_system_now(data / ".sinagotd")
    after = write(data / "after").stat().st_mtime
    assert before <= now <= after
    assert (data / ".sinagotd" / CLOCK_NAME).stat().st_mtime == now
    os.utime(data / ".sinagotd" / CLOCK_NAME, (0, 0))
    assert file_system_now(data / ".sinagotd") >= after


def test_a_clock_that_cannot_be_touched_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_system_now(tmp_path / "none")


MOUNT_OVER = """
import subprocess
from pathlib import Path
from sinagotd.scan.mounts import file_system, root_identity

data = Path(sys.argv[1])
before = root_identity(data)
subprocess.run(["mount", "--bind", data, data], check=True)
assert root_identity(data)[:2] == before[:2]
assert root_identity(data) != before
subprocess.run(["mount", "-t", "tmpfs", "x", data], check=True)
assert file_system(data) == "tmpfs"
"""


def test_a_mount_over_the_folder_is_another_folder_even_when_it_shows_the_same(data: Path):
    own_mounts = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*own_mounts, "mount", "-t", "tmpfs", "x", data], check=False, capture_output=True).returncode:
        pytest.skip("no rights to mount in a namespace of one's own")
    done = subprocess.run(
        python_in(*own_mounts, script=MOUNT_OVER, folder=data), check=False, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")
