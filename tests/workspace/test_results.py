"""Results as attributes, explanations, pictures (specs of sinagot §17; defects D19, D63)."""

import copy
import json
import pickle
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_world import HARBOUR, clinic, harbour, script, written

from sinagotd import Workspace
from sinagotd.core.states import State
from sinagotd.errors import WorkspaceError
from sinagotd.workspace.html import COLOURS, MAX_ROWS
from sinagotd.workspace.layout import NODE_HEIGHT, lay_out

FIRST = "REC-20200601"
FRAME = pd.DataFrame({"boat": ["Ada"], "size": [7]})


def made(folder, suffix, write):
    """A record of which `count` made a file with this suffix."""
    ws = harbour(folder, **{"scripts/count.py": script("raw/{id}-raw.csv", f"computed/{{id}}{suffix}")})
    path = ws.data_path / f"computed/{FIRST}{suffix}"
    path.parent.mkdir(exist_ok=True)
    write(path)
    return ws.records.get(FIRST).results


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        (".csv", lambda path: FRAME.to_csv(path, index=False)),
        (".tsv", lambda path: FRAME.to_csv(path, index=False, sep="\t")),
        (".parquet", FRAME.to_parquet),
        (".CSV", lambda path: FRAME.to_csv(path, index=False)),
    ],
)
def test_tables_are_read_as_frames(tmp_path, suffix, write):
    assert made(tmp_path, suffix, write).count.equals(FRAME)


def test_json_arrays_and_text_are_read_as_what_they_are(tmp_path):
    assert made(tmp_path / "json", ".json", lambda path: path.write_text('{"a": [1]}')).count == {"a": [1]}
    assert made(tmp_path / "npy", ".npy", lambda path: np.save(path, np.arange(3))).count.tolist() == [0, 1, 2]
    assert made(tmp_path / "txt", ".txt", lambda path: path.write_text("wörds")).count == "wörds"


def test_other_files_and_folders_are_given_as_paths(tmp_path):
    assert made(tmp_path, ".fif", lambda path: path.write_text("")).count == tmp_path / f"dataset/computed/{FIRST}.fif"
    assert made(tmp_path / "b", ".csv", lambda path: path.mkdir()).count.is_dir()


def test_an_empty_table_is_an_empty_frame_v_0_5_1(tmp_path):
    assert made(tmp_path, ".csv", lambda path: path.write_text("")).count.empty


def test_several_outputs_are_a_dict_by_label(tmp_path):
    several = script("raw/{id}-raw.csv", {"text": "{id}.txt", "data": "{id}.json"})
    ws = harbour(tmp_path, **{"scripts/count.py": several, f"dataset/{FIRST}.txt": "x", f"dataset/{FIRST}.json": "[1]"})
    assert ws.records.get(FIRST).results.count == {"text": "x", "data": [1]}


def test_what_is_not_made_yet_or_damaged_is_told(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=rf"there is no .*{FIRST}-mean.csv: its step made nothing of this record yet"
    ):
        _ = harbour(tmp_path).records.get(FIRST).results.mean
    with pytest.raises(WorkspaceError, match=r"cannot be read as .json"):
        _ = made(tmp_path / "b", ".json", lambda path: path.write_text("{")).count
    with pytest.raises(WorkspaceError, match=r"cannot be read as .npy"):
        _ = made(tmp_path / "c", ".npy", lambda path: np.save(path, np.array([{}]), allow_pickle=True)).count


def test_an_unknown_step_has_no_results(tmp_path):
    results = harbour(tmp_path).records.get(FIRST).results
    with pytest.raises(AttributeError, match=r"there is no step 'counts'.*did you mean count"):
        _ = results.counts
    with pytest.raises(KeyError, match=r"there is no step 'counts'"):
        results["counts"]
    assert not hasattr(results, "__array__")
    assert list(copy.copy(results)) == list(pickle.loads(pickle.dumps(results))) == ["count", "mean"]
    assert list(results) == ["count", "mean"]
    assert (len(results), repr(results)) == (2, "<Results instance | count, mean>")
    assert {"count", "mean"} <= set(dir(results))


def test_a_label_that_several_units_have_is_named_in_full(tmp_path):
    ws = clinic(tmp_path, **{"dataset/DONE/REC-200319-A/RS/clean.txt": "clean"})
    record = ws.records.get("REC-200319-A")
    assert record.RS.results.preprocess == record.results["RS/EEG/preprocess"] == "clean"
    assert "preprocess" not in list(record.results)
    assert record.results.scores.columns.tolist() == ["4"]


# explaining


def test_an_explanation_tells_state_reason_files_and_runs(tmp_path):
    record = harbour(tmp_path).records.get(FIRST)
    record.steps.run("count", progress=False)
    text = str(record.explain("count"))
    assert text.splitlines()[0] == f"{FIRST}/count  current: nothing it depends on changed since the last run"
    assert f"input       raw/{FIRST}-raw.csv" in text
    assert "as at the last success" in text
    assert "succeeded" in text
    assert str(record.explain("mean")).splitlines()[0] == f"{FIRST}/mean  stale: it never ran"
    assert len(record.explain().steps) == 2
    assert repr(record.explain("mean")) in str(record.explain())
    assert record.explain("mean")._repr_html_().startswith("<pre>REC")


def test_an_explanation_says_what_changed(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.get(FIRST)
    record.steps.run("count", progress=False)
    (ws.data_path / f"raw/{FIRST}-raw.csv").write_text("boat\n")
    lines = str(record.explain("count")).splitlines()
    assert lines[0].endswith(f"stale: raw/{FIRST}-raw.csv changed since the last run")
    assert lines[2].endswith("changed since the last success")


def test_a_scope_explains_its_own_steps(tmp_path):
    record = clinic(tmp_path).records.get("REC-200319-A")
    assert [step.key.step for step in record.HDC.behavior.explain().steps] == [
        "HDC/behavior/scores",
        "HDC/behavior/norm",
    ]
    assert [step.key.step for step in record.RS.explain("alpha").steps] == ["RS/EEG/alpha"]


def test_an_unknown_record_or_step_is_not_explained(tmp_path):
    ws = harbour(tmp_path)
    with pytest.raises(WorkspaceError, match=r"there is no record 'REC-20209999'"):
        ws.records.get("REC-20209999").explain()
    with pytest.raises(WorkspaceError, match=r"there is no step 'median'"):
        ws.records.get(FIRST).explain("median")


# pictures


def test_the_graph_shows_what_is_made_from_what(tmp_path):
    graph = clinic(tmp_path).graph()
    nodes = [node.text for node in graph.nodes]
    edges = {(nodes[first], nodes[then]) for first, then in graph.edges}
    assert ("MFF/{id}-RS.mff", "RS/EEG/preprocess") in edges
    assert ("RS/EEG/preprocess", "DONE/{id}/RS/clean.txt") in edges
    assert ("DONE/{id}/RS/clean.txt", "RS/EEG/alpha") in edges
    assert len(graph.nodes) == 6 + 10


def test_a_step_that_reads_from_a_folder_that_another_writes_comes_after_it(tmp_path):
    ws = harbour(tmp_path, **{
        "scripts/count.py": script("raw/{id}-raw.csv", "made/{id}"),
        "scripts/mean.py": script("made/{id}/one.csv", "mean/{id}"),
    })  # fmt: skip
    graph = ws.graph()
    nodes = [node.text for node in graph.nodes]
    assert (nodes.index("count"), nodes.index("mean")) in graph.edges


def test_the_graph_is_told_as_dot_and_as_mermaid(tmp_path):
    graph = harbour(tmp_path).graph()
    assert graph.dot.startswith("digraph workspace {\n  rankdir=LR;\n")
    assert '[label="raw/{id}-raw.csv", shape=plain];' in graph.dot
    assert graph.dot.count("->") == graph.mermaid.count("-->") == 4
    assert graph.mermaid.startswith('flowchart LR\n  n0["count"]\n')


def test_the_picture_is_whole_svg_with_every_node_inside_and_none_over_another(tmp_path):
    root = ET.fromstring(clinic(tmp_path).graph().svg)
    space = "{http://www.w3.org/2000/svg}"
    boxes = [[int(rect.get(name)) for name in ("x", "y", "width", "height")] for rect in root.iter(f"{space}rect")]
    texts = [text.text for text in root.iter(f"{space}text")]
    assert len(boxes) == len(texts) == 16
    assert all(x >= 0 and x + w <= int(root.get("width")) and y + h <= int(root.get("height")) for x, y, w, h in boxes)
    places = sorted(boxes)
    assert not [
        (a, b) for i, a in enumerate(places) for b in places[i + 1 :]
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]  # fmt: skip


def test_lines_of_a_picture_do_not_cross_where_they_need_not():
    """Two chains, the second given the other way round, come out side by side."""
    laid = lay_out(["a", "b", "B", "A"], [(0, 3), (1, 2)])
    above = [laid.boxes[first].y < laid.boxes[then].y for first, then in ((0, 1), (3, 2))]
    assert above[0] == above[1]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1]), max_size=14))
def test_every_arrow_of_a_picture_goes_right_and_no_box_lies_over_another(edges):
    laid = lay_out([letter * (at + 1) for at, letter in enumerate("abcdefghi")], edges)
    assert all(laid.boxes[first].x + laid.boxes[first].width < laid.boxes[then].x for first, then in edges)
    assert len({(box.x, box.y) for box in laid.boxes}) == 9
    assert all(box.x + box.width <= laid.width and box.y + NODE_HEIGHT <= laid.height for box in laid.boxes)


def test_odd_characters_spoil_no_picture(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": script('a & "b" <c>/{id}', "{id}\\x]"), "scripts/count.py": "1/0"})
    graph = ws.graph()
    assert ET.fromstring(graph.svg) is not None
    assert r"a & \"b\" <c>/{id}" in graph.dot
    assert "#quot;b#quot; #lt;c#gt;" in graph.mermaid
    assert "<title>" in graph.svg


def test_a_workspace_without_steps_has_an_empty_picture(tmp_path):
    ws = Workspace(written(tmp_path, {"workspace.toml": "[records]\nid_pattern = 'a'\n"}))
    assert ET.fromstring(ws.graph().svg) is not None
    assert ws.graph().dot == "digraph workspace {\n  rankdir=LR;\n}\n"


@pytest.mark.parametrize(
    ("name", "begins"), [("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "flowchart"), ("a.md", "```mermaid\n")]
)
def test_a_graph_is_saved_by_its_suffix(tmp_path, name, begins):
    assert harbour(tmp_path).graph().save(tmp_path / name).read_text().startswith(begins)


def test_a_graph_is_not_saved_as_anything_else(tmp_path):
    with pytest.raises(WorkspaceError, match=r"a.png: a graph is saved as .svg"):
        harbour(tmp_path).graph().save(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        harbour(tmp_path).graph().save(tmp_path / "nowhere" / "a.svg")


# notebooks


def test_a_notebook_shows_records_by_steps_in_the_colours_of_their_states_d63(tmp_path):
    ws = harbour(tmp_path, **{f"dataset/computed/{FIRST}-count.csv": "1"})
    html = ws._repr_html_()
    assert html.count("<tr>") == 4
    assert html.count(COLOURS[State.CURRENT]) == 1
    assert html.count(COLOURS[State.STALE]) == 5
    assert "5 stale, 1 current" in html
    assert ws.records._repr_html_() == ws.steps._repr_html_()
    assert ws.records._repr_html_() in html
    assert ws.records.get(FIRST)._repr_html_().count("<tr>") == 2
    assert set(COLOURS) == set(State)


def test_a_notebook_shows_why_there_is_no_table(tmp_path):
    ws = harbour(tmp_path, **{"scripts/mean.py": script("raw/{id}-raw.csv", "computed/{id}-count.csv")})
    for model in (ws, ws.records, ws.steps, ws.records.get(FIRST)):
        assert "both write computed/{id}-count.csv" in model._repr_html_()
    bare = Workspace(written(tmp_path / "bare", {"workspace.toml": HARBOUR["workspace.toml"]}))
    assert "<p>there is no data folder" in bare._repr_html_()


def test_a_long_table_ends_with_a_word(tmp_path):
    ws = harbour(tmp_path)
    for at in range(MAX_ROWS):
        (ws.data_path / f"raw/REC-3{at:07d}-raw.csv").write_text("")
    html = ws.records._repr_html_()
    assert html.count("<tr>") == MAX_ROWS + 1
    assert "and 3 more records" in html


def test_what_a_notebook_shows_is_escaped(tmp_path):
    toml = HARBOUR["workspace.toml"].replace('"mean"', '"<b>"')
    html = harbour(tmp_path, **{"workspace.toml": toml, "scripts/<b>.py": "class Script(<i>"})._repr_html_()
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;" in html
    bare = Workspace(
        written(
            tmp_path / "bare",
            {"workspace.toml": HARBOUR["workspace.toml"].replace('"count", "mean"', ""), "dataset/x": ""},
        )
    )
    assert "no step of any record" in bare._repr_html_()


def test_json_of_a_status_can_be_stored(tmp_path):
    assert json.loads(harbour(tmp_path).records.get(FIRST).status_json()) == {
        "null": {"null": [
            {"step_index": 1, "step_label": "count", "step_status": 10},
            {"step_index": 2, "step_label": "mean", "step_status": 10},
        ]}
    }  # fmt: skip
