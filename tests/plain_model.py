"""What must stand in a workspace in the end, said as plainly as possible: no stamps, no digests, no history.

Two raw files per record, three steps: `first` reads the signal, `last` the signal and the notes, `both` what those two
made. A script is one call of `carry_out`, so that it is quickly read; its number stands for its code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sinagotd.core.keys import StepKey

RECORDS = ("R1", "R2")
READS = {"first": ("signal",), "last": ("notes", "signal"), "both": ("first", "last")}
STEPS = tuple(READS)
RAW = tuple(f"raw/{record}/{name}" for record in RECORDS for name in ("signal", "notes"))
KEYS = tuple(StepKey(record, step) for record in RECORDS for step in STEPS)
SETTLE_S = 600
ATTEMPTS = 3
TOML = f"""
[records]
id_pattern = "R[0-9]"
[steps]
scripts = ["both", "first", "last"]
[watch]
settle = "{SETTLE_S}s"
hash_inline = "12 B"
[run]
attempts = {ATTEMPTS}
[run.opts]
mark = {{mark}}
"""
SCRIPT = """
from sinagotd import ScriptTemplate
from plain_model import carry_out
class Script(ScriptTemplate):
    PATH_IN = {paths_in}
    PATH_OUT = "{step}/{{id}}"
    def run(self):
        carry_out(self, {version})
"""


def path_of(record: str, name: str) -> str:
    """Where a raw file, or the output of a step, lies below the data folder."""
    return f"{name}/{record}" if name in READS else f"raw/{record}/{name}"


def reads(key: StepKey) -> list[str]:
    """The inputs of a step, in the order in which its script lists them."""
    return [path_of(key.record, name) for name in READS[key.step]]


def script(step: str, version: int) -> str:
    paths_in = {name: path_of("{id}", name) for name in READS[step]}
    return SCRIPT.format(step=step, paths_in=paths_in, version=version)


def carry_out(script, version: int) -> None:
    """What a script does."""
    texts = [path.read_text() for path in script.path.input.values()]
    if any("bad" in text for text in texts):
        raise ValueError("a bad word")
    script.path.output.write_text(result(script.label, version, script.opts["mark"], texts))


def result(step: str, version: int, mark: int, texts: list[str]) -> str:
    """Only the first letter of the signal counts for `first`, so that not every change makes waves."""
    said = [text[:1] for text in texts] if step == "first" else texts
    return f"<{step} {version} {mark} of {' and '.join(said)}>"


def possible(key: StepKey, texts: list[str | None]) -> set[str]:
    """What a run of this step may have made of these inputs, with whatever code and parameters."""
    there = [text for text in texts if text is not None]
    if len(there) < len(texts):
        return set()
    return {result(key.step, version, mark, there) for version in (0, 1) for mark in (0, 1)}


class Stand(NamedTuple):
    """How a step must stand; `text` is what it must have made, None where nothing is said about that.

    `depends_on` is all that a run of it depends on, None while it cannot run.
    """

    state: str
    text: str | None
    depends_on: tuple[object, ...] | None


@dataclass
class Plain:
    """What people did to the workspace, as far as it counts; `on_disk` reads an output, None if it is not there."""

    on_disk: Callable[[StepKey], str | None]
    raw: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STEPS, 0))
    mark: int = 0
    on_hold: set[StepKey] = field(default_factory=set)
    by_hand: dict[StepKey, str] = field(default_factory=dict)
    forced: set[StepKey] = field(default_factory=set)
    """What was edited by hand and may be overwritten all the same, by one run."""
    accepted: dict[StepKey, tuple[object, str]] = field(default_factory=dict)

    @property
    def records(self) -> set[str]:
        return {record for record in RECORDS if any(path.startswith(f"raw/{record}/") for path in self.raw)}

    def stands(self, record: str) -> dict[StepKey, Stand]:
        """How the steps of a record must stand once everything has come to rest."""
        stands: dict[StepKey, Stand] = {}
        for step in STEPS:
            stands[StepKey(record, step)] = self._stand(StepKey(record, step), stands)
        return stands

    def all_stand(self) -> dict[StepKey, Stand]:
        return {key: stand for record in sorted(self.records) for key, stand in self.stands(record).items()}

    def _stand(self, key: StepKey, stands: Mapping[StepKey, Stand]) -> Stand:
        upstream = [stands[StepKey(key.record, name)] for name in READS[key.step] if name in READS]
        if key in self.on_hold:
            return Stand("held", self.on_disk(key), None)
        if any(before.state not in ("current", "held") for before in upstream):
            return Stand("blocked", None, None)
        texts = [before.text for before in upstream] or [
            self.raw.get(path_of(key.record, name)) or None for name in READS[key.step]
        ]
        if None in texts:
            return Stand("waiting", None, None)
        return self._with_inputs(key, [text for text in texts if text is not None])

    def _with_inputs(self, key: StepKey, texts: list[str]) -> Stand:
        depends_on = (self.versions[key.step], self.mark, *texts)
        if key in self.by_hand:
            return Stand("held", self.by_hand[key], depends_on)
        if key in self.accepted and self.accepted[key][0] == depends_on:
            return Stand("current", self.accepted[key][1], depends_on)
        if any("bad" in text for text in texts):
            return Stand("quarantined", None, depends_on)
        return Stand("current", result(key.step, *depends_on[:2], texts), depends_on)
