"""Says in the log what came of a build or a check: one line each."""

from structlog.typing import FilteringBoundLogger

from sinagotd.daemon.datasets.desk import Report
from sinagotd.daemon.datasets.jobs import Errand

FAILED = "failed"
WRONG = "wrong"
"""What a check says that found cells which are not as a build from scratch makes them."""

FIELDS = ("version", "rows", "cells_loaded", "cells_reused", "failed", "missing", "took_s", "output")


def tell(log: FilteringBoundLogger, name: str, errand: Errand, report: Report) -> None:
    log = log.bind(dataset=name)
    facts = {field: report[field] for field in FIELDS if field in report}
    why = report.get("why", "")
    match report["status"]:
        case "failed":
            trace = {"traceback": report["traceback"]} if report.get("traceback") else {}
            log.error("dataset_failed", errand=errand.value, why=why, then="it is tried again", **trace)
        case "kept":
            log.warning("dataset_kept", why=why, **facts)
        case "wrong":
            log.error("dataset_wrong", why=why, cells=report.get("cells"))
        case status:
            log.info("dataset_built" if status == "published" else f"dataset_{status}", why=why, **facts)
