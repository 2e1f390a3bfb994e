"""Sets off events by the clock. APScheduler keeps the times; a timer does no work of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sinagotd.daemon.events import Event, Inbox


@contextmanager
def ticking(inbox: Inbox, every: Mapping[Event, float]) -> Iterator[None]:
    """Put each event into the inbox every so many seconds; a late one is put once, never dropped."""
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - costs 50 ms

    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    for event, seconds in every.items():
        scheduler.add_job(inbox.put, "interval", args=[event], seconds=seconds, jitter=seconds / 10)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
