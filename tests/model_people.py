"""What people do to a workspace, as rules of a state machine; what they did is told to the plain model."""

import os
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from model_world import ModelWorld
from plain_model import KEYS, RAW, RECORDS, SETTLE_S, STEPS, Plain, path_of, reads, script

from sinagotd.core.keys import StepKey
from sinagotd.engine.requests import perform
from sinagotd.errors import WorkspaceError

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
TEXTS = ("ab", "cd", "ad", "a longer text", "bad", "")
LONG_AGO = float("-inf")

records = st.sampled_from(RECORDS)
raw_paths = st.sampled_from(RAW)
keys = st.sampled_from(KEYS)
texts = st.sampled_from(TEXTS)
hints = st.sampled_from(["told", "told", "twice", "late", "lost"])


class People(RuleBasedStateMachine):
    """They write, move and delete files, edit scripts and outputs, and ask for things; hints of it may get lost."""

    began = False

    @initialize(rested=st.booleans(), adopted=st.booleans())
    def begin(self, rested, adopted):
        self.world = ModelWorld(Path(tempfile.mkdtemp(prefix="sinagotd-model-", dir=MEMORY)))
        self.data = self.world.data
        self.plain = Plain(lambda key: self.world.read(path_of(*key)))
        self.pending: dict[str, bool] = {}
        self.moved_at: dict[str, float] = {}
        self.writers: dict[str, object] = {}
        self.vouched: set[str] = set()
        self.flying: set[StepKey] = set()
        self.broken: Counter[StepKey] = Counter()
        self.allowed: Counter[StepKey] = Counter()
        self.depended: dict[StepKey, object] = {}
        self.hands = 0
        for path in RAW:
            self.put(path, TEXTS[0], "lost")
        self.moved_at = dict.fromkeys(RAW, LONG_AGO)
        if adopted:
            self.put_outputs_that_nobody_recorded()
        self.world.walk()
        if rested or adopted:
            self.world.rest()
        self.start_watching()
        self.were = self.world.looks()
        self.began = True

    def start_watching(self):
        """Who relies on hints by hand has nothing to start."""

    def put_outputs_that_nobody_recorded(self):
        for step in STEPS:
            key = StepKey("R2", step)
            self.world.put(path_of(*key), f"<made of old {step}>")
            self.plain.accepted[key] = (None, f"<made of old {step}>")
        for key in [StepKey("R2", step) for step in STEPS]:
            self.plain.accepted[key] = (self.depends_on(key), self.plain.accepted[key][1])

    # what people do to raw files

    @rule(path=raw_paths, text=texts, hint=hints)
    def write(self, path, text, hint):
        self.put(path, text, hint)

    @rule(path=raw_paths, hint=hints)
    def append(self, path, hint):
        if path in self.plain.raw:
            self.put(path, self.plain.raw[path] + "+", hint)

    @rule(path=raw_paths, text=texts, hint=hints)
    def replace_by_rename(self, path, text, hint):
        aside = self.world.elsewhere / "aside"
        aside.write_text(text)
        self.folder_of(path)
        aside.replace(self.data / path)
        self.changed({path: text}, hint, renamed=True)

    @rule(path=raw_paths, hint=hints)
    def touch(self, path, hint):
        if path in self.plain.raw:
            os.utime(self.data / path)
            self.changed({path: self.plain.raw[path]}, hint)

    @rule(path=raw_paths, hint=hints)
    def change_and_restore_the_old_time(self, path, hint):
        if path in self.plain.raw:
            times = (self.data / path).stat()
            (self.data / path).write_text(self.plain.raw[path].swapcase())
            os.utime(self.data / path, ns=(times.st_atime_ns, times.st_mtime_ns))
            self.changed({path: self.plain.raw[path].swapcase()}, hint)

    @rule(name=st.sampled_from(["signal", "notes"]), hint=hints)
    def swap(self, name, hint):
        one, other = (path_of(record, name) for record in RECORDS)
        raw = self.plain.raw
        if one in raw and other in raw:
            (self.data / one).rename(self.world.elsewhere / "aside")
            (self.data / other).rename(self.data / one)
            (self.world.elsewhere / "aside").rename(self.data / other)
            self.changed({one: raw[other], other: raw[one]}, hint, renamed=True)

    @rule(path=raw_paths, hint=hints)
    def delete(self, path, hint):
        if path in self.plain.raw:
            (self.data / path).unlink()
            self.changed({path: None}, hint)

    @rule(record=records, hint=hints)
    def move_its_folder_out_or_in(self, record, hint):
        inside, outside = self.data / "raw" / record, self.world.elsewhere / record
        if outside.is_dir():
            if inside.is_dir():
                return
            outside.rename(inside)
        elif inside.is_dir():
            inside.rename(outside)
        else:
            return
        self.plain.raw = self.world.raws()
        paths = [path for path in RAW if path.startswith(f"raw/{record}/")]
        for path in paths:
            self.close(path)
        as_they_came = self.vouched & set(paths)
        self.hint(paths, hint)
        self.vouched |= as_they_came

    @rule(path=raw_paths, hint=hints)
    def begin_or_end_to_write(self, path, hint):
        if path in self.writers:
            self.close(path)
        elif path in self.plain.raw:
            self.writers[path] = (self.data / path).open("a")
            self.writers[path].write("~")
            self.writers[path].flush()
            self.changed({path: self.plain.raw[path] + "~"}, hint)

    # what people do to outputs, scripts and settings

    @rule(key=keys, hint=hints)
    def edit_an_output(self, key, hint):
        if self.plain.on_disk(key) is None or key in self.world.flying() or self.world.is_requested(key):
            return
        self.hands += 1
        self.plain.by_hand[key] = f"<by hand {self.hands}>"
        self.world.put(path_of(*key), self.plain.by_hand[key])
        self.hint([path_of(*key)], hint)

    @rule(key=keys, hint=hints)
    def delete_an_output(self, key, hint):
        if self.plain.on_disk(key) is not None:
            (self.data / path_of(*key)).unlink()
            self.plain.by_hand.pop(key, None)
            self.allowed[key] += 1
            self.hint([path_of(*key)], hint)

    @rule(step=st.sampled_from(STEPS), only_a_comment=st.booleans())
    def edit_the_code(self, step, only_a_comment):
        if only_a_comment:
            with (self.world.folder / "scripts" / f"{step}.py").open("a") as file:
                file.write("# a comment\n")
        else:
            self.plain.versions[step] = 1 - self.plain.versions[step]
            self.world.script(step, script(step, self.plain.versions[step]))

    @rule()
    def change_a_parameter(self):
        self.plain.mark = 1 - self.plain.mark
        self.world.set_mark(self.plain.mark)

    @rule(key=keys, verb=st.sampled_from(["hold", "release", "retry", "accept"]), force=st.booleans())
    def ask(self, key, verb, force):
        if verb == "accept":
            if self.world.is_requested(key):
                return
            for _ in range(2):
                self.world.advance(SETTLE_S + 1)
                self.world.turn(0)
        try:
            done = perform(self.world.engine, verb, {"records": [key.record], "steps": [key.step], "force": force})
        except WorkspaceError:
            return
        if str(key) in done["steps"]:
            self.asked(key, verb, force=force)

    def asked(self, key, verb, *, force):
        plain = self.plain
        if verb == "hold":
            plain.on_hold.add(key)
        elif verb == "release":
            plain.on_hold.discard(key)
        elif verb == "accept":
            plain.accepted[key] = (self.depends_on(key), plain.on_disk(key))
            plain.by_hand.pop(key, None)
            self.allow(key)
        else:
            self.allow(key)
            if force and key in plain.by_hand:
                plain.forced.add(key)

    # what the rules share

    def put(self, path, text, hint):
        self.folder_of(path)
        (self.data / path).write_text(text)
        self.changed({path: text}, hint)

    def folder_of(self, path):
        (self.data / path).parent.mkdir(parents=True, exist_ok=True)

    def changed(self, texts, hint, *, renamed=False):
        """These raw files hold something else now, or are gone."""
        for path, text in texts.items():
            if renamed or text is None:
                self.close(path)
            self.plain.raw.pop(path, None)
            if text is not None:
                self.plain.raw[path] = text
            self.moved_at[path] = self.world.clock.now()
        self.hint(list(texts), hint, renamed=renamed)

    def close(self, path):
        if path in self.writers:
            self.writers.pop(path).close()

    def hint(self, paths, hint, *, renamed=False):
        if hint != "lost":
            self.pending.update(dict.fromkeys(paths, renamed))
        if hint in ("told", "twice"):
            self.deliver(times=2 if hint == "twice" else 1)

    def deliver(self, times=1):
        renamed = {path for path, by_rename in self.pending.items() if by_rename}
        for _ in range(times):
            self.world.engine.see(list(self.pending), renamed=renamed)
        self.vouched = self.vouched - self.pending.keys() | renamed
        self.pending.clear()

    def depends_on(self, key):
        """What a run of this step would depend on if it began now."""
        texts = (self.world.read(path) for path in reads(key))
        return (self.plain.versions[key.step], self.plain.mark, *texts)

    def allow(self, key):
        for other in (key, StepKey(key.record, "both")):
            self.allowed[other] += 1
