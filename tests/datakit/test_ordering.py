"""In which order sources are loaded (spec 4.4)."""

from hypothesis import given
from hypothesis import strategies as st

from sinagotd.datakit.plan import order

TAGS = "abcdef"
GRAPHS = st.dictionaries(st.sampled_from(TAGS), st.lists(st.sampled_from(TAGS), unique=True, max_size=3))


def ordered(tags, **requires):
    return order(tags, lambda tag: tuple(requires.get(tag, "")))


def test_what_is_required_comes_first_selected_or_not():
    """V24: results depended on which other sources were selected."""
    assert ordered("ca", a="b", b="d").tags == ("c", "d", "b", "a")


def test_a_cycle_concerns_only_its_own_sources():
    """V52: it blocked the whole dataset."""
    found = ordered("abcd", a="b", b="a", c="a")
    assert set(found.tags) == set("abcd")
    assert found.cycles == {"a": "requires itself: a → b → a", "b": "requires itself: b → a → b"}


def test_a_source_that_requires_itself_is_a_cycle():
    assert ordered("a", a="a").cycles == {"a": "requires itself: a → a"}


@given(st.lists(st.sampled_from(TAGS), max_size=4), GRAPHS)
def test_every_tag_outside_a_cycle_comes_after_all_it_requires(tags, graph):
    found = ordered(tags, **graph)
    reached = set(tags)
    for _ in TAGS:
        reached |= {needed for tag in reached for needed in graph.get(tag, ())}
    assert sorted(found.tags) == sorted(set(found.tags))
    assert set(tags) <= set(found.tags) <= reached
    for at, tag in enumerate(found.tags):
        assert tag in found.cycles or set(graph.get(tag, ())) <= set(found.tags[:at])
