"""What is to be done for a dataset, as JSON: it travels to the step host that does it. Decides nothing, loads nothing."""

import os
from datetime import date
from enum import StrEnum
from typing import Any

from sinagotd.settings.daemon import DaemonSettings
from sinagotd.settings.datasets import DatasetSection
from sinagotd.settings.workspace import STATE_FOLDER

Job = dict[str, Any]
Report = dict[str, Any]
"""What a build or a check says of itself, as JSON: its `status`, `why`, and figures; see `building`."""

FAILED, KEPT = "failed", "kept"
BUSY = "busy"
"""Somebody else was building it at that moment."""
WRONG = "wrong"
"""What a check says that found cells which are not as a build from scratch makes them."""


class Errand(StrEnum):
    """What is done for a dataset."""

    BUILD = "build"
    CHECK = "check"  # a sample of rows is built from scratch and compared with what is published


def job_for(name: str, settings: DaemonSettings, today: date, errand: Errand = Errand.BUILD) -> Job:
    """Everything that a build needs to know, wherever it runs."""
    section = settings.datasets[name]
    cells = settings.cells.folder or section.home_for(name) / STATE_FOLDER / "cells"
    return {
        "errand": errand.value,
        "name": name,
        "cells": str(cells),
        "cells_bytes": settings.cells.size,
        "workers": _workers(settings),
        "workspace": None if section.workspace is None else str(section.workspace),
        "service": None if settings.config_path is None else str(settings.config_path),
        "declaration": _declaration(name, section, today),
    }


def _declaration(name: str, section: DatasetSection, today: date) -> dict[str, Any]:
    return {
        "name": name,
        "output": str(section.output_for(name, today)),
        "roots": [str(root) for root in section.roots],
        "sources": list(section.sources),
        "declared": {"source": section.source} if section.source else {},
        "source_files": [str(file) for file in section.sources_from],
        "include": {level: list(names) for level, names in section.include.items()},
        "exclude": {level: list(names) for level, names in section.exclude.items()},
        "format": None if section.format == "auto" else section.format,
        "partition_by": list(section.partition_by),
        "strict": section.strict,
        "keep": section.keep,
        "timeout_s": section.cell_timeout,
    }


def _workers(settings: DaemonSettings) -> int:
    """How many processes load cells: as many as run steps; on somebody else's cluster one, beside what else runs there."""
    return 1 if settings.cluster.address else settings.cluster.workers or os.cpu_count() or 1
