import pytest
from scan_world import IGNORED

from sinagotd.scan.names import IgnoredNames


@pytest.mark.parametrize("name", ["a.tmp", "a.part", "a.filepart", ".hidden", ".a.txt.Xy12ab", "a.txt~", "b\n.tmp"])
def test_temporary_names_are_ignored(name):
    assert IGNORED(name)


@pytest.mark.parametrize("name", ["a.txt", "a.tmp.txt", "~a", "part", "LOG", "a\udcff.txt"])
def test_other_names_are_not(name):
    assert not IGNORED(name)


def test_patterns_can_be_added():
    assert IgnoredNames(["Thumbs.db", "*.lock"])("Thumbs.db")
    assert not IGNORED("Thumbs.db")


def test_our_own_folders_hide_what_is_in_them():
    assert IGNORED.hides("LOG")
    assert IGNORED.hides("LOG/REC-1.log")
    assert IGNORED.hides(".sinagotd/staging/1")
    assert not IGNORED.hides("REC-1/LOG")
