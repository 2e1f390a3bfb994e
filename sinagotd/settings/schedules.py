"""Reads when a dataset is built: an interval, a cron line with a time zone, on change, or only by command."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from sinagotd.core.schedule import NEVER, Cron, Interval, OnChange, Schedule
from sinagotd.settings.quantities import OFF, parse_interval

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS = 5
_NUMBERED_DAYS = re.compile(r"(?:\*|([0-7])(?:-([0-7]))?)(?:/([1-7]))?")
_FORM = (
    'must be "on-change", an interval such as "15min", or a cron line such as "0 3 * * mon-fri Europe/Paris" '
    '(minute, hour, day, month, weekday, time zone); "off" for only by command'
)


def read_schedule(text: str, *, quiet_s: float, at_most_every_s: float) -> Schedule:
    """The schedule that a text means. Raises ValueError with a sentence."""
    if text in OFF:
        return None
    if text == "on-change":
        return OnChange(quiet_s, at_most_every_s)
    if " " in text.strip():
        return _cron(text)
    try:
        return Interval(parse_interval(text))
    except ValueError:
        raise ValueError(_FORM) from None


def _cron(line: str) -> Cron:
    """A line of crontab(5), with a time zone at its end; without one it goes by this machine's."""
    *fields, last = line.removeprefix("cron ").split()
    trigger = _trigger(fields, last) if len(fields) == _CRON_FIELDS else _trigger([*fields, last], None)
    return Cron(partial(_next_after, trigger))


def _next_after(trigger: "CronTrigger", at: float) -> float:
    after = datetime.fromtimestamp(at, UTC)
    found = trigger.get_next_fire_time(after, after)
    return NEVER if found is None else float(found.timestamp())


def _trigger(fields: list[str], zone: str | None) -> "CronTrigger":
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - only who has a cron line waits for it

    if len(fields) != _CRON_FIELDS:
        raise ValueError(_FORM)
    *others, weekdays = fields
    if fields[2] != "*" and weekdays != "*":
        raise ValueError("names days of the month and weekdays, which programs understand in different ways: use one")
    try:
        trigger: CronTrigger = CronTrigger.from_crontab(" ".join([*others, _named_days(weekdays)]), zone)
    except (ValueError, KeyError, LookupError) as fault:
        raise ValueError(f"is no cron line that can be used ({str(fault).strip(chr(39))}): it {_FORM}") from None
    if trigger.get_next_fire_time(None, datetime.now(UTC)) is None:
        raise ValueError("is never due: there is no such day")
    return trigger


def _named_days(field: str) -> str:
    """Weekdays by name: by number, 0 is Sunday for crontab and Monday for APScheduler."""
    return ",".join(_named(part) for part in field.split(","))


def _named(part: str) -> str:
    match = _NUMBERED_DAYS.fullmatch(part)
    if match is None or part == "*":
        return part
    first, last, step = match.groups()
    begin = int(first or 0)
    end = int(last or (first if first and not step else 6))
    return ",".join(dict.fromkeys(DAYS[day % 7] for day in range(begin, end + 1, int(step or 1)))) or part
