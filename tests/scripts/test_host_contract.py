"""What a host does, whichever it is: every test runs in this process and in a step host."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script_lab import Lab

from sinagotd.core.states import Outcome
from sinagotd.errors import ScriptError
from sinagotd.scripts.hosts import Host, HostReply


def test_a_script_reads_its_input_and_writes_into_staging(lab: Lab, host: Host) -> None:
    (lab.data / "raw").mkdir()
    (lab.data / "raw/001.csv").write_text("content")
    reply = lab.run(host, "self.path.output.write_text(self.path.input.read_text())")
    assert reply.outcome is Outcome.SUCCEEDED, reply.error
    assert (lab.data / ".sinagotd/staging/run-1/out/001.txt").read_text() == "content"
    assert not (lab.data / "out").exists()
    assert reply.pid > 0
    assert reply.peak_memory_bytes > 1_000_000


def test_a_script_knows_what_it_is(lab: Lab, host: Host) -> None:
    lab.write_run(
        "for name in ('id', 'task', 'modality', 'label', 'opts', 'debug', 'status'): self.logger.info(getattr(self, name))",
        name="EEG/alpha.py",
    )
    changes: dict[str, Any] = {"task": "RS", "modality": "EEG", "opts": {"k": [1, 2]}, "debug": True}
    host.call(lab.order("EEG/alpha.py", **changes), on_line=lab.lines.append)
    assert lab.said == ["001", "RS", "EEG", "alpha", "{'k': [1, 2]}", "True", "20"]


def test_dicts_of_paths_and_control_paths_arrive_as_declared(lab: Lab, host: Host) -> None:
    body = "for role in self.path: self.logger.info(role)"
    lab.run(host, body, inputs={"x": "x", "y": "y"}, outputs={"b": "o/b"}, control={"": "c/1"})
    staging = lab.data / ".sinagotd/staging/run-1"
    assert lab.said == [str({"x": lab.data / "x", "y": lab.data / "y"}), str({"b": staging / "o/b"}), f"{lab.data}/c/1"]


def test_an_exception_is_a_failure_with_its_traceback_from_the_script_on(lab: Lab, host: Host) -> None:
    reply = lab.run(host, "{}['k']")
    assert reply.outcome is Outcome.FAILED
    assert reply.error is not None
    assert (reply.error.type, reply.error.message) == ("KeyError", "'k'")
    assert reply.error.traceback.splitlines()[1].startswith(f'  File "{lab.scripts / "step.py"}", line 9, in run')
    assert "{}['k']" in reply.error.traceback


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("import sys; sys.exit(3)", "SystemExit", "the script ended its process (exit code 3)"),
        ("import sys; sys.exit('no')", "SystemExit", "the script ended its process (exit code 1): no"),
        ("raise SystemExit", "SystemExit", "the script ended its process (exit code 0)"),
        ("raise BaseException('b')", "BaseException", "b"),
        ("from errno import ENOSPC; raise OSError(ENOSPC, 'full')", "DiskFull", "[Errno 28] full"),
        ("raise ValueError('x' * 10**6)", "ValueError", None),
        ("class Odd(Exception):\n    def __str__(self): 1/0\nraise Odd", "Odd", None),
    ],
)
def test_whatever_a_script_raises_is_reported(lab: Lab, host: Host, body: str, kind: str, message: str | None) -> None:
    reply = lab.run(host, body)
    assert reply.error is not None
    assert reply.error.type == kind
    assert message is None or reply.error.message == message
    assert len(reply.error.message) < 100_000
    assert reply.outcome is (Outcome.ABANDONED if kind == "DiskFull" else Outcome.FAILED)


def test_a_full_disk_that_the_script_wrapped_is_still_the_machines_fault(lab: Lab, host: Host) -> None:
    body = """
    try:
        raise OSError(28, "full")
    except OSError as fault:
        raise RuntimeError("could not save") from fault
    """
    assert lab.run(host, body).outcome is Outcome.ABANDONED


def test_an_error_while_importing_is_its_own_error(lab: Lab, host: Host) -> None:
    reply = lab.run(host, "pass", before="open('/nowhere/at/all')")
    assert reply.error is not None
    assert reply.error.type == "FileNotFoundError"
    assert "/nowhere/at/all" in reply.error.message


def test_a_changed_script_is_tainted(lab: Lab, host: Host) -> None:
    lab.write("helper.py", "x = 1")
    lab.write_run("pass", before="import helper")
    order = lab.order()
    lab.write("helper.py", "x = 2")
    assert_tainted(host.call(order, on_line=lab.lines.append))
    lab.write("helper.py", "def broken(:")
    assert_tainted(host.call(order, on_line=lab.lines.append))
    lab.write("helper.py", "x = 1  # as before")
    assert host.call(order, on_line=lab.lines.append).error is None
    (lab.scripts / "step.py").unlink()
    assert_tainted(host.call(order, on_line=lab.lines.append))


def assert_tainted(reply: HostReply) -> None:
    assert reply.outcome is Outcome.TAINTED
    assert reply.error is not None
    assert reply.error.message.startswith("the script changed between claim and run")


def test_an_edit_within_one_second_runs_the_new_code_of_script_and_helper(lab: Lab, host: Host) -> None:
    for number in range(5):
        lab.write("helper.py", f"x = {number}")
        lab.run(host, f"import helper; self.logger.info(({number}, helper.x))")
    assert lab.said == [f"({number}, {number})" for number in range(5)]


def test_no_byte_code_appears_in_the_scripts_folder(lab: Lab, host: Host) -> None:
    lab.write("helper.py", "x = 1")
    lab.write("lib/dynamic.py", "x = 1")
    assert lab.run(host, "__import__('lib.' + 'dynamic')", before="import helper").error is None
    assert not list(lab.scripts.rglob("__pycache__"))


def test_siblings_packages_and_late_imports_work(lab: Lab, host: Host) -> None:
    lab.write("lib/part.py", "from . import other\nname = 'part+' + other.name")
    lab.write("lib/other.py", "name = 'other'")
    lab.write("EEG/beside.py", "name = 'beside'")
    lab.write("package/__init__.py", "name = 'package'")
    body = """
    from lib.part import name
    from . import beside as relative
    import package
    self.logger.info([beside.name, relative.name, name, package.name])
    """
    lab.write_run(body, name="EEG/step.py", before="import beside")
    for _ in range(2):
        assert host.call(lab.order("EEG/step.py"), on_line=lab.lines.append).error is None
    assert lab.said == ["['beside', 'beside', 'part+other', 'package']"] * 2


def test_helpers_of_one_name_in_two_folders_are_not_mixed_up(lab: Lab, host: Host) -> None:
    for folder in ("one", "two"):
        lab.write(f"{folder}/helper.py", f"name = '{folder}'")
        lab.write_run("import helper; self.logger.info(helper.name)", name=f"{folder}/step.py")
    for folder in ("one", "two", "one", "two"):
        host.call(lab.order(f"{folder}/step.py"), on_line=lab.lines.append)
    assert lab.said == ["one", "two", "one", "two"]
    assert "helper" not in sys.modules


def test_a_script_or_its_folder_may_bear_the_name_of_a_library_that_it_uses(lab: Lab, host: Host) -> None:
    lab.write_run("json.dumps(sdnotify.SystemdNotifier.__name__)", name="sdnotify.py", before="import json, sdnotify")
    lab.write_run("tomli.loads('')", name="tomli/step.py", before="import tomli")
    lab.write("json.py", "raise RuntimeError")
    for script in ("sdnotify.py", "tomli/step.py"):
        assert host.call(lab.order(script), on_line=lab.lines.append).error is None


def test_a_script_is_executed_once_and_kept(lab: Lab, host: Host) -> None:
    lab.write_run("Script.calls = getattr(Script, 'calls', 0) + 1; self.logger.info(Script.calls)")
    order = lab.order()
    for _ in range(3):
        host.call(order, on_line=lab.lines.append)
    assert lab.said == ["1", "2", "3"]


def test_a_template_from_elsewhere_is_taken_by_what_it_can_do(lab: Lab, host: Host) -> None:
    lab.write("shared.py", "class Script:\n    def run(self): self.path.output.write_text(self.label)")
    lab.write("step.py", "from shared import Script")
    assert host.call(lab.order(), on_line=lab.lines.append).error is None
    assert (lab.data / ".sinagotd/staging/run-1/out/001.txt").read_text() == "step"


@pytest.mark.parametrize(("text", "sentence"), [("x = 1", "no class Script"), ("class Script: pass", "no method run")])
def test_a_file_that_is_no_script_says_so(lab: Lab, host: Host, text: str, sentence: str) -> None:
    lab.write("step.py", text)
    reply = host.call(lab.order(), on_line=lab.lines.append)
    assert reply.error is not None
    assert sentence in reply.error.message


def test_what_a_script_changes_around_it_is_gone_afterwards(lab: Lab, host: Host) -> None:
    body = """
    import os, sys
    self.logger.info([os.environ.get("HERE"), os.environ.get("AT_IMPORT"), os.getcwd(), "/added" in sys.path])
    os.environ["HERE"] = "1"
    os.chdir("/")
    """
    before = "import os, sys\nos.environ['AT_IMPORT'] = '1'\nsys.path.append('/added')"
    lab.write_run(body, before=before)
    here = os.getcwd()  # noqa: PTH109 - as the script sees it
    for _ in range(2):
        host.call(lab.order(), on_line=lab.lines.append)
    assert lab.said == [str([None, "1", here, True])] * 2
    assert "AT_IMPORT" not in os.environ
    assert "/added" not in sys.path


def test_lines_come_in_order_and_with_their_level(lab: Lab, host: Host) -> None:
    lab.run(host, "self.logger.debug('no'); self.logger.info('a %s', 1); self.logger.error('b')")
    assert [(line.seq, line.level, line.message) for line in lab.lines] == [(0, "INFO", "a 1"), (1, "ERROR", "b")]
    lab.run(host, "self.logger.debug('yes')", debug=True)
    assert lab.said[-1] == "yes"


def test_helpers_that_log_in_the_ordinary_way_do_not_break_and_are_heard_from_warning_on(lab: Lab, host: Host) -> None:
    lab.write(
        "helper.py", "import logging\nlog = logging.getLogger(__name__)\ndef f(): log.info('i'); log.warning('w')"
    )
    body = """
    import logging
    logging.basicConfig(level=logging.DEBUG)
    helper.f()
    logging.info("root")
    self.logger.getChild("child").info("c")
    try: 1/0
    except ZeroDivisionError: self.logger.exception("oops")
    """
    assert lab.run(host, body, before="import helper").error is None
    assert lab.said[:2] == ["w", "c"]
    assert lab.said[2].startswith("oops\nTraceback")
    assert len(lab.said) == 3


def test_a_computed_declaration_is_asked_for(lab: Lab, host: Host) -> None:
    lab.write_run("pass", before="NAME = '{id}' + '.csv'")
    text = (lab.scripts / "step.py").read_text()
    (lab.scripts / "step.py").write_text(
        text.replace("    PATH_OUT", "    PATH_IN = {'a': ['raw', NAME]}\n    PATH_OUT")
    )
    declared = host.declare("step.py", lab.scripts)
    assert declared.inputs == (("a", ("raw", "{id}.csv")),)
    assert declared.outputs == (("", ("out", "{id}.txt")),)
    assert declared.control == (("", ("FOLDER_CONTROL", "{id}-{task}.control")),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1/0", r"^step\.py: cannot be imported: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(2)", r"^step\.py: cannot be imported: SystemExit"),
        ("class Script:\n    PATH_IN = 3\n    def run(self): ...", r"^step\.py: PATH_IN: write a tuple"),
        ("def f(:", r"step\.py, line 1"),
    ],
)
def test_a_declaration_that_cannot_be_had_is_a_sentence(lab: Lab, host: Host, text: str, sentence: str) -> None:
    lab.write("step.py", text)
    with pytest.raises(ScriptError, match=sentence):
        host.declare("step.py", lab.scripts)


def test_a_host_that_was_closed_starts_anew(lab: Lab, host: Host) -> None:
    host.close()
    assert lab.run(host, "pass").error is None


def test_the_pid_is_known_before_the_run(lab: Lab, host: Host) -> None:
    assert lab.run(host, "import os; self.logger.info(os.getpid())").pid == host.ready()
    assert lab.said == [str(host.ready())]


def test_an_order_survives_odd_names(lab: Lab, host: Host) -> None:
    name = os.fsdecode(b"\xff \xc3\xa9\n.txt")
    lab.write_run("self.path.output.write_text(self.path.output.name.encode('utf-8', 'surrogateescape').hex())")
    order = replace(lab.order(), outputs={"": name})
    assert host.call(order, on_line=lab.lines.append).error is None
    assert Path(order.staging, name).read_text() == os.fsencode(name).hex()
