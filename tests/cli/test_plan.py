from collections.abc import Callable
from typing import Any

import pytest

Json = Callable[..., Any]


def test_the_steps_that_would_run_are_counted_by_reason(bench: Any) -> None:
    bench.drop(r1="a", r2="b")

    lines = bench("plan").stdout.splitlines()

    assert lines == [
        f"{bench.path}: 2 steps would run",
        "      2  it never ran",
        "      2  come after these and are decided then",
        "  REC-1/count  it never ran",
        "  REC-2/count  it never ran",
    ]


def test_what_waits_is_counted_by_reason(bench: Any) -> None:
    bench.drop(r1="")

    assert bench("plan").stdout.splitlines() == [
        f"{bench.path}: 0 steps would run",
        "      1  wait: … is still arriving",
        "      1  come after these and are decided then",
    ]


def test_a_plan_changes_nothing(bench: Any) -> None:
    bench.drop(r1="a")
    before = sorted(bench.path.rglob("*"))

    bench("plan")

    assert sorted(bench.path.rglob("*")) == before


def test_after_the_work_there_is_nothing_to_run(bench: Any) -> None:
    bench.drop(r1="a")
    bench.work()

    assert bench("plan").stdout == f"{bench.path}: 0 steps would run\n"


def test_a_changed_input_is_named(worked: Any, json_of: Json) -> None:
    worked.drop(r1="something else")

    (row,) = json_of(worked("plan", "--json"))

    assert row == {
        "workspace": str(worked.path),
        "record": "REC-1",
        "task": None,
        "modality": None,
        "step": "count",
        "label": "count",
        "action": "run",
        "state": "stale",
        "reason": "input_changed",
        "why": "raw/REC-1.txt changed since the last run",
        "paths": ["raw/REC-1.txt"],
    }


def test_outputs_that_are_there_without_a_run_are_to_be_adopted(bench: Any, json_of: Json) -> None:
    bench.drop(r1="a")
    bench.write("dataset/counts/REC-1.txt", "1")

    actions = {row["step"]: row["action"] for row in json_of(bench("plan", "--json"))}

    assert actions == {"count": "adopt", "mean": "run"}


def test_only_fifty_steps_are_listed_unless_all_are_wanted(bench: Any, json_of: Json) -> None:
    bench.drop(**{f"r{number}": "a" for number in range(60)})

    assert bench("plan").stdout.splitlines()[-1] == "  and 10 more: --all shows them"
    assert len(bench("plan", "--all").stdout.splitlines()) == 63
    assert len(json_of(bench("plan", "--json"))) == 60


def test_one_record_can_be_asked_for(bench: Any, json_of: Json) -> None:
    bench.drop(r1="a", r2="b")

    assert [row["record"] for row in json_of(bench("plan", "--record", "REC-2", "--json"))] == ["REC-2"]


def test_an_unknown_record_is_refused_with_the_nearest(bench: Any) -> None:
    bench.drop(r12="a")

    result = bench("plan", "--record", "REC-13")

    assert result.exit_code == 1
    assert "there is no record 'REC-13'" in result.stderr
    assert "did you mean REC-12?" in result.stderr


def test_the_name_of_a_step_has_its_task_and_modality(bench: Any, json_of: Json) -> None:
    bench.write(
        "workspace.toml",
        '[records]\nid_pattern = "REC-[0-9]+"\n[tasks.RS]\nmodalities = ["EEG"]\n[modalities.EEG]\nscripts = ["count"]\n[watch]\nsettle = "0s"',
    )
    bench.write("scripts/EEG/count.py", (bench.path / "scripts" / "count.py").read_text())
    bench.drop(r1="a")

    (row,) = json_of(bench("plan", "--json"))

    assert (row["task"], row["modality"], row["label"], row["step"]) == ("RS", "EEG", "count", "RS/EEG/count")


def test_where_nothing_moved_nothing_is_planned(bench: Any, monkeypatch: Any, json_of: Json) -> None:
    bench.drop(r1="a", r2="b")
    bench.work()
    bench.work()  # finds nothing to do, and notes how everything looks
    monkeypatch.setattr("sinagotd.cli.intending.show", lambda *_, **__: pytest.fail("it looked for more"))

    assert bench("plan").stdout == f"{bench.path}: 0 steps would run\n"
    assert json_of(bench("plan", "--json")) == []


def test_what_moved_since_is_planned(bench: Any) -> None:
    bench.drop(r1="a", r2="b")
    bench.work()
    bench.work()
    bench.drop(r2="something else")

    assert bench("plan").stdout.splitlines()[0] == f"{bench.path}: 1 step would run"


@pytest.mark.parametrize("command", ["plan", "status"])
def test_a_misspelt_setting_is_told_beside_the_answer(bench: Any, command: str) -> None:
    settings = bench.path / "workspace.toml"
    settings.write_text(settings.read_text().replace("[steps]", "[stepps]"))
    bench.drop(r1="a")

    said = bench(command)

    assert "stepps is not a setting and does nothing: did you mean steps?" in said.stderr
    assert "stepps" not in said.stdout
