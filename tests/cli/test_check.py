from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = Callable[..., Any]


def test_a_sound_workspace_tells_what_was_looked_at(bench: Any) -> None:
    bench.drop(r1="a", r2="b")

    result = bench("check")

    assert result.exit_code == 0
    assert "2 records, 2 steps (count, mean)" in result.stdout
    assert not {"fault", "warning"} & set(result.stdout.split())


def test_every_fault_comes_at_once(bench: Any, json_of: Json) -> None:
    bench.write("scripts/count.py", "def run(: pass")
    bench.write(
        "scripts/mean.py", 'from sinagotd import ScriptTemplate\nclass Script(ScriptTemplate):\n    PATH_IN = "{day}"\n'
    )
    bench.path.joinpath("workspace.toml").chmod(0o666)
    bench.data.joinpath("raw").rmdir()
    bench.data.rmdir()

    result = bench("check", "--json")

    (found,) = json_of(result)
    faults = "\n".join(found["faults"])
    assert result.exit_code == 1
    assert "count.py, line 1" in faults
    assert "mean.py (mean): unknown placeholder {day}" in faults
    assert f"{bench.data}: there is no such folder" in faults
    assert "everybody may write it" in faults


def test_scripts_that_do_not_fit_together_do_not_hide_what_is_wrong_with_one_of_them(bench: Any, json_of: Json) -> None:
    bench.write(
        "workspace.toml", '[records]\nid_pattern = "REC-[0-9]+"\n[steps]\nscripts = ["count", "again", "broken"]\n'
    )
    bench.write("scripts/again.py", (bench.path / "scripts" / "count.py").read_text())
    bench.write("scripts/broken.py", "x = 1")

    (found,) = json_of(bench("check", "--json"))

    assert any("both write counts/{id}.txt" in fault for fault in found["faults"])
    assert any("broken.py: has no class Script" in fault for fault in found["faults"])


def test_settings_that_cannot_be_read_are_faults_of_their_workspace(bench: Any, json_of: Json) -> None:
    bench.write("workspace.toml", '[records]\nid_pattern = "("\n[run]\nattempts = 0\n')

    result = bench("check", "--json")

    (found,) = json_of(result)
    assert result.exit_code == 1
    assert found["workspace"] == str(bench.path)
    assert len(found["faults"]) == 2


def test_warnings_alone_are_fine(bench: Any) -> None:
    bench.write("workspace.toml", (bench.path / "workspace.toml").read_text() + "atempts = 3\n")

    result = bench("check")

    assert result.exit_code == 0
    assert "run.atempts is not a setting and does nothing: did you mean run.attempts?" in result.stdout


def test_files_whose_id_matches_nothing_are_named_up_to_five(bench: Any, json_of: Json) -> None:
    bench.drop(r1="a")
    for number in range(7):
        bench.write(f"dataset/raw/[red]{number}.txt", "a")
    bench.write("dataset/raw/still.txt.part", "a")

    (found,) = json_of(bench("check", "--json"))

    assert found["records"] == 1
    assert found["faults"] == []
    assert len(found["warnings"]) == 6
    assert found["warnings"][0] == "'raw/[red]0.txt' is nobody's: no id in it matches 'REC-[0-9]+'"
    assert found["warnings"][5] == "and 2 more files without an id that matches"


def test_a_name_with_a_newline_stays_in_its_line(bench: Any) -> None:
    bench.write("dataset/raw/[red]x\n  fault    forged.txt", "a")

    lines = bench("check").stdout.splitlines()

    assert len(lines) == 3
    assert "raw/[red]x\\n  fault    forged.txt" in lines[1]


def test_a_file_that_cannot_be_an_input_is_a_warning(bench: Any, tmp_path: Path) -> None:
    (bench.data / "raw" / "REC-9.txt").symlink_to(tmp_path)

    result = bench("check")

    assert result.exit_code == 0
    assert "leaves the data folder" in result.stdout


def test_results_on_another_file_system_are_a_fault(bench: Any, json_of: Json) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == bench.path.stat().st_dev:
        pytest.skip("there is no second file system at hand")
    (bench.data / "counts").symlink_to(memory)

    (found,) = json_of(bench("check", "--json"))

    assert any("counts: is on another file system" in fault for fault in found["faults"])


def test_every_workspace_of_the_service_is_checked(
    make_bench: Callable[[str], Any], tmp_path: Path, sinagotd_call: Json, json_of: Json
) -> None:
    make_bench("good")
    make_bench("bad").write("workspace.toml", "")
    config = tmp_path / "sinagotd.toml"
    config.write_text('workspaces = ["good", "bad"]')

    result = sinagotd_call("check", "--config", str(config), "--json")

    assert [bool(each["faults"]) for each in json_of(result)] == [False, True]
    assert result.exit_code == 1


def test_a_file_in_place_of_the_state_folder_is_a_fault(bench: Any) -> None:
    bench.write("dataset/.sinagotd", "a file")

    assert f"{bench.state}: is no folder: the manifest is kept in {bench.state}" in bench("check").stdout


def test_a_module_that_others_could_write_is_a_fault_of_the_step_that_imports_it(bench: Any) -> None:
    helper = bench.write("scripts/helper.py", "unit = 1")
    script = bench.path / "scripts" / "count.py"
    script.write_text("import helper\n" + script.read_text())
    helper.chmod(0o666)

    result = bench("check")

    assert result.exit_code == 1
    assert f"count.py (count): {helper}: everybody may write it" in result.stdout
