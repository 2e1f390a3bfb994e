"""Whether what a receipt says can be published at all, whoever wrote it: a script can write one, too. It moves nothing."""

import os
import re
from pathlib import Path

from sinagotd.engine.staging import staging_folder
from sinagotd.scan.findings import Unreadable
from sinagotd.scan.stamps import refuse_outside
from sinagotd.scripts.orders import Receipt, RunOrder
from sinagotd.scripts.outputs import unusable

_DIGEST = re.compile("[0-9a-f]{32}")


class Fitness:
    """Asked about many receipts of runs that ended together, it follows each folder to its real place once."""

    def __init__(self, data_path: Path) -> None:
        self._data_path = data_path
        self._real_root = os.path.realpath(data_path)
        self._inside: set[str] = set()

    def unfit(self, receipt: Receipt, order: RunOrder) -> str | None:
        """Say in a sentence why not; None if it may be. Nothing may leave the data folder or come from elsewhere."""
        wanted = set(order.outputs.values())
        if receipt.outputs.keys() != wanted or not all(map(_DIGEST.fullmatch, receipt.outputs.values())):
            return "its receipt does not speak of the outputs of this step"
        try:
            for path in wanted:
                self._refuse_outside(path)
        except Unreadable as fault:
            return f"{fault.finding.path} would be put outside of the data folder: a folder on its way is a link"
        staging = staging_folder(self._data_path, receipt.run_id)
        return next((why for path in wanted if (why := unusable(staging, path))), None)

    def _refuse_outside(self, path: str) -> None:
        folder = f"{self._data_path}/{path}".rpartition("/")[0]
        if folder not in self._inside:
            refuse_outside(self._real_root, folder, path)
            self._inside.add(folder)
