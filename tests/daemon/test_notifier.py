import socket
import uuid

import pytest

from sinagotd.daemon.notifier import Notifier


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
def make_notifier():
    made = []

    def make() -> Notifier:
        made.append(Notifier())
        return made[-1]

    yield make
    for notifier in made:
        notifier.close()


def test_a_life_is_told_in_the_order_in_which_it_happens(systemd, watchdog, make_notifier):
    notifier = make_notifier()
    notifier.ready()
    notifier.beat("3 records", 100.0)
    notifier.reloading()
    notifier.ready()
    notifier.stopping()
    messages = systemd.heard()
    assert [message.partition("=")[0] for message in messages] == [
        "READY", "STATUS", "WATCHDOG", "RELOADING", "READY", "STOPPING",
    ]  # fmt: skip
    assert messages[:3] == ["READY=1", "STATUS=3 records", "WATCHDOG=1"]


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
    notifier.stopping()


def test_a_systemd_that_went_away_does_not_stop_the_daemon(systemd, make_notifier):
    notifier = make_notifier()
    systemd.close()
    notifier.ready()
    notifier.beat("busy", 0.0)
