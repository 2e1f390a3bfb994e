"""`sinagotd check` of datasets, before anything is built, and `sinagotd dataset verify`, after that."""

from pathlib import Path

import pytest
from small_disk import a_small_disk, fill_disk


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


def test_check_says_that_there_is_no_room(study):
    with a_small_disk(study.folder / "tables") as disk:
        assert checked(study, 0)["warnings"][0].endswith("harbor.parquet is to be published")
        fill_disk(disk, 0)
        assert "the disk is full" in checked(study, 1)["faults"][0]


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
