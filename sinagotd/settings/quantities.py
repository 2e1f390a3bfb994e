"""Durations and sizes as people write them: "1h30min" is 5400.0 seconds, "4 GiB" is an int of bytes, and back."""

import math
import re
from typing import Any

from sinagotd.settings.kinds import plain
from sinagotd.settings.sections import Kind, Place, T

SECOND_S = 1.0
MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0
MIB_BYTES = 1024**2

_SECONDS_PER = {"d": DAY_S, "h": HOUR_S, "min": MINUTE_S, "s": SECOND_S, "ms": 0.001}
_LONGEST_DURATION_S = 3650 * DAY_S
_LARGEST_SIZE_BYTES = 2**62
_BYTES_PER = {
    "TiB": 1024**4,
    "TB": 1000**4,
    "GiB": 1024**3,
    "GB": 1000**3,
    "MiB": 1024**2,
    "MB": 1000**2,
    "KiB": 1024,
    "kB": 1000,
    "B": 1,
}
_PART = r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([a-zA-Z]+)\s*"
OFF = ("off", "never")
_HOW_LONG = 'a duration is a number and a unit (ms, s, min, h, d), such as "2s" or "1h30min"'
_HOW_LARGE = 'a size is a number and a unit (kB, MB, GB, KiB, MiB, GiB), such as "512 MB" or "4 GiB"'


def parse_duration(value: Any) -> float:
    """Seconds in a text such as "2s", "250ms", "1h30min"; raises ValueError with what to write instead."""
    parts = _parts(value)
    if not parts or any(unit not in _SECONDS_PER for _, unit in parts):
        raise ValueError(_HOW_LONG)
    seconds = math.fsum(number * _SECONDS_PER[unit] for number, unit in parts)
    if seconds > _LONGEST_DURATION_S:
        raise ValueError("must be ten years at most")
    return seconds


def parse_interval(value: Any) -> float:
    """Seconds, more than none; raises ValueError as `parse_duration` does."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise ValueError("must be longer than that")
    return seconds


def parse_size(value: Any) -> int:
    """Bytes in a text such as "4 GiB" (1024 based) or "512 MB" (1000 based); raises ValueError."""
    parts = _parts(value)
    by_unit = {unit.lower(): size for unit, size in _BYTES_PER.items()}
    if len(parts) != 1 or parts[0][1].lower() not in by_unit:
        raise ValueError(_HOW_LARGE)
    number, unit = parts[0]
    size = number * by_unit[unit.lower()]
    if not 1 <= size <= _LARGEST_SIZE_BYTES:
        raise ValueError("must be between 1 byte and 4 EiB")
    return round(size)


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back, to the millisecond: "1h30min", "2.5s", "250ms"."""
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    counts = (minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"), (rest / 1000, "s")
    return "".join(f"{count:.3f}".rstrip("0").rstrip(".") + unit for count, unit in counts if count) or "0s"


def format_size(size: int) -> str:
    """A short text for a number of bytes: exact where that is short ("512 MB"), else to a tenth ("1.2 GiB")."""
    for unit, factor in _BYTES_PER.items():
        if size % factor == 0 and 1 <= size // factor < 1024:
            return f"{size // factor} {unit}"
    unit, factor = next(((u, f) for u, f in _BYTES_PER.items() if "i" in u and f <= size), ("B", 1))
    return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"


def _parts(value: Any) -> list[tuple[float, str]]:
    if not isinstance(value, str) or re.sub(_PART, "", value):
        return []
    return [(float(match[1]), match[2]) for match in re.finditer(_PART, value)]


def _or_off(kind: Kind[T]) -> Kind[T | None]:
    """None where "off" or "never" is written."""

    def read(given: Any, place: Place) -> T | None:
        try:
            return None if given in OFF else kind.read(given, place)
        except ValueError as fault:
            raise ValueError(f'{fault}, or "off"') from fault

    return Kind(read, lambda value: "off" if value is None else kind.write(value))


DURATION = plain(parse_duration, format_duration)
INTERVAL = plain(parse_interval, format_duration)
INTERVAL_OR_OFF = _or_off(INTERVAL)
SIZE = plain(parse_size, format_size)
SIZE_OR_OFF = _or_off(SIZE)
