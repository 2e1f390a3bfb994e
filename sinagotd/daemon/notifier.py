"""Tells systemd how the daemon is: ready, what it does, alive, reloading, stopping. Silent where nobody listens."""

import os
import time

import sdnotify

BEATS_PER_LIMIT = 4


class Notifier:
    """Speaks the protocol of sd_notify(3) over `$NOTIFY_SOCKET`. The loop calls `beat`, so a hung loop is a silent one."""

    def __init__(self) -> None:
        self._systemd = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self._beat_every_s = _watchdog_s() / BEATS_PER_LIMIT
        self._last_beat = float("-inf")
        self._status = ""

    def ready(self) -> None:
        self._say("READY=1")

    def beat(self, status: str, now: float) -> None:
        """Say what the daemon is at, if that changed, and that it lives; `now` is monotonic seconds."""
        if status != self._status:
            self._status = status
            self._say(f"STATUS={_plain(status)}")
        if self._beat_every_s and now - self._last_beat >= self._beat_every_s:
            self._last_beat = now
            self._say("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that settings are being read again; `ready` says that this is over."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def close(self) -> None:
        if self._systemd is not None and self._systemd.socket is not None:
            self._systemd.socket.close()

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
