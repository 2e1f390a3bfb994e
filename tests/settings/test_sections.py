from pathlib import Path

import pytest

from sinagotd.settings.cluster import ClusterSettings
from sinagotd.settings.sections import Place
from sinagotd.settings.workspace_file import RecordsSection

HERE = Place(Path("/lab"))


def test_a_table_is_frozen():
    with pytest.raises(AttributeError, match="settings are frozen"):
        ClusterSettings().workers = 3


def test_a_table_knows_which_of_its_keys_were_given():
    cluster = ClusterSettings.read({"workers": 0, "unknown": 1}, HERE)
    assert cluster.given == {"workers"}
    assert cluster == ClusterSettings()


def test_a_changed_table_keeps_what_was_given():
    cluster = ClusterSettings.read({"workers": 2, "window": 5}, HERE).but(workers=3)
    assert (cluster.workers, cluster.window, cluster.dashboard) == (3, 5, None)
    assert cluster.given == {"workers", "window"}
    assert cluster != ClusterSettings.read({"workers": 2, "window": 5}, HERE)


def test_tables_of_different_kinds_are_different():
    assert ClusterSettings() != RecordsSection(id_pattern="x")


def test_what_is_no_table_is_a_fault_of_its_own():
    with pytest.raises(ValueError, match="must be a table"):
        ClusterSettings.read([], HERE)
