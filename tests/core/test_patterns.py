import pytest

from sinagotd.core.ids import IdPattern
from sinagotd.core.patterns import Template

SONETAA = IdPattern(r"REC-\d{6}-[A-Z]")
BIDS = IdPattern(r"(?P<subject>sub-\d+)(_(?P<session>ses-\d+))?")
ANY_NAME = IdPattern("[^/]+")


def a_template(parts, *, entities=(), **constants):
    return Template.parse(parts, constants=constants, entities=entities)


def the_fault(parts, **constants):
    with pytest.raises(ValueError) as fault:
        a_template(parts, entities=("subject",), **constants)
    return str(fault.value)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("raw", "{id}-{task}.csv"), "raw/{id}-HDC.csv"),
        (["raw/eeg", "{id}.mff"], "raw/eeg/{id}.mff"),
        ("raw/{id}.csv", "raw/{id}.csv"),
        (("./raw/", "", "a//b", ".", "{id}"), "raw/a/b/{id}"),
        (("{{x}}", "{id}"), "{{x}}/{id}"),
        (("{folder}", "{id}-{mode}.csv"), "a/{{b}}/{id}-3.csv"),
        (("{nothing}-{id}",), "None-{id}"),
    ],
)
def test_parts_become_one_canonical_text(parts, text):
    assert a_template(parts, task="HDC", folder="a/{b}", mode=3, nothing=None).text == text


def test_a_canonical_text_reads_as_itself():
    template = a_template(("{folder}", "{{id}}{id}%s"), folder="{x}")
    assert a_template(template.text) == template
    assert template.fill({"id": "A"}) == "{x}/{id}A%s"


def test_templates_of_one_text_are_one_key():
    assert {a_template(("raw", "{id}-{task}"), task="RS"), a_template("raw/{id}-RS")} == {a_template("raw/{id}-RS")}


def test_a_template_knows_its_open_places():
    assert a_template("{id}/{task}", task="x").placeholders == {"id"}
    assert not a_template("{subject}/{id}", entities=("subject",)).is_shared
    assert a_template("{subject}/notes.txt", entities=("subject",)).is_shared


def test_an_entity_hides_a_constant_of_its_name():
    assert a_template("{id}-{task}", entities=("task",), task=None).placeholders == {"id", "task"}


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            "raw/{ID}.csv",
            "unknown placeholder {ID} in 'raw/{ID}.csv': did you mean {id}? known are {id}, {subject}, {task}",
        ),
        ("{tusk}", "unknown placeholder {tusk} in '{tusk}': did you mean {task}? known are {id}, {subject}, {task}"),
        ("{zzz}", "unknown placeholder {zzz} in '{zzz}': known are {id}, {subject}, {task}"),
        ("{id.__class__}", "unknown placeholder {id.__class__}"),
        ("{id[0]}", "unknown placeholder {id[0]}"),
        ("{}", "unknown placeholder {}"),
        ("{0}", "unknown placeholder {0}"),
        ("{id:>10}", "can only be a plain name"),
        ("{id!r}", "can only be a plain name"),
        ("raw/{id", "is not a path pattern"),
        ("raw/id}", "a literal brace is written twice"),
        ((), "is empty"),
        ("", "is empty"),
        (("", "."), "is empty"),
        (("raw", "/etc/passwd"), "'/etc/passwd' is absolute"),
        ("{slash}x", "'{slash}x' is absolute"),
        (("raw", "..", "x"), "the path 'raw/../x' holds '..'"),
        (("raw", "{up}", "x"), "it must stay in the data folder"),
        ("a\0b", "NUL"),
        (("raw", 3), "3 is not a path part"),
    ],
)
def test_a_path_that_cannot_be_used_is_refused_with_a_sentence(parts, sentence):
    known = {"slash": "/", "up": ".."} if "{slash}" in parts or "{up}" in parts else {}
    assert sentence in the_fault(parts, task="HDC", **known)


def test_filling_names_the_entity_that_an_id_lacks():
    template = a_template("{subject}/{session}/{id}", entities=BIDS.entities)
    with pytest.raises(ValueError, match=r"needs \{session\}, which this id does not have"):
        template.fill({"id": "sub-1", "subject": "sub-1"})


def test_a_path_gives_its_id_back():
    template = a_template(("raw", "{id}-{task}.csv"), task="HDC")
    assert template.match("raw/REC-200319-A-HDC.csv", SONETAA) == {"id": "REC-200319-A"}


@pytest.mark.parametrize(
    "path",
    [
        "raw/REC-200319-A-RS.csv",
        "raw/REC-2003190-A-HDC.csv",
        "raw/REC-200319-A-HDCxcsv",
        "raw/REC-200319-A-HDC.csv\n",
        "raw/REC-200319-A-HDC.csv/x",
        "raw/REC-200319-A-HDC.csv/x-HDC.csv",
        "x/raw/REC-200319-A-HDC.csv",
        "raw/a/REC-200319-A-HDC.csv",
    ],
)
def test_a_path_that_only_resembles_the_template_does_not_match(path):
    assert a_template(("raw", "{id}-{task}.csv"), task="HDC").match(path, SONETAA) is None


def test_literals_full_of_metacharacters_are_literals():
    template = a_template("raw (v1)/[x]{id}+x%d.{{txt}}")
    assert template.match("raw (v1)/[x]REC-200319-A+x%d.{txt}", SONETAA) == {"id": "REC-200319-A"}
    assert template.match("raw v1/xREC-200319-A+x%d.{txt}", SONETAA) is None


def test_a_repeated_id_must_agree_with_itself():
    template = a_template("{id}/{id}-raw.csv")
    assert template.match("REC-200319-A/REC-200319-A-raw.csv", SONETAA) == {"id": "REC-200319-A"}
    assert template.match("REC-200319-A/REC-200319-B-raw.csv", SONETAA) is None


def test_entities_must_agree_with_the_id():
    template = a_template("{subject}/{session}/{id}.csv", entities=BIDS.entities)
    bindings = {"id": "sub-1_ses-2", "subject": "sub-1", "session": "ses-2"}
    assert template.match("sub-1/ses-2/sub-1_ses-2.csv", BIDS) == bindings
    assert template.match("sub-1/ses-3/sub-1_ses-2.csv", BIDS) is None
    assert template.match("sub-1/ses-2/sub-1.csv", BIDS) is None


def test_without_an_id_only_the_open_places_are_bound():
    template = a_template("{subject}/notes.txt", entities=BIDS.entities)
    assert template.match("sub-1/notes.txt", BIDS) == {"subject": "sub-1"}
    assert a_template("notes.txt").match("notes.txt", BIDS) == {}


@pytest.mark.parametrize("parts", ["{id}-{tail}.csv", "{tail}-{id}", "{tail}{id}{tail}", "x/{head}{id}/{id}-{head}"])
def test_places_that_touch_are_told_apart_by_the_id(parts):
    pattern = IdPattern(r"(?P<head>[A-Z]+)_(?P<tail>S-\d+)")
    template = a_template(parts, entities=pattern.entities)
    bindings = pattern.bindings("REC_S-01")
    assert template.match(template.fill(bindings), pattern) == bindings


def test_places_that_touch_and_fit_no_id_do_not_match():
    pattern = IdPattern(r"(?P<head>[A-Z]+)_(?P<tail>S-\d+)")
    template = a_template("{id}-{tail}", entities=pattern.entities)
    assert template.match("REC_S-01-S-02", pattern) is None


def test_a_path_with_an_unsafe_id_does_not_match():
    assert a_template("raw/{id}").match("raw/.hidden", ANY_NAME) is None
