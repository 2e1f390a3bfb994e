import pytest

from sinagotd.scan.mounts import RootIdentity
from sinagotd.scan.vanished import root_offline

HOME = RootIdentity(device=1, inode=2, mount=3)
OTHER = RootIdentity(device=1, inode=9, mount=3)


@pytest.mark.parametrize(
    ("before", "now", "known", "seen", "says"),
    [
        (HOME, HOME, 100, 100, None),
        (HOME, HOME, 100, 50, None),
        (HOME, HOME, 100, 49, "51 of 100 records are suddenly gone"),
        (HOME, HOME, 10, 4, "6 of 10 records"),
        (HOME, HOME, 9, 0, None),
        (HOME, None, 0, 0, "not there"),
        (None, None, 5, 0, "not there"),
        (HOME, OTHER, 1, 0, "replaced by one without any record"),
        (HOME, OTHER, 0, 0, None),
        (HOME, OTHER, 5, 1, None),
        (None, HOME, 5, 0, None),
        (None, HOME, 100, 0, "100 of 100 records"),
    ],
)
def test_a_root_counts_as_offline_when_deciding_would_be_rash(before, now, known, seen, says):
    why = root_offline(before, now, known_records=known, seen_records=seen)
    assert why is None if says is None else says in why
