"""How records are found (specs of sinagot §7, defects D29 to D37, D43): the daemon's answer, by names, in order, in linear time."""

import os
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_world import clinic, harbour, script, small, written

from sinagotd import Workspace
from sinagotd.engine.finding import compare
from sinagotd.errors import WorkspaceError
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.workspace.record_collection import RecordCollection

A, B = "REC-200319-A", "REC-200320-A"


def test_ids_come_sorted_and_each_once_d37(tmp_path):
    ws = small(tmp_path, {"a": ("{id}.a",), "b": ("{id}.b",)}, ["REC-003.a", "REC-001.b", "REC-003.b", "REC-002.a"])
    assert ws.records.ids() == list(ws.records.iter_ids()) == ["REC-001", "REC-002", "REC-003"]
    assert [record.id for record in ws.records.all()] == [record.id for record in ws.records] == ws.records.ids()


def test_first_head_count_and_get(tmp_path):
    ws = harbour(tmp_path)
    assert ws.records.first().id == "REC-20200601"
    assert ws.records.count() == len(ws.records) == 3
    assert ws.records.get("REC-20209999").id == "REC-20209999"
    assert small(tmp_path / "empty", ("raw", "{id}"), ["x"]).records.first() is None


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (2, 2), (5, 3), (-1, 0)])
def test_head_gives_as_many_as_asked_d34(tmp_path, asked, given):
    assert len(list(harbour(tmp_path).records.head(asked))) == given


def test_every_iteration_has_a_state_of_its_own_d33(tmp_path):
    records = harbour(tmp_path).records
    assert [(record_id, records.count()) for record_id in records.iter_ids()] == [(each, 3) for each in records.ids()]
    assert len(list(zip(records.iter_ids(), records.iter_ids(), strict=True))) == 3


def test_a_dict_of_inputs_finds_records_by_any_of_them_d29(tmp_path):
    files = ["raw/REC-001-first", "raw/REC-001-second", "raw/REC-002-second", "shared/limits.csv"]
    labelled = {"one": ("raw", "{id}-first"), "two": ("raw", "{id}-second"), "all": ("shared", "limits.csv")}
    ws = small(tmp_path, labelled, files)
    assert ws.records.ids() == ["REC-001", "REC-002"]
    assert ws.steps.status().step_status.tolist() == [10, 0]


@pytest.mark.parametrize("folder", ["ws (1)", "ws+x", "ws[1]", "ws*", "ws^$"])
def test_a_folder_may_have_any_name_d30(tmp_path, folder):
    assert small(tmp_path / folder, ("raw", "{id}.txt"), ["raw/REC-001.txt"]).records.ids() == ["REC-001"]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (("raw (v1)", "{id}.txt"), "raw (v1)/REC-001.txt"),
        ("{id}+x.txt", "REC-001+x.txt"),
        ("[x]{id}.txt", "[x]REC-001.txt"),
    ],
)
def test_a_path_may_hold_any_character_d30(tmp_path, path, file):
    ws = small(tmp_path, path, [file, "REC-002xx.txt", "xREC-002.txt"])
    assert ws.records.ids() == ["REC-001"]
    assert ws.records.has("REC-001")


def test_an_id_matches_from_end_to_end_d31(tmp_path):
    ws = small(tmp_path, ("raw", "{id}"), ["raw/REC-0022", "raw/xREC-001", "raw/REC-003"])
    assert ws.records.ids() == ["REC-003"]
    assert not ws.records.has("REC-002")


def test_a_first_step_that_reads_shared_files_only_names_no_record_d29(tmp_path):
    """In Sinagot 0.3.0 a path without {id} was an IndexError."""
    ws = small(tmp_path, ("shared", "limits.csv"), ["shared/limits.csv"])
    assert ws.records.ids() == []
    assert not ws.records.has("REC-001")


def test_an_id_that_stands_twice_is_the_same_d32(tmp_path):
    ws = small(tmp_path, ("{id}", "{id}.txt"), ["REC-002/REC-009.txt", "REC-003/REC-003.txt"])
    assert ws.records.ids() == ["REC-003"]


@pytest.mark.parametrize("bad", ["../../evil", "/etc", "REC-1", "", 7, None, "REC-001/..", "REC-00\n1"])
def test_what_is_no_id_is_refused_d36(tmp_path, bad):
    assert not small(tmp_path / "loose", ("raw", "{id}"), ["raw/REC-001"], id_pattern=".+").records.has(bad)
    strict = small(tmp_path / "strict", ("raw", "{id}"), ["raw/REC-001"])
    with pytest.raises(WorkspaceError, match=r"is not a record id of .*it must match"):
        strict.records.get(bad)


def test_results_beside_raw_files_do_not_become_records_d43(tmp_path):
    ws = small(tmp_path, ("data", "{id}.txt"), [f"data/{name}.txt" for name in ("a", "b")], id_pattern="[a-z-]+")
    (tmp_path / "scripts/count.py").write_text(
        (tmp_path / "scripts/count.py").read_text().replace("('computed', '{id}.txt')", "('data', '{id}-count.txt')")
    )
    written(tmp_path, {"dataset/data/a-count.txt": "1", "dataset/data/b-count.txt": "1"})
    assert ws.records.ids() == ["a", "b"]


def test_a_collection_holds_ids_and_records_and_gives_them_by_id_d63(tmp_path):
    records = harbour(tmp_path).records
    assert "REC-20200601" in records
    assert records.get("REC-20200601") in records
    assert "REC-20209999" not in records
    assert 7 not in records
    assert records["REC-20200601"] == records.get("REC-20200601")
    with pytest.raises(
        LookupError, match=r"there is no record 'REC-20200609' in <RecordCollection instance>: did you mean REC-2020060"
    ):
        records["REC-20200609"]


def test_a_link_that_leaves_the_data_folder_is_no_record(tmp_path):
    ws = harbour(tmp_path)
    (tmp_path / "outside.csv").write_text("")
    (ws.data_path / "raw/REC-20200604-raw.csv").symlink_to(tmp_path / "outside.csv")
    (ws.data_path / "raw/REC-20200605-raw.csv").symlink_to(ws.data_path / "raw/REC-20200601-raw.csv")
    assert [id_[-1] for id_ in ws.records.ids()] == ["1", "2", "3", "5"]
    assert not ws.records.has("REC-20200604")
    assert ws.records.has("REC-20200605")


def test_ignored_names_are_no_records(tmp_path):
    ws = small(tmp_path, ("{id}", "x"), ["LOG/x", "abc/x", ".hid/x", "a~/x"], id_pattern=r"[\w.~]+")
    assert ws.records.ids() == ["abc"]
    assert [each for each in ("LOG", "abc", ".hid", "a~") if ws.records.has(each)] == ["abc"]


def test_a_unit_has_the_records_of_which_its_first_step_reads_something(tmp_path):
    ws = clinic(tmp_path)
    assert ws.records.ids() == ws.EEG.ids() == ws.RS.EEG.ids() == [A, B]
    assert ws.HDC.behavior.ids() == ws.behavior.ids() == [B]
    assert ws.HDC.ids() == [A, B]
    assert not ws.behavior.has(A)
    assert ws.behavior.has(B)


def test_a_record_of_which_only_a_sheet_is_there_counts_as_well(tmp_path):
    ws = clinic(tmp_path, **{"dataset/SHEETS/REC-200321-A/clinical.json": "{}"})
    assert ws.records.ids() == [A, B, "REC-200321-A"]
    assert ws.records.has("REC-200321-A")
    assert ws.EEG.ids() == [A, B]
    assert ws.steps.status().query("record_id == 'REC-200321-A'").step_status.tolist() == [0] * 6


def test_a_file_that_arrives_is_found_at_once(tmp_path):
    ws = harbour(tmp_path)
    assert not ws.records.has("REC-20200604")
    (ws.data_path / "raw/REC-20200604-raw.csv").write_text("")
    assert ws.records.has("REC-20200604")
    assert ws.records.count() == 4


def test_without_a_usable_script_nobody_knows_where_records_are(tmp_path):
    ws = small(tmp_path, ("raw", "{id}"), ["raw/REC-001"])
    (tmp_path / "scripts/count.py").unlink()
    with pytest.raises(WorkspaceError, match=r"count.py: there is no such script"):
        ws.records.ids()


def test_a_class_with_a_way_of_its_own_is_asked(tmp_path):
    class Fixed(RecordCollection):
        def iter_ids(self):
            yield from ("REC-20200607", "REC-20200608")

    ws = harbour(tmp_path)
    fixed = Fixed(ws)
    assert (fixed.ids(), fixed.count(), fixed.has("REC-20200607"), fixed.has("REC-20200601")) == (
        ["REC-20200607", "REC-20200608"], 2, True, False,
    )  # fmt: skip
    assert len(fixed.steps.status()) == 4


def test_has_lists_no_folder_d35(tmp_path, monkeypatch):
    ws = small(tmp_path, ("raw", "{id}.txt"), ["raw/REC-001.txt"])
    assert ws.records.has("REC-001")
    monkeypatch.setattr(os, "scandir", None)
    assert ws.records.has("REC-001")
    assert not ws.records.has("REC-002")


def test_finding_ids_is_linear_d35(tmp_path):
    """Theirs took ten times as long for four times as many records."""

    def seconds(count):
        ws = small(
            tmp_path / str(count), ("raw", "{id}"), [f"raw/{at:06d}" for at in range(count)], id_pattern="[0-9]{6}"
        )
        ws.records.ids()
        begin = time.process_time()
        assert ws.records.count() == count
        return time.process_time() - begin

    assert seconds(4000) < 8 * max(seconds(1000), 0.005)


def test_asking_for_an_unknown_folder_is_told_even_if_there_is_no_script(tmp_path):
    ws = Workspace(written(tmp_path, {"workspace.toml": "[records]\nid_pattern = 'a'\n"}))
    with pytest.raises(FileNotFoundError, match=r"there is no data folder"):
        ws.records.count()


def test_a_script_whose_paths_are_computed_is_asked_for_them(tmp_path):
    ws = small(tmp_path, ("raw", "{id}.txt"), ["raw/REC-001.txt"])
    computed = script(("raw", "{id}.txt"), "{id}.a").replace(
        "('raw', '{id}.txt')", "tuple(reversed(('{id}.txt', 'raw')))"
    )
    (tmp_path / "scripts/count.py").write_text(computed)
    assert ws.records.ids() == ["REC-001"]
    assert ws.steps.status().step_status.tolist() == [10]


NAMES = st.sampled_from(["raw", "LOG", "abc", "abd", "a.b", "abc-x", "abc.tmp", ".abc", "abc~", "x(1)", "made"])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), max_size=8)
TEMPLATES = st.sampled_from(
    [
        ("raw", "{id}"),
        ("{id}",),
        ("{id}", "{id}"),
        ("{id}", "raw"),
        ("raw", "{id}-x"),
        {"a": ("{id}",), "b": ("raw", "{id}", "abc")},
    ]
)


@settings(max_examples=40)
@given(template=TEMPLATES, paths=PATHS, pattern=st.sampled_from(["ab.", "[a-z.]+", ".*"]))
def test_the_daemon_finds_the_same_records(tmp_path_factory, template, paths, pattern):
    folder = tmp_path_factory.mktemp("world")
    ws = small(folder, template, ["made/z"], id_pattern=pattern)
    for path in paths:
        with suppress(OSError):
            written(folder, {f"dataset/{path}": "1"})
    opened = ws.opened
    seen = walk(ws.data_path, opened.pipeline.reach(), ignored=IgnoredNames(opened.settings.watch.ignore))
    assert ws.records.ids() == sorted(compare(seen, {}, opened.pipeline).records)
    assert [each for each in ("abc", "abd", "a.b", "raw", "LOG", "made") if ws.records.has(each)] == [
        each for each in ("abc", "abd", "a.b", "raw", "LOG", "made") if each in ws.records.ids()
    ]
