import grp
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest

from sinagotd.daemon import control
from sinagotd.engine import calling
from sinagotd.errors import ConfigError, WorkspaceError

STRANGER = 54321
LAB = 54322
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Daemon:
    """Stands behind the socket: keeps what it was asked and answers with `answer`, or raises it."""

    def __init__(self, answer=None) -> None:
        self.asked = []
        self.answer = {"steps": []} if answer is None else answer

    def ask(self, verb, arguments, answer) -> None:
        self.asked.append((verb, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        answer(self.answer)


@contextmanager
def connected(folder):
    descriptor = os.open(folder, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(f"/proc/self/fd/{descriptor}/{calling.SOCKET_NAME}")
        os.close(descriptor)
        yield connection


def say(folder, line: bytes) -> dict[str, object]:
    """What the daemon answers to these bytes; {} if it hangs up."""
    with connected(folder) as connection, connection.makefile("rb") as stream:
        connection.sendall(line)
        return json.loads(stream.readline() or b"{}")


@contextmanager
def false_daemon(folder, answer: bytes):
    """Something else on the socket, which answers once with these bytes and hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / calling.SOCKET_NAME))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                stream.readline()
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.fixture
def public_folder():
    """A state folder that every user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="sinagotd-control-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


ASKS = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'{}\\n'); print(s.recv(4096).decode())"


def ask_as(folder, *groups: int) -> str:
    """Ask as a stranger who is of these groups in the second place; stdout, or the last line of stderr."""
    whose = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    user = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", whose]
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    path = str(folder / calling.SOCKET_NAME)
    ran = subprocess.run([*user, python, "-c", ASKS, path], capture_output=True, text=True, timeout=30, check=False)
    return ran.stdout or ran.stderr.strip().splitlines()[-1]


def test_a_request_goes_there_and_its_answer_comes_back(tmp_path):
    daemon = Daemon({"steps": ["REC-1/count"], "left": []})
    arguments = {"records": ["REC-1"], "steps": None, "force": True}
    with control.listening(tmp_path, daemon.ask):
        assert calling.request(tmp_path, "retry", arguments) == {"steps": ["REC-1/count"], "left": []}
    assert daemon.asked == [("retry", arguments)]


def test_the_state_folder_may_lie_deeper_than_a_sockets_address_reaches(tmp_path):
    deep = tmp_path.joinpath(*["a folder with a long name"] * 8)
    deep.mkdir(parents=True)
    with control.listening(deep, Daemon().ask):
        assert calling.request(deep, "hold", {}) == {"steps": []}


def test_an_answer_may_be_longer_than_a_request(tmp_path):
    steps = [f"REC-{number:06}/count" for number in range(100_000)]
    with control.listening(tmp_path, Daemon({"steps": steps}).ask):
        assert calling.request(tmp_path, "retry", {})["steps"] == steps


def test_many_may_ask_at_one_time(tmp_path):
    daemon = Daemon()
    with control.listening(tmp_path, daemon.ask):
        threads = [Thread(target=calling.request, args=[tmp_path, "retry", {}]) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(daemon.asked) == 40


def test_a_refusal_is_raised_with_the_daemons_words(tmp_path):
    with (
        control.listening(tmp_path, Daemon(WorkspaceError("there is no record 'X'")).ask),
        pytest.raises(WorkspaceError, match=r"^there is no record 'X'$"),
    ):
        calling.request(tmp_path, "retry", {"records": ["X"]})


def test_a_daemon_too_busy_to_answer_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "ANSWER_TIMEOUT_S", 0.2)
    with control.listening(tmp_path, lambda *_: None), pytest.raises(WorkspaceError, match="busy"):
        calling.request(tmp_path, "retry", {})


def test_without_a_daemon_the_folder_is_named(tmp_path):
    with pytest.raises(WorkspaceError, match=f"the daemon that owns {tmp_path} does not answer"):
        calling.request(tmp_path, "retry", {})


@pytest.mark.parametrize("answer", [b"", b"\n", b"[1]\n", b'"refused"\n', b"{}\n", b'{"steps": [', b"\xff\n"])
def test_a_daemon_that_hangs_up_or_talks_nonsense_is_no_traceback(tmp_path, answer):
    with false_daemon(tmp_path, answer), pytest.raises(WorkspaceError, match=f"the daemon that owns {tmp_path}"):
        calling.request(tmp_path, "retry", {})


def test_a_request_too_long_is_not_sent(tmp_path):
    with pytest.raises(WorkspaceError, match="too much for one request"):
        calling.request(tmp_path, "retry", {"records": ["REC-1"] * 200_000})


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"retry\n",
        b"\xff\xfe\n",
        b"{}\n",
        b"[]\n",
        b'{"verb": "retry"}\n',
        b'{"verb": 1, "arguments": {}}\n',
        b'{"verb": "retry", "arguments": []}\n',
        b'{"verb": "retry", "arguments": {"records": "REC-1"}}\n',
        b'{"verb": "retry", "arguments": {"records": [{}]}}\n',
        b'{"verb": "retry", "arguments": {"steps": true}}\n',
        b'{"verb": "retry", "arguments": {"force": {"a": 1}}}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_garbage_is_refused_and_never_handed_on(tmp_path, capfd, line):
    daemon = Daemon()
    with control.listening(tmp_path, daemon.ask):
        assert str(say(tmp_path, line)["refused"]).startswith("not a request")
        calling.request(tmp_path, "hold", {})
    assert [verb for verb, _ in daemon.asked] == ["hold"]
    assert capfd.readouterr() == ("", "")


def test_a_line_without_end_is_refused_at_a_megabyte(tmp_path):
    daemon = Daemon()
    with control.listening(tmp_path, daemon.ask):
        answer = say(tmp_path, b" " * (calling.REQUEST_BYTES + 1))
        assert "longer than 1,048,576 bytes" in str(answer["refused"])
        calling.request(tmp_path, "hold", {})
    assert len(daemon.asked) == 1


def test_who_hangs_up_early_or_never_speaks_disturbs_nobody(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(control, "REQUEST_TIMEOUT_S", 0.2)
    daemon = Daemon()
    with control.listening(tmp_path, daemon.ask), connected(tmp_path) as silent:
        with connected(tmp_path) as early:
            early.sendall(b'{"verb": "re')
        calling.request(tmp_path, "hold", {})
        assert silent.recv(1) == b""
    assert [verb for verb, _ in daemon.asked] == ["hold"]
    assert capfd.readouterr() == ("", "")


def test_who_speaks_one_byte_at_a_time_is_cut_off_when_the_time_for_a_request_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "REQUEST_TIMEOUT_S", 0.5)
    daemon, sent = Daemon(), 0
    with control.listening(tmp_path, daemon.ask), connected(tmp_path) as slow, suppress(OSError):
        for _ in range(1000):
            slow.sendall(b" ")
            sent += 1
            sleep(0.05)
    assert 0 < sent < 500
    assert daemon.asked == []


def test_more_connections_than_there_are_seats_are_refused_and_the_seats_are_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "MOST_AT_ONCE", 3)
    daemon = Daemon()
    with control.listening(tmp_path, daemon.ask), ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(connected(tmp_path))
        with pytest.raises(WorkspaceError, match=r"does not answer|hung up"):
            calling.request(tmp_path, "hold", {})
        stack.close()
        while not daemon.asked:
            with suppress(WorkspaceError):
                calling.request(tmp_path, "hold", {})
    assert len(daemon.asked) == 1


def test_the_thread_that_accepts_requests_shows_that_it_lives(tmp_path):
    alive = Event()
    with control.listening(tmp_path, Daemon().ask) as ping:
        ping(alive.set)
        assert alive.wait(20)


def test_the_socket_is_for_owner_and_group_and_gone_at_the_end(tmp_path):
    path = tmp_path / calling.SOCKET_NAME
    with control.listening(tmp_path, Daemon().ask):
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


def test_a_socket_left_by_a_killed_daemon_is_replaced(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(tmp_path / calling.SOCKET_NAME))
    with control.listening(tmp_path, Daemon().ask):
        assert calling.request(tmp_path, "hold", {}) == {"steps": []}


def test_a_group_that_does_not_exist_is_named(tmp_path):
    with (
        pytest.raises(ConfigError, match="there is no group 'no such lab'"),
        control.listening(tmp_path, Daemon().ask, group="no such lab"),
    ):
        pass


def test_the_socket_is_given_to_the_group_of_the_settings(tmp_path):
    own = grp.getgrgid(os.getegid()).gr_name
    with control.listening(tmp_path, Daemon().ask, group=own):
        assert (tmp_path / calling.SOCKET_NAME).stat().st_gid == os.getegid()


@ROOT_ONLY
def test_a_foreign_user_is_stopped_by_the_mode(public_folder):
    with control.listening(public_folder, Daemon().ask):
        assert "Permission denied" in ask_as(public_folder)


@ROOT_ONLY
def test_a_foreign_user_is_refused_also_where_the_mode_lets_everybody_in(public_folder):
    with control.listening(public_folder, Daemon().ask):
        (public_folder / calling.SOCKET_NAME).chmod(0o666)
        assert f"user {STRANGER} may not ask this daemon" in ask_as(public_folder, LAB)


@ROOT_ONLY
def test_a_member_of_the_group_may_ask_also_if_it_is_not_his_first(public_folder):
    with control.listening(public_folder, Daemon().ask):
        os.chown(public_folder / calling.SOCKET_NAME, -1, LAB)
        assert "not a request" in ask_as(public_folder, LAB + 1, LAB)
