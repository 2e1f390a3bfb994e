import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sinagotd.core.schedule import NEVER, Interval, OnChange
from sinagotd.errors import ConfigError
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.schedules import read_schedule

LEAST = '[datasets.harbor]\nroots = ["study"]\noutput = "tables/{name}.parquet"\n'


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "sinagotd.toml"
        path.write_text(text)
        return load_daemon(path)

    return load


@pytest.fixture
def faults(load, tmp_path):
    def faults(text):
        with pytest.raises(ConfigError) as caught:
            load(text)
        return [fault.removeprefix(f"{tmp_path / 'sinagotd.toml'}: ") for fault in caught.value.faults]

    return faults


def test_a_dataset_needs_roots_and_an_output(load, tmp_path):
    (section,) = load(LEAST).datasets.values()
    assert section.roots == (tmp_path / "study",)
    assert section.output_for("harbor", date(2026, 3, 1)) == tmp_path / "tables/harbor.parquet"
    assert section.when == OnChange(30.0, 60.0)
    assert (section.strict, section.keep, section.timeout) == (False, 3, 21600.0)


def test_everything_that_can_be_said_of_a_dataset_is_read(load, tmp_path):
    section = load(
        """
        [datasets.harbor]
        workspace = "../lab"
        sources = ["count"]
        sources_from = ["mine.py"]
        output = "/srv/{name}/{date}"
        format = "parquet"
        schedule = "15min"
        strict = true
        keep = 0
        partition_by = ["Subject"]
        timeout = "off"
        cell_timeout = "1min"
        verify = "off"
        include = {subject = "S01", task = ["a", "b"]}
        [datasets.harbor.source.scores]
        kind = "table"
        files = "*_scores.csv"
        """
    ).datasets["harbor"]
    assert section.workspace == (tmp_path / "../lab").resolve()
    assert section.output_for("harbor", date(2026, 3, 1)) == Path("/srv/harbor/2026-03-01")
    assert section.when == Interval(900.0)
    assert section.include == {"subject": ("S01",), "task": ("a", "b")}
    assert section.source == {"scores": {"kind": "table", "files": "*_scores.csv"}}
    assert (section.timeout, section.cell_timeout, section.verify) == (None, 60.0, None)


def test_every_fault_of_every_dataset_is_said_at_once(faults):
    found = faults(
        """
        [datasets.a]
        roots = ["x"]
        workspace = "y"
        output = "a.parquet"
        [datasets.b]
        roots = "x"
        output = "b.xlsx"
        format = "excel"
        schedule = "sometimes"
        keep = -1
        include = {subject = 3}
        [datasets.c]
        output = "{host}.csv"
        [datasets.".d"]
        """
    )
    starts = [fault.split(": ")[0] for fault in found]
    assert starts == [
        "datasets.a",
        'datasets.b.roots = "x"',
        "datasets.b.include",
        'datasets.b.output = "b.xlsx"',
        'datasets.b.format = "excel"',
        'datasets.b.schedule = "sometimes"',
        "datasets.b.keep = -1",
        'datasets.c.output = "{host}.csv"',
        'datasets.".d" = ".d"',
        'datasets.".d".output is missing',
    ]
    assert found[0].endswith("needs either roots or a workspace")
    assert found[3].endswith("must end with .parquet, .pq, .h5, .hdf5, .csv, .pkl, .pickle, or be a folder")
    assert found[7].endswith('may hold the places {name} and {date}, and no others: write "{{" for "{"')


@pytest.mark.parametrize(
    "output", ["{", "{name!r:>{width}}", "{}", "{name.x}", ".hidden.parquet", "", "~nobody-here/x.csv"]
)
def test_an_output_that_cannot_be_filled_in_is_refused(faults, output):
    (found,) = faults(LEAST.replace("tables/{name}.parquet", output))
    assert found.startswith("datasets.harbor.output")


def test_braces_in_an_output_are_written_twice(load):
    section = load(LEAST.replace("{name}", "{{x}}-{name}")).datasets["harbor"]
    assert section.output_for("harbor", date(2026, 3, 1)).name == "{x}-harbor.parquet"


def test_two_datasets_may_not_have_one_output(faults):
    (found,) = faults(LEAST + LEAST.replace("harbor", "lake").replace("{name}", "harbor"))
    assert found.startswith("datasets: harbor and lake have the same output, ")


def test_two_datasets_may_not_share_the_files_beside_their_outputs(faults, tmp_path):
    (found,) = faults(LEAST + LEAST.replace("harbor", "lake").replace("{name}.parquet", "harbor.h5"))
    assert "would list their versions in one file, harbor.versions.json" in found
    (tmp_path / "tables").mkdir()
    (tmp_path / "link").symlink_to("tables")
    (found,) = faults(LEAST + LEAST.replace("harbor", "lake").replace("tables/{name}", "link/harbor"))
    assert found.startswith("datasets: harbor and lake have the same output, ")


def test_a_dataset_may_not_be_published_inside_another(faults):
    (found,) = faults(LEAST.replace(".parquet", "") + LEAST.replace("harbor", "lake").replace("{name}", "harbor/x"))
    assert found.startswith("datasets: the output of lake lies in that of harbor, ")


def test_what_is_declared_of_a_source_must_be_able_to_travel(faults):
    (found,) = faults(LEAST + "[datasets.harbor.source.scores]\nsince = 2026-01-01\n")
    assert found.startswith("datasets.harbor.source")
    assert found.endswith("dates and times are given as text: write them in quotes")


def test_only_parquet_is_divided(faults, load):
    (found,) = faults(LEAST.replace(".parquet", ".csv") + 'partition_by = ["Subject"]')
    assert "partition_by is for parquet" in found
    assert load(LEAST.replace(".parquet", "") + 'partition_by = ["Subject"]').datasets["harbor"].partition_by


def test_an_unknown_key_of_a_dataset_is_a_warning(load):
    (warning,) = load(LEAST + 'ouput = "x"\n').warnings
    assert "datasets.harbor.ouput is not a setting" in warning


# schedules


def next_times(line, *, count=1, after="2026-11-22T09:00:00+00:00"):
    at, times = datetime.fromisoformat(after).timestamp(), []
    for _ in range(count):
        at = read_schedule(line, quiet_s=0, at_most_every_s=0).next_after(at)
        times.append(datetime.fromtimestamp(at, UTC).strftime("%a %d %H:%M"))
    return times


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("0 3 * * * Europe/Paris", ["Mon 23 02:00", "Tue 24 02:00"]),
        ("cron 30 3 * * 1-5 UTC", ["Mon 23 03:30", "Tue 24 03:30"]),
        ("0 3 * * 0 UTC", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 7 UTC", ["Sun 29 03:00", "Sun 06 03:00"]),
        ("0 3 * * 5-7 UTC", ["Fri 27 03:00", "Sat 28 03:00"]),
        ("0 3 * * */3 UTC", ["Wed 25 03:00", "Sat 28 03:00"]),
        ("0 3 * * 1,sat UTC", ["Mon 23 03:00", "Sat 28 03:00"]),
        ("*/20 10 * * * UTC", ["Sun 22 10:00", "Sun 22 10:20"]),
    ],
)
def test_a_cron_line_means_what_crontab_means(line, times):
    assert next_times(line, count=2) == times


def test_a_time_that_summer_skips_is_not_lost():
    (found,) = next_times("30 2 * * * Europe/Paris", after="2026-03-28T12:00:00+00:00")
    assert found.startswith("Sun 29")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0 3 31 2 * UTC", "is never due"),
        ("0 3 1 * mon UTC", "use one"),
        ("0 99 * * * UTC", "99"),
        ("0 3 * * * Mars/Base", "Mars/Base"),
        ("0 3 * * *  * UTC", "must be"),
        ("1 2 3", "must be"),
        ("0s", "must be"),
        ("", "must be"),
        ("often", "must be"),
    ],
)
def test_what_is_no_schedule_is_refused_in_a_sentence(line, why):
    with pytest.raises(ValueError, match=why.replace("/", ".")):
        read_schedule(line, quiet_s=0, at_most_every_s=0)


@pytest.mark.parametrize("word", ["off", "never"])
def test_a_dataset_may_be_built_by_command_only(word):
    assert read_schedule(word, quiet_s=0, at_most_every_s=0) is None


def test_only_who_has_a_cron_line_waits_for_apscheduler(tmp_path):
    (tmp_path / "sinagotd.toml").write_text(LEAST)
    code = "import sys; from sinagotd.settings.daemon import load_daemon; load_daemon(sys.argv[1]); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "apscheduler" not in loaded.stdout.split()


def test_a_time_that_never_comes_is_infinitely_far_away():
    at = datetime(9998, 1, 1, tzinfo=UTC).timestamp()
    assert read_schedule("0 0 29 2 * UTC", quiet_s=0, at_most_every_s=0).next_after(at) == NEVER
