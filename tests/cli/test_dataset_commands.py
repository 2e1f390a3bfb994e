"""`sinagotd dataset`: what each command prints and how it exits, on a small tree that is really built."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sinagotd.cli.dataset import COMMANDS
from sinagotd.cli.dataset_choosing import the_dataset
from sinagotd.cli.main import sinagotd
from sinagotd.datakit.builds.home import Home

SETTINGS = """
[cluster]
workers = 2
[datasets.harbor]
roots = ["study"]
output = "tables/{name}.parquet"
keep = 2
{more}
[datasets.harbor.source.scores]
kind = "table"
files = "*_scores.csv"
time = {column = "time"}
"""


class Study:
    """A service with one dataset of three recordings."""

    def __init__(self, folder):
        self.folder = folder
        self.output = folder / "tables/harbor.parquet"
        self.settings()
        for number in range(1, 4):
            self.scores(number, "0,1\n1,2\n")

    def settings(self, more="", instead=()):
        text = SETTINGS.replace("{more}", more)
        for old, new in instead:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "sinagotd.toml").write_text(text)

    def scores(self, number, lines):
        file = self.folder / f"study/sub-{number}/ses-1/sub-{number}_ses-1_scores.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"time,score\n{lines}")

    def say(self, *words, expect=0):
        result = CliRunner().invoke(sinagotd, [*words, "--config", str(self.folder)])
        assert result.exit_code == expect, result.output
        return result.output

    def ask(self, *words, expect=0):
        return json.loads(self.say(*words, "--json", expect=expect))

    def build(self, expect=0):
        return self.ask("dataset", "build", "harbor", expect=expect)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("study"))
    assert study.build()["status"] == "published"
    return study.folder


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


@pytest.fixture
def built(built_once, tmp_path):
    """The same dataset as built before, moved here as a whole."""
    folder = tmp_path / "study-of-its-own"
    shutil.copytree(built_once, folder, symlinks=True)
    study = Study.__new__(Study)
    study.folder, study.output = folder, folder / "tables/harbor.parquet"
    return study


def test_a_build_publishes_and_the_next_one_has_nothing_to_do(study):
    report = study.build()
    assert (report["status"], report["version"], report["rows"], report["cells_loaded"]) == ("published", 1, 3, 3)
    assert study.output.is_file()
    before = study.output.stat()
    report = study.build()
    assert (report["status"], report["cells_loaded"], report["why"]) == ("unchanged", 0, "nothing changed")
    assert study.output.stat() == before


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
    assert "only 1 version of it is there" in said
    assert "there is no version 7" in built.say("dataset", "diff", "harbor", "7", "1", expect=1)
    built.say("dataset", "diff", "harbor", "1", "2", "3", expect=2)


def test_rollback_shows_an_older_version_again(built):
    built.build()
    built.scores(2, "0,7\n")
    latest = built.build()["version"]
    assert built.ask("dataset", "rollback", "harbor")["version"] == latest - 1
    assert built.ask("dataset", "status", "harbor")["latest"] == latest - 1
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
    assert "was taken away" in built.say("dataset", "status", "harbor", expect=1)
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


# check


def checked(study, expect):
    (examined,) = [each for each in study.ask("check", expect=expect) if each["workspace"] == "dataset harbor"]
    return examined


def test_check_says_what_a_dataset_is_made_of(study):
    examined = checked(study, 0)
    assert (examined["records"], examined["steps"], examined["faults"]) == (3, ["scores"], [])
    assert "3 rows, 1 source (scores)" in study.say("check")
    assert not (study.folder / "tables").exists()


@pytest.mark.parametrize(
    ("instead", "fault"),
    [
        ([('["study"]', '["nowhere"]')], "there is no such folder"),
        ([('roots = ["study"]', 'workspace = "lab"')], "there is no such file"),
        ([("keep = 2", 'sources = ["scors"]')], "scors"),
        ([("keep = 2", 'sources_from = ["mine.py"]')], "there is no such file: write it"),
        ([("keep = 2", 'include = {subject = "9"}')], "leave no row"),
        ([("keep = 2", 'include = {planet = "9"}')], "planet"),
        ([("keep = 2", 'format = "csv"')], "format='csv'"),
        ([("tables/{name}.parquet", "study/sub-1/ses-1/sub-1_ses-1_scores.csv/x.csv")], "is no folder"),
        ([("tables/{name}.parquet", "study")], "a folder is there that is none of ours"),
        ([('kind = "table"', 'kind = "tabel"')], "kind"),
    ],
)
def test_check_says_what_is_wrong_before_anything_starts(study, instead, fault):
    study.settings(instead=instead)
    assert fault in " ".join(checked(study, 1)["faults"])


def test_check_says_that_a_workspace_is_not_the_services_own(study):
    (study.folder / "lab").mkdir()
    (study.folder / "lab/workspace.toml").write_text("[records]\nid_pattern = 'x'\n")
    study.settings(instead=[('roots = ["study"]', 'workspace = "lab"')])
    examined = checked(study, 1)
    assert "none of the service's workspaces" in examined["warnings"][0]


def test_a_cron_line_that_is_none_is_a_fault_of_the_settings(study):
    study.settings('schedule = "0 3 * * * Mars/Base"')
    assert "Mars/Base" in study.say("check", expect=1)


def test_check_tells_of_a_misspelt_setting_of_a_dataset(study):
    study.settings(more='schedul = "15min"\n')
    assert "datasets.harbor.schedul is not a setting and does nothing" in study.say("check")


def test_check_of_one_workspace_leaves_datasets_alone(study):
    (study.folder / "lab").mkdir()
    Path(study.folder / "lab/workspace.toml").write_text("[records]\nid_pattern = 'x'\n")
    said = study.say("check", str(study.folder / "lab"), expect=1)
    assert "dataset" not in said.replace("path.dataset", "").replace("lab/dataset", "")


# verify


def test_what_is_published_is_as_a_build_from_scratch_makes_it(built):
    report = built.ask("dataset", "verify", "harbor")
    assert (report["status"], report["rows"], report["cells"]) == ("checked", 3, [])
    assert "3 cells of 3 rows are as a build from scratch makes them" in built.say("dataset", "verify", "harbor")
    assert built.ask("dataset", "status", "harbor")["last_build"]["check"]["status"] == "checked"


BIASED = """
from pathlib import Path
from sinagotd.datakit import DataSource


class Biased(DataSource):
    tag, patterns, is_timeseries = "biased", ("*_scores.csv",), False

    def load(self, path, *, context=None):
        return self.stream([], int(Path(__file__).with_name("bias.txt").read_text()), {"scope": "session"})
"""


def test_a_value_that_is_not_what_its_files_say_is_wrong(study):
    """Its source reads a file of which nobody knows."""
    (study.folder / "mine.py").write_text(BIASED)
    (study.folder / "bias.txt").write_text("1")
    study.settings('sources_from = ["mine.py"]\nsources = ["biased"]')
    study.build()
    (study.folder / "bias.txt").write_text("2")
    assert study.build()["status"] == "unchanged"
    report = study.ask("dataset", "verify", "harbor", expect=1)
    assert report["status"] == "wrong"
    assert report["cells"][0] == "biased.value of 1 ses-1 task-session: its value is not what its file says"
    (row,) = study.ask("dataset", "list")
    assert (row["state"], row["fault"]) == ("wrong", report["why"])
    assert "differs" in study.say("dataset", "verify", "harbor", expect=1)


def test_there_must_be_something_to_verify(study):
    assert "build it first" in study.ask("dataset", "verify", "harbor", expect=1)["why"]
