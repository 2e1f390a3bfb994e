import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sinagotd import ScriptTemplate
from sinagotd.scripts.template import IOPath


def script_with(**attributes: Any) -> type[ScriptTemplate]:
    return type("Script", (ScriptTemplate,), attributes)


def test_a_script_by_hand_has_its_paths_filled_in() -> None:
    script = script_with(PATH_IN=("raw", "{id}-{task}.csv"))("/data", "REC-1", "RS")
    assert script.path.input == Path("/data/raw/REC-1-RS.csv")
    assert script.path.output == Path("/data/FOLDER_OUT/REC-1-RS.out")
    assert script.path.control == Path("/data/FOLDER_CONTROL/REC-1-RS.control")


@pytest.mark.parametrize("declared", [("a", "{id}"), ["a", "{id}"], "a/{id}", Path("a/{id}"), (Path("a"), "{id}")])
def test_a_path_may_be_a_tuple_a_list_a_text_or_a_path(declared: Any) -> None:
    assert script_with(PATH_IN=declared)("/data", "1").path.input == Path("/data/a/1")


def test_a_dict_of_paths_gives_a_dict_of_paths() -> None:
    script = script_with(PATH_OUT={"scores": ("a", "{id}"), "plot": "b/{id}.png"})("/data", "1")
    assert script.path.output == {"scores": Path("/data/a/1"), "plot": Path("/data/b/1.png")}


def test_options_fill_placeholders_and_are_not_shared() -> None:
    given = {"version": 2}
    script = script_with(PATH_IN=("{version}", "{id}"))("/data", "1", opts=given)
    script.opts["more"] = True
    assert script.path.input == Path("/data/2/1")
    assert given == {"version": 2}


@pytest.mark.parametrize("record", ["../evil", "/evil", "", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", 7])
def test_an_id_that_cannot_stand_in_a_path_is_refused(record: Any) -> None:
    with pytest.raises(ValueError, match="record id"):
        ScriptTemplate("/data", record)


def test_an_unknown_placeholder_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"unknown placeholder \{subject\}"):
        _ = script_with(PATH_IN=("{subject}", "{id}"))("/data", "1").path


def test_data_exist_looks_at_the_disk(tmp_path: Path) -> None:
    script = script_with(PATH_IN={"a": "a/{id}", "b": "b/{id}"}, PATH_OUT="out")(tmp_path, "1")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1").touch()
    found = {tmp_path / "a/1": True, tmp_path / "b/1": False}
    assert script.data_exist == IOPath(found, {tmp_path / "out": False})


def test_a_script_by_hand_can_be_run_and_named() -> None:
    script = script_with(__module__="scripts.EEG.alpha")("/data", "1")
    script.run()
    assert (script.label, script.modality, script.task) == ("alpha", "EEG", None)
    assert (script.status, script.debug, script.opts) == (0, False, {})
    assert script.logger.name == "sinagot"


def test_importing_the_template_imports_nothing_beyond_the_standard_library() -> None:
    code = "import sys, sinagotd; print([n for n in ('psutil', 'xxhash', 'pandas', 'dask', 'ast') if n in sys.modules])"
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert found.stdout.strip() == "[]"
