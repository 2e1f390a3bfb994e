"""The order for one build: a step host runs it like the script of any step."""

import json
import secrets
from functools import cache
from pathlib import Path

from sinagotd.daemon.datasets.desk import Desk
from sinagotd.daemon.datasets.jobs import Job, Report
from sinagotd.scripts.code import read_code
from sinagotd.scripts.orders import RunOrder

SCRIPT = "script.py"
REPORT = "report.json"
LAST = -1
"""The priority of builds: below every step, whose priority is when its files arrived."""


def order_for(job: Job, desk: Desk, *, timeout_s: float | None) -> RunOrder:
    """Raises OSError when the folder of the output cannot be used."""
    desk.make()
    run_id = f"{desk.name}-{secrets.token_hex(8)}"
    scripts_path = Path(__file__).parent
    return RunOrder(
        run_id=run_id,
        record=desk.name,
        step=f"dataset/{job['errand']}",
        label="script",
        task=None,
        modality=None,
        script=str(scripts_path / SCRIPT),
        scripts_path=str(scripts_path),
        code=_code(),
        data_path=str(desk.folder),
        staging=str(desk.staging(run_id)),
        inputs={},
        outputs={"": REPORT},
        opts={"job": job},
        timeout_s=timeout_s,
    )


def read_report(desk: Desk, run_id: str) -> Report:
    """What the build said of itself. Raises OSError, ValueError."""
    report = json.loads((desk.staging(run_id) / REPORT).read_bytes())
    if not (isinstance(report, dict) and isinstance(report.get("status"), str) and isinstance(report.get("why"), str)):
        raise ValueError(f"{REPORT} holds no report")  # noqa: TRY004 - as for what is no JSON
    return report


@cache
def _code() -> str:
    return read_code(Path(__file__).parent, SCRIPT).digest.hex()
