"""Which records want planning. The last one marked comes first: what has just arrived is worked on first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Marks:
    """The marked records, each once; true if there are any."""

    _records: dict[str, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._records)

    def add(self, records: Iterable[str]) -> None:
        """Mark these; the ones that are marked already come forward."""
        for record in records:
            self._records.pop(record, None)
            self._records[record] = None

    def add_behind(self, records: Collection[str]) -> None:
        """Mark these; the ones that are marked already keep their place."""
        self.add(sorted(record for record in records if record not in self._records))

    def drop(self, records: Collection[str]) -> bool:
        """Mark these no longer; tells whether any of them was marked."""
        before = len(self._records)
        self._records = {record: None for record in self._records if record not in records}
        return len(self._records) < before

    def take(self, count: int) -> list[str]:
        """The first of them, which are marked no longer."""
        return [self._records.popitem()[0] for _ in range(min(len(self._records), count))]
