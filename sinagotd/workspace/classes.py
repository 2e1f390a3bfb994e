"""Which classes the records of a modality have: of files in its folder, of a plugin, or the plain ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sinagotd.errors import ScriptError
from sinagotd.workspace.custom import Place, read_class
from sinagotd.workspace.opened import Opened
from sinagotd.workspace.plugins import PLUGINS
from sinagotd.workspace.record import RecordUnit
from sinagotd.workspace.record_collection import RecordCollectionUnit

RECORD, COLLECTION = "Record", "RecordCollection"


@dataclass(slots=True)
class Classes:
    """The classes of one workspace, each file loaded once, when it is first asked for. They belong to it alone."""

    opened: Opened
    plain: Mapping[str, type]
    _known: dict[tuple[str, str], type] = field(default_factory=dict)

    def record(self, modality: str | None) -> Any:
        """The class of a record; None for what fixes no modality. Raises ScriptError for a file that cannot be used."""
        return self._class(RECORD, modality)

    def collection(self, modality: str | None) -> Any:
        """The class of a collection, as above."""
        return self._class(COLLECTION, modality)

    def finds_by_itself(self, modality: str | None) -> bool:
        """Whether collections of this modality have a way of their own to find records; a broken file has none."""
        try:
            return self.collection(modality).iter_ids is not RecordCollectionUnit.iter_ids
        except ScriptError:
            return False

    def faults(self) -> list[str]:
        """Why files with classes cannot be used, a sentence each."""
        return [
            fault
            for modality in self.opened.settings.modalities
            for kind in (RECORD, COLLECTION)
            if (fault := self._fault(kind, modality))
        ]

    def _fault(self, kind: str, modality: str) -> str | None:
        try:
            self._class(kind, modality)
        except ScriptError as fault:
            return str(fault)
        return None

    def _class(self, kind: str, modality: str | None) -> type:
        if modality is None:
            return self.plain[kind]
        if (kind, modality) not in self._known:
            self._known[kind, modality] = self._found(kind, modality)
        return self._known[kind, modality]

    def _found(self, kind: str, modality: str) -> type:
        models = self.opened.settings.raw["modalities"][modality].get("models", {})
        base = RecordUnit if kind == RECORD else RecordCollectionUnit
        wanted = models.get("record", kind) if kind == RECORD else kind
        own = read_class(Place(self.opened.settings.scripts_path, modality, kind), wanted, base)
        if own is not None:
            return type(f"{modality.title()}{kind}", (own,), {"__module__": own.__module__, "__doc__": own.__doc__})
        return PLUGINS[models["plugin"]][kind] if "plugin" in models else self.plain[kind]
