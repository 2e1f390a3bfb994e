"""Says in the log what came of a build or a check: one line each."""

from structlog.typing import FilteringBoundLogger

from sinagotd.daemon.datasets.jobs import FAILED, KEPT, WRONG, Errand, Report

UNTOLD = ("status", "why", "named")
EVENTS = {"published": "dataset_built"}
LEVELS = {FAILED: "error", WRONG: "error", KEPT: "warning"}


def tell(log: FilteringBoundLogger, dataset: str, errand: Errand, report: Report) -> None:
    status = report["status"]
    facts = {name: fact for name, fact in report.items() if name not in UNTOLD and fact not in (None, "", [])}
    if status == FAILED:
        facts |= {"errand": errand.value, "then": "it is tried again"}
    event = EVENTS.get(status, f"dataset_{status}")
    getattr(log, LEVELS.get(status, "info"))(event, dataset=dataset, why=report["why"], **facts)
