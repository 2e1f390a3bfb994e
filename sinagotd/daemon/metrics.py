"""Keeps a file of numbers for monitoring: the text format of Prometheus, as node_exporter's textfile collector reads it.

How things stand is asked anew each time; what is counted since the start is counted by those who do it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from structlog.typing import FilteringBoundLogger

from sinagotd import __version__
from sinagotd.core.states import Outcome, State
from sinagotd.daemon.datasets.kept import Kept
from sinagotd.daemon.sites import Sites

GAUGES = {
    "sinagotd_info": ("1; its label says which version runs", "version"),
    "sinagotd_workspace_open": ("0 while a workspace is closed, which the log gives the reason of", "workspace"),
    "sinagotd_workspace_offline": ("1 while nothing is decided about a data folder that is not there", "workspace"),
    "sinagotd_workspace_watching": ("0 while changes are looked for instead of reported", "workspace"),
    "sinagotd_workspace_standstill": ("1 while nothing new is run, as for want of room", "workspace"),
    "sinagotd_records": ("records that have a raw file", "workspace"),
    "sinagotd_steps": ("steps by their state", "workspace", "state"),
    "sinagotd_runs_in_flight": ("runs that are claimed and not yet ended", "workspace"),
    "sinagotd_dataset_failing": ("1 while the last build of a dataset did not come to its end", "dataset"),
    "sinagotd_dataset_wrong": ("1 while the last check found cells that are not what their files say", "dataset"),
    "sinagotd_dataset_problems": ("missing and failed cells of the last build", "dataset", "status"),
    "sinagotd_dataset_succeeded_seconds": ("when the last build that came to its end began, Unix time", "dataset"),
}
COUNTERS = {
    "sinagotd_runs": ("runs that ended, by outcome", "workspace", "outcome"),
    "sinagotd_dataset_results": ("builds and checks that ended, by what came of them", "dataset", "result"),
}


class MetricsFile:
    """The file at this path; a place that cannot be written is told once, until it can."""

    def __init__(self, path: Path, log: FilteringBoundLogger) -> None:
        self._path = path
        self._log = log
        self._fault = ""

    def write(self, sites: Sites, datasets: Iterable[Kept]) -> None:
        """Replace the file, whole, by how things stand now."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - 0.1 s that few ask for

        registry = CollectorRegistry()
        registry.register(_Numbers(sites, datasets))
        try:
            self._replace(generate_latest(registry))
        except OSError as fault:
            self._tell(f"{self._path}: {fault.strerror}")
        else:
            self._fault = ""

    def _replace(self, content: bytes) -> None:
        """Who collects it is another user. A power cut may take it: the next one is written soon."""
        aside = self._path.with_name(f"{self._path.name}.tmp")
        aside.write_bytes(content)
        aside.chmod(0o644)
        aside.replace(self._path)

    def _tell(self, why: str) -> None:
        if why != self._fault:
            self._fault = why
            self._log.error("metrics_not_written", why=why, then="it is tried again")


class _Numbers:
    """A collector, in the words of prometheus_client: it is asked once."""

    def __init__(self, sites: Sites, datasets: Iterable[Kept]) -> None:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - as above

        kinds: Any = {GaugeMetricFamily: GAUGES, CounterMetricFamily: COUNTERS}
        self._families = {
            name: family(name, about, labels=labels)
            for family, declared in kinds.items()
            for name, (about, *labels) in declared.items()
        }
        self._put("sinagotd_info", 1, __version__)
        self._put_workspaces(sites)
        for kept in datasets:
            self._put_dataset(kept)

    def collect(self) -> Iterable[Any]:
        return self._families.values()

    def _put(self, name: str, value: float, *labels: str) -> None:
        self._families[name].add_metric(labels, value)

    def _put_workspaces(self, sites: Sites) -> None:
        for name in sites.closed:
            self._put("sinagotd_workspace_open", 0, name)
        for site in sites:
            engine = site.engine
            with sites.minding(site.name):
                counts = engine.manifest.read.counts()
                for state in State:
                    self._put("sinagotd_steps", counts.get(state, 0), site.name, state)
                for outcome in Outcome:
                    self._put("sinagotd_runs", engine.flights.outcomes[outcome], site.name, outcome)
                self._put("sinagotd_records", len(engine.records), site.name)
                self._put("sinagotd_runs_in_flight", len(engine.flights.in_flight), site.name)
                self._put("sinagotd_workspace_open", 1, site.name)
                self._put("sinagotd_workspace_offline", bool(engine.offline), site.name)
                self._put("sinagotd_workspace_watching", site.watching == "watching", site.name)
                self._put("sinagotd_workspace_standstill", bool(engine.standstill), site.name)

    def _put_dataset(self, kept: Kept) -> None:
        known, report = kept.known, kept.known.report or {}
        self._put("sinagotd_dataset_failing", bool(known.fault), kept.name)
        self._put("sinagotd_dataset_wrong", known.is_wrong, kept.name)
        for status in ("missing", "failed"):
            self._put("sinagotd_dataset_problems", report.get(status, 0), kept.name, status)
        for result, count in known.counts.items():
            self._put("sinagotd_dataset_results", count, kept.name, result)
        if known.succeeded_at is not None:
            self._put("sinagotd_dataset_succeeded_seconds", known.succeeded_at, kept.name)
