from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sinagotd.cli.runs import run_lines, run_row
from sinagotd.core.facts import Fingerprint, pack_stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.manifest.rows import RunRow
from sinagotd.scripts.orders import RunError

Json = Callable[..., Any]


def test_a_current_step_shows_its_files_its_code_and_the_run_they_came_from(worked: Any) -> None:
    lines = worked.on("explain", "REC-1", "count").stdout.splitlines()

    assert lines[0] == "REC-1/count  current: nothing it depends on changed since the last run"
    assert [line.split()[0] for line in lines[1:7]] == ["since", "input", "output", "code", "parameters", "run"]
    assert "raw/REC-1.txt  13 B, " in lines[2]
    assert lines[2].endswith(", settled, as at the last success")
    assert lines[4].endswith(", as at the last success")
    assert "succeeded (attempt 1, took " in lines[6]
    assert lines[6].endswith(", its outputs are in place")


def test_all_steps_are_explained_if_none_is_named(worked: Any, json_of: Json) -> None:
    rows = json_of(worked.on("explain", "REC-1", "--json"))

    assert [row["step"] for row in rows] == ["count", "mean"]


@pytest.mark.parametrize("arguments", [("REC-1/mean",), ("REC-1", "mean")])
def test_a_step_is_named_with_its_record_or_after_it(worked: Any, json_of: Json, arguments: tuple[str, ...]) -> None:
    (row,) = json_of(worked.on("explain", *arguments, "--json"))

    assert (row["record"], row["step"]) == ("REC-1", "mean")


def test_a_changed_input_and_a_changed_script_are_told_apart(worked: Any, json_of: Json) -> None:
    worked.drop(r1="two words")
    file = worked.path / "scripts" / "count.py"
    file.write_text(file.read_text().replace("len(text.split())", "len(text)"))

    (row,) = json_of(worked.on("explain", "REC-1/count", "--json"))

    assert (row["state"], row["reason"]) == ("stale", "input_changed")
    assert [each["changed"] for each in row["inputs"] + row["outputs"]] == [True, False]
    assert row["code_digest"]["changed"] is True
    assert row["code_digest"]["now"] != row["code_digest"]["last"]
    assert row["parameters_digest"]["changed"] is False


def test_a_failure_is_shown_with_its_traceback_in_lines_that_cannot_be_forged(worked: Any) -> None:
    lines = worked.on("explain", "REC-3/count").stdout.splitlines()

    assert lines[0].startswith(
        "REC-3/count  quarantined: it failed too often and is left alone: ValueError: cannot [bold]"
    )
    assert any("failed (attempt 1" in line for line in lines)
    assert any('raise ValueError("cannot [bold]count[/] this")' in line for line in lines)


def test_what_a_step_waits_for_is_named(bench: Any) -> None:
    script = bench.path / "scripts" / "count.py"
    script.write_text(
        script.read_text().replace('("raw", "{id}.txt")', '{"a": ("raw", "{id}.txt"), "b": ("notes", "{id}.txt")}')
    )
    bench.drop(r1="a")

    lines = bench.on("explain", "REC-1/count").stdout.splitlines()

    assert lines[0] == "REC-1/count  waiting: waiting for notes/REC-1.txt"
    assert any(line.startswith("  input       notes/REC-1.txt (b)  missing") for line in lines)
    assert "  runs        none yet" in lines


def test_a_file_that_is_not_settled_says_why(bench: Any, json_of: Json) -> None:
    bench.drop(r1="")

    (row,) = json_of(bench.on("explain", "REC-1/count", "--json"))

    assert row["state"] == "waiting"
    assert row["inputs"][0]["unsettled"] == "raw/REC-1.txt is still arriving"
    assert row["inputs"][0]["digest"] is None


def test_an_output_that_vanished_has_changed(worked: Any, json_of: Json) -> None:
    (worked.data / "counts" / "REC-1.txt").unlink()

    (row,) = json_of(worked.on("explain", "REC-1/count", "--json"))

    assert [(each["is_there"], each["changed"]) for each in row["outputs"]] == [(False, True)]


def test_unknown_names_are_refused_with_the_nearest(worked: Any) -> None:
    record = worked.on("explain", "REC-11")
    step = worked.on("explain", "REC-1", "cuont")

    assert (record.exit_code, step.exit_code) == (1, 1)
    assert "did you mean REC-1?" in record.stderr
    assert step.stderr == "there is no step 'cuont': did you mean count?\n"


def test_a_record_whose_raw_files_are_gone_is_told_so(worked: Any) -> None:
    (worked.data / "raw" / "REC-2.txt").unlink()

    assert "its raw files are gone, its results and its history are kept" in worked.on("explain", "REC-2").stderr


def test_a_record_is_found_in_whichever_workspace_has_it(
    make_bench: Callable[[str], Any], tmp_path: Path, sinagotd_call: Json, json_of: Json
) -> None:
    make_bench("one").drop(r1="a")
    two = make_bench("two")
    two.drop(r2="a")
    config = tmp_path / "sinagotd.toml"
    config.write_text('workspaces = ["one", "two"]')

    rows = json_of(sinagotd_call("explain", "REC-2", "--config", str(config), "--json"))

    assert {row["workspace"] for row in rows} == {str(two.path)}


# runs


def a_run(number: int, **more: Any) -> RunRow:
    values: dict[str, Any] = {
        "run_id": f"r{number}",
        "key": StepKey("REC-1", "count"),
        "attempt": number,
        "outcome": Outcome.FAILED,
        "claimed_at": 100.0,
        "started_at": 101.0,
        "ended_at": 103.5,
        "fingerprint": Fingerprint(b"c", b"p", b"i"),
        "order": "{}",
        "inputs": (("raw/x", pack_stamp(1, 2, 3, 4), b"d"),),
        "outputs": {},
        "host": "vm",
        "pid": 7,
        "cpu_s": 0.5,
        "peak_memory_bytes": 3 << 20,
        "error": RunError("KeyError", f"'{number}'", f"frame {number}"),
        "stdout": "",
        "stderr": "\n".join(f"line {at}\x07" for at in range(20)),
        "versions": {},
    }
    return RunRow(**values | more)


def test_only_the_newest_failure_comes_with_traceback_and_the_end_of_stderr() -> None:
    lines = [text.plain for text in run_lines([a_run(2), a_run(1)], None)]

    assert lines[0].endswith("failed (attempt 2, took 2.5 s, on vm, peak memory 3.0 MiB)")
    assert [line.strip() for line in lines[1:3]] == ["KeyError: '2'", "frame 2"]
    assert [line.strip() for line in lines[3:13]] == [f"stderr: line {at}\\x07" for at in range(10, 20)]
    assert lines[14].strip() == "KeyError: '1'"
    assert len(lines) == 15


def test_a_run_in_flight_has_no_outcome_and_no_duration() -> None:
    run = a_run(1, outcome=None, ended_at=None, error=None)

    assert [text.plain.split("  ")[-1] for text in run_lines([run], None)] == [
        "running (attempt 1, on vm, peak memory 3.0 MiB)"
    ]
    assert (run_row(run)["outcome"], run_row(run)["duration_s"], run_row(run)["error"]) == (None, None, None)
