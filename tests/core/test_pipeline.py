from dataclasses import replace

import pytest

from sinagotd.core.ids import IdPattern
from sinagotd.core.keys import StepKey
from sinagotd.core.patterns import Template
from sinagotd.core.pipeline import Pipeline, StepSpec
from sinagotd.errors import ConfigError

RECORDS = IdPattern(r"REC-\d+")
SESSIONS = IdPattern(r"(?P<subject>S\d)(_(?P<session>R\d))?")
ANY_NAME = IdPattern("[^/]+")


def a_step(step, reads, writes, *, entities=(), fault=None):
    label = step.rpartition("/")[2]
    return StepSpec(
        step=step,
        label=label,
        task=None,
        modality=None,
        inputs=labelled(reads, entities),
        outputs=labelled(writes, entities),
        code=b"",
        parameters=b"",
        script=f"{label}.py",
        fault=fault,
    )


def labelled(texts, entities):
    texts = [texts] if isinstance(texts, str) else texts
    return tuple((str(at), Template.parse(text, constants={}, entities=entities)) for at, text in enumerate(texts))


def harbor():
    return [a_step("count", "raw/{id}.csv", "count/{id}.csv"), a_step("mean", "count/{id}.csv", "mean/{id}.csv")]


def names(pipeline):
    return [spec.step for spec in pipeline.specs]


def the_faults(*specs, id_pattern=RECORDS):
    with pytest.raises(ConfigError) as fault:
        Pipeline.build(specs, id_pattern)
    return fault.value.faults


# Order


def test_a_step_comes_after_what_it_reads_and_the_rest_stays_as_listed():
    specs = [
        a_step("report", ["mean/{id}", "count/{id}"], "report/{id}"),
        a_step("mean", "count/{id}", "mean/{id}"),
        a_step("photo", "photo/{id}", "thumb/{id}"),
        a_step("count", "raw/{id}", "count/{id}"),
    ]
    pipeline = Pipeline.build(specs, RECORDS)
    assert names(pipeline) == ["photo", "count", "mean", "report"]
    assert pipeline.upstream("report") == ("count", "mean")
    assert pipeline.upstream("count") == ()


def test_independent_steps_keep_their_order():
    specs = [a_step(name, f"raw/{{id}}.{name}", f"out/{{id}}.{name}") for name in "zaqb"]
    assert names(Pipeline.build(specs, RECORDS)) == ["z", "a", "q", "b"]


@pytest.mark.parametrize(
    ("written", "read"), [("out/{id}", "out/{id}/scores/a.csv"), ("out/{id}/scores/a.csv", "out/{id}")]
)
def test_a_folder_links_two_steps_whichever_of_them_names_it(written, read):
    specs = [a_step("reader", read, "end/{id}"), a_step("writer", "raw/{id}", written)]
    assert Pipeline.build(specs, RECORDS).upstream("reader") == ("writer",)


def test_names_that_only_begin_alike_do_not_link_steps():
    specs = [a_step("a", "raw/{id}", "out/{id}"), a_step("b", "out/{id}-x", "end/{id}")]
    assert Pipeline.build(specs, RECORDS).upstream("b") == ()


# Faults


def test_a_cycle_is_refused_with_every_side_named():
    (fault,) = the_faults(a_step("a", "y/{id}", "x/{id}"), a_step("b", "x/{id}", "y/{id}"), *harbor())
    assert "b.py (b) reads x/{id}, which a.py (a) writes" in fault
    assert "a.py (a) reads y/{id}, which b.py (b) writes" in fault
    assert "count" not in fault


def test_each_cycle_is_told():
    pairs = [a_step(f"{n}{m}", f"{n}{1 - m}/{{id}}", f"{n}{m}/{{id}}") for n in "ab" for m in (0, 1)]
    assert len(the_faults(*pairs)) == 2


def test_two_steps_that_write_one_path_are_refused():
    assert the_faults(a_step("HDC/EEG/pre", "raw/{id}", "o/{id}"), a_step("RS/EEG/pre", "raw/{id}", "o/{id}")) == (
        "pre.py (HDC/EEG/pre) and pre.py (RS/EEG/pre) both write o/{id}: give one of them another path",
    )


def test_many_writers_of_one_path_are_one_sentence_each_not_one_per_pair():
    assert len(the_faults(*(a_step(name, "raw/{id}", "o/{id}") for name in "abcde"))) == 4


@pytest.mark.parametrize("turn", [1, -1])
def test_writing_inside_the_output_folder_of_another_step_is_refused(turn):
    specs = [a_step("folder", "raw/{id}", "o/{id}"), a_step("file", "raw/{id}", "o/{id}/a/b.csv")][::turn]
    (fault,) = the_faults(*specs)
    assert fault.startswith("file.py (file) writes o/{id}/a/b.csv inside o/{id}, which folder.py (folder) writes: ")


def test_two_outputs_of_one_step_must_lie_apart():
    (fault,) = the_faults(a_step("a", "raw/{id}", ["o/{id}", "o/{id}/x"]))
    assert fault == "a.py (a) declares o/{id} and o/{id}/x as two outputs: each must be a path of its own"


def test_a_step_that_reads_what_it_writes_is_refused():
    assert "a.py (a) reads what it writes itself (x/{id})" in the_faults(a_step("a", "x/{id}", "x/{id}"))[0]
    assert "(x and x/{id})" in the_faults(a_step("a", "x", "x/{id}"))[0]


def test_an_output_that_all_records_would_write_is_refused():
    (fault,) = the_faults(a_step("a", "raw/{id}", "table.csv"))
    assert fault == "a.py (a) writes table.csv for every record: put {id} into its path"


def test_an_output_needs_the_id_or_all_entities():
    both = a_step("a", "raw/{id}", "{subject}/{session}.csv", entities=SESSIONS.entities)
    one = a_step("a", "raw/{id}", "{subject}.csv", entities=SESSIONS.entities)
    assert Pipeline.build([both], SESSIONS)
    assert "put {id} into its path" in the_faults(one, id_pattern=SESSIONS)[0]


def test_a_step_listed_twice_is_refused():
    assert the_faults(a_step("a", "r/{id}", []), a_step("a", "r/{id}", []))[0].startswith(
        "the step a (a.py) is listed twice"
    )


def test_all_faults_are_told_at_once():
    assert len(the_faults(a_step("a", "x/{id}", "x/{id}"), a_step("b", "r/{id}", "t"), a_step("c", "r/{id}", "t"))) == 4


# Binding


def test_a_record_gets_the_paths_of_each_step():
    count, mean = Pipeline.build(harbor(), RECORDS).bind("REC-1")
    assert count.key == StepKey("REC-1", "count")
    assert (count.inputs, count.outputs, count.upstream) == (("raw/REC-1.csv",), ("count/REC-1.csv",), ())
    assert (mean.inputs, mean.outputs, mean.upstream) == (("count/REC-1.csv",), ("mean/REC-1.csv",), (0,))
    assert mean.spec.label == "mean"


@pytest.mark.parametrize("record", ["REC", "../../evil", "/etc", "REC-1/x"])
def test_what_is_no_id_is_not_bound(record):
    with pytest.raises(ValueError, match=r"is not a record id: it must match 'REC-\\\\d\+'"):
        Pipeline.build(harbor(), RECORDS).bind(record)


def test_a_step_that_needs_an_entity_the_id_lacks_is_at_fault_and_the_others_are_not():
    specs = [
        a_step("count", "raw/{id}", "count/{id}"),
        a_step("mean", "{session}/{id}", "mean/{id}", entities=SESSIONS.entities),
    ]
    count, mean = Pipeline.build(specs, SESSIONS).bind("S1")
    assert (count.inputs, count.spec.fault) == (("raw/S1",), None)
    assert (mean.inputs, mean.outputs) == ((), ())
    assert mean.spec.fault == "{session}/{id} needs {session}, which this id does not have"


def test_a_control_path_too_needs_its_entities():
    control = labelled("{session}.ok", SESSIONS.entities)
    pipeline = Pipeline.build([replace(a_step("a", "raw/{id}", "out/{id}"), control=control)], SESSIONS)
    assert "{session}.ok needs {session}" in pipeline.bind("S1")[0].spec.fault
    assert pipeline.bind("S1_R1")[0].spec.fault is None


def test_a_broken_script_is_told_before_a_missing_entity():
    broken = a_step("a", "{session}/{id}", "out/{id}", entities=SESSIONS.entities, fault="line 3: invalid syntax")
    assert Pipeline.build([broken], SESSIONS).bind("S1")[0].spec.fault == "line 3: invalid syntax"


def test_a_broken_script_keeps_its_place_its_paths_and_its_fault():
    broken = a_step("count", "raw/{id}.csv", "count/{id}.csv", fault="line 3: invalid syntax")
    unreadable = a_step("plot", [], [], fault="no such file")
    pipeline = Pipeline.build([harbor()[1], broken, unreadable], RECORDS)
    assert names(pipeline) == ["count", "mean", "plot"]
    assert [bound.spec.fault for bound in pipeline.bind("REC-1")] == ["line 3: invalid syntax", None, "no such file"]


# Paths


def test_a_raw_file_names_its_record():
    assert Pipeline.build(harbor(), RECORDS).record_of("raw/REC-1.csv") == "REC-1"


@pytest.mark.parametrize(
    "path", ["count/REC-1.csv", "mean/REC-1.csv", "raw/REC-x.csv", "raw/REC-1.csv/x", "raw", "elsewhere"]
)
def test_what_is_no_raw_file_names_no_record(path):
    assert Pipeline.build(harbor(), RECORDS).record_of(path) is None


def test_outputs_beside_their_inputs_are_no_records():
    pipeline = Pipeline.build([a_step("clean", "raw/{id}.csv", "raw/{id}-clean.csv")], ANY_NAME)
    assert pipeline.record_of("raw/A.csv") == "A"
    assert pipeline.record_of("raw/A-clean.csv") is None


def test_what_lies_in_an_output_folder_is_no_record():
    pipeline = Pipeline.build([a_step("split", "{id}/parts/all.csv", "{id}-split/parts")], ANY_NAME)
    assert pipeline.record_of("A/parts/all.csv") == "A"
    assert pipeline.record_of("A-split/parts/all.csv") is None


def test_a_folder_that_a_step_fills_is_no_record():
    specs = [a_step("fill", "raw/{id}", "all/{id}/a.csv"), a_step("pack", "all/{id}", "packed/{id}")]
    assert Pipeline.build(specs, RECORDS).record_of("all/REC-1") is None


def test_a_folder_named_like_a_literal_of_another_template_may_be_a_record():
    pipeline = Pipeline.build([a_step("a", ["{id}/a.csv", "REC-1/montage.csv"], "out/{id}")], RECORDS)
    assert pipeline.record_of("REC-1/a.csv") == "REC-1"
    assert pipeline.touched("REC-1/a.csv", {"REC-1", "REC-2"}) == {"REC-1"}


def test_an_output_named_by_entities_does_not_hide_the_raw_files_of_others():
    step = a_step("a", "{id}/raw", "{subject}/{session}", entities=SESSIONS.entities)
    pipeline = Pipeline.build([step], SESSIONS)
    assert pipeline.record_of("S1_R1/raw") == "S1_R1"
    assert pipeline.record_of("S1/raw") == "S1"


def test_an_output_named_by_entities_is_no_record():
    pattern = IdPattern(r"(?P<letter>[A-Z])\1?")
    step = a_step("a", "x/{id}", "x/{letter}", entities=pattern.entities)
    assert Pipeline.build([step], pattern).record_of("x/A") is None


def test_a_file_that_all_share_is_nobodys():
    pipeline = Pipeline.build([a_step("a", ["raw/{id}.csv", "raw/settings.csv"], "out/{id}")], ANY_NAME)
    assert pipeline.record_of("raw/settings.csv") is None


def test_the_most_exact_template_says_whose_file_it_is():
    pipeline = Pipeline.build([a_step("a", ["raw/{id}.csv", "raw/{id}-events.csv"], "out/{id}")], ANY_NAME)
    assert pipeline.record_of("raw/A-events.csv") == "A"


@pytest.mark.parametrize("path", ["raw/REC-1.csv", "count/REC-1.csv", "mean/REC-1.csv"])
def test_a_path_touches_the_record_that_reads_or_writes_it(path):
    assert Pipeline.build(harbor(), RECORDS).touched(path, {"REC-1", "REC-2"}) == {"REC-1"}


def test_a_path_of_an_unknown_record_or_of_no_step_touches_nobody():
    pipeline = Pipeline.build(harbor(), RECORDS)
    assert pipeline.touched("raw/REC-3.csv", {"REC-1"}) == set()
    assert pipeline.touched("notes.txt", {"REC-1"}) == set()


def test_what_lies_inside_a_folder_touches_like_the_folder():
    pipeline = Pipeline.build([a_step("a", "raw/{id}.mff", "out/{id}")], RECORDS)
    assert pipeline.touched("raw/REC-1.mff/info/signal1.bin", {"REC-1", "REC-2"}) == {"REC-1"}


def test_a_shared_file_touches_all():
    pipeline = Pipeline.build([a_step("a", ["raw/{id}", "config"], "out/{id}")], RECORDS)
    assert pipeline.touched("config/montage.csv", {"REC-1", "REC-2"}) == {"REC-1", "REC-2"}


def test_a_file_of_a_subject_touches_the_records_of_that_subject():
    step = a_step("a", ["raw/{id}", "{subject}/notes.txt"], "out/{id}", entities=SESSIONS.entities)
    records = ["S1_R1", "S1_R2", "S2_R1", "not an id"]
    assert Pipeline.build([step], SESSIONS).touched("S1/notes.txt", records) == {"S1_R1", "S1_R2"}


def test_the_walk_reaches_inputs_outputs_and_what_else_is_asked_for():
    pipeline = Pipeline.build(harbor(), RECORDS)
    marker = Template.parse("ready/{id}.done", constants={}, entities=())
    reach = pipeline.reach(marker)
    assert [name for name in ("raw", "count", "mean", "ready", "x") if reach.root.enter(name)] == [
        "raw",
        "count",
        "mean",
        "ready",
    ]
