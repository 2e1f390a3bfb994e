from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from sinagotd.cli.asking import Asked
from sinagotd.cli.choosing import choose
from sinagotd.manifest.lock import Lock, owner

Json = Callable[..., Any]


def states(bench: Any, json_of: Json) -> dict[str, str]:
    return {f"{row['record']}/{row['step']}": row["state"] for row in json_of(bench("status", "--json"))}


# what is asked for


def test_steps_of_different_records_are_asked_for_one_by_one() -> None:
    asked = choose("hold", ["A", "B/count", "C", "D/RS/EEG/count", "E/count", "A"], [], everything=False)

    assert asked == [
        Asked("hold", ("A", "C"), None),
        Asked("hold", ("B", "E"), ("count",)),
        Asked("hold", ("D",), ("RS/EEG/count",)),
    ]


def test_a_step_alone_means_that_step_of_every_record() -> None:
    assert choose("hold", [], ["count"], everything=False) == [Asked("hold", None, ("count",))]


@pytest.mark.parametrize("wrong", [{"targets": (), "everything": False}, {"targets": ("A",), "everything": True}])
def test_nothing_chosen_and_everything_besides_names_are_usage_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(click.UsageError):
        choose("hold", steps=[], **wrong)


@pytest.mark.parametrize("verb", ["retry", "accept", "hold", "release"])
def test_every_verb_wants_to_be_told_what(worked: Any, verb: str) -> None:
    result = worked.on(verb)

    assert result.exit_code == 2
    assert "or say --all" in result.stderr


# without a daemon


def test_a_quarantined_step_is_due_again_after_retry(worked: Any, json_of: Json) -> None:
    result = worked.on("retry", "REC-3/count")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{worked.path}: retry: 1 step", "  REC-3/count"]
    assert states(worked, json_of)["REC-3/count"] == "stale"


def test_nothing_to_retry_is_said_and_ends_with_1(worked: Any) -> None:
    result = worked.on("retry", "REC-1")

    assert result.exit_code == 1
    assert (
        result.stdout.splitlines()[1].strip() == "nothing of that has failed: --force runs steps whatever their state"
    )


def test_forced_steps_run_even_if_they_are_current(worked: Any, json_of: Json) -> None:
    worked.on("retry", "REC-1/count", "REC-2", "--force")

    asked_for = {f"{row['record']}/{row['step']}" for row in json_of(worked("plan", "--json"))}

    assert asked_for >= {"REC-1/count", "REC-2/count"}


def test_a_held_step_stays_held_until_it_is_released(worked: Any, json_of: Json) -> None:
    assert worked.on("hold", "--step", "count", "--all").exit_code == 0
    held = states(worked, json_of)
    worked.on("release", "REC-1", "--step", "count")
    released = states(worked, json_of)

    assert [held[f"REC-{number}/count"] for number in (1, 2, 3)] == ["held"] * 3
    assert [released[f"REC-{number}/count"] for number in (1, 2, 3)] == ["current", "held", "held"]


def test_an_edited_output_can_be_accepted(worked: Any, json_of: Json) -> None:
    worked.write("dataset/counts/REC-1.txt", "5")
    before = states(worked, json_of)["REC-1/count"]

    result = worked.on("accept", "REC-1/count", "REC-3/count")

    assert (before, states(worked, json_of)["REC-1/count"]) == ("held", "current")
    assert result.exit_code == 0
    assert "  left REC-3/count: counts/REC-3.txt is missing" in result.stdout.splitlines()


def test_outputs_are_accepted_on_a_workspace_on_which_nothing_ever_ran(bench: Any, json_of: Json) -> None:
    file = bench.path / "workspace.toml"
    file.write_text(file.read_text() + "adopt_existing = false\n")
    bench.drop(r1="a")
    bench.write("dataset/counts/REC-1.txt", "1")
    before = states(bench, json_of)["REC-1/count"]

    bench.on("accept", "REC-1/count")

    assert (before, states(bench, json_of)["REC-1/count"]) == ("stale", "current")


def test_large_files_are_fingerprinted_before_they_are_accepted(bench: Any, json_of: Json) -> None:
    file = bench.path / "workspace.toml"
    file.write_text(file.read_text().replace("[watch]", '[watch]\nhash_inline = "2 B"') + "adopt_existing = false\n")
    bench.drop(r1="more than two bytes")
    bench.write("dataset/counts/REC-1.txt", "4 words")

    assert bench.on("accept", "REC-1/count").exit_code == 0
    assert states(bench, json_of)["REC-1/count"] == "current"


def test_nothing_accepted_ends_with_1(worked: Any) -> None:
    assert worked.on("accept", "REC-3").exit_code == 1


def test_an_unknown_record_or_step_changes_nothing(worked: Any, json_of: Json) -> None:
    assert worked.on("hold", "REC-9").exit_code == 1
    assert worked.on("hold", "REC-1/sum").exit_code == 1
    assert "held" not in states(worked, json_of).values()


def test_what_was_done_can_be_had_as_json(worked: Any, json_of: Json) -> None:
    (done,) = json_of(worked.on("accept", "REC-1/count", "REC-3/count", "--json"))

    assert done == {
        "workspace": str(worked.path),
        "steps": ["REC-1/count"],
        "left": ["REC-3/count: counts/REC-3.txt is missing"],
    }


def test_the_workspace_is_free_again_afterwards(worked: Any) -> None:
    worked.on("hold", "REC-1")

    assert owner(worked.state) is None


def test_a_record_is_held_in_whichever_workspace_has_it(
    make_bench: Callable[[str], Any], tmp_path: Path, sinagotd_call: Json, json_of: Json
) -> None:
    make_bench("one").drop(r1="a")
    make_bench("two").drop(r2="a")
    config = tmp_path / "sinagotd.toml"
    config.write_text('workspaces = ["one", "two"]')

    done = json_of(sinagotd_call("hold", "REC-2/count", "--config", str(config), "--json"))

    assert [(Path(each["workspace"]).name, each["steps"]) for each in done] == [("two", ["REC-2/count"])]


def test_an_owner_that_does_not_answer_is_named_as_such(worked: Any) -> None:
    with Lock.acquire(worked.state, command="sinagotd run", at=1.0):
        result = worked.on("hold", "REC-1")

    assert result.exit_code == 1
    assert f"the daemon that owns {worked.state} does not answer" in result.stderr


def test_a_file_in_place_of_the_state_folder_is_a_sentence(bench: Any) -> None:
    bench.drop(r1="a")
    bench.write("dataset/.sinagotd", "a file")

    result = bench.on("hold", "REC-1")

    assert result.exit_code == 1
    assert result.stderr == f"{bench.state}/lock cannot be read: Not a directory\n"
