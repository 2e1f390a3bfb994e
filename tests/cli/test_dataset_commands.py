"""`sinagotd dataset`: what each command prints and how it exits, on a small tree that is really built."""

import shutil
import subprocess
import sys

from click.testing import CliRunner

from sinagotd.cli.dataset import COMMANDS
from sinagotd.cli.dataset_choosing import the_dataset
from sinagotd.cli.main import sinagotd
from sinagotd.daemon.datasets import building
from sinagotd.datakit.builds.home import Home


def test_a_build_publishes_and_the_next_one_has_nothing_to_do(study):
    report = study.build()
    assert (report["status"], report["version"], report["rows"], report["cells_loaded"]) == ("published", 1, 3, 3)
    assert study.output.is_file()
    before = study.output.stat()
    report = study.build()
    assert (report["status"], report["cells_loaded"], report["why"]) == ("unchanged", 0, "nothing changed")
    assert study.output.stat() == before


def test_a_build_says_how_far_it_is(study, monkeypatch):
    monkeypatch.setattr(building, "TOLD_EVERY_S", 0.0)
    said = []
    building.do(the_dataset("harbor", study.folder).job(), say=said.append)
    assert said == [f"{count} of 3 rows are loaded" for count in (1, 2, 3)]


def test_one_changed_file_is_one_cell_and_diff_says_so(built):
    built.build()
    built.scores(2, "0,7\n")
    report = built.build()
    assert (report["cells_loaded"], report["cells_reused"]) == (1, 2)
    shown = built.ask("dataset", "diff", "harbor")
    assert shown["to"] == shown["from"] + 1
    assert [(cell["row"][0], cell["source"], cell["causes"]) for cell in shown["cells"]] == [("2", "scores", ["file"])]
    assert "1 cell\n  2 ses-1 task-session  scores  file" in built.say("dataset", "diff", "harbor", str(shown["from"]))
    same = built.ask("dataset", "diff", "harbor", str(shown["to"]), str(shown["to"]))
    assert same["cells"] == []


def test_diff_needs_two_versions(built):
    said = built.say("dataset", "diff", "harbor", expect=1)
    assert "no version before 1 is kept, name two" in said
    assert "there is no version 7" in built.say("dataset", "diff", "harbor", "7", "1", expect=1)
    built.say("dataset", "diff", "harbor", "1", "2", "3", expect=2)


def test_before_the_first_build_there_is_nothing_to_compare_or_to_go_back_to(study):
    assert "nothing is published yet" in study.say("dataset", "diff", "harbor", expect=1)
    assert "no older version is kept" in study.say("dataset", "rollback", "harbor", expect=1)


def test_rollback_shows_an_older_version_again(built):
    built.build()
    built.scores(2, "0,7\n")
    latest = built.build()["version"]
    assert built.ask("dataset", "rollback", "harbor")["version"] == latest - 1
    shown = built.ask("dataset", "status", "harbor")
    assert (shown["latest"], shown["state"]) == (latest - 1, "rolled back")
    assert built.ask("dataset", "rollback", "harbor", str(latest))["version"] == latest
    assert "there is no version 99" in built.say("dataset", "rollback", "harbor", "99", expect=1)


def test_rollback_needs_an_older_version(built):
    assert "no older version is kept" in built.say("dataset", "rollback", "harbor", expect=1)


def test_the_list_says_how_each_dataset_stands(built):
    (row,) = built.ask("dataset", "list")
    assert (row["dataset"], row["state"], row["version"], row["rows"]) == ("harbor", "current", 1, 3)
    assert "current" in built.say("dataset", "list")


def test_what_was_never_built_is_said_to_be_so(study):
    (row,) = study.ask("dataset", "list")
    assert (row["state"], row["version"], row["published"]) == ("never built", 0, None)
    assert "never built" in study.say("dataset", "status", "harbor")


def test_the_status_tells_versions_and_the_last_build(built):
    shown = built.ask("dataset", "status", "harbor")
    assert (shown["state"], shown["latest"], len(shown["versions"])) == ("current", 1, 1)
    assert shown["last_build"]["report"]["rows"] == 3
    said = built.say("dataset", "status", "harbor")
    assert "* version 1" in said
    assert "published, the first version" in said


def test_the_status_counts_what_came_of_builds_and_checks(study):
    study.build()
    study.build()
    study.ask("dataset", "verify", "harbor")
    with Home(study.output).locked():
        study.build(expect=1)
    shutil.rmtree(study.folder / "study")
    study.build(expect=1)
    shown = study.ask("dataset", "status", "harbor", expect=1)
    assert shown["counts"] == {"published": 1, "unchanged": 1, "checked": 1, "failed": 1}
    assert shown["last_build"]["succeeded_at"] < shown["last_build"]["began_at"]
    assert "1 published, 1 unchanged, 1 checked, 1 failed" in study.say("dataset", "status", "harbor", expect=1)
    (row,) = study.ask("dataset", "list")
    assert (row["counts"], row["succeeded_at"]) == (shown["counts"], shown["last_build"]["succeeded_at"])


def test_what_somebody_changed_is_said(built):
    built.build()
    with built.output.open("ab") as file:
        file.write(b"mine")
    assert "was changed by someone" in built.ask("dataset", "list")[0]["fault"]


def test_a_cell_that_cannot_be_loaded_is_a_problem_and_no_reason_to_stop(study):
    study.scores(2, "0,x,y\n")
    report = study.build()
    assert (report["status"], report["failed"]) == ("published", 1)
    assert report["named"][0].startswith("scores of 2 ses-1")
    assert "1 cells failed" in study.say("dataset", "build", "harbor")
    assert "1 failed" in study.say("dataset", "status", "harbor")


def test_a_strict_dataset_keeps_the_last_good_version(study):
    study.settings("strict = true")
    study.build()
    before = study.output.read_bytes()
    study.scores(2, "0,x,y\n")
    report = study.build(expect=1)
    assert report["status"] == "kept"
    assert "strict" in report["why"]
    assert study.output.read_bytes() == before
    shown = study.ask("dataset", "status", "harbor", expect=1)
    assert (shown["state"], shown["fault"], shown["latest"]) == ("kept", report["why"], 1)


def test_what_cannot_be_built_is_a_sentence_and_stands_in_the_status(study):
    shutil.rmtree(study.folder / "study")
    report = study.build(expect=1)
    assert report["status"] == "failed"
    (row,) = study.ask("dataset", "list")
    assert (row["state"], row["fault"]) == ("failed", report["why"])
    assert report["why"] in study.say("dataset", "status", "harbor", expect=1)


def test_an_output_that_somebody_took_away_is_said_and_built_again(built):
    built.build()
    built.output.unlink()
    assert "was deleted by someone" in built.say("dataset", "status", "harbor", expect=1)
    assert built.build()["status"] == "published"
    assert built.output.is_file()


def test_sources_that_strangers_may_write_are_not_run(study):
    (study.folder / "mine.py").write_text("")
    (study.folder / "mine.py").chmod(0o666)
    study.settings('sources_from = ["mine.py"]')
    assert "everybody may write it" in study.say("dataset", "build", "harbor", expect=1)


def test_two_builds_at_once_do_not_meet(built):
    chosen = the_dataset("harbor", built.folder)
    assert not chosen.is_being_built
    with Home(built.output).locked():
        assert chosen.is_being_built
        assert built.ask("dataset", "list")[0]["state"] == "building"
        assert "another process is building it" in built.build(expect=1)["why"]


def test_a_dataset_that_is_not_there_is_a_sentence(study):
    assert "there is no dataset 'harbour': did you mean harbor?" in study.say("dataset", "build", "harbour", expect=1)


def test_what_is_meant_for_a_folder_is_not_passed_over_in_silence(study):
    said = study.say("dataset", "build", "harbor", "--output", "elsewhere.parquet", "--lenient", expect=2)
    assert "--output, --lenient: only for a folder, and harbor is none" in said
    assert not study.output.exists()


def test_without_settings_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(sinagotd, ["dataset", "list"])
    assert result.exit_code == 1
    assert "say --config" in result.output


def test_every_command_is_there_and_says_what_it_does():
    listed = CliRunner().invoke(sinagotd, ["dataset", "--help"]).output
    for name in COMMANDS:
        assert name in listed
        assert CliRunner().invoke(sinagotd, ["dataset", name, "--help"]).exit_code == 0
    assert CliRunner().invoke(sinagotd, ["dataset", "nothing"]).exit_code == 2


def test_the_list_waits_for_no_pandas(built):
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from sinagotd.cli.main import sinagotd\n"
        "assert CliRunner().invoke(sinagotd, ['dataset', 'list', '--config', sys.argv[1]]).exit_code == 0\n"
        "assert 'pandas' not in sys.modules and 'pyarrow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(built.folder)], check=True)
