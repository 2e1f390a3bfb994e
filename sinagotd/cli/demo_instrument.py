"""Plays an instrument at the harbour: makes up boats, and lets files arrive in the ways in which instruments write.

Whatever takes time is a generator that yields between two writes. It waits for nothing and knows of no daemon.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, islice
from pathlib import Path
from random import Random

FIRST_DAY = date(2026, 5, 1)
WATCHES = "abcdef"
CHUNKS, YIELDS_PER_CHUNK = 8, 3
FILES_AT_ONCE = 6

HEADER = ("time", "name", "country", "length_ft")
COUNTRIES = ("BE", "DE", "DK", "ES", "FR", "GB", "IE", "NL", "NO", "PT", "SE")
FIRST_NAMES = ("Blue", "Old", "Lucky", "Silent", "Northern", "Proud", "Little", "Salty")
LAST_NAMES = ("Heron", "Anna", "Gull", "Marten", "Wind", "Ida", "Compass", "Otter")


def record_ids(count: int) -> list[str]:
    """The ids of the first watches from FIRST_DAY on."""
    days = (FIRST_DAY + timedelta(days=at // len(WATCHES)) for at in range(count))
    return [f"BOATS-{day:%Y%m%d}-{WATCHES[at % len(WATCHES)]}" for at, day in enumerate(days)]


def raw_path(record: str) -> str:
    """The raw file of a record, below the data folder."""
    return f"raw/{_day(record)}/{record}.csv"


def raw_text(record: str) -> str:
    """The boats of one watch as CSV: always the same for the same record."""
    chance = Random(record)  # noqa: S311 - no secret, a show
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for minute in sorted(chance.sample(range(240), chance.randint(6, 15))):
        hour = 4 * WATCHES.index(record[-1]) + minute // 60
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        writer.writerow((f"{hour:02}:{minute % 60:02}", name, chance.choice(COUNTRIES), chance.randint(24, 150)))
    return text.getvalue()


def with_first_length(text: str, length: str) -> str:
    """The same boats, but the first of them is this long."""
    header, first, *others = text.splitlines()
    return "\n".join([header, f"{first.rpartition(',')[0]},{length}", *others, ""])


def boats_in(text: str) -> int:
    return len(text.splitlines()) - 1


def arrive(data: Path, records: Iterable[str]) -> tuple[Counter[str], Iterator[None]]:
    """How many files come which way, and their arrival. The last of several days comes as a whole folder."""
    days = [list(day) for _, day in groupby(records, key=_day)]
    at_once = days.pop() if len(days) > 1 else []
    single = [record for day in days for record in day]
    ways = [(SLOWLY, RENAMED, PLAIN, RENAMED, PLAIN, RENAMED)[at % 6] for at in range(len(single))]
    arrivals = [
        _arrival(data / raw_path(record), raw_text(record), way) for record, way in zip(single, ways, strict=True)
    ]
    if at_once:
        arrivals.append(_moved_in(data, at_once))
    return Counter([*ways, *([AS_FOLDER] * len(at_once))]), in_turns(arrivals, at_once=FILES_AT_ONCE)


SLOWLY, RENAMED, PLAIN, AS_FOLDER = "in slow chunks", "renamed into place", "in one go", "in a folder moved in whole"


def in_turns(arrivals: Iterable[Iterator[None]], *, at_once: int) -> Iterator[None]:
    """Let so many arrive at a time, each a bit further in each round."""
    waiting = iter(arrivals)
    under_way = list(islice(waiting, at_once))
    while under_way:
        for arrival in under_way[:]:
            if next(arrival, ...) is ...:
                under_way.remove(arrival)
                under_way.extend(islice(waiting, 1))
        yield


def _arrival(path: Path, text: str, way: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if way == SLOWLY:
        yield from _slowly(path, text)
    elif way == RENAMED:
        yield from _renamed(path, text)
    else:
        path.write_text(text)
        yield


def _slowly(path: Path, text: str) -> Iterator[None]:
    size = len(text) // CHUNKS + 1
    with path.open("w") as file:
        for start in range(0, len(text), size):
            file.write(text[start : start + size])
            file.flush()
            for _ in range(YIELDS_PER_CHUNK):
                yield


def _renamed(path: Path, text: str) -> Iterator[None]:
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text)
    yield
    unfinished.rename(path)
    yield


def _moved_in(data: Path, records: list[str]) -> Iterator[None]:
    """All records are of one day: their folder is filled beside the data folder, on the same file system."""
    outside = data.parent / f"copied-{_day(records[0])}"
    outside.mkdir()
    for record in records:
        (outside / Path(raw_path(record)).name).write_text(raw_text(record))
        yield
    outside.rename((data / raw_path(records[0])).parent)
    yield


def _day(record: str) -> str:
    return record.split("-")[1]
