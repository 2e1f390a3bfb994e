"""What a source in TOML may say, by kind: names, types and defaults; `parsing` checks a table against them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Words = tuple[str, ...]
Names = Mapping[str, str]
Scalars = Mapping[str, bool | int | float | str]
Unit = Literal["s", "ms", "us", "ns", "min", "h", "time"]
Zero = Literal["first", "min", "none"]
Types = Mapping[str, Literal["number", "integer", "text", "time", "utc", "category", "float32", "uint32"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """Where the times of a table are: in a column, or implied by a rate. `name` keeps them as a column as well."""

    column: str | None = None
    rate_hz: float | None = None
    unit: Unit = "s"
    format: str | None = None
    zero: Zero = "first"
    counter_bits: int | None = None
    drop_blank: bool = False
    sort: bool = False
    repeated: Literal["keep", "first"] = "keep"
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Another source whose clock the times are put on.

    `anchors`: its rows of a device stand for our rows, one each or evenly between them. `line`: a line through the counter
    that both hold. `same`: our times are on its clock already. `window` keeps what lies between the first and the last
    message of a device and is where time is zero, unless `origin` names a device whose first message is.
    """

    source: str
    how: Literal["anchors", "line", "same"] = "anchors"
    device: Words = ()
    device_column: str = "device_id"
    time_column: str | None = None
    counter: str | None = None
    shared: str | None = None
    origin: Words = ()
    window: Words = ()
    otherwise: Literal["error", "own", "none"] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A column made of another: its cumulative sum, or its integral over a second one (trapezoids, zero at the start)."""

    cumulative: str | None = None
    integral: str | None = None
    over: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which rows of a file are the source's: those whose column contains one of the words, whatever the case."""

    column: str
    contains: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What every kind has."""

    kind: str
    files: Words
    requires: Words = ()
    camera_tag: str | None = None
    scope: Literal["session", "experiment"] | None = None
    format: str | None = None
    encoding: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns(Source):
    """What every kind that reads a table has. Names are those after `rename`; columns are dropped last."""

    delimiter: str | None = None
    expand: Words = ()
    required: Words = ()
    rename: Names = field(default_factory=dict)
    keep: Words = ()
    drop: Words = ()
    types: Types = field(default_factory=dict)
    fill: Scalars = field(default_factory=dict)
    rows: Rows | None = None
    derive: Mapping[str, Derived] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Columns):
    """`kind = "table"`: rows, with times if it says where these are; of a list of `time` the first is taken that every row has."""

    time: tuple[Time, ...] = ()
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Table):
    """`kind = "events"`: a log whose messages come from several devices; the meta says when each began, and its rate."""

    device: str = "device_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class States(Table):
    """`kind = "states"`: one interval for each state within its group; `first` columns are taken from its first row."""

    state: str
    groups: Words = ()
    phases: Names = field(default_factory=dict)
    first: Words = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals(Columns):
    """`kind = "intervals"`: rows with a start and a stop, as times or as numbers in a unit; or with a start and a duration."""

    start: str
    stop: str | None = None
    duration: str | None = None
    unit: Unit = "s"
    zero: Zero = "none"
    shift_s: float = 0.0
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue(Source):
    """`kind = "key_value"`: one scalar per line, with the type that its word has."""

    name: str
    value: str
    delimiter: str | None = None
    text: Words = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Source):
    """`kind = "text"`: lines that match a pattern; its named groups are the columns. `goes_on` is the group that lines
    without a match are added to.
    """

    pattern: str
    time: Time
    goes_on: str | None = None
    types: Types = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Source):
    """`kind = "matrix"`: an array of numbers, one axis of which is time."""

    axis: int = 0
    rate_hz: float | None = None
    clock: Clock | None = None


KINDS: Mapping[str, type[Source]] = MappingProxyType(
    {
        "table": Table,
        "events": Events,
        "states": States,
        "intervals": Intervals,
        "key_value": KeyValue,
        "text": Text,
        "matrix": Matrix,
    }
)
