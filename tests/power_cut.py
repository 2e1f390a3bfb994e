"""A disk of its own in a file, the power of which can fail, and a lab on it that remembers what it was told is done."""

import fcntl
import json
import multiprocessing
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from lab_world import RAW, script
from xxhash import xxh3_128

from sinagotd.cli.main import sinagotd
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.errors import ManifestError
from sinagotd.manifest import session
from sinagotd.manifest.check import check
from sinagotd.manifest.reader import open_reader
from sinagotd.scripts.processes import die_with

SHUT_DOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of the kernel's ext4.h and xfs_fs.h: _IOR('X', 125, __u32)."""
NO_FLUSH = 2
"""The journal is not written out first: what was not made durable is gone, as after a power cut."""

SIZES_MIB = {"ext4": 64, "xfs": 320}
LIMIT_S = 60.0
POLL_S = 0.02

SETTINGS = """\
[records]
id_pattern = "REC-[0-9]+"
[steps]
scripts = ["count", "mean"]
[watch]
settle = "100ms"
[run]
reserve = "off"
"""
COUNTED = ("count", "{id}.txt")
BOTH = {"text": ("mean", "{id}.txt"), "parts": ("parts", "{id}")}
COUNT = script(RAW, COUNTED, "self.path.output.write_text('count of ' + text)")
MEAN = script(
    COUNTED,
    BOTH,
    "self.path.output['text'].write_text('mean of ' + text)",
    "self.path.output['parts'].mkdir()",
    "(self.path.output['parts'] / 'part').write_text('part of ' + text)",
)
OUTPUTS = {
    "count": {"count/{}.txt": "count of "},
    "mean": {"mean/{}.txt": "mean of count of ", "parts/{}/part": "part of count of "},
}


class UnavailableError(Exception):
    """This machine does not let such a disk be made; says why."""


class Disk:
    """A file system in a file, mounted at `place`; `options` are its own, beside those of the loop device."""

    def __init__(self, image: Path, place: Path, kind: str, *options: str) -> None:
        self.image, self.place = image, place
        self._options = ",".join(("loop", *options))
        with image.open("wb") as file:
            file.truncate(SIZES_MIB[kind] << 20)
        _command(f"mkfs.{kind}", "-q", image)
        self.mount()

    def mount(self) -> None:
        """Mount it, when nobody has the one any more that was shut down: a sandbox may hold a copy of all mounts."""
        wait_until(self._is_mounted_anew, "mounted")

    def _is_mounted_anew(self) -> bool:
        _command("mount", "-o", self._options, self.image, self.place)
        try:
            (self.place / ".alive").write_bytes(b"")
        except OSError:
            self.unmount()
            return False
        return True

    def unmount(self) -> None:
        """As soon as the processes that were killed are really gone."""
        wait_until(lambda: _is_done("umount", self.place), "unmounted")

    def shut_down(self) -> None:
        """From now on nothing reaches the device, and what had not yet is lost."""
        folder = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, SHUT_DOWN, struct.pack("I", NO_FLUSH))
        finally:
            os.close(folder)

    def close(self) -> None:
        _is_done("umount", "--lazy", self.place)
        self.image.unlink()


def _command(*words: object) -> None:
    if os.getuid():
        raise UnavailableError("mounting a disk of our own needs root")
    if shutil.which(str(words[0])) is None:
        raise UnavailableError(f"there is no {words[0]} on this machine")
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"`{' '.join(map(str, words))}`: {done.stderr.strip()}")


def _is_done(*words: object) -> bool:
    return not subprocess.run([str(word) for word in words], capture_output=True, check=False).returncode


def wait_until(condition: Callable[[], object], what: str) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {LIMIT_S:.0f} s: {what}"
        time.sleep(POLL_S)


def work(folder: Path, log: Path, broken: str) -> None:
    """Be the daemon on this workspace, and with `broken` one that does not make things durable; ends by a signal."""
    die_with(os.getppid())
    if broken == "fsync":
        os.fsync = lambda _: None
    if broken == "synchronous":
        session.WRITER_SETTINGS = ("PRAGMA synchronous = NORMAL",)
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
    sinagotd(["run", str(folder), "--inline", "--log", "json"])


def workers() -> Any:
    """Starts daemons in a tenth of the time that Python needs for it: they are forked from a process that has it all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sinagotd.cli.run", "sinagotd.runner.inline"])
    return context


class PowerLab:
    """A workspace of which only the data folder lies on the disk, with the manifest in it; the rest survives anything.

    `done` is what people were told: up to which version of its input a step is done, by the log or by the manifest.
    """

    def __init__(self, home: Path, disk: Disk, seed: int, broken: str = "") -> None:
        self.folder, self.disk, self.data = home / "lab", disk, disk.place
        self.chance = Random(seed)
        self.versions: dict[str, int] = {}
        self.done: dict[StepKey, int] = {}
        self.wrongs: list[str] = []
        self._broken = broken
        self._log = home / "daemon.log"
        self._log.touch()
        self._read = 0
        (self.folder / "scripts").mkdir(parents=True)
        (self.folder / "workspace.toml").write_text(f'{SETTINGS}[path]\ndataset = "{self.data}"\n')
        (self.folder / "scripts/count.py").write_text(COUNT)
        (self.folder / "scripts/mean.py").write_text(MEAN)
        for name in ("store", "raw"):
            (self.data / name).mkdir()
        self._workers = workers()
        self._process: Any = None

    # what happens

    def start(self) -> None:
        self._process = self._workers.Process(target=work, args=(self.folder, self._log, self._broken))
        self._process.start()

    def change(self, count: int) -> None:
        """Bring records that are new, or new versions of those that are done; durable, as their owner's duty is."""
        self.listen()
        ready = sorted(
            record
            for record, version in self.versions.items()
            if all(self.done.get(StepKey(record, step)) == version for step in OUTPUTS)
        )
        for _ in range(count):
            known = self.chance.random() < 0.7 and ready
            record = ready.pop(self.chance.randrange(len(ready))) if known else f"REC-{len(self.versions)}"
            self.versions[record] = self.versions.get(record, 0) + 1
            self._bring(record, text_of(record, self.versions[record]))

    def _bring(self, record: str, text: str) -> None:
        aside = self.data / f"store/{record}.txt"
        with aside.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.data / f"raw/{record}.txt")
        folder = os.open(self.data / "raw", os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def cut(self) -> None:
        """The power fails, and comes back."""
        self.disk.shut_down()
        self._process.kill()
        self._process.join()
        self.listen()
        self.disk.unmount()
        self.disk.mount()

    def listen(self) -> None:
        """Take in what the log said since the last time."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + bool(whole)
        for line in map(json.loads, whole.splitlines()):
            if line["event"] == State.CURRENT.value:
                self.done[StepKey(line["record"], line["step"])] = self.versions[line["record"]]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()

    def tail(self) -> str:
        return "\n".join(self._log.read_text().splitlines()[-40:])

    # what must hold

    def look(self) -> None:
        """After a cut, before anything starts: what was said to be done is there, and nothing is half."""
        report = check(self.data / ".sinagotd")
        if not report.ok and (self.done or report.size_bytes):
            self.wrongs.append(f"the manifest: {'; '.join(report.findings)}")
        for record, latest in self.versions.items():
            for step, outputs in OUTPUTS.items():
                said = self.done.get(StepKey(record, step))
                for output, beginning in outputs.items():
                    self._look_at(output.format(record), beginning, record, said, latest)
        self._look_at_rows()

    def _look_at(self, path: str, beginning: str, record: str, said: int | None, latest: int) -> None:
        file = self.data / path
        found = file.read_text() if file.exists() else None
        whole = {beginning + text_of(record, version) for version in range(said or 1, latest + 1)}
        if found not in (whole | {None} if said is None else whole):
            is_like = "missing" if found is None else f"{len(found)} characters long"
            self.wrongs.append(f"{path}, done for version {said} of {latest}, is {is_like}")

    def _look_at_rows(self) -> None:
        try:
            with open_reader(self.data / ".sinagotd") as read:
                history = read.history()
        except ManifestError as fault:
            if self.done:
                self.wrongs.append(str(fault))
            return
        for key, said in self.done.items():
            made = history[key].made if key in history else None
            versions = range(said, self.versions[key.record] + 1)
            if made is None or made.outputs[:16] not in {_digest(key, version) for version in versions}:
                self.wrongs.append(f"the manifest does not know that {key} is done for version {said}")

    def come_to_rest(self) -> None:
        """Wait until everything is current, and see that it was made from what is there."""
        wait_until(self._is_all_current, "everything current")
        self.done = {StepKey(record, step): version for record, version in self.versions.items() for step in OUTPUTS}
        self.look()

    def _is_all_current(self) -> bool:
        assert self._process.is_alive(), "the daemon ended"
        self.listen()
        try:
            with open_reader(self.data / ".sinagotd") as read:
                standings, history = read.standings(), read.history()
        except ManifestError:
            return False
        return all(
            (key := StepKey(record, step)) in standings
            and standings[key].state is State.CURRENT
            and (made := history[key].made) is not None
            and made.outputs[:16] == _digest(key, version)
            for record, version in self.versions.items()
            for step in OUTPUTS
        )


def text_of(record: str, version: int) -> str:
    return f"{record} {version}\n" * 600


def _digest(key: StepKey, version: int) -> bytes:
    """That of the first output of a step."""
    beginning = next(iter(OUTPUTS[key.step].values()))
    return xxh3_128((beginning + text_of(key.record, version)).encode()).digest()
