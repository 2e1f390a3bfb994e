"""docs/datasets.md says what the code does: its examples run, its tables are those of the classes."""

import dataclasses
import doctest
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from sinagotd.cli.main import sinagotd
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.settings import DatasetSettings
from sinagotd.datakit.sources.declared import declared_sources, options
from sinagotd.datakit.sources.declared.options import KINDS

GUIDE = Path(__file__).parents[2] / "docs" / "datasets.md"
TEXT = GUIDE.read_text()


def test_the_examples_and_the_commands_of_the_guide_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(GUIDE), module_relative=False)
    assert (failed, tried > 30) == (0, True)
    Path("licks.parquet").unlink()
    for line in re.search(r"```console\n(.+?)```", TEXT, re.DOTALL)[1].splitlines():
        result = CliRunner().invoke(sinagotd, line.split()[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"


def test_the_toml_of_the_guide_is_valid():
    examples = [block for block in re.findall(r"```toml\n(.+?)```", TEXT, re.DOTALL) if "[source." in block]
    kinds = [kind.tag for example in examples for kind in declared_sources(tomllib.loads(example))]
    assert kinds == ["wheel2", "events", "channels"]


def test_the_table_of_sources_is_that_of_the_classes():
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\S+` ?)+) \|.*\| (?:needs )?(.*)\|$", TEXT, re.MULTILINE)
    said = {
        tag: (patterns.replace("`", "").split(), re.findall(r"`(\w+)`", required)) for tag, patterns, required in rows
    }
    classes = Sources(entry_points=False).classes()
    assert said == {kind.tag: (list(kind.patterns), list(kind.requires)) for kind in classes}


def names(kind):
    return {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("kind", [options.Source, options.Time, options.Clock])
def test_every_option_of_a_declaration_is_in_a_table_of_the_guide(kind):
    tables = [set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) for table in TEXT.split("\n\n")]
    assert names(kind) in tables


def test_every_setting_of_a_dataset_is_in_the_guide():
    table = TEXT[TEXT.index("| setting |") : TEXT.index("`materialize`, `validate`")]
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == names(DatasetSettings)


def test_what_each_kind_adds_is_in_the_guide():
    shared = names(options.Columns)
    for name, kind in KINDS.items():
        (row,) = re.findall(rf"^\| `{name}` \| (`.*) \|$", TEXT, re.MULTILINE)
        outside = re.sub(r"\([^)]*\)", "", row)
        own = names(kind) - shared if issubclass(kind, options.Columns) else names(kind) - names(options.Source)
        assert set(re.findall(r"`(\w+)`", outside)) == own, name
