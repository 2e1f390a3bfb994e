"""Whether what a receipt says can be published at all, whoever wrote it: a script can write one, too. It moves nothing."""

import os
import re
from pathlib import Path

from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import refuse_outside
from sinagotd.scripts.orders import Receipt, RunOrder
from sinagotd.scripts.outputs import unusable

_DIGEST = re.compile("[0-9a-f]{32}")


def unfit(receipt: Receipt, order: RunOrder, data_path: Path, staging: Path) -> str | None:
    """Say in a sentence why not; None if it may be. Nothing may leave the data folder or come from elsewhere."""
    wanted = set(order.outputs.values())
    if receipt.outputs.keys() != wanted or not all(map(_DIGEST.fullmatch, receipt.outputs.values())):
        return "its receipt does not speak of the outputs of this step"
    try:
        for path in wanted:
            refuse_outside(os.path.realpath(data_path), str((data_path / path).parent), path)
    except Unreadable as fault:
        return f"{fault.finding.path} would be put outside of the data folder: a folder on its way is a link"
    return next((why for path in wanted if (why := unusable(staging, path))), None)
