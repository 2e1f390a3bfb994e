import pytest

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template
from sinagotd.core.reach import Reach

BIDS = IdPattern(r"(?P<subject>sub-\d+)_\d")


def a_reach(*texts):
    entities = BIDS.entities
    return Reach([Template.parse(text, constants={}, entities=entities) for text in texts], BIDS)


def after(reach, path):
    nodes = reach.root
    for name in path.split("/"):
        nodes = nodes.enter(name)
        if nodes is None:
            return None
    return nodes


def test_the_walk_goes_where_templates_go_and_nowhere_else():
    reach = a_reach("raw/{id}.csv", "derived/{subject}/{id}-{{x}}/mean.csv")
    assert after(reach, "raw/sub-1_2.csv")
    assert after(reach, "derived/sub-1/sub-1_2-{x}/mean.csv")
    assert after(reach, "photos") is None
    assert after(reach, "raw/sub-1_2.txt") is None
    assert after(reach, "derived/sub-1/sub-1_2-x") is None


def test_a_name_with_an_id_that_is_none_is_pruned():
    assert after(a_reach("{id}/raw.csv"), "lost+found") is None


def test_where_only_an_entity_or_a_guess_stands_any_name_may_be_entered():
    assert after(a_reach("{subject}/{subject}-{id}.csv"), "whatever/a-b.csv")


@pytest.mark.parametrize(
    ("path", "ends", "goes_on"),
    [("raw", False, True), ("raw/sub-1_2.mff", True, False), ("raw/sub-3_4.mff/x", None, None), ("out", True, True)],
)
def test_it_tells_where_a_template_ends_and_where_one_goes_on(path, ends, goes_on):
    reach = a_reach("raw/{id}.mff", "out", "out/{id}.csv")
    nodes = after(reach, path)
    assert (nodes and nodes.ends, nodes and nodes.goes_on) == (ends, goes_on)


def test_a_name_may_lead_to_several_templates():
    reach = a_reach("{id}/a.csv", "sub-1_2/b.csv", "{subject}/c.csv")
    for last in ("a.csv", "b.csv", "c.csv"):
        assert after(reach, f"sub-1_2/{last}").ends
    assert after(reach, "sub-9_9/b.csv") is None


def test_everywhere_is_every_folder_and_no_file_in_particular():
    place = after(Reach.everywhere(), "any/folder/at.all")
    assert place is not None
    assert (place.goes_on, place.ends) == (True, False)
