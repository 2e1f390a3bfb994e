"""Tells systemd how the daemon is: ready, what it does, alive, reloading, stopping. Silent where nobody listens."""

import os
import time

import sdnotify

from sinagotd.daemon.vitals import Vitals

BEATS_PER_LIMIT = 4


class Notifier:
    """Speaks the protocol of sd_notify(3) over `$NOTIFY_SOCKET`.

    The loop calls `beat`, so a hung loop is a silent one; and it says that the daemon lives only when every other thread
    has answered since it said so last.
    """

    def __init__(self, vitals: Vitals) -> None:
        self._systemd = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._vitals = vitals
        self._beat_every_s = _watchdog_s() / BEATS_PER_LIMIT
        self._ask_at = float("-inf")
        self._is_asking = False
        self._status = ""

    def starting(self, what: str, within_s: float) -> None:
        """Say what the start is at, and that it may take this long from now on."""
        self._tell_status(what)
        self._extend(within_s)

    def ready(self) -> None:
        self._say("READY=1")

    def beat(self, status: str, now: float) -> None:
        """Say what the daemon is at, if that changed, and that it lives; `now` is monotonic seconds."""
        self._tell_life()
        if self._beat_every_s and now >= self._ask_at:
            self._ask_at = now + self._beat_every_s
            self._is_asking = True
            self._vitals.ask()
            self._tell_life()
        silent = self._vitals.silent
        self._tell_status(f"{status}; no sign of life from {', '.join(silent)}" if silent else status)

    def reloading(self) -> None:
        """Say that settings are being read again; `ready` says that this is over."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, within_s: float) -> None:
        """Say that the daemon stops, and that it may take this long."""
        self._say("STOPPING=1")
        self._extend(within_s)

    def close(self) -> None:
        if self._systemd is not None and self._systemd.socket is not None:
            self._systemd.socket.close()

    def _tell_life(self) -> None:
        if self._is_asking and self._vitals.all_answered:
            self._is_asking = False
            self._say("WATCHDOG=1")

    def _tell_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self._say(f"STATUS={_plain(status)}")

    def _extend(self, by_s: float) -> None:
        self._say(f"EXTEND_TIMEOUT_USEC={round(by_s * 1e6)}")

    def _say(self, message: str) -> None:
        if self._systemd is not None:
            self._systemd.notify(message)


def _watchdog_s() -> float:
    """Seconds of silence that systemd bears; 0 where it does not mind, or minds another process than this."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(os.environ.get("WATCHDOG_USEC") or 0) / 1e6


def _plain(text: str) -> str:
    """One line of ASCII: a line break in the name of a workspace must not become a message of its own."""
    return text.encode("unicode_escape").decode("ascii")
