"""What a dataset is declared to be: where its rows come from, what is loaded, and where it is published. It touches no disk."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinagotd.datakit.faults import SourceError
from sinagotd.datakit.saving.faults import FormatError
from sinagotd.datakit.saving.formats import Format, choose

if TYPE_CHECKING:
    from sinagotd.datakit.dataset import Dataset

Levels = Mapping[str, tuple[str, ...]]
RowsProvider = Callable[[], "Dataset"]
"""Gives the rows and their sources where these come from no tree. It can be pickled if the build runs in another process."""


class DeclarationError(SourceError):
    """A declaration that cannot be built; `faults` holds everything that is wrong with it, a sentence each."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Declaration:
    """One dataset.

    Its rows come from `roots` (trees) or from `rows` (anything that gives a `Dataset`). `sources` are tags; none means all
    that are found. `declared` holds inline tables of declared sources as in a sources file, `source_files` are `.py` and
    `.toml` files with further ones. `include` and `exclude` map levels (`subject`, `session`, `task`, `run` …) to values;
    `exclude` may have the key `source` as well. A row without a `required` source has a failed cell. `output` is the file that is published or, with `partition_by`, the folder.
    `keep` is how many older versions stay. `timeout_s` limits the load of one cell, in seconds.
    """

    name: str
    output: Path
    roots: tuple[Path, ...] = ()
    rows: RowsProvider | None = None
    sources: tuple[str, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)
    source_files: tuple[Path, ...] = ()
    include: Levels = field(default_factory=dict)
    exclude: Levels = field(default_factory=dict)
    format: str | None = None
    partition_by: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    strict: bool = False
    keep: int = 3
    timeout_s: float | None = None

    def faults(self) -> tuple[str, ...]:
        """Everything that is wrong with the declaration by itself, a sentence each."""
        return tuple(f"dataset {self.name!r}: {fault}" for fault in self._faults())

    def check(self) -> None:
        """Raises DeclarationError with all faults."""
        faults = self.faults()
        if faults:
            raise DeclarationError(*faults)

    @property
    def kind(self) -> Format:
        """The format of what is published. Raises FormatError (a ValueError)."""
        return Format.PARQUET if self.partition_by and not self.format else choose(self.output, self.format)

    def _faults(self) -> Iterator[str]:
        if not self.name or "/" in self.name or self.name != self.name.strip() or not self.name.isprintable():
            yield "its name may not be empty, hold a slash or begin or end with a space"
        if bool(self.roots) == (self.rows is not None):
            yield "it wants its rows from roots or from a workspace, and from one of the two: name one"
        if not self.output.is_absolute():
            yield f"output {self.output} is no absolute path: write it in full"
        if self.keep < 0:
            yield f"keep is {self.keep}, and a number of older versions begins at 0"
        if self.timeout_s is not None and not self.timeout_s > 0:
            yield f"timeout is {self.timeout_s:g} s, and must be more than 0"
        yield from self._format_faults()

    def _format_faults(self) -> Iterator[str]:
        try:
            kind = self.kind
        except FormatError as fault:
            yield str(fault)
            return
        if self.partition_by and kind is not Format.PARQUET:
            yield f"partition_by is for folders of Parquet files, and its format is {kind}: leave one of the two out"
