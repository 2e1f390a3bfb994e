"""Records in one scope: which are there, and what a scientist asks of all of them at once. The work is done elsewhere."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Self

from sinagotd.collecting import no_collecting
from sinagotd.errors import WorkspaceError
from sinagotd.settings.faults import did_you_mean
from sinagotd.workspace.counting import by_record, by_unit
from sinagotd.workspace.log_frames import log_frame, newest_first
from sinagotd.workspace.membership import is_member, member_ids, members_by_unit, members_with_step
from sinagotd.workspace.model import Scope
from sinagotd.workspace.opened import Wanted
from sinagotd.workspace.record import RecordUnit

if TYPE_CHECKING:
    import pandas as pd


class RecordCollectionUnit(Scope):
    """The records of a scope. Ids come sorted, each once, and every iteration has a state of its own."""

    @property
    def _subscope_class(self) -> type:
        """What a narrowed collection is, at least: Sinagot's own tests ask for it, and for the next."""
        return RecordCollectionUnit

    @property
    def _record_class(self) -> type:
        record_class: type = self.workspace.classes.record(self.modality)
        return record_class

    def iter_ids(self) -> Iterator[str]:
        """A class of a modality's own may override this. Raises MissingFileError without a data folder."""
        yield from sorted(member_ids(self))

    def ids(self) -> list[str]:
        return list(self.iter_ids())

    def all(self) -> Iterator[RecordUnit]:
        return map(self.get, self.iter_ids())

    def values(self) -> Iterator[RecordUnit]:
        """The same, for those who think of it as a mapping by id."""
        return self.all()

    def first(self) -> RecordUnit | None:
        return next(self.all(), None)

    def head(self, count: int = 5) -> Iterator[RecordUnit]:
        """The first `count` records."""
        return islice(self.all(), max(0, count))

    def get(self, record_id: str) -> RecordUnit:
        """The record of this id, be it there or not. Raises WorkspaceError for what is no id of this workspace."""
        record: RecordUnit = self._record_class(
            workspace=self.workspace, record_id=record_id, task=self.task, modality=self.modality
        )
        return record

    def has(self, record_id: object) -> bool:
        """Whether this record is there, by a look at its own files only."""
        if type(self).iter_ids is RecordCollectionUnit.iter_ids:
            return is_member(self, record_id)
        return record_id in set(self.iter_ids())

    def count(self) -> int:
        return len(self.ids())

    def logs(self) -> "pd.DataFrame":
        """The logs of all records in this scope, record by record, the newest line of each first."""
        with no_collecting():
            lines = (newest_first(record.log_lines()) for record in self.all())
            return log_frame(list(chain.from_iterable(lines)), keep_numbers=False)

    def count_detail(self, with_record_id: bool = False) -> "pd.DataFrame":  # noqa: FBT001, FBT002 - Sinagot's signature
        """How many records each unit has, or a row for each of them."""
        counted = members_by_unit(self)
        return by_record(counted) if with_record_id else by_unit(counted)

    def count_raw_data(self, with_record_id: bool = False) -> "pd.DataFrame":  # noqa: FBT001, FBT002 - as above
        """In how many records the inputs of each unit's first step are there."""
        return self.count_step(with_record_id=with_record_id)

    def count_step(
        self,
        step_label: str | None = None,
        position: str = "input",
        with_record_id: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> "pd.DataFrame":
        """In how many records all inputs, or outputs, of a step are there, by unit; of its first step if none is named."""
        counted = members_with_step(self, step_label, position)
        return by_record(counted) if with_record_id else by_unit(counted)

    def wanted(self, step_label: str | None = None) -> Wanted:
        """Which steps of which records are in this scope, as a value; of the whole workspace the records are not named."""
        is_whole = (self.task, self.modality) == (None, None)
        return Wanted(None if is_whole else tuple(self.ids()), self.task, self.modality, step_label)

    def __iter__(self) -> Iterator[RecordUnit]:
        return self.all()

    def __len__(self) -> int:
        return self.count()

    def __contains__(self, record: object) -> bool:
        return self.has(record.id if isinstance(record, RecordUnit) else record)

    def __getitem__(self, record_id: str) -> RecordUnit:
        """The record of this id. Raises WorkspaceError, which is a LookupError, if it is not there."""
        record = self.get(record_id)
        if not self.has(record_id):
            known = self.ids()
            near = did_you_mean(record_id, known) or f": of {len(known):,} that are there none is like it"
            raise WorkspaceError(f"there is no record {record_id!r} in {self!r}{near}")
        return record

    def _ipython_key_completions_(self) -> list[str]:
        return self.ids()

    def _narrowed(self, task: str | None, modality: str | None) -> Self:
        narrowed: Self = self.workspace.classes.collection(modality)(
            workspace=self.workspace, task=task, modality=modality
        )
        return narrowed


class RecordCollection(RecordCollectionUnit):
    """The class that a workspace gives unless a modality has its own."""
