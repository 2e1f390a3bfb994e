"""Which sources there are, and how people add theirs."""

import importlib.metadata
import os
import subprocess
import sys

import pytest
from datakit_world import Licks, small_sources, write

from sinagotd.datakit import Dataset, DataSource, Sources, default_sources


def kind(name="Mine", **attributes):
    return type(name, (DataSource,), {"tag": "mine", "patterns": ("*_mine.txt",), **attributes})


def test_the_sixteen_built_in_sources_are_there_and_each_has_the_tag_it_is_found_by():
    """V19: `meso_mean` and `meso_dff` called themselves `meso`."""
    sources = Sources(entry_points=False)
    assert len(sources.available_tags()) == 16
    assert [source.tag for source in sources.classes()] == list(sources.available_tags())
    assert sources.faults == {}


def test_the_default_sources_are_one_set():
    assert default_sources() is default_sources()


def test_a_class_registers_by_decorator_and_is_found():
    sources = small_sources()
    mine = sources.register(kind())
    assert sources.get_source_class("mine") is mine
    assert sources.available_tags() == ("licks", "mine", "trials", "weight")
    with pytest.raises(KeyError, match="no source 'yours'; there are licks"):
        sources.get_source_class("yours")


def test_a_class_defined_anew_takes_the_old_ones_place_and_another_does_not():
    sources = small_sources()
    sources.register(kind())
    newer = sources.register(kind())
    assert sources.get_source_class("mine") is newer
    with pytest.raises(ValueError, match="already"):
        sources.register(kind("Other"))
    with pytest.raises(ValueError, match="already"):
        Sources(entry_points=False).register(kind(tag="notes"))


@pytest.mark.parametrize(
    "wrong", [kind(tag=""), kind(tag=None), kind(patterns=3), kind(requires={"a": 1}), kind(patterns=(1,)), dict, 3]
)
def test_what_is_no_source_is_refused(wrong):
    with pytest.raises(ValueError):
        small_sources().register(wrong)


def test_a_plain_string_is_one_pattern_and_one_requirement(tmp_path):
    """V36: both were read letter by letter."""
    sources = small_sources(kind(patterns="*_mine.txt", requires="licks"))
    write(tmp_path, "data/sub-1/ses-1/x_mine.txt")
    assert Dataset.from_directory(tmp_path, registry=sources).sources == ("mine",)
    assert sources.requires("mine") == ("licks",)


MODULE = """
from dataclasses import dataclass
from sinagotd.datakit import DataSource, LoadedStream, TimeseriesSource

@dataclass
class Helper:
    value: "int" = 1

class Base(DataSource):
    pass

class Mine(Base):
    tag = "mine"
    patterns = ("*_mine.txt",)
    def load(self, path, *, context=None):
        return LoadedStream(self.tag, [0.0], {"value": Helper().value})
"""


def test_a_python_file_brings_its_sources_even_to_other_processes(tmp_path):
    sources = small_sources()
    assert sources.add_file(write(tmp_path, "mine.py", MODULE)) == ("mine",)
    for n in range(2):
        write(tmp_path, f"data/sub-{n}/ses-1/x_mine.txt")
    frame = Dataset.from_directory(tmp_path, registry=sources).materialize(workers=2)
    assert frame["mine", "value"].tolist() == [1, 1]


def test_an_edit_within_a_second_that_leaves_the_size_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write(tmp_path, "mine.py", MODULE)
    small_sources().add_file(path)
    then = path.stat()
    path.write_text(MODULE.replace('"mine"', '"ours"'))
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert small_sources().add_file(path) == ("ours",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", "raise RuntimeError('no')", "cannot be run: RuntimeError: no"),
        ("a.toml", "x = [", "is no TOML"),
        ("a.txt", "", "is no Python file"),
    ],
)
def test_a_file_that_brings_nothing_says_why(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message):
        small_sources().add_file(write(tmp_path, name, content))
    with pytest.raises(ValueError, match="is not there"):
        small_sources().add_file(tmp_path / "never.py")


def test_a_toml_file_may_name_python_files_beside_it(tmp_path):
    write(tmp_path, "mine.py", MODULE)
    assert small_sources().add_file(write(tmp_path, "sources.toml", 'python = "mine.py"\n')) == ("mine",)


def plug_ins(monkeypatch, **places):
    points = [importlib.metadata.EntryPoint(name, place, "sinagotd.sources") for name, place in places.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    return Sources(built_in=False)


def test_entry_points_are_sources(monkeypatch):
    sources = plug_ins(monkeypatch, licks="datakit_world:Licks")
    assert sources.available_tags() == ("licks",)
    assert sources.get_source_class("licks") is Licks


def test_a_plug_in_that_cannot_be_imported_concerns_only_itself(monkeypatch, tmp_path):
    sources = plug_ins(monkeypatch, licks="datakit_world:Licks", broken="never.there:At", wrong="builtins:dict")
    write(tmp_path, "data/sub-1/ses-1/x_licks.csv", "time,side\n0,left\n")
    found = Dataset.from_directory(tmp_path, registry=sources)
    assert found.sources == ("licks",)
    assert sorted(found.problems["source"]) == ["broken", "wrong"]
    with pytest.raises(ValueError, match="'broken' cannot be imported: ModuleNotFoundError"):
        sources.get_source_class("broken")


def test_importing_datakit_imports_no_pandas_and_every_name_can_be_used():
    """V30: importing wrote logs, took over logging and cost 0.8 s."""
    code = (
        "import logging, sys; hook = sys.excepthook\n"
        "import sinagotd.datakit as datakit\n"
        "assert not {'pandas', 'numpy', 'pyarrow', 'dask', 'rich'} & set(sys.modules), 'heavy'\n"
        "assert not logging.getLogger().handlers and sys.excepthook is hook\n"
        "missing = [name for name in datakit.__all__ if not hasattr(datakit, name)]\n"
        "assert not missing, missing\n"
        "assert set(datakit.__all__) <= set(dir(datakit))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)
