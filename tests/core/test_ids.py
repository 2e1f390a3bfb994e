import pytest

from sinagotd.core.ids import IdPattern

ANY_NAME = IdPattern("[^/]+")


def test_an_id_must_match_from_end_to_end():
    pattern = IdPattern(r"REC-\d{3}")
    assert pattern.bindings("REC-002") == {"id": "REC-002"}
    assert pattern.bindings("REC-0022") is None
    assert pattern.bindings("xREC-002") is None
    assert pattern.bindings("REC-002\n") is None


def test_named_groups_are_entities_and_unnamed_ones_are_not():
    pattern = IdPattern(r"(?P<subject>S\d)_((?P<session>\d)|x)")
    assert pattern.entities == ("subject", "session")
    assert pattern.bindings("S1_2") == {"id": "S1_2", "subject": "S1", "session": "2"}


@pytest.mark.parametrize("record", ["S1", "S1_", "S1_."])
def test_an_entity_that_cannot_stand_in_a_path_is_left_out(record):
    pattern = IdPattern(r"(?P<subject>S\d)(_(?P<session>.*))?")
    assert pattern.bindings(record) == {"id": record, "subject": "S1"}


@pytest.mark.parametrize(
    "text",
    [r"(?i)rec-\d", r"^REC-\d$", r"(?x) REC - \d  # see a/b", r"(R)EC-(\d)|\1", r"(?=.*\d)[A-Z]{3}-\d", r"[^/]+"],
)
def test_flags_anchors_and_groups_of_the_owner_work(text):
    assert IdPattern(text).bindings("REC-1") == {"id": "REC-1"}


@pytest.mark.parametrize(
    "record",
    [
        *("", ".", "..", ".REC", "-REC", "a/b", "/a", "a\\b", "a..b", "x" * 129),
        *("a\0b", "a\nb", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u202eb", "a\udcffb"),
    ],
)
def test_an_unsafe_id_is_no_id_whatever_the_pattern_says(record):
    assert IdPattern("(?s).*").bindings(record) is None


@pytest.mark.parametrize("record", ["REC 1", "x" * 128, "é日本", "a.b", "a+(1)[x]{2}^$|?*%s", "a-", "_"])
def test_odd_but_harmless_ids_are_ids(record):
    assert ANY_NAME.bindings(record) == {"id": record}


@pytest.mark.parametrize("text", ["REC-(", "[", "a{99999999999999}", "(?P<1>a)", "(" * 5000 + ")" * 5000])
def test_what_is_no_regular_expression_is_refused(text):
    with pytest.raises(ValueError, match="is not a regular expression"):
        IdPattern(text)


def test_a_group_cannot_be_called_id():
    with pytest.raises(ValueError, match="names a group 'id'"):
        IdPattern(r"REC-(?P<id>\d)")


@pytest.mark.parametrize("text", [r"sub-\d+/ses-\d+", r"(a|b)/\d?", r"a\/b", r"(?P<subject>\d)/+(?P<session>\d)"])
def test_a_pattern_that_asks_for_a_separator_is_refused(text):
    with pytest.raises(ValueError, match="an id is one file name"):
        IdPattern(text)


@pytest.mark.parametrize(
    "text", ["a/?b", "a/*b", "a/{0,2}b", "a/{,2}b", "a/b|ab", "(x/y)?ab", "(?!.*/)ab", r"[\]/]?ab"]
)
def test_a_pattern_that_can_do_without_a_separator_is_kept(text):
    assert IdPattern(text).bindings("ab") == {"id": "ab"}


def test_two_patterns_of_one_text_are_equal():
    assert IdPattern("a+") == IdPattern("a+") != IdPattern("a*")
