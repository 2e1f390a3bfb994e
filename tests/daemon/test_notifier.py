import socket
import uuid

import pytest
import structlog

from sinagotd.daemon.notifier import Notifier
from sinagotd.daemon.vitals import Vitals


class Systemd:
    """The other end of the protocol: a datagram socket that keeps every message as it came."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(0)

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode("ascii"))
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    address = f"@sinagotd-{uuid.uuid4().hex}" if request.param == "abstract" else str(tmp_path / "notify")
    systemd = Systemd(address)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    yield systemd
    systemd.close()


@pytest.fixture
def watchdog(monkeypatch):
    """`WatchdogSec=60`, as systemd tells a service of it."""
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")


@pytest.fixture
def vitals():
    return Vitals(structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.BoundLogger))


@pytest.fixture
def make_notifier(vitals):
    made = []

    def make() -> Notifier:
        made.append(Notifier(vitals))
        return made[-1]

    yield make
    for notifier in made:
        notifier.close()


def test_a_life_is_told_in_the_order_in_which_it_happens(systemd, watchdog, make_notifier):
    notifier = make_notifier()
    notifier.starting("opening /srv/lab", 300.0)
    notifier.ready()
    notifier.beat("3 records", 100.0)
    notifier.reloading()
    notifier.ready()
    notifier.stopping(60.0)
    messages = systemd.heard()
    assert messages[:2] == ["STATUS=opening /srv/lab", "EXTEND_TIMEOUT_USEC=300000000"]
    assert messages[2:5] == ["READY=1", "WATCHDOG=1", "STATUS=3 records"]
    assert [message.partition("=")[0] for message in messages[5:7]] == ["RELOADING", "READY"]
    assert messages[7:] == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=60000000"]


def test_a_reload_says_when_it_began_as_notify_reload_wants_it(systemd, make_notifier):
    make_notifier().reloading()
    reloading, moment = systemd.heard()[0].split("\n")
    assert reloading == "RELOADING=1"
    assert moment.startswith("MONOTONIC_USEC=")
    assert int(moment.partition("=")[2]) > 0


def test_a_status_is_told_when_it_changes_and_not_again(systemd, make_notifier):
    notifier = make_notifier()
    for status in ("one", "one", "two", "one"):
        notifier.beat(status, 0.0)
    assert systemd.heard() == ["STATUS=one", "STATUS=two", "STATUS=one"]


def test_four_signs_of_life_fit_into_the_watchdogs_time(systemd, watchdog, make_notifier):
    notifier = make_notifier()
    told = []
    for second in range(121):
        notifier.beat("", float(second))
        told += [second for message in systemd.heard() if message == "WATCHDOG=1"]
    assert told == [0, 15, 30, 45, 60, 75, 90, 105, 120]


def test_without_a_watchdog_nobody_is_told_of_life(systemd, make_notifier):
    make_notifier().beat("", 0.0)
    assert systemd.heard() == []


def test_a_watchdog_over_another_process_is_not_ours(systemd, watchdog, monkeypatch, make_notifier):
    monkeypatch.setenv("WATCHDOG_PID", "1")
    make_notifier().beat("", 0.0)
    assert systemd.heard() == []


def test_a_name_with_a_line_break_cannot_forge_a_message(systemd, make_notifier):
    make_notifier().beat("offline: lab\nSTOPPING=1 \x1b[31m é \udc80", 0.0)
    assert systemd.heard() == [r"STATUS=offline: lab\nSTOPPING=1 \x1b[31m \xe9 \udc80"]


def test_where_no_systemd_listens_all_is_silent(monkeypatch, make_notifier):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = make_notifier()
    notifier.ready()
    notifier.beat("busy", 0.0)
    notifier.stopping(1.0)


def test_life_is_told_only_once_every_thread_has_answered_since_the_last_time(systemd, watchdog, vitals, make_notifier):
    asked = []
    with vitals.watching("the cluster", asked.append):
        notifier = make_notifier()
        notifier.beat("", 0.0)
        assert systemd.heard() == []
        asked.pop()()
        for second in (1.0, 2.0):
            notifier.beat("", second)
        assert systemd.heard() == ["WATCHDOG=1"]
        notifier.beat("3 records", 15.0)
        notifier.beat("3 records", 30.0)
        assert systemd.heard() == ["STATUS=3 records", "STATUS=3 records; no sign of life from the cluster"]
        asked.pop()()
        notifier.beat("3 records", 31.0)
        assert systemd.heard() == ["WATCHDOG=1", "STATUS=3 records"]
    assert asked == []


def test_a_systemd_that_went_away_does_not_stop_the_daemon(systemd, make_notifier):
    notifier = make_notifier()
    systemd.close()
    notifier.ready()
    notifier.beat("busy", 0.0)
