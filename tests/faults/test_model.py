"""Random histories of people, machines and accidents, against a model that knows only what people did.

Files, manifest, scripts, walks and comparisons are real; the clock is steered and runs end when told, so that a history
is a list of steps that Hypothesis can shorten. Hints of what changed are given, doubled, late or lost.
"""

import secrets
import shutil
import sys
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model_people import LONG_AGO, People, raw_paths
from plain_model import ATTEMPTS, RAW, SETTLE_S, possible

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.engine.applying import Start
from sinagotd.engine.requests import perform
from sinagotd.failpoints import Point
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.watcher import Watcher
from sinagotd.scripts.orders import Receipt, RunError
from sinagotd.settings.workspace import STATE_FOLDER

pytestmark = pytest.mark.timeout(1200)

DAEMON_POINTS = (Point.CHECKED, Point.MOVED, Point.PUBLISHED, Point.RECORDED)
POINTS = (Point.SECURED, *DAEMON_POINTS)

places = st.integers(0, 5)


class History(People):
    """What daemon and workers do and what befalls them, and what has to hold all the while and in the end."""

    # what the daemon and its workers do

    @rule(room=st.integers(0, 4), ends=st.integers(0, 4))
    def work(self, room, ends):
        self.world.hash_now()
        self.world.turn(room)
        for _ in range(min(ends, len(self.world.orders))):
            self.world.run_one()
        self.world.turn(room)

    @rule(room=st.integers(0, 3))
    def turn(self, room):
        self.world.turn(room)

    @rule()
    def walk(self):
        self.world.walk()

    @rule(seconds=st.sampled_from([1, SETTLE_S // 2, SETTLE_S, SETTLE_S + 1, 5000]))
    def wait(self, seconds):
        self.world.advance(seconds)
        self.world.turn(0)

    @rule()
    def late_hints_arrive(self):
        self.deliver()

    @precondition(lambda self: self.world.orders)
    @rule(index=places)
    def begin_a_run(self, index):
        _, order = self.world.orders[index % len(self.world.orders)]
        self.world.engine.started(Start(order.run_id, "host", 1, self.world.clock.now()))

    @precondition(lambda self: self.world.orders)
    @rule(index=places)
    def end_a_run(self, index):
        self.world.end(self.world.take(index))

    @precondition(lambda self: self.world.orders)
    @rule(index=places)
    def fail_a_run(self, index):
        order = self.world.take(index)
        self.broken[StepKey(order.record, order.step)] += 1
        self.world.engine.ended(Receipt(order.run_id, Outcome.FAILED, error=RunError("Oops", "nobody knows why")))

    @precondition(lambda self: self.world.orders)
    @rule(index=places)
    def lose_a_worker(self, index):
        order = self.world.take(index)
        self.broken[StepKey(order.record, order.step)] += 1
        self.world.engine.lost(order.run_id, "its worker died")
        self.world.ghosts.append(order)

    @precondition(lambda self: self.world.ghosts)
    @rule()
    def a_ghost_ends(self):
        self.world.end(self.world.ghosts.pop())

    @precondition(lambda self: self.world.orders)
    @rule(path=raw_paths, index=places)
    def change_an_input_while_it_is_read(self, path, index):
        text = self.plain.raw.get(path)
        if text is not None:
            (self.data / path).write_text("zz")
            self.world.end(self.world.take(index))
            (self.data / path).write_text(text)
            self.moved_at[path] = self.world.clock.now()

    # accidents

    @rule(point=st.sampled_from([None, Point.CLAIMED, *DAEMON_POINTS]), ends=st.integers(0, 2), room=st.integers(0, 3))
    def kill(self, point, ends, room):
        for _ in range(min(ends, len(self.world.orders))):
            self.world.run_one()
        with self.world.armed(point):
            self.world.turn(room)
        self.pending.clear()
        self.world.kill()
        self.start_watching()

    @rule()
    def restart(self):
        self.pending.clear()
        self.world.restart()
        self.start_watching()

    @precondition(lambda self: self.world.orders)
    @rule(point=st.sampled_from(POINTS), index=places)
    def fill_the_disk(self, point, index):
        with self.world.armed(point):
            self.world.end(self.world.take(index))
            self.world.turn(0)

    @rule(told=st.booleans(), ends=st.integers(0, 2), walked=st.booleans())
    def unmount_and_mount(self, told, ends, walked):
        with self.world.unmounted():
            if told:
                self.world.engine.see(RAW)
                self.world.turn()
            for _ in range(min(ends, len(self.world.orders))):
                self.world.run_one()
            if walked:
                self.world.walk()
            self.world.turn()
        self.deliver()
        self.world.walk()

    # what holds all the while

    @invariant()
    def nothing_is_claimed_in_motion(self):
        if not self.began:
            return
        claimed, self.world.claimed[:] = self.world.claimed[:], []
        for path in {path for order in claimed for path in order.inputs.values() if path in RAW}:
            still_for = self.world.clock.now() - self.moved_at[path]
            assert still_for >= SETTLE_S or path in self.vouched, f"{path} was claimed after {still_for} s"
            assert path not in self.writers, f"{path} was claimed while somebody writes it"
        known = self.vouched.difference(self.world.engine.gatherer.news(sorted(self.vouched)))
        self.moved_at.update(dict.fromkeys(known, LONG_AGO))
        self.vouched -= known

    @invariant()
    def outputs_are_whole_and_made_from_what_is_there(self):
        if not self.began:
            return
        were, self.were = self.were, self.world.looks()
        self.see_what_was_forced()
        for key, (text, inputs) in self.were.items():
            by_hand, accepted = self.plain.by_hand.get(key), self.plain.accepted.get(key)
            if by_hand is not None:
                assert text == by_hand, f"{key} was edited by hand and then overwritten"
            elif text not in (None, were[key].text):
                assert text in possible(key, inputs) | possible(key, were[key].inputs), f"{key} holds {text}"
                assert key not in self.plain.on_hold or key in self.flying, f"{key} ran while it was on hold"
            if accepted is not None and text != accepted[1]:
                del self.plain.accepted[key]
        self.flying = self.world.flying()

    def see_what_was_forced(self):
        """The run that was asked for has overwritten the edit, or failed: then the edit stays."""
        plain = self.plain
        for key in sorted(plain.forced):
            if self.were[key].text != plain.by_hand.get(key):
                plain.by_hand.pop(key, None)
            elif self.world.is_requested(key):
                continue
            plain.forced.remove(key)

    @invariant()
    def keep_books(self):
        """Runs allowed so far: one per change of what a step depends on."""
        if not self.began:
            return
        for key, stand in self.plain.all_stand().items():
            if stand.depends_on != self.depended.get(key):
                self.depended[key] = stand.depends_on
                self.allowed[key] += 1

    # what holds in the end

    def teardown(self):
        if not self.began:
            return
        try:
            for writer in self.writers.values():
                writer.close()
            if sys.exc_info()[0] is None:
                self.comes_to_rest()
        finally:
            self.world.close()
            shutil.rmtree(self.world.folder)

    def comes_to_rest(self):
        world = self.world
        world.rest()
        if max(self.broken.values(), default=0) < ATTEMPTS:
            self.everything_stands_as_it_must()
        perform(world.engine, "retry", {})
        world.rest()
        self.everything_stands_as_it_must()
        self.nothing_ran_in_vain()
        while world.ghosts:
            world.end(world.ghosts.pop())
        world.turn()
        before = len(world.ran)
        world.restart()
        world.rest()
        assert len(world.ran) == before, "a workspace at rest ran something"
        self.everything_stands_as_it_must()
        assert world.leftovers() == []
        assert world.faults() == ()

    def everything_stands_as_it_must(self, *, walked=True):
        """Only a walk takes a record for gone."""
        self.outputs_are_whole_and_made_from_what_is_there()
        assert self.world.raws() == self.plain.raw
        known = self.world.engine.records
        assert known == self.plain.records if walked else known >= self.plain.records
        for key, stand in self.plain.all_stand().items():
            assert self.world.state_of(str(key)) == stand.state, f"{key}: {self.world.standing(str(key))}, not {stand}"
            assert stand.text in (None, self.plain.on_disk(key)), (
                f"{key} holds {self.plain.on_disk(key)}, not {stand.text}"
            )

    def nothing_ran_in_vain(self):
        runs = self.world.engine.manifest.read.runs(limit=10_000)
        made = Counter(run.key for run in runs if run.outcome is Outcome.SUCCEEDED)
        for key, times in made.items():
            assert times <= self.allowed[key], f"{key} was made {times} times for {self.allowed[key]} changes"


class Watched(History):
    """The same, with the hints of the real watcher; while none is lost, nobody has to look around."""

    watcher = None
    is_told = True

    def start_watching(self):
        if self.watcher is not None:
            self.watcher.stop()
        reach, cookies = self.world.engine.pipeline.reach(), self.data / STATE_FOLDER
        self.watcher = Watcher(self.data, reach, ignored=IgnoredNames(), wake=lambda: None, canary_folder=cookies)
        self.watcher.start()
        self.world.walk()

    def hint(self, paths, hint, *, renamed=False):
        if self.watcher is None or hint == "late":
            return
        if hint == "lost":
            self.is_told = False
            self.drained()
        else:
            self.deliver()

    def deliver(self, times=1):
        hints = self.drained()
        renamed = {path for path, by_rename in hints.files.items() if by_rename}
        self.world.engine.see(hints.files, renamed=renamed)
        for folder in hints.folders:
            self.world.list_folder(folder)
        self.vouched = self.vouched - hints.files.keys() | renamed
        if hints.lost:
            self.world.walk()

    def drained(self):
        """The hints at all that happened so far: a cookie is seen last."""
        self.watcher._renewals_in_a_row = 0  # a history has no time in it: mounts that follow each other are days apart
        canary, limit = self.watcher._canary, time.monotonic() + 60
        canary.touch(time.monotonic())
        while canary.is_awaited:
            assert time.monotonic() < limit, "the watcher is blind"
            time.sleep(0.0005)
        return self.watcher.drain()

    def comes_to_rest(self):
        if self.is_told:
            self.deliver()
            self.world.rest(walks=False)
            if max(self.broken.values(), default=0) < ATTEMPTS:
                self.everything_stands_as_it_must(walked=False)
        super().comes_to_rest()

    def teardown(self):
        try:
            super().teardown()
        finally:
            if self.watcher is not None:
                self.watcher.stop()


def run(machine, times, *, is_full):
    """A share of them is the same in every run; all of them are others each time, by a seed that is printed."""
    number = secrets.randbelow(2**32) if is_full else 0
    print(f"seed {number}")
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=times,
            stateful_step_count=30,
            derandomize=not is_full,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_random_histories_end_as_a_small_model_says(count, request):
    with count("P5", "random histories against a model", share=40, full=2_500) as counted:
        run(History, counted.times, is_full=request.config.getoption("--full"))


def test_random_histories_that_the_watcher_sees_end_as_a_small_model_says(count, request):
    if not request.config.getoption("--full"):
        pytest.skip("takes minutes: only with --full")
    with count("P1", "random histories against a model, seen by the watcher", share=10, full=500) as counted:
        run(Watched, counted.times, is_full=request.config.getoption("--full"))
