"""What every report can do: be read as text, as HTML, as JSON, and be drawn. Knows no figures of its own."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sinagotd.datakit.reports.coverage import Matrix
from sinagotd.datakit.reports.sections import Section, as_html, as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Report:
    """The base of reports that are dataclasses; `counted` says what their matrix of sources by subjects counts."""

    __slots__ = ()
    counted: ClassVar[str]
    coverage_matrix: Matrix

    def sections(self) -> list[Section]:
        """The tables it is shown as."""
        raise NotImplementedError

    def plot(self, path: str | Path | None = None) -> "Figure":
        """A heat map of sources by subjects; written as SVG or PNG if a path is given. Raises DatasetError without matplotlib."""
        from sinagotd.datakit.reports.plotting import heat_map  # noqa: PLC0415  matplotlib only when something is drawn

        return heat_map(self.coverage_matrix, self.counted, path)

    def to_dict(self) -> dict[str, Any]:
        """All figures, JSON-able."""
        read: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))  # type: ignore[call-overload]  # a dataclass
        return read

    def to_json(self, *, indent: int | None = 2) -> str:
        return json.dumps(self.to_dict(), indent=indent)

    def __str__(self) -> str:
        return as_text(self.sections())

    def _repr_html_(self) -> str:
        return as_html(self.sections())
