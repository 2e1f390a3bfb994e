"""Which sources claim a name (spec 2)."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinagotd.datakit.globs import Globs

PATTERNS = (
    "*_a.csv",
    "*_a_b.csv",
    "*.csv",
    "F.npy",
    "*_a*_?.h5",
    "x*",
    "*",
    "[ab]_a.csv",
    "*[!c]",
    "**/*_a.csv",
    "a/*.csv",
    "**/*_a/**/F.npy",
    "*/F.npy",
)


def claimed(pattern, path):
    folder, _, name = path.rpartition("/")
    return bool(Globs([("tag", pattern)]).claims(name, folder))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**/*_notes.txt", "sub-1/x_notes.txt", True),
        ("**/*_notes.txt", "sub-1/notes.txt", False),
        ("*_notes.txt", "deep/down/x_notes.txt", True),
        ("*_notes.txt", "x_NOTES.txt", False),
        ("**/*_suite2p/**/F.npy", "a/x_suite2p/plane0/F.npy", True),
        ("**/*_suite2p/**/F.npy", "a/x_suite2p/F.npy", True),
        ("**/*_suite2p/**/F.npy", "a/plane0/F.npy", False),
        ("beh/*.csv", "beh/x.csv", True),
        ("beh/*.csv", "sub-1/beh/x.csv", False),
        ("**/*_pupilDLC_*.h5", "a/x_pupilDLC_net.h5", True),
    ],
)
def test_a_pattern_claims_what_pathlib_would_find(pattern, path, expected):
    assert claimed(pattern, path) is expected


PARTS = st.text("ab_.F", min_size=1, max_size=4).filter(lambda part: part not in {".", ".."})
NAMES = st.one_of(
    PARTS.map(lambda part: f"{part}_a.csv"),
    st.sampled_from(["F.npy", "_a.csv", "x_a_b.csv", "x_b.csv", "b_a1_2.h5"]),
    PARTS,
)


@given(st.lists(PARTS, max_size=3), NAMES, st.sampled_from(PATTERNS))
def test_all_patterns_agree_with_a_match_part_by_part(folders, name, pattern):
    path = "/".join([*folders, name])
    anywhere = pattern if "/" in pattern else f"**/{pattern}"
    assert claimed(pattern, path) is _slow_match(anywhere.split("/"), path.split("/"))


def _slow_match(pattern, parts):
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_slow_match(pattern[1:], parts[at:]) for at in range(len(parts) + 1))
    return bool(parts) and PurePosixPath(parts[0]).match(pattern[0]) and _slow_match(pattern[1:], parts[1:])


PLAIN = [pattern for pattern in PATTERNS if "/" not in pattern]


@given(st.sets(st.sampled_from(PLAIN)), NAMES)
def test_many_patterns_together_claim_what_each_claims_alone(patterns, name):
    together = {claim.tag for claim in Globs((pattern, pattern) for pattern in patterns).claims(name, "")}
    assert together == {pattern for pattern in patterns if claimed(pattern, name)}


def test_one_source_claims_a_name_once_by_its_longest_suffix():
    globs = Globs([("tag", "*.csv"), ("tag", "*_a.csv"), ("other", "*.csv")])
    assert sorted((claim.tag, claim.suffix) for claim in globs.claims("x_a.csv", "")) == [
        ("other", ".csv"),
        ("tag", "_a.csv"),
    ]
