"""Hostile things, one line each, by where they come from: what is done, and what must be said about it (a regular expression)."""

from typing import NamedTuple


class Hostile(NamedTuple):
    """`deed` is bytes to send or write, or Python code; `says` a regular expression that its refusal contains."""

    name: str
    deed: bytes | str
    says: str


def asking(record: str) -> bytes:
    return b'{"verb": "retry", "arguments": {"records": ["%s"], "steps": null, "force": true}}\n' % record.encode()


REQUESTS = (
    Hostile("no JSON", b"\x80\x04cos\nsystem\n", "not a request"),
    Hostile("no object", b"[1, 2]\n", "not a request"),
    Hostile("JSON without end", b"[" * 100_000 + b"\n", "not a request"),
    Hostile("longer than a megabyte", b" " * ((1 << 20) + 1), "longer than"),
    Hostile("a verb that is none", b'{"verb": "__class__", "arguments": {}}\n', "cannot be asked for"),
    Hostile("arguments of another kind", b'{"verb": "hold", "arguments": {"records": {"a": 1}}}\n', "not a request"),
    Hostile("an id with ..", asking("../../etc/passwd"), r"no record '\.\./"),
    Hostile("an absolute id", asking("/etc/passwd"), "no record '/etc/passwd'"),
    Hostile("an id with a line break", asking(r"RE\nC"), r"no record 'RE\\nC'"),
    Hostile("an id with NUL", asking(r"RE\u0000C"), r"no record 'RE\\x00C'"),
    Hostile("an id that steers a terminal", asking(r"\u001b]0;x\u0007"), r"no record '\\x1b\]0;x\\x07'"),
    Hostile("an id with half a character", asking(r"\ud800"), r"no record '\\ud800'"),
    Hostile("an id of 300 letters", asking("R" * 300), "no record 'RRR"),
    Hostile("a step that is none", b'{"verb": "hold", "arguments": {"steps": ["../x"]}}\n', r"no step \.\./x"),
)

SETTINGS = (
    Hostile("a dotted key of 40 KB", "a" + ".a" * 20_000 + " = 1", "more than 64 dots"),
    Hostile("lists without end", "a = " + "[" * 50_000, "nested too deeply|not valid TOML"),
    Hostile("a megabyte", "# " + "x" * (1 << 20), "larger than 256 KiB"),
    Hostile("a key twice", "[records]\nid_pattern = 'A'\nid_pattern = 'B'", "not valid TOML"),
    Hostile("a number of 5,000 digits", "a = 1" + "0" * 5_000, "not valid TOML"),
    Hostile("no UTF-8", b"a = '\xff\xfe'", "not UTF-8"),
    Hostile("NUL", b"a = '\0'", "not valid TOML"),
    Hostile("an id pattern that is none", "[records]\nid_pattern = 'R('", "not a regular expression"),
    Hostile("ids that are paths", "[records]\nid_pattern = '[a-z]+/[a-z]+'", "an id is one file name"),
    Hostile("a marker above the data folder", "[watch]\nready = '../{id}.done'", "below the data folder"),
    Hostile("a script above its folder", "[steps]\nscripts = ['../../evil']", r"evil"),
    Hostile("an absolute script", "[steps]\nscripts = ['/tmp/evil']", r"evil"),
    Hostile("another data folder", "[records]\nid_pattern = 'R'\n[path]\ndataset = '/'", "path.dataset"),
)

TEMPLATE = """\
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = {paths_in}
    PATH_OUT = {paths_out}

    def run(self):
        self.path.output.write_text("out")
"""


def script(paths_in: object = ("raw", "{id}.txt"), paths_out: object = ("third", "{id}.txt")) -> str:
    return TEMPLATE.format(paths_in=paths_in, paths_out=paths_out)


SCRIPTS = (
    Hostile("an input above the data folder", script(paths_in=("..", "{id}.txt")), r"\.\."),
    Hostile("an absolute input", script(paths_in=("/etc", "passwd")), "/etc"),
    Hostile("an output above the data folder", script(paths_out=("..", "..", "{id}.txt")), r"\.\."),
    Hostile("an absolute output", script(paths_out=("/tmp", "{id}.txt")), "/tmp"),
    Hostile("an output in our own folder", script(paths_out=(".sinagotd", "{id}.txt")), r"\.sinagotd"),
    Hostile("an output with NUL", script(paths_out=("th\0ird", "{id}.txt")), "no file name can"),
    Hostile("brackets without end", "x = " + "(" * 50_000, "third"),
    Hostile("a sum without end", "x = " + "1+" * 100_000 + "1", "nested too deeply|third"),
    Hostile("dots without end", "x = y" + ".y" * 100_000, "nested too deeply|third"),
    Hostile("five megabytes", "#" + "x" * (5 << 20), "larger than 4 MiB"),
    Hostile("no text", b"\xff\xfe\x00class", "third"),
)

PREAMBLE = """\
import json, os, shutil, signal
from pathlib import Path
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.txt")
    PATH_OUT = ("obeyed", "{id}.txt")

    def run(self):
        output, data = self.path.output, self.path.input.parents[1]
        staging, elsewhere = output.parents[1], data.parents[1] / "elsewhere"

        def once(name):
            try:
                (elsewhere / name).touch(exist_ok=False)
            except FileExistsError:
                return False
            return True

        def leave_receipt(text):
            (staging / "result.json").write_text(text)
            guard = os.getppid()
            worker = int(Path(f"/proc/{guard}/stat").read_text().rsplit(")")[1].split()[1])
            os.kill(worker, signal.SIGKILL)
            signal.pause()

        def forged(outputs, run_id=staging.name):
            return json.dumps(
                {"run_id": run_id, "outcome": "succeeded", "outputs": outputs, "error": None, "lines": []}
            )

        exec(self.path.input.read_text())
"""
"""A script that does what its input says."""

NOTHING = "0" * 32

RUNS = (
    Hostile(
        "its own receipt, with raw data as its output",
        f"leave_receipt(forged({{'../../../raw/VICTIM.txt': '{NOTHING}'}}))",
        "receipt does not speak of the outputs",
    ),
    Hostile(
        "its own receipt, of a link to a secret",
        f"output.symlink_to(elsewhere / 'secret'); leave_receipt(forged({{'obeyed/' + output.name: '{NOTHING}'}}))",
        "a symbolic link",
    ),
    Hostile("a link to a secret as its output", "output.symlink_to(elsewhere / 'secret')", "a symbolic link"),
    Hostile("a link to a password file", "output.symlink_to('/etc/passwd')", "a symbolic link"),
    Hostile("a named pipe as its output", "os.mkfifo(output)", "a named pipe"),
    Hostile(
        "a folder with a link to a secret as its output",
        "output.mkdir(); (output / 'link').symlink_to(elsewhere / 'secret')",
        "holds a link that leaves it",
    ),
    Hostile(
        "its staging folder changed for another one",
        "output.write_text('x'); staging.rename(elsewhere / staging.name); "
        "staging.symlink_to(elsewhere / staging.name)",
        "behind a link",
    ),
    Hostile("its staging folder deleted", "shutil.rmtree(staging)", "without writing"),
    Hostile(
        "an error that forges lines and steers a terminal",
        r"raise ValueError('\x1b]0;forged\x07\n{\"event\": \"forged\"}\r\x9b2J')",
        "ValueError",
    ),
    Hostile("log lines that do so", r"self.logger.error('\x1b[2J\nforged\r'); raise OSError('told')", "told"),
    Hostile("an error that is no text", r"raise ValueError('\udcff\ud800')", "ValueError"),
    Hostile(
        "garbage on every open pipe",
        "[os.write(fd, b'\\xff' * 64) for fd in range(3, 9)]",
        "ended its process|Error|host",
    ),
    Hostile("a pickle that would run a program", "\x80\x04cos\nsystem\n(S'touch /tmp/sinagotd-pickled'\ntR.", "Error"),
)

ALL_STAGING_DELETED = Hostile(
    "all staging folders deleted", "shutil.rmtree(staging.parent)", "without writing|No such file|not empty"
)
