"""What becomes of one workspace while others are at work: closed, waited for, opened anew. Without a thread and by hand."""

import time
from contextlib import ExitStack, contextmanager

import pytest
import structlog
from engine_world import World

from sinagotd.daemon import events
from sinagotd.daemon.loop import Loop, Parts
from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.site import Site
from sinagotd.daemon.sites import NEVER, Sites
from sinagotd.daemon.vitals import Vitals
from sinagotd.errors import ConfigError, LockedError, ManifestError, WorkspaceError
from sinagotd.manifest.faults import DamagedError
from sinagotd.runner.inline import InlineRunner
from sinagotd.runner.protocol import RunEnded
from sinagotd.scripts.orders import Receipt

LATER = 1e9
NO_FOLDER = WorkspaceError("/data: there is no such folder")


class Ground:
    """A world that can be opened again and again, or refuses to."""

    def __init__(self, name, folder, inbox, runner, log):
        folder.mkdir()
        self.name = name
        self.world = World(folder)
        self.world.close()
        self.world.submit = lambda order, priority: runner.submit(order, priority=priority)
        self.inbox = inbox
        self.log = log
        self.refuses = None
        self.openings = 0

    @contextmanager
    def __call__(self):
        self.openings += 1
        if self.refuses is not None:
            raise self.refuses
        with ExitStack() as stack:
            self.world.start()
            stack.callback(self.world.close)
            self.site = Site(self.name, self.world.engine, self.inbox, self.log)
            stack.callback(self.stop)
            yield self.site

    def stop(self):
        self.site.stop()

    def breaks(self, monkeypatch, fault):
        """What it does in its next turn goes wrong."""

        def turn(_room):
            raise fault

        monkeypatch.setattr(self.world.engine, "turn", turn)


class Grounds:
    """Two of them, `a` and `b`, in one loop."""

    def __init__(self, folder):
        self.lines = []
        self.log = structlog.wrap_logger(
            structlog.ReturnLogger(), processors=[self._hear], wrapper_class=structlog.BoundLogger
        )
        self.inbox = events.Inbox()
        self.runner = InlineRunner(self.inbox.put)
        self.a, self.b = (Ground(name, folder / name, self.inbox, self.runner, self.log) for name in "ab")
        self.sites = self.made(patient=True)
        self.upkeep = []
        notifier = Notifier(Vitals(self.log))
        self.loop = Loop(Parts(self.inbox, self.sites, self.runner, notifier, self.log, self.look_after))

    def made(self, *, patient):
        return Sites({"a": self.a, "b": self.b}, self.inbox, self.runner, self.log, patient=patient)

    def _hear(self, _logger, method, event):
        self.lines.append(event | {"level": method})
        return ""

    def look_after(self, site):
        for fault in self.upkeep:
            raise fault

    def said(self, event):
        return [line for line in self.lines if line["event"] == event]

    def pass_over(self):
        """Hand on all that is in the inbox."""
        while not self.inbox.empty():
            self.loop.handle(self.inbox.get())

    def reopen(self):
        self.pass_over()
        self.sites.open_due(time.monotonic() + LATER)

    def work(self):
        while not self.loop.at_rest:
            for event in self.loop.wait():
                self.loop.handle(event)
            self.loop.tick()


@pytest.fixture
def grounds(tmp_path):
    grounds = Grounds(tmp_path)
    yield grounds
    grounds.sites.close()
    grounds.runner.close()


def names(sites):
    return [site.name for site in sites]


# at the start


def test_one_that_cannot_be_opened_waits_while_the_other_works(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    assert names(grounds.sites) == ["b"]
    assert grounds.sites.closed == {"a": "/data: there is no such folder"}
    assert "; a is closed: /data: there is no such folder" in grounds.loop.status
    assert not grounds.loop.at_rest
    grounds.a.refuses = None
    grounds.reopen()
    assert names(grounds.sites) == ["a", "b"]
    assert grounds.said("workspace_opened") != []


def test_a_fault_is_said_once_and_again_when_it_is_another_one(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    grounds.reopen()
    grounds.a.refuses = OSError(28, "No space left on device", "/data/.sinagotd/lock")
    grounds.reopen()
    grounds.reopen()
    whys = [line["why"] for line in grounds.said("workspace_closed")]
    assert whys == ["/data: there is no such folder", "/data/.sinagotd/lock: No space left on device"]


def test_the_pauses_grow_to_a_minute(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    pauses = []
    for _ in range(8):
        assert grounds.sites.next_opening == NEVER
        grounds.pass_over()
        pauses.append(round(grounds.sites.next_opening - time.monotonic()))
        grounds.sites.open_due(time.monotonic() + LATER)
    assert pauses == [0, 1, 3, 7, 15, 31, 60, 60]


def test_nothing_is_tried_before_its_pause_is_over(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    for _ in range(3):
        grounds.reopen()
    grounds.pass_over()
    before = grounds.a.openings
    grounds.sites.open_due(time.monotonic())
    assert grounds.a.openings == before


def test_a_reload_cuts_the_pause_short(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    for _ in range(5):
        grounds.reopen()
    grounds.pass_over()
    grounds.a.refuses = None
    grounds.loop.handle(events.ReloadRequested())
    grounds.sites.open_due(time.monotonic())
    assert names(grounds.sites) == ["a", "b"]


@pytest.mark.parametrize("fault", [ConfigError("workspace.toml: not valid TOML", "and more"), LockedError("in use")])
def test_settings_that_are_wrong_in_one_of_two_keep_that_one_closed(grounds, fault):
    grounds.a.refuses = fault
    grounds.sites.begin()
    assert names(grounds.sites) == ["b"]


def test_when_all_are_wrong_the_start_is_refused_with_all_that_is(grounds):
    grounds.a.refuses, grounds.b.refuses = ConfigError("a is wrong", "a is very wrong"), LockedError("b is in use")
    with pytest.raises(ConfigError) as refused:
        grounds.sites.begin()
    assert refused.value.faults == ("a is wrong; a is very wrong", "b is in use")


def test_the_only_fault_of_the_only_one_is_raised_as_it_is(grounds):
    grounds.a.refuses = fault = LockedError("in use")
    sites = Sites({"a": grounds.a}, grounds.inbox, grounds.runner, grounds.log, patient=True)
    with pytest.raises(LockedError) as refused:
        sites.begin()
    assert refused.value is fault


def test_a_start_with_one_wrong_and_one_to_wait_for_goes_on(grounds):
    grounds.a.refuses, grounds.b.refuses = ConfigError("a is wrong"), NO_FOLDER
    grounds.sites.begin()
    assert grounds.sites.closed.keys() == {"a", "b"}


def test_once_waits_for_nobody(grounds):
    grounds.b.refuses = NO_FOLDER
    sites = grounds.made(patient=False)
    with pytest.raises(WorkspaceError):
        sites.begin()
    sites.close()


# while it works


FAULTS = [DamagedError("malformed"), ManifestError("cannot be opened"), KeyError("a bug")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_what_goes_wrong_in_one_closes_that_one_and_it_goes_on_when_it_is_opened_anew(grounds, monkeypatch, fault):
    for ground in (grounds.a, grounds.b):
        ground.world.put("raw/REC-1.txt", "one two")
    grounds.sites.begin()
    with monkeypatch.context() as patch:
        grounds.a.breaks(patch, fault)
        grounds.loop.tick()
    assert names(grounds.sites) == ["b"]
    assert (grounds.said("workspace_closed")[0]["exc_info"] is None) == isinstance(fault, ManifestError)
    grounds.b.site.walk()
    while grounds.b.world.read("mean/REC-1.txt") is None:
        for event in grounds.loop.wait():
            grounds.loop.handle(event)
        grounds.loop.tick()
    assert grounds.a.world.read("mean/REC-1.txt") is None
    grounds.reopen()
    grounds.a.site.walk()
    grounds.work()
    assert grounds.a.world.read("mean/REC-1.txt") == "mean of 2"


def test_what_goes_wrong_in_its_upkeep_or_in_a_request_closes_it_as_well(grounds, monkeypatch):
    grounds.sites.begin()
    grounds.upkeep = [DamagedError("malformed")]
    grounds.loop.handle(events.UpkeepDue())
    assert grounds.sites.closed.keys() == {"a", "b"}
    grounds.reopen()

    def damaged(_):
        raise DamagedError("malformed")

    monkeypatch.setattr(grounds.a.world.engine, "retire", damaged)
    answers = []
    grounds.loop.handle(events.Requested("a", "retire", {}, answers.append))
    assert answers == [{"refused": "malformed"}]
    assert grounds.sites.closed == {"a": "malformed"}


def test_a_command_for_a_closed_one_is_told_why(grounds):
    grounds.a.refuses = NO_FOLDER
    grounds.sites.begin()
    answers = []
    grounds.loop.handle(events.Requested("a", "hold", {}, answers.append))
    assert answers == [{"refused": "this workspace is closed: /data: there is no such folder"}]


def test_what_it_had_put_into_the_inbox_is_passed_over_before_it_is_opened_anew(grounds, monkeypatch):
    grounds.sites.begin()
    grounds.a.world.put("raw/REC-1.txt", "one")
    grounds.a.site.walk()
    grounds.a.breaks(monkeypatch, DamagedError("malformed"))
    grounds.loop.tick()
    grounds.sites.open_due(time.monotonic() + LATER)
    assert names(grounds.sites) == ["b"]
    grounds.reopen()
    assert names(grounds.sites) == ["a", "b"]
    assert grounds.a.world.engine.records == set()


def test_a_run_of_a_workspace_that_was_closed_ends_for_nobody(grounds, monkeypatch):
    grounds.sites.begin()
    grounds.a.world.put("raw/REC-1.txt", "one")
    grounds.a.world.walk()
    with monkeypatch.context() as patch:
        patch.setattr(grounds.runner, "submit", lambda *_, **__: None)
        grounds.a.site.turn(1)
    (run_id,) = grounds.a.world.engine.flights.in_flight
    grounds.a.breaks(monkeypatch, DamagedError("malformed"))
    grounds.loop.tick()
    grounds.reopen()
    assert list(grounds.a.world.engine.flights.in_flight) == [run_id]
    grounds.loop.handle(RunEnded(run_id, Receipt(run_id, "succeeded")))
    grounds.work()
    assert grounds.a.world.engine.manifest.read.run(run_id).outcome == "abandoned"


def test_one_that_was_well_for_long_is_opened_anew_at_once(grounds, monkeypatch):
    grounds.sites.begin()
    for _ in range(4):
        grounds.a.breaks(monkeypatch, DamagedError("malformed"))
        grounds.loop.tick()
        grounds.reopen()
    grounds.sites._places["a"].opened_at -= 100
    grounds.a.breaks(monkeypatch, DamagedError("malformed"))
    grounds.loop.tick()
    grounds.pass_over()
    assert grounds.sites.next_opening <= time.monotonic()


def test_a_manifest_that_is_taken_away_is_noticed_and_made_anew(grounds):
    grounds.sites.begin()
    (grounds.a.world.state / "manifest.db").unlink()
    grounds.loop.tick()
    assert "was taken away" in grounds.sites.closed["a"]
    grounds.reopen()
    assert (grounds.a.world.state / "manifest.db").exists()


def test_one_that_cannot_be_left_in_order_is_closed_all_the_same(grounds, monkeypatch):
    grounds.sites.begin()
    monkeypatch.setattr(grounds.a.site, "stop", lambda: 1 / 0)
    grounds.a.breaks(monkeypatch, DamagedError("malformed"))
    grounds.loop.tick()
    assert grounds.said("not_given_back") != []
    grounds.reopen()
    assert names(grounds.sites) == ["a", "b"]
