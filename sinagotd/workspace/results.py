"""What the steps of one record made, as attributes: `record.results.count`. Nothing is run to make it."""

from collections.abc import Iterator
from typing import Any

from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.faults import UnknownKeyError
from sinagotd.workspace.opened import Opened, Wanted
from sinagotd.workspace.outputs import output_paths, read_output


class Results:
    """The outputs of the steps of a scope, each by its label, or by its whole name where several have that label.

    A step with several outputs gives a dict by their labels. Raises WorkspaceError for what is not made yet.
    """

    def __init__(self, opened: Opened, record: str, wanted: Wanted) -> None:
        self._opened = opened
        self._record = record
        self._wanted = wanted

    def __getitem__(self, step: str) -> Any:
        paths = output_paths(self._opened, self._record, self._named(step))
        read = {label: read_output(path) for label, path in paths.items()}
        return read[""] if read.keys() == {""} else read

    def __getattr__(self, label: str) -> Any:
        if label.startswith("_"):  # asked for by Python and notebooks, before there are any labels, too
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {label!r}")
        if label not in self._labels():
            raise AttributeError(self._unknown(label))
        return self[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels())

    def __len__(self) -> int:
        return len(self._labels())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._labels()]

    def __repr__(self) -> str:
        return f"<Results instance | {', '.join(self._labels()) or 'no steps'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._labels())

    def _labels(self) -> dict[str, str]:
        """The name of each step by what it is called here: its label if no other step of the scope has it."""
        units = filter(self._wanted.meets, self._opened.settings.units)
        named = [(name.rpartition("/")[2], name) for unit in units for name in unit.step_names()]
        labels = [label for label, _ in named]
        return {label if labels.count(label) == 1 else name: name for label, name in named}

    def _named(self, step: str) -> str:
        labels = self._labels()
        if step in labels or step in labels.values():
            return labels.get(step, step)
        raise UnknownKeyError(self._unknown(step))

    def _unknown(self, step: str) -> str:
        labels = self._labels()
        near = did_you_mean(step, labels) or f": there are {', '.join(labels) or 'none'}"
        return f"there is no step {step!r} whose results could be read{near}"
