"""A disk that is full at random writes and at every point of the protocol: nothing is damaged, and it goes on by itself."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random

import pytest
from counting import Count, Counted
from lab_world import COUNTED, RAW, Lab, a_lab, script

from sinagotd.core.states import Outcome, State
from sinagotd.errors import ManifestError
from sinagotd.failpoints import VARIABLE, Action, Point

pytestmark = pytest.mark.timeout(1800)

SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
[watch]
settle = "50ms"
[run]
attempts = 1
reserve = "{reserve}"
[path]
state = "{state}"
"""
COUNT = script(RAW, COUNTED, "self.path.output.write_text(text * 10)")
MEAN = script(COUNTED, {"text": ("mean", "{id}.txt"), "folder": ("parts", "{id}")}, *(
    "self.path.output['text'].write_text('mean of ' + text)",
    "self.path.output['folder'].mkdir()",
    "(self.path.output['folder'] / 'part').write_text(text[:100])",
))  # fmt: skip
OUTPUTS = ("count/{}.txt", "mean/{}.txt", "parts/{}/part")
BATCH = 3
DISKS = {
    "data and manifest": ("dataset", "size=12m"),
    "data": ("dataset", "size=12m"),
    "manifest": ("state", "size=12m"),
    "data and manifest, of file names": ("dataset", "size=24m,nr_inodes=400"),
}


def results_of(text: str) -> list[str]:
    counted = text * 10
    return [counted, "mean of " + counted, counted[:100]]


class FullLab:
    """A lab one of whose disks is small; `texts` is what lies in raw, `before` what the last batch took the place of."""

    def __init__(self, lab: Lab, disk: Path, kind: str) -> None:
        self.lab, self.disk, self.data = lab, disk, lab.data
        self.chance = Random(secrets.randbits(32))
        self.is_of_names = "names" in kind
        self.texts: dict[str, str] = {}
        self.before: dict[str, str | None] = {}
        self._told = 0

    # the disk

    def fill(self) -> None:
        """Leave nothing, or room for a part of what the batch will need."""
        system = os.statvfs(self.disk)
        if self.is_of_names:
            leave = self.chance.choice([0, 1, self.chance.randrange(30)])
            with suppress(OSError):  # the daemon makes files too
                for number in range(system.f_favail - leave):
                    (self.disk / f"ballast/{number}").touch()
            return
        needed = sum(len("".join(results_of(self.texts[record]))) for record in self.before)
        self.leave(self.chance.choice([0, self.chance.randrange(10_000), self.chance.randrange(needed)]))

    def leave(self, free: int) -> None:
        """Leave so many bytes free, or a little less where the daemon writes meanwhile."""
        with (self.disk / "ballast/all").open("ab", buffering=0) as file, suppress(OSError):
            while (system := os.statvfs(self.disk)).f_bavail * system.f_frsize > free:
                file.write(b"x" * min(system.f_bavail * system.f_frsize - free, 1 << 16))

    def free(self) -> None:
        for file in (self.disk / "ballast").iterdir():
            file.unlink()

    # the records

    def prepare(self) -> None:
        """Lay aside, on the same disk, the raw files of some records, new ones and others."""
        self.before = {}
        for _ in range(BATCH):
            record = f"REC-{self.chance.randrange(len(self.texts) + 2) % 40}"
            self.before.setdefault(record, self.texts.get(record))
            self.texts[record] = f"{record} {self.chance.random()}\n" * self.chance.randint(1, 600)
            self.lab.put(f"store/{record}.txt", self.texts[record])

    def bring(self) -> None:
        for record in self.before:
            (self.data / f"store/{record}.txt").rename(self.data / f"raw/{record}.txt")

    def wrong(self) -> Iterator[str]:
        """Whatever is neither whole and new nor whole and what was there before."""
        for record, text in self.texts.items():
            was = self.before.get(record, text)
            old = [None] * len(OUTPUTS) if was is None else results_of(was)
            for output, *either in zip(OUTPUTS, old, results_of(text), strict=True):
                if (found := self.lab.read(output.format(record))) not in either:
                    yield f"{output.format(record)} is {found and found[:50]!r}, {len(found or '')} characters"

    def blamed(self) -> Iterator[str]:
        """A step has one attempt: who blames it leaves it undone. But every run has to have ended well, or told nothing."""
        outcomes = {run.outcome for run in self.lab.daemon.runs()}
        if not outcomes <= {Outcome.SUCCEEDED, Outcome.ABANDONED}:
            yield f"runs ended as {outcomes}"

    # its daemon

    def start(self, *words: str) -> None:
        self.lab.start(*words)
        self._told = 0

    def is_told(self) -> bool:
        """Whether it said, since the last time, that nothing new is run."""
        told = self.lab.daemon.log.read_bytes().count(b'"event": "paused"')
        was, self._told = self._told, told
        return told > was

    def is_done(self) -> bool:
        try:
            standings = self.lab.daemon.standings()
        except ManifestError:  # it could not even be made yet
            return False
        states = {standings[key].state for key in self._keys() if key in standings}
        return (
            self._keys() <= standings.keys()
            and states == {State.CURRENT}
            and all(
                self.lab.read(output.format(record)) == result
                for record, text in self.texts.items()
                for output, result in zip(OUTPUTS, results_of(text), strict=True)
            )
        )

    def _keys(self) -> set[str]:
        return {f"{record}/{step}" for record in self.texts for step in ("count", "mean")}

    def come_to_rest(self) -> None:
        self.lab.daemon.wait_until(self.is_done, "everything done")

    def strike(self, counted: Counted) -> bool:
        """Bring a batch to a full disk and make room again; False if all of it had room."""
        self.prepare()
        self.fill()
        self.bring()
        told = False

        def is_over() -> bool:
            nonlocal told
            told = told or self.is_told()
            return told or self.is_done()

        self.lab.daemon.wait_until(is_over, "told that the disk is full, or done")
        counted.wrongs += self.wrong()
        self.free()
        self.come_to_rest()
        return told


@pytest.fixture
def full_lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FullLab]:
    kind, reserve = request.param
    name, options = DISKS[kind]
    folder = tmp_path / "lab"
    state = tmp_path / "lab/state" if kind in ("data", "manifest") else folder / "dataset/.sinagotd"
    disk = folder / name
    disk.mkdir(parents=True)
    (folder / "state").mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting a small disk needs root: {mounted.stderr.strip()}")
    try:
        (disk / "ballast").mkdir()
        with a_lab(tmp_path, SETTINGS.format(reserve=reserve, state=state), count=COUNT, mean=MEAN) as lab:
            yield FullLab(lab, disk, kind)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def disks(*kinds: str, reserve: str = "off") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("full_lab", [(kind, reserve) for kind in kinds], indirect=True, ids=kinds)


@pytest.mark.cluster
@disks(*DISKS)
def test_whatever_a_full_disk_refuses_is_done_once_there_is_room(
    full_lab: FullLab, count: Count, request: pytest.FixtureRequest
) -> None:
    kind = request.node.callspec.id
    words = [] if kind == "data" else ["--inline"]
    with count("P7", f"a full disk, of {kind}", share=1, full=50) as counted:
        full_lab.start(*words)
        struck = 0
        while struck < counted.times:
            struck += full_lab.strike(counted)
            if kind == "manifest":  # its log keeps its size while it is in use, and needs no more room then
                full_lab.lab.daemon.stop()
                full_lab.start(*words)
        counted.wrongs += full_lab.blamed()
        full_lab.lab.daemon.stop()
        full_lab.lab.command("manifest", "check", full_lab.lab.folder)


@pytest.mark.cluster
@pytest.mark.parametrize("words", [["--inline"], []], ids=["in one process", "on a cluster"])
def test_a_write_that_is_refused_at_any_point_of_the_protocol_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Count, request: pytest.FixtureRequest, words: list[str]
) -> None:
    tokens = {point: tmp_path / f"refuse-{point}" for point in Point}
    struck = ";".join(f"{point}:{Action.DISK_FULL}:{token}" for point, token in tokens.items())
    monkeypatch.setenv(VARIABLE, struck)
    settings = SETTINGS.format(reserve="off", state=tmp_path / "lab/state")
    what = f"a write refused at each point of the protocol, {request.node.callspec.id}"
    share = len(Point) if words else 2
    with a_lab(tmp_path, settings, count=COUNT, mean=MEAN) as lab, count("P7", what, share=share, full=45) as counted:
        daemon = lab.start(*words)
        in_any_order = cycle(Random().sample(list(tokens.values()), len(tokens)))
        for _, token in zip(range(counted.times), in_any_order, strict=False):
            token.touch()
            text = f"{secrets.token_hex(4)}\n" * 20
            record = lab.new_record(text)
            lab.wait_current(record)
            if token.exists() or [lab.read(output.format(record)) for output in OUTPUTS] != results_of(text):
                counted.wrong(f"{token.name}: {[lab.read(output.format(record)) for output in OUTPUTS]}")
        if not (outcomes := {run.outcome for run in daemon.runs()}) <= {Outcome.SUCCEEDED, Outcome.ABANDONED}:
            counted.wrong(f"runs ended as {outcomes}")
        if list((lab.data / ".sinagotd/staging").iterdir()):
            counted.wrong("something is left in staging")
        daemon.stop()


@disks("manifest", reserve="6 MiB")
def test_nothing_new_is_run_while_less_than_the_reserve_is_free_and_people_are_told(full_lab: FullLab) -> None:
    lab = full_lab.lab
    full_lab.start("--inline")
    full_lab.prepare()
    full_lab.leave(3 << 20)
    full_lab.bring()
    why = lab.daemon.wait_for_line("paused")["why"]
    assert why.startswith("only ")
    assert why.endswith(f" are free on {full_lab.disk}, less than run.reserve (6 MiB): make room")
    lab.daemon.wait_until(lambda: states(lab) == {State.STALE, State.BLOCKED}, "planned")
    assert "nothing new is run: only " in lab.command("status", lab.folder)
    full_lab.free()
    full_lab.come_to_rest()
    assert len(lab.daemon.lines("paused")) == len(lab.daemon.lines("resumed")) == 1
    assert {run.outcome for run in lab.daemon.runs()} == {Outcome.SUCCEEDED}
    lab.daemon.stop()


def states(lab: Lab) -> set[State | None]:
    return {standing.state for standing in lab.daemon.standings().values()}


@disks("data and manifest")
def test_a_daemon_that_is_started_on_a_full_disk_waits_for_room(full_lab: FullLab) -> None:
    full_lab.prepare()
    full_lab.bring()
    full_lab.leave(0)
    full_lab.start("--inline")
    daemon = full_lab.lab.daemon
    daemon.wait_until(lambda: any("No space" in str(line.get("why")) for line in daemon.lines()), "told why")
    full_lab.free()
    full_lab.come_to_rest()
    daemon.stop()
