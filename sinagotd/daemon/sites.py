"""The workspaces of the service: each is open, or closed for a reason and tried again until it opens.

What goes wrong in one closes that one, which gives back all that it holds; the others go on.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from sinagotd.daemon.events import Inbox, WorkspaceClosed
from sinagotd.daemon.site import Site
from sinagotd.errors import ConfigError, LockedError, SinagotError, UnusableError
from sinagotd.runner.protocol import RunEnded, RunLost, Runner, RunnerEvent

NEEDS_A_PERSON = (ConfigError, LockedError, UnusableError)
"""What waiting does not mend: a start that finds nothing else is refused."""

LONGEST_PAUSE_S = 60.0
DOUBLINGS = 6
NEVER = float("inf")

Opens = Callable[[], AbstractContextManager[Site]]
"""Opens a workspace, which is at work until that context is left. Called again and again."""


@dataclass(slots=True)
class Place:
    """One workspace, open or closed, with why. Times are monotonic seconds; `tries` counts those since it was well."""

    opens: Opens
    site: Site | None = None
    holds: ExitStack = field(default_factory=ExitStack)
    fault: Exception | None = None
    tries: int = 0
    opened_at: float = 0.0
    opens_at: float = 0.0


class Sites:
    """Only the loop's thread calls it. Unless it is `patient` nothing is ever closed: what goes wrong is raised."""

    def __init__(
        self, opens: Mapping[str, Opens], inbox: Inbox, runner: Runner, log: FilteringBoundLogger, *, patient: bool
    ) -> None:
        self._places = {name: Place(each) for name, each in opens.items()}
        self._inbox = inbox
        self._runner = runner
        self._log = log
        self._patient = patient
        self._forsaken: set[str] = set()

    # who is there

    def __iter__(self) -> Iterator[Site]:
        """Those that are open now; one may be closed while they are gone through."""
        return iter([place.site for place in self._places.values() if place.site is not None])

    def named(self, name: str) -> list[Site]:
        """The workspace of this name, nothing while it is closed."""
        return [site for site in self if site.name == name]

    def awaiting(self, event: RunnerEvent) -> list[Site]:
        """Whose run that is. Nobody's, if its workspace was closed since: whatever is known of it there was read anew."""
        if event.run_id not in self._forsaken:
            return [site for site in self if event.run_id in site.engine.flights.in_flight]
        if isinstance(event, RunEnded | RunLost):
            self._forsaken.discard(event.run_id)
        return []

    @property
    def closed(self) -> dict[str, str]:
        """The names of those that are closed, with a sentence that says why."""
        return {name: sentence(place.fault) for name, place in self._places.items() if place.fault is not None}

    # opening

    def begin(self) -> None:
        """Open them; raises what is wrong when there is nothing at all to wait for."""
        self.open_due(time.monotonic())
        faults = [place.fault for place in self._places.values() if isinstance(place.fault, NEEDS_A_PERSON)]
        if faults and len(faults) == len(self._places):
            raise faults[0] if len(faults) == 1 else ConfigError(*map(sentence, faults))

    def open_due(self, now: float) -> None:
        """Try those whose time has come."""
        for name, place in self._places.items():
            if place.site is None and now >= place.opens_at:
                with self.minding(name), ExitStack() as holds:
                    place.site = holds.enter_context(place.opens())
                    place.holds = holds.pop_all()
                    self._tell_open(name, place)

    @property
    def next_opening(self) -> float:
        return min((place.opens_at for place in self._places.values() if place.site is None), default=NEVER)

    def let_open(self, name: str) -> None:
        """All that a closed workspace had put into the inbox has been passed over: after a pause it may be opened."""
        place = self._places[name]
        place.opens_at = time.monotonic() + min(LONGEST_PAUSE_S, 2 ** min(place.tries, DOUBLINGS) - 1)
        place.tries += 1

    def hurry(self) -> None:
        """Somebody may have mended something: cut the pauses short."""
        for place in self._places.values():
            place.tries = 0
            if place.opens_at < NEVER:
                place.opens_at = 0.0

    # closing

    @contextmanager
    def minding(self, name: str) -> Iterator[None]:
        """What goes wrong in this block closes the workspace, or leaves it closed."""
        try:
            yield
        except Exception as fault:
            if not self._patient:
                raise
            self._close(name, self._places[name], fault)

    def close(self) -> None:
        """Give back everything that any of them holds."""
        with ExitStack() as all_of_them:
            for place in self._places.values():
                all_of_them.callback(place.holds.close)

    def _close(self, name: str, place: Place, fault: Exception) -> None:
        self._tell_closed(name, place, fault)
        if place.site is not None:
            self._forsake(place.site)
            place.tries = 0 if time.monotonic() - place.opened_at > LONGEST_PAUSE_S else place.tries
        place.site, place.opens_at = None, NEVER
        place.fault = fault.with_traceback(None)  # whose frames hold all that was at work
        try:
            place.holds.close()
        except Exception as also:  # noqa: BLE001 - one that cannot be left in order must not keep the others
            self._log.error("not_given_back", workspace=name, exc_info=also)
        self._inbox.put(WorkspaceClosed(name))

    def _forsake(self, site: Site) -> None:
        """Its runs in flight may end as they like: nobody will publish what they make."""
        for run_id in list(site.engine.flights.in_flight):
            self._forsaken.add(run_id)
            self._runner.cancel(run_id)

    # telling

    def _tell_open(self, name: str, place: Place) -> None:
        place.opened_at = time.monotonic()
        if place.fault is not None:
            place.fault = None
            self._log.info("workspace_opened", workspace=Path(name).name)

    def _tell_closed(self, name: str, place: Place, fault: Exception) -> None:
        """Say it once, and again when it is for another reason."""
        if place.fault is None or sentence(place.fault) != sentence(fault):
            bug = None if isinstance(fault, SinagotError | OSError) else fault
            why, then = sentence(fault), "it is tried again until it opens; nothing is run here until then"
            self._log.error("workspace_closed", workspace=Path(name).name, why=why, then=then, exc_info=bug)


def sentence(fault: Exception) -> str:
    """What is wrong, for the log and for systemd."""
    if isinstance(fault, ConfigError):
        return "; ".join(fault.faults)
    if isinstance(fault, OSError) and fault.filename is not None:
        return f"{fault.filename}: {fault.strerror}"
    if isinstance(fault, SinagotError | OSError):
        return str(fault)
    return f"this is a bug in sinagotd: {fault!r}"
