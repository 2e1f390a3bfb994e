"""What the options of a declared source have to be together; each rule gives a sentence where they are not."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sinagotd.datakit.sources.declared.options import (
    Clock,
    Columns,
    Derived,
    Events,
    Intervals,
    Source,
    States,
    Table,
    Text,
    Time,
)
from sinagotd.datakit.sources.readers import ARRAYS, TABLES


def broken(options: Source, *, where: str) -> Iterator[str]:
    """A sentence for every rule that the options break."""
    for kind, rule in RULES.items():
        if isinstance(options, kind):
            yield from rule(options, where)


def _source(options: Source, where: str) -> Iterator[str]:
    if not options.files or not all(options.files):
        yield f"{where}.files: a pattern was expected, such as '*_{where.rpartition('.')[2]}.csv'"
    known = {suffix[1:] for suffix in (*TABLES, *ARRAYS)}
    if options.format is not None and options.format not in known:
        yield f"{where}.format: one of {', '.join(sorted(known))} was expected, not {options.format!r}"


def _columns(options: Columns, where: str) -> Iterator[str]:
    for name, derived in options.derive.items():
        yield from _derived(derived, f"{where}.derive.{name}")
    for name in set(options.keep) & set(options.drop):
        yield f"{where}: {name!r} is to be kept and to be dropped"


def _table(options: Table, where: str) -> Iterator[str]:
    for time in options.time:
        yield from _time(time, f"{where}.time")
    if options.clock is None:
        return
    yield from _clock(options.clock, f"{where}.clock")
    if options.clock.how == "same" and any(time.zero != "none" for time in options.time):
        yield f'{where}.time.zero: times on the clock of {options.clock.source} already must not be moved; say "none"'


def _timed(options: Events | States, where: str) -> Iterator[str]:
    if not options.time and options.clock is None:
        yield f"{where}.time: is needed: name its column or its rate_hz, or another source's clock"


def _time(time: Time, where: str) -> Iterator[str]:
    if (time.column is None) == (time.rate_hz is None):
        yield f"{where}: either a column or rate_hz was expected"
    if time.rate_hz is not None and time.rate_hz <= 0:
        yield f"{where}.rate_hz: a rate above zero was expected, not {time.rate_hz}"
    if time.format is not None and time.unit != "time":
        yield f'{where}.format: is for times; say unit = "time" as well'
    if time.counter_bits is not None and (time.unit == "time" or not 1 <= time.counter_bits <= 64):
        yield f"{where}.counter_bits: a width from 1 to 64 was expected, of a counter of seconds or parts of them"


def _clock(clock: Clock, where: str) -> Iterator[str]:
    if clock.how == "line" and (clock.counter is None or clock.shared is None):
        yield f"{where}: a line needs `counter`, a column of its own, and `shared`, the column of {clock.source} that counts the same"
    if clock.how != "line" and (clock.counter is not None or clock.shared is not None):
        yield f'{where}: `counter` and `shared` are for how = "line"'


def _intervals(options: Intervals, where: str) -> Iterator[str]:
    if (options.stop is None) == (options.duration is None):
        yield f"{where}: either `stop` or `duration` was expected"
    clock = options.clock
    if clock is not None and clock.how == "anchors":
        yield f'{where}.clock.how: intervals need "line" or "same": anchors stand for rows, not for starts and stops'
    if clock is not None and clock.how == "line" and clock.shared is None:
        yield f"{where}.clock.shared: is needed: the column of {clock.source} that counts as start and stop do"


def _derived(derived: Derived, where: str) -> Iterator[str]:
    summed, integrated = derived.cumulative is not None, derived.integral is not None
    if summed == integrated or integrated != (derived.over is not None):
        yield f"{where}: either `cumulative`, or `integral` and `over`, was expected"


def _text(options: Text, where: str) -> Iterator[str]:
    yield from _time(options.time, f"{where}.time")
    try:
        groups = re.compile(options.pattern).groupindex
    except re.error as fault:
        yield f"{where}.pattern: is no regular expression: {fault}"
        return
    for option, name in (("time.column", options.time.column), ("goes_on", options.goes_on)):
        if name is not None and name not in groups:
            yield f"{where}.{option}: the pattern has no group {name!r}; there are {', '.join(groups) or 'none'}"


RULES: Mapping[type, Callable[[Any, str], Iterator[str]]] = MappingProxyType(
    {
        Source: _source,
        Columns: _columns,
        Table: _table,
        Events: _timed,
        States: _timed,
        Intervals: _intervals,
        Text: _text,
    }
)
