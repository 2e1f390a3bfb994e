"""What monitoring is told: read with the parser of Prometheus' own client."""

import os

import pytest
from kept_world import World as Kept
from loop_world import Bench
from prometheus_client.parser import text_string_to_metric_families

from sinagotd.daemon import events
from sinagotd.daemon.metrics import MetricsFile
from sinagotd.daemon.sites import Sites
from sinagotd.errors import ConfigError
from sinagotd.settings.daemon import load_daemon


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def kept(tmp_path):
    kept = Kept(tmp_path)
    yield kept
    kept.end()


def numbers(path):
    """The values in the file, by name and by the labels of each, which have an order of their own."""
    families = text_string_to_metric_families(path.read_text())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}


def told_of(kept):
    file = kept.folder / "sinagotd.prom"
    MetricsFile(file, kept.log).write(Sites({}, kept.inbox, kept.runner, kept.log, patient=True), kept.datasets.kept)
    return numbers(file)


def test_it_says_how_steps_stand_and_how_runs_ended(bench):
    bench.world.put("raw/REC-1.txt", "one two")
    bench.walk()
    bench.work()
    bench.loop.handle(events.MetricsDue())
    told = numbers(bench.metrics)
    assert told["sinagotd_records", "w"] == 1
    assert told["sinagotd_steps", "current", "w"] == told["sinagotd_runs_total", "succeeded", "w"] == 2
    assert told["sinagotd_steps", "failed", "w"] == told["sinagotd_runs_in_flight", "w"] == 0
    assert told["sinagotd_workspace_open", "w"] == 1


def test_a_folder_that_is_gone_is_offline_and_no_record_is_less(bench):
    bench.world.put("raw/REC-1.txt", "one")
    bench.walk()
    bench.work()
    bench.world.data.rename(bench.world.folder / "away")
    bench.walk()
    bench.loop.handle(events.MetricsDue())
    told = numbers(bench.metrics)
    assert (told["sinagotd_workspace_offline", "w"], told["sinagotd_records", "w"]) == (1, 1)


def test_a_workspace_that_is_closed_says_only_that(bench):
    with bench.sites.minding("w"):
        raise OSError(5, "Input/output error")
    bench.loop.handle(events.MetricsDue())
    told = numbers(bench.metrics)
    assert {name: value for name, value in told.items() if "w" in name} == {("sinagotd_workspace_open", "w"): 0}


def test_a_place_that_cannot_be_written_is_told_once_and_tried_again(bench):
    bench.metrics.mkdir()
    for _ in range(2):
        bench.loop.handle(events.MetricsDue())
    (line,) = bench.said("metrics_not_written")
    assert str(bench.metrics) in line["why"]
    bench.metrics.rmdir()
    bench.loop.handle(events.MetricsDue())
    assert numbers(bench.metrics)["sinagotd_records", "w"] == 0


def test_whoever_collects_it_may_read_it(bench):
    before = os.umask(0o077)
    bench.loop.handle(events.MetricsDue())
    os.umask(before)
    assert bench.metrics.stat().st_mode & 0o777 == 0o644
    assert list(bench.metrics.parent.glob("*prom*")) == [bench.metrics]


def test_a_mismatch_that_a_check_found_is_told_until_the_next_finds_none(kept):
    kept.begin("harbor").built()
    before = told_of(kept)
    (order,) = kept.turn(after=86_400.0)
    kept.report(order, {"status": "wrong", "why": "2 cells differ", "cells": ["a", "b"]})
    told = told_of(kept)
    assert (before["sinagotd_dataset_wrong", "harbor"], told["sinagotd_dataset_wrong", "harbor"]) == (0, 1)
    assert told["sinagotd_dataset_results_total", "harbor", "wrong"] == 1
    assert told["sinagotd_dataset_results_total", "harbor", "published"] == 1
    assert told["sinagotd_dataset_succeeded_seconds", "harbor"] == 1_000_000


def test_no_other_name_is_collected(tmp_path):
    (tmp_path / "sinagotd.toml").write_text('[metrics]\nfile = "numbers.txt"\n')
    with pytest.raises(ConfigError, match=r"must end in .\.prom"):
        load_daemon(tmp_path)
