"""After any history, with lost events and crashes, everything ends up made from what is on disk, and nothing ran in vain.

Files, manifest and scripts are real; the engine is turned by hand, so that a history is a list of steps that
Hypothesis can shorten. Three steps: two read the raw file, one reads what both made.
"""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from engine_world import CODES, DIAMOND, World, diamond_script
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

RECORDS = ("R1", "R2")
TEXTS = ("ab", "ac", "bb", "abc")


def result(name, version, raw, made):
    texts = [made["first"], made["last"]] if name == "both" else [raw]
    return eval(CODES[name][version], {"texts": texts})  # the script's own expression, over what it should have read


records = st.sampled_from(RECORDS)


class History(RuleBasedStateMachine):
    """What people and machines do to a workspace, against a model that knows only the raw files and the code."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.folder, toml=DIAMOND, **{name: diamond_script(name, 0) for name in CODES})
        self.raw: dict[str, str] = {}
        self.versions = dict.fromkeys(CODES, 0)
        self.allowed: Counter = Counter()
        for record in RECORDS:
            self.write(record, TEXTS[0], told=True)
        self.world.turn(3)

    @rule(record=records, text=st.sampled_from(TEXTS), told=st.booleans())
    def write(self, record, text, told):
        if self.raw.get(record) != text:
            self.allow(record)
        self.raw[record] = text
        self.world.put(f"raw/{record}", text)
        if told:
            self.world.engine.see([f"raw/{record}"])

    @rule(record=records)
    def touch(self, record):
        if record in self.raw:
            os.utime(self.world.data / "raw" / record)
            self.world.engine.see([f"raw/{record}"])

    @rule(record=records, told=st.booleans())
    def delete(self, record, told):
        if self.raw.pop(record, None) is not None:
            (self.world.data / "raw" / record).unlink()
            if told:
                self.world.engine.see([f"raw/{record}"])

    @rule(record=records, name=st.sampled_from(sorted(CODES)))
    def lose_an_output(self, record, name):
        output = self.world.data / name / record
        if output.exists():
            output.unlink()
            self.allow(record)

    @rule(name=st.sampled_from(sorted(CODES)))
    def edit_the_code(self, name):
        self.versions[name] = 1 - self.versions[name]
        self.world.script(name, diamond_script(name, self.versions[name]))
        for record in RECORDS:
            self.allow(record)

    @rule(room=st.integers(0, 3))
    def turn(self, room):
        self.world.turn(room)

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds):
        self.world.clock.advance(seconds)
        self.world.turn(0)

    @rule(index=st.integers(0, 5))
    def end_a_run(self, index):
        if self.world.orders:
            self.world.run_one(index % len(self.world.orders))

    @rule(index=st.integers(0, 5))
    def lose_a_worker(self, index):
        if self.world.orders:
            _, order = self.world.orders.pop(index % len(self.world.orders))
            self.world.engine.lost(order.run_id, "its worker died")
            self.allow(order.record)

    @rule()
    def walk(self):
        self.world.walk()

    @rule()
    def crash(self):
        for _, order in self.world.orders:
            self.allow(order.record)
        self.world.crash()

    @rule(index=st.integers(0, 5))
    def swap_an_input_while_it_is_read(self, index):
        if not self.world.orders:
            return
        _, order = self.world.orders[index % len(self.world.orders)]
        if order.record in self.raw:
            self.world.put(f"raw/{order.record}", "zz")
            self.end_a_run(index)
            self.world.put(f"raw/{order.record}", self.raw[order.record])

    def allow(self, record):
        """A change that may make each step of this record run once more."""
        for name in CODES:
            self.allowed[record, name] += 1

    @invariant()
    def never_half_written(self):
        if not hasattr(self, "world"):
            return
        for name in CODES:
            for output in (self.world.data / name).glob("*"):
                assert output.read_text(), f"{output} is empty"

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            self.comes_to_rest_with_everything_made_from_what_is_there()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def comes_to_rest_with_everything_made_from_what_is_there(self):
        world = self.world
        while world.orders:
            world.run_one()
        for _ in range(4):
            world.clock.advance(4000)
            world.settle()
        assert world.engine.records == set(self.raw)
        for record, raw in self.raw.items():
            made = {}
            for name in ("first", "last", "both"):
                made[name] = result(name, self.versions[name], raw, made)
                assert world.read(f"{name}/{record}") == made[name], f"{record}/{name} is not what it should be"
                assert world.state_of(f"{record}/{name}") == "current"
        for line in world.lines:
            if line["event"] == "tainted":
                self.allowed[line["record"], line["step"]] += 1
        runs = Counter((key.record, key.step) for key in world.ran)
        for (record, name), count in runs.items():
            assert count <= self.allowed[record, name], f"{record}/{name} ran {count} times"
        before = len(world.ran)
        world.settle()
        assert len(world.ran) == before, "a workspace at rest ran something"


TestConvergence = History.TestCase
TestConvergence.settings = settings(
    max_examples=50, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
