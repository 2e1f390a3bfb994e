"""`explore`: a look at a dataset, a frame, a folder or a saved file; prints a report and returns it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinagotd.datakit.reports import inventory as of_files
from sinagotd.datakit.reports import materialized as of_values
from sinagotd.datakit.reports.plotting import plot_cell
from sinagotd.datakit.reports.sections import show

if TYPE_CHECKING:
    from sinagotd.datakit.dataset import Dataset

Report = of_files.DatasetInventoryReport | of_values.MaterializedReport


class Explore:
    """Callable; each way to look has a name of its own too, and returns its report without printing it."""

    DatasetInventoryReport = of_files.DatasetInventoryReport
    TagSummary = of_files.TagSummary
    MaterializedReport = of_values.MaterializedReport
    ColumnInfo = of_values.ColumnInfo

    def __call__(
        self, target: Any, *, print_output: bool = True, hdf_key: str = "dataset", trust: bool = False
    ) -> Report:
        """Report on a Dataset, a materialized frame, or the path of a folder or of a saved file of any format.

        Raises FileNotFoundError, TypeError for another target, and what discovering or loading raises.
        """
        report = self._report(target, hdf_key=hdf_key, trust=trust)
        if print_output:
            show(report.sections())
        return report

    def inventory(self, dataset: "Dataset", *, print_output: bool = False) -> of_files.DatasetInventoryReport:
        """Which files a dataset has."""
        report = of_files.inventory_report(dataset)
        if print_output:
            show(report.sections())
        return report

    def materialized(self, frame: pd.DataFrame, *, print_output: bool = False) -> of_values.MaterializedReport:
        """What a frame holds."""
        report = of_values.materialized_report(frame)
        if print_output:
            show(report.sections())
        return report

    def path(
        self, path: str | Path, *, print_output: bool = False, hdf_key: str = "dataset", trust: bool = False
    ) -> Report:
        """What is in a folder or a saved file."""
        return self(Path(path), print_output=print_output, hdf_key=hdf_key, trust=trust)

    def plot(self, frame: pd.DataFrame, row: Any, source: str, feature: str, path: str | Path | None = None) -> Any:
        """A picture of the stream in one cell: see `plot_cell`."""
        return plot_cell(frame, row, source, feature, path)

    def render(self, report: Report) -> str:
        """A report as plain text."""
        return str(report)

    def _report(self, target: Any, *, hdf_key: str, trust: bool) -> Report:
        from sinagotd.datakit.dataset import Dataset  # noqa: PLC0415  it is not needed to look at a frame

        if isinstance(target, Dataset):
            return of_files.inventory_report(target)
        if isinstance(target, pd.DataFrame):
            return of_values.materialized_report(target)
        if not isinstance(target, str | Path):
            raise TypeError(f"explore() wants a Dataset, a frame or a path, not {type(target).__name__}")
        place = Path(target).expanduser()
        if place.is_dir():
            return of_files.inventory_report(Dataset.from_directory(place))
        from sinagotd.datakit.saving.reading import load_saved  # noqa: PLC0415  pyarrow and h5py only when something is read

        return of_values.materialized_report(load_saved(place, hdf_key=hdf_key, trust=trust))


explore = Explore()
