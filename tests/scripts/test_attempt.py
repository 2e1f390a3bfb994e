import errno
import os
import shutil
import socket
from pathlib import Path

import pytest
from script_lab import Lab

from sinagotd.core.states import Outcome
from sinagotd.errors import ScriptError
from sinagotd.scripts import attempt as attempt_module
from sinagotd.scripts.attempt import MAX_LINES, attempt
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.hosts import Host, HostReply
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.scripts.logs import OnLine
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt, RunOrder
from sinagotd.scripts.staging import claimed
from sinagotd.scripts.step_host import StepHost


def attempted(lab: Lab, body: str, host: Host | None = None, **changes: object) -> Receipt:
    lab.write_run(body)
    return carried_out(lab, lab.order(**changes), host)


def carried_out(lab: Lab, order: RunOrder, host: Host | None = None) -> Receipt:
    return attempt(order, host or InlineHost(), on_started=lambda *_: None, on_line=lab.lines.append)


def on_disk(lab: Lab) -> Receipt:
    return Receipt.from_json((lab.data / ".sinagotd/staging/run-1" / RECEIPT_NAME).read_text())


def test_a_success_leaves_its_outputs_and_their_digests_in_staging(lab: Lab) -> None:
    receipt = attempted(lab, "self.path.output.write_text('x'); self.logger.info('done')")
    output = lab.data / ".sinagotd/staging/run-1/out/001.txt"
    assert receipt.outcome is Outcome.SUCCEEDED, receipt.error
    assert receipt.outputs == {"out/001.txt": digest_path(output).hex()}
    assert [line.message for line in receipt.lines] == ["done"]
    assert (receipt.host, receipt.pid) == (socket.gethostname(), os.getpid())
    assert receipt.ended_at >= receipt.started_at > 1e9
    assert receipt.versions.keys() == {"python", "sinagotd"}
    assert on_disk(lab) == receipt


def test_a_receipt_from_a_step_host_holds_what_was_printed(lab: Lab, step_host: StepHost) -> None:
    receipt = attempted(lab, "print('said'); 1/0", step_host)
    assert (receipt.outcome, receipt.stdout) == (Outcome.FAILED, "said\n")
    assert on_disk(lab) == receipt


def test_several_outputs_may_be_files_and_folders(lab: Lab) -> None:
    body = """
    self.path.output["table"].write_text("t")
    (self.path.output["folder"] / "inner").mkdir(parents=True)
    (self.path.output["folder"] / "inner/file").write_text("f")
    """
    receipt = attempted(lab, body, outputs={"table": "a/t.csv", "folder": "b/001.mff"})
    staging = lab.data / ".sinagotd/staging/run-1"
    assert receipt.outputs == {path: digest_path(staging / path).hex() for path in ("a/t.csv", "b/001.mff")}


def test_a_step_that_ends_without_its_outputs_failed_and_they_are_named(lab: Lab) -> None:
    receipt = attempted(lab, "self.path.output['a'].touch()", outputs={"a": "x/a", "b": "x/b", "c": "x/c"})
    assert receipt.outcome is Outcome.FAILED
    assert receipt.outputs == {}
    assert str(receipt.error) == "OutputMissing: it ended without writing x/b, x/c: write to self.path.output"
    assert on_disk(lab) == receipt


def test_half_an_output_of_a_failed_step_is_no_output(lab: Lab) -> None:
    receipt = attempted(lab, "self.path.output.write_text('half'); 1/0")
    assert (receipt.outcome, receipt.outputs) == (Outcome.FAILED, {})
    assert not (lab.data / "out").exists()


def test_a_full_disk_is_charged_to_no_step(lab: Lab) -> None:
    receipt = attempted(lab, "with open('/dev/full', 'wb', buffering=0) as full: full.write(b'x')")
    assert receipt.outcome is Outcome.ABANDONED
    assert receipt.error is not None
    assert receipt.error.type == "DiskFull"


@pytest.mark.parametrize("failing", ["write_atomically", "digest_path", "fsync_folder"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ESTALE])
def test_a_disk_that_fails_while_the_outputs_are_secured_is_charged_to_no_step(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failing: str, number: int
) -> None:
    def broken(*_: object) -> None:
        raise OSError(number, "broken")

    monkeypatch.setattr(attempt_module, failing, broken)
    receipt = attempted(lab, "self.path.output.write_text('x')")
    assert (receipt.outcome, receipt.outputs) == (Outcome.ABANDONED, {})
    assert str(receipt.error) == f"StepHostFailed: [Errno {number}] broken"


@pytest.mark.parametrize("failing", ["write_atomically", "digest_path", "fsync_folder"])
def test_a_disk_that_fills_up_while_the_outputs_are_secured_is_charged_to_no_step(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EDQUOT, "quota")

    monkeypatch.setattr(attempt_module, failing, full)
    receipt = attempted(lab, "self.path.output.write_text('x')")
    assert (receipt.outcome, receipt.outputs) == (Outcome.ABANDONED, {})
    assert str(receipt.error) == "DiskFull: [Errno 122] quota"


@pytest.mark.parametrize("there", ["a file in the way", "nothing, as on an empty mount point"])
def test_a_staging_folder_that_cannot_be_made_is_charged_to_no_step(lab: Lab, there: str) -> None:
    lab.write_run("self.logger.info('ran')")
    order = lab.order()
    shutil.rmtree(lab.data / ".sinagotd")
    if "file" in there:
        (lab.data / ".sinagotd").touch()
    receipt = carried_out(lab, order)
    assert receipt.outcome is Outcome.ABANDONED
    assert lab.said == []
    assert not (lab.data / ".sinagotd").is_dir()


def test_a_run_that_left_its_receipt_is_not_run_again(lab: Lab) -> None:
    body = "self.logger.info('ran'); self.path.output.write_text('x')"
    first = attempted(lab, body)
    assert carried_out(lab, lab.order()) == first
    assert lab.said == ["ran"]


def test_an_attempt_cut_short_leaves_nothing_to_the_next(lab: Lab) -> None:
    staging = lab.data / ".sinagotd/staging/run-1"
    (staging / "out").mkdir(parents=True)
    (staging / "out/001.txt").write_text("half")
    (staging / RECEIPT_NAME).write_text("{half")
    (staging / "link").symlink_to(lab.scripts)
    receipt = attempted(lab, "pass")
    assert receipt.error is not None
    assert receipt.error.type == "OutputMissing"
    assert lab.scripts.exists()


def test_a_run_that_another_worker_is_still_at_is_left_to_it(lab: Lab) -> None:
    lab.write_run("self.logger.info('ran'); self.path.output.write_text('x')")
    with claimed(Path(lab.order().staging)) as refused:
        assert refused is None
        receipt = carried_out(lab, lab.order())
    assert receipt.outcome is Outcome.ABANDONED
    assert str(receipt.error) == "StepHostFailed: another worker is still at this run"
    assert not (lab.data / ".sinagotd/staging/run-1" / RECEIPT_NAME).exists()
    assert lab.said == []
    assert carried_out(lab, lab.order()).outcome is Outcome.SUCCEEDED


def test_a_flood_of_lines_is_handed_on_but_not_kept(lab: Lab) -> None:
    receipt = attempted(lab, f"for n in range({MAX_LINES + 5}): self.logger.info(n)")
    assert len(lab.lines) == MAX_LINES + 5
    assert len(receipt.lines) == MAX_LINES + 1
    assert receipt.lines[-1].message == "5 more lines are left out here"


def test_the_start_is_told_with_the_pid_before_the_first_line(lab: Lab, step_host: StepHost) -> None:
    lab.write_run("self.logger.info('line')")
    heard: list[object] = []
    attempt(
        lab.order(),
        step_host,
        on_started=lambda pid, at: heard.append((pid, at > 1e9)),
        on_line=lambda line: heard.append(line.message),
    )
    assert heard == [(step_host.ready(), True), "line"]


class HostWithoutProcess(InlineHost):
    def ready(self, memory_bytes: int | None = None) -> int:
        raise ScriptError("no process")

    def call(self, order: RunOrder, *, on_line: OnLine) -> HostReply:
        raise AssertionError(order, on_line)


def test_a_host_that_cannot_start_is_charged_to_no_step(lab: Lab) -> None:
    receipt = attempted(lab, "pass", HostWithoutProcess())
    assert receipt.outcome is Outcome.ABANDONED
    assert str(receipt.error) == "StepHostFailed: no process"
    assert on_disk(lab) == receipt
