"""A listing of the same tree is the same, and of a tree where anything moved another one or none."""

import os
from types import SimpleNamespace

import pytest
from scan_world import IGNORED, reach_of, write

from sinagotd.scan.listing import Listing, list_tree
from sinagotd.scan.walk import walk

FILES = (
    "raw/REC-1.txt",
    "raw/REC-2.txt",
    "mean/REC-1.txt",
    "mean/notes",
    "other/far/away.txt",
    "LOG/REC-1/log",
    "top.txt",
)


@pytest.fixture
def tree(data):
    for path in FILES:
        write(data / path)
    return data


def walked(data):
    listing = Listing()
    walk(data, reach_of("raw/{id}.txt", "mean/{id}.txt"), ignored=IGNORED, listing=listing)
    return listing.told()


def again(data, listed):
    return list_tree(str(data), listed.left_out)


def test_what_a_walk_listed_is_found_again_without_patterns(tree):
    listed = walked(tree)
    assert listed.left_out == (".sinagotd", "LOG", "other")
    assert again(tree, listed) == listed
    assert walked(tree) == listed


@pytest.mark.parametrize(
    "move",
    [
        lambda data: write(data / "raw/REC-1.txt", "y"),
        lambda data: os.utime(data / "mean/notes"),
        lambda data: (data / "raw/REC-2.txt").unlink(),
        lambda data: write(data / "raw/.hidden"),
        lambda data: write(data / "new/REC-3.txt"),
        lambda data: (data / "top.txt").chmod(0o600),
        lambda data: (data / "raw/REC-1.txt").rename(data / "mean/REC-2.txt"),
        lambda data: (data / "raw").rename(data / "cooked"),
        lambda data: write(data / "LOG/new").replace(data / "raw/REC-1.txt"),
        lambda data: (data / "raw/REC-3.txt").symlink_to("REC-1.txt"),
        lambda data: os.mkfifo(data / "raw/pipe"),
        lambda data: (data / "other").rename(data.parent / "other"),
    ],
)
def test_whatever_moves_where_it_was_listed_shows(tree, move):
    listed = walked(tree)
    move(tree)
    assert again(tree, listed) != listed


def test_what_moves_where_nothing_was_listed_does_not_show(tree):
    listed = walked(tree)
    write(tree / "other/far/away.txt", "y")
    write(tree / "LOG/REC-2/log")
    assert again(tree, listed) == listed


def test_two_files_that_change_places_show(tree):
    listed = walked(tree)
    for one, other in (("raw/REC-1.txt", "aside"), ("raw/REC-2.txt", "raw/REC-1.txt"), ("aside", "raw/REC-2.txt")):
        (tree / one).rename(tree / other)
    assert again(tree, listed) != listed


def test_a_link_and_a_folder_that_counts_as_one_input_are_not_told(tree):
    write(tree / "raw/REC-9.mff/inner")
    listing = Listing()
    walk(tree, reach_of("raw/{id}.mff"), ignored=IGNORED, listing=listing)
    assert listing.told() is None
    (tree / "raw/REC-3.txt").symlink_to("REC-1.txt")
    assert walked(tree) is None


def test_a_folder_that_cannot_be_listed_or_is_gone_is_not_told(tree):
    listed = walked(tree)
    (tree / "raw").rename(tree.parent / "raw")
    tree.rename(tree.parent / "gone")
    assert again(tree, listed) is None


class Entry:
    """A file in a folder, as the kernel tells it, of which only the number of its inode matters."""

    name = "REC-1.txt"

    def __init__(self, inode):
        self.inode = inode

    def is_file(self, *, follow_symlinks):
        return not follow_symlinks

    def stat(self, *, follow_symlinks):
        assert not follow_symlinks
        return SimpleNamespace(st_size=3, st_mtime_ns=1, st_ino=self.inode, st_ctime_ns=1)


def test_a_number_that_does_not_fit_tells_nothing_and_stops_nothing():
    told = []
    for inode in (2**63 - 1, 2**63):
        listing = Listing()
        listing.add("raw", [Entry(inode)])
        told.append(listing.told() is not None)
    assert told == [True, False]
