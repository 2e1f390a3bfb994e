"""Orders for the step of a workspace, as the daemon would write them. It runs nothing."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from sinagotd.scripts.code import read_code
from sinagotd.scripts.orders import RunOrder


def orders(workspace: Path) -> Callable[[str], RunOrder]:
    """Make an order, with a run id of its own, for the step `count` of a record; the folder for staging is made now."""
    scripts, data = workspace / "scripts", workspace / "dataset"
    staging = data / ".sinagotd" / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    code = read_code(scripts, "count.py").digest.hex()
    numbers = count()

    def order(record: str) -> RunOrder:
        run_id = f"bench-{next(numbers)}"
        return RunOrder(
            run_id=run_id,
            record=record,
            step="count",
            label="count",
            task=None,
            modality=None,
            script=str(scripts / "count.py"),
            scripts_path=str(scripts),
            code=code,
            data_path=str(data),
            staging=str(staging / run_id),
            inputs={"": f"raw/{record}.txt"},
            outputs={"": f"computed/{record}-count.txt"},
        )

    return order
