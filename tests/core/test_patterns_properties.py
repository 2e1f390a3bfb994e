import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline, StepSpec
from sinagotd.core.reach import Reach
from sinagotd.errors import ConfigError

LOOSE = IdPattern(r"(?s)(?P<first>[^/_]+)(?:_(?P<second>[^/]+))?")
METACHARACTERS = ".^$*+?{}[]()|%-_ \\#&~aZ0é"

safe_ids = st.text(st.sampled_from(METACHARACTERS.replace("\\", "")), min_size=1, max_size=12).filter(LOOSE.bindings)
literals = st.text(st.sampled_from(METACHARACTERS), max_size=5).map(
    lambda text: text.replace("{", "{{").replace("}", "}}")
)
places = st.sampled_from(["{id}", "{first}", "{second}"])
parts = st.lists(st.one_of(literals, places), min_size=1, max_size=5).map("".join)


@st.composite
def templates(draw, *, with_id=True):
    names = draw(st.lists(parts, min_size=1, max_size=3))
    if with_id:
        names.insert(draw(st.integers(0, len(names))), draw(literals) + "{id}" + draw(literals))
    try:
        return Template.parse(names, constants={}, entities=LOOSE.entities)
    except ValueError:  # ".." or nothing but "."
        assume(False)  # noqa: FBT003 - Hypothesis's own interface


def filled(template, record):
    bindings = LOOSE.bindings(record)
    assume(template.placeholders <= bindings.keys())
    return template.fill(bindings)


@given(templates(), safe_ids)
def test_matching_undoes_filling(template, record):
    assert template.match(filled(template, record), LOOSE) == LOOSE.bindings(record)


@given(templates(with_id=False), safe_ids)
def test_whatever_matches_fills_to_the_same_path(template, record):
    path = filled(template, record)
    found = template.match(path, LOOSE)
    assert found is not None
    assert template.fill(found) == path


@given(parts.filter(lambda text: "{id}" in text), safe_ids)
def test_an_id_beside_other_places_is_found_again(text, record):
    template = Template.parse("x" + text, constants={}, entities=LOOSE.entities)
    path = filled(template, record)
    assert template.fill(template.match(path, LOOSE)) == path


@given(literals, literals, safe_ids, st.data())
def test_a_literal_changed_in_one_character_no_longer_matches(before, after, record, data):
    strict = IdPattern(re.escape(record))
    template = Template.parse(f"a{before}/{{id}}/{after}b", constants={}, entities=())
    path = template.fill({"id": record})
    own = range(path.index("/") + 1, path.rindex("/"))
    at = data.draw(st.sampled_from([at for at in range(len(path)) if at not in own]))
    other = data.draw(st.sampled_from([*METACHARACTERS, "\n"]).filter(lambda character: character != path[at]))
    assert template.match(path, strict) == {"id": record}
    assert template.match(path[:at] + other + path[at + 1 :], strict) is None


@given(templates(), st.text(st.sampled_from(METACHARACTERS + "/\0\n"), max_size=20))
def test_what_matches_is_a_safe_id_and_fills_to_the_path(template, path):
    found = template.match(path, LOOSE)
    if found is not None:
        assert template.fill(found) == path
        assert LOOSE.bindings(found["id"]) == found


@given(templates(), safe_ids)
def test_no_safe_id_leads_out_of_the_data_folder(template, record):
    path = filled(template, record)
    assert path.count("/") == template.text.count("/")
    assert not {"", ".", ".."} & {*path.split("/")}


@given(st.lists(templates(), min_size=1, max_size=4), safe_ids)
def test_the_walk_reaches_whatever_a_template_fills_to(several, record):
    reach = Reach(several, LOOSE)
    nodes = reach.root
    names = filled(several[0], record).split("/")
    for name in names:
        assert nodes.goes_on
        nodes = nodes.enter(name)
        assert nodes is not None
    assert nodes.ends


def a_spec(at, reads):
    template = lambda text: ("", Template.parse(text, constants={}, entities=()))  # noqa: E731 - two uses, one line
    inputs = tuple(template(f"out/{{id}}-{other}") for other in sorted(reads)) or (template("raw/{id}"),)
    return StepSpec(f"s{at}", f"s{at}", None, None, inputs, (template(f"out/{{id}}-{at}"),), b"", b"", f"s{at}.py")


@st.composite
def acyclic(draw):
    size = draw(st.integers(1, 7))
    rank = draw(st.permutations(range(size)))
    return [{other for other in range(size) if rank[other] < rank[at] and draw(st.booleans())} for at in range(size)]


@given(acyclic())
def test_every_step_comes_after_what_it_reads(reads):
    pipeline = Pipeline.build([a_spec(at, others) for at, others in enumerate(reads)], IdPattern("[A-Z]"))
    bounds = pipeline.bind("A")
    assert len(bounds) == len(reads)
    for at, bound in enumerate(bounds):
        assert all(before < at for before in bound.upstream)
        assert {bounds[before].key.step for before in bound.upstream} == {
            f"s{n}" for n in reads[int(bound.key.step[1:])]
        }


@given(acyclic(), st.data())
def test_every_cycle_is_refused(reads, data):
    ring = data.draw(st.permutations(range(len(reads))).map(lambda order: order[: max(2, len(order) // 2)]))
    assume(len(ring) > 1)
    for before, after in zip(ring, [*ring[1:], ring[0]], strict=True):
        reads[after].add(before)
    with pytest.raises(ConfigError, match="wait for each other for ever"):
        Pipeline.build([a_spec(at, others) for at, others in enumerate(reads)], IdPattern("[A-Z]"))
