"""The dataset of the demo: one table of all results of the harbour, and what must be in it. It waits, and shows nothing."""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from sinagotd.cli.demo_daemon import DemoError
from sinagotd.errors import DatasetError

if TYPE_CHECKING:
    from sinagotd.datakit.builds.versions import Listed

NAME = "harbour"
GIVE_UP_S, LOOK_S = 60.0, 0.2

SETTINGS = f"""\
# Made by `sinagotd demo`: the settings of the service, which keeps this workspace and a table of its results.
workspaces = ["."]

[datasets.{NAME}]
workspace = "."
sources = ["count", "mean", "report"]
output = "tables/{{name}}.parquet"

# Sooner than the usual 30s and 1min, so that nobody has to wait for the show.
quiet = "1s"
at_most_every = "2s"
"""


class Table:
    """What is published, as any reader sees it."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "tables" / f"{NAME}.parquet"

    def until_it_has(self, records: Collection[str], boats: int) -> "Listed":
        """Wait for a version with every cell of each record and so many boats in all. Raises DemoError if it never comes."""
        return self._until(
            lambda latest: latest.rows == len(records) and latest.problems == 0 and self._boats() == boats,
            f"a table of {len(records)} rows and {boats} boats in which no cell is missing",
        )

    def until_changed(self, since: int, cells: Collection[tuple[str, str]]) -> "Listed":
        """Wait for a version that differs from an earlier one in these cells, by record and source, and in no others."""
        return self._until(lambda latest: self._changed(since, latest.number) == set(cells), f"a change of {cells}")

    def latest(self) -> "Listed | None":
        from sinagotd.datakit.builds import versions  # noqa: PLC0415 - only who has a dataset waits for datakit

        listing = versions.read(self._output)
        return next((version for version in listing.versions if version.number == listing.latest), None)

    def _until(self, is_so: "Callable[[Listed], bool]", what: str) -> "Listed":
        give_up_at = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up_at:
            latest = self.latest()
            if latest is not None and is_so(latest):
                return latest
            time.sleep(LOOK_S)
        raise DemoError(f"{self._output} is not what it should be: {what} did not come within {GIVE_UP_S:.0f} s")

    def _boats(self) -> int:
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        with self._output.open("rb") as file:
            (column,) = pq.read_table(file, columns=["count.boats"]).columns
        return sum(sum(boats) for boats in column.to_pylist() if boats)

    def _changed(self, since: int, number: int) -> set[tuple[str, str]]:
        from sinagotd.datakit.builds.diffing import diff  # noqa: PLC0415 - as above

        try:
            return {(change.row[0], change.source) for change in diff(self._output, since, number)}
        except DatasetError:  # it was published again while we looked
            return set()
