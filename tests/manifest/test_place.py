from pathlib import Path

import pytest

from sinagotd.errors import ManifestError
from sinagotd.manifest.place import file_system, file_time, refuse_network

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:50 / /data rw - nfs4 server:/export rw
41 40 254:1 / /data/local rw master:2 - xfs /dev/vdb rw
42 22 0:51 / /mnt/two\040words rw - fuse.sshfs me@there:/ rw
43 22 8:1 / /mnt/usb rw - fuseblk /dev/sdb1 rw
44 22 0:52 / /twice rw - cifs //server/share rw
45 44 0:53 / /twice rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS.lstrip())
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/home/lab/state", "ext4"),
        ("/data/state", "nfs4"),
        ("/database", "ext4"),
        ("/data/local/state", "xfs"),
        ("/mnt/two words/state", "fuse.sshfs"),
        ("/twice/state", "tmpfs"),
    ],
)
def test_the_deepest_and_latest_mount_holds_a_folder(mounts: Path, folder: str, kind: str) -> None:
    assert file_system(Path(folder), mounts) == kind


@pytest.mark.parametrize("folder", ["/data/state", "/mnt/two words/state"])
def test_a_network_mount_is_refused_with_what_to_do(mounts: Path, folder: str) -> None:
    with pytest.raises(ManifestError, match=r"network mount .* set the state folder of this workspace"):
        refuse_network(Path(folder), mounts)


@pytest.mark.parametrize("folder", ["/data/local/state", "/mnt/usb/state", "/twice"])
def test_a_local_disk_is_fine(mounts: Path, folder: str) -> None:
    refuse_network(Path(folder), mounts)


def test_a_symbolic_link_counts_as_where_it_leads(mounts: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/data/state")
    assert file_system(tmp_path / "link" / "deeper", mounts) == "nfs4"


def test_times_in_file_names_sort() -> None:
    assert file_time(1_800_000_000.0) == "20270115T080000Z"
