"""What settings files are made of: tables, the settings in them, and how all is read and every fault found at once."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, NoReturn, Self, TypeVar

from sinagotd.settings.toml_text import shown, value_text

Key = TypeVar("Key", bound=str | int)
KeyPath = tuple[str | int, ...]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Default = TypeVar("Default")
AnySection = TypeVar("AnySection", bound="Section")
_MISSING: Any = object()


class Fault(NamedTuple):
    """Where in a value something is wrong, and the words that follow the key: ` = 5: must be text in quotes`."""

    path: KeyPath
    words: str


class Faults(ValueError):  # noqa: N818 - a list of them
    """Everything that is wrong in one value."""

    def __init__(self, *found: Fault) -> None:
        super().__init__(*found)
        self.found = found

    @classmethod
    def of(cls, fault: ValueError, given: Any) -> "Faults":
        """The faults of a value from what was raised when it was read."""
        value = "" if isinstance(given, dict) else f" = {shown(given)}"
        return fault if isinstance(fault, Faults) else cls(Fault((), f"{value}: {fault}"))


class Place(NamedTuple):
    """Where a value stands: the folder that its paths start from, its key or number, and its setting's example."""

    folder: Path
    key: str | int = ""
    example: Any = None


class Kind(NamedTuple, Generic[T_co]):
    """What a setting may hold.

    `read` makes a value of what TOML gave; it raises ValueError with the end of a sentence, "must be ...", or Faults.
    `write` makes of a value what TOML would hold. `table` is the table that this kind is, `tables` that of each of the
    tables with free names in it, as those of `tasks.RS` in `tasks`.
    """

    read: Callable[[Any, Place], T_co]
    write: Callable[[Any], Any] = lambda value: value
    table: "type[Section] | None" = None
    tables: "type[Section] | None" = None

    def checked(self, check: Callable[[T_co], object]) -> "Kind[T_co]":
        """The same, of which `check` refuses some with a ValueError."""

        def read(given: Any, place: Place) -> T_co:
            value = self.read(given, place)
            check(value)
            return value

        return self._replace(read=read)


ANYTHING: Kind[Any] = Kind(lambda given, _place: given)


class Setting(NamedTuple):
    """One key of a table. What no sample needs to show has no text."""

    kind: Kind[Any]
    default: Any
    text: str | None
    example: Any

    def __set_name__(self, owner: "type[Section]", name: str) -> None:
        owner.settings = {**owner.settings, name: self}

    def read(self, given: Any, place: Place) -> Any:
        if given is _MISSING:
            example = "..." if self.example is None else value_text(self.example)
            raise Faults(Fault((), f" is missing: write {place.key} = {example} or the like"))
        return self.kind.read(given, place._replace(example=self.example))


class Section:
    """One table of a settings file, frozen. Its docstring and the texts of its settings are the text of the sample file.

    No dataclass: to generate the methods of some twenty of them would take longer than all else that is imported here.
    """

    settings: ClassVar[dict[str, Setting]] = {}
    given: frozenset[str]
    """The keys that the file has."""

    def __init__(self, **given: Any) -> None:
        defaults = {name: setting.default for name, setting in self.settings.items()}
        vars(self).update(defaults | given, given=frozenset(given))

    @classmethod
    def read(cls, given: Any, place: Place) -> Self:
        """The checked table. Raises ValueError, mostly Faults."""
        table = {name: setting.default for name, setting in cls.settings.items() if setting.default is _MISSING}
        table |= as_table(given)
        parts = [(name, setting, table[name]) for name, setting in cls.settings.items() if name in table]
        section = cls(**read_all(parts, place))
        section.check()
        return section

    def check(self) -> None:
        """Raise ValueError if settings that are right by themselves do not fit together."""

    def but(self, **changes: Any) -> Self:
        """The same with some settings changed, as if the file had them."""
        return type(self)(**({name: getattr(self, name) for name in self.given} | changes))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{name}: settings are frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in self.settings)

    __hash__ = None  # type: ignore[assignment] # some settings are tables

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.settings)})"


def setting(kind: Kind[T], default: Default, text: str | None = None, *, example: Any = None) -> T | Default:
    """Declare a key of a table; `example` is what TOML would hold, or a free name of the tables in it."""
    return Setting(kind, default, text, example)  # type: ignore[return-value] # tables hold the values of their settings


def required(kind: Kind[T], text: str | None = None, *, example: Any = None) -> T:
    """Declare a key that has to be given."""
    return setting(kind, _MISSING, text, example=example)


def nested(section: type[AnySection]) -> AnySection:
    """Declare a table in a table; without it all in it is at its default."""
    return setting(table(section), section())


def table(section: type[AnySection]) -> Kind[AnySection]:
    return Kind(section.read, table=section)


def as_table(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValueError("must be a table")  # noqa: TRY004 - the base of all that is wrong in a file
    return given


def named(item: Kind[T], name: Kind[str] = ANYTHING) -> Kind[dict[str, T]]:
    """A table with free names."""

    def read(given: Any, place: Place) -> dict[str, T]:
        pairs = as_table(given).items()
        return read_all([part for key, each in pairs for part in ((key, name, key), (key, item, each))], place)

    return Kind(read, tables=item.table)


def listed(item: Kind[T]) -> Kind[tuple[T, ...]]:
    def read(given: Any, place: Place) -> tuple[T, ...]:
        if not isinstance(given, list | tuple):
            example = place.example or ["count"]
            raise ValueError(f"must be a list, such as {value_text(example)}")  # noqa: TRY004 - as above
        return tuple(read_all([(number, item, each) for number, each in enumerate(given)], place).values())

    return Kind(read)


def read_all(parts: Iterable[tuple[Key, "Kind[Any] | Setting", Any]], place: Place) -> dict[Key, Any]:
    """The values of what is given in a list or table, each by its number or key; raises Faults with those of all."""
    values: dict[Key, Any] = {}
    found: list[Fault] = []
    for key, kind, given in parts:
        try:
            values[key] = kind.read(given, Place(place.folder, key))
        except ValueError as fault:
            found += [Fault((key, *each.path), each.words) for each in Faults.of(fault, given).found]
    if found:
        raise Faults(*found)
    return values
