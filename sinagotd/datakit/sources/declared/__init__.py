"""Sources without code: tables of TOML become classes like any other, or one error that says everything wrong with them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from sinagotd.datakit.context import LoadContext
from sinagotd.datakit.faults import SourceError
from sinagotd.datakit.source import DataSource
from sinagotd.datakit.sources.declared.loading import LOADERS, is_timed
from sinagotd.datakit.sources.declared.options import KINDS, Source
from sinagotd.datakit.sources.declared.parsing import parse
from sinagotd.datakit.sources.declared.rules import broken
from sinagotd.datakit.streams import LoadedStream

INTERVALS = ("intervals", "states")


class DeclarationError(SourceError):
    """Declared sources that cannot be used; `faults` holds everything wrong with them, a sentence each."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class DeclaredSource(DataSource):
    """A source that is read as its `declaration` says."""

    declaration: ClassVar[Source]

    def load(self, path: Path, *, context: LoadContext | None = None) -> LoadedStream:
        declaration = self.declaration
        t, value, meta = LOADERS[declaration.kind](path, declaration, context)
        scope = {"scope": declaration.scope} if declaration.scope else {}
        more = {"is_interval": True} if declaration.kind in INTERVALS else {}
        return self.stream(t, value, {"source_file": str(path), **scope, **meta}, **more)

    def options(self) -> dict[str, Any]:
        """The declaration, whole, as it was understood."""
        options: dict[str, Any] = json.loads(json.dumps(asdict(self.declaration)))
        return options


def declared_sources(table: Mapping[str, Any]) -> tuple[type[DataSource], ...]:
    """Classes for `[source.TAG]` tables, in their order.

    Raises DeclarationError with a sentence for everything that is wrong in any of them.
    """
    faults = [
        f"{name}: there is no such option; sources are tables named [source.TAG]" for name in table if name != "source"
    ]
    tables = table.get("source", {})
    if not isinstance(tables, dict):
        raise DeclarationError(*faults, "source: tables named [source.TAG] were expected")
    declared = [_declared(tag, one, faults) for tag, one in tables.items()]
    if faults:
        raise DeclarationError(*faults)
    return tuple(_class(tag, options) for tag, options in zip(tables, declared, strict=True) if options is not None)


def _declared(tag: str, table: Any, faults: list[str]) -> Source | None:
    where = f"source.{tag}"
    kind = table.get("kind", "") if isinstance(table, dict) else ""
    if kind not in KINDS:
        said = f"{kind!r} is none" if kind else "is needed"
        faults.append(f"{where}.kind: {said}; there are {', '.join(KINDS)}")
        return None
    options = parse(KINDS[kind], table, where=where, faults=faults)
    if options is not None:
        faults.extend(broken(options, where=where))
    return options


def _class(tag: str, options: Source) -> type[DataSource]:
    clock = getattr(options, "clock", None)
    requires = dict.fromkeys((*options.requires, *((clock.source,) if clock else ())))
    return type(
        f"Declared_{tag}",
        (DeclaredSource,),
        {
            "__doc__": f"{options.kind} declared as [source.{tag}]",
            "__module__": __name__,
            "tag": tag,
            "patterns": options.files,
            "requires": tuple(requires),
            "camera_tag": options.camera_tag,
            "is_timeseries": is_timed(options),
            "declaration": options,
        },
    )
