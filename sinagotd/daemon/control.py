"""Serves the control socket of a workspace: a command asks the daemon that owns it. How it asks is in `engine.calling`."""

import grp
import json
import os
import socket
import socketserver
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any

from sinagotd.daemon.peers import check_peer
from sinagotd.daemon.vitals import Ping
from sinagotd.engine.calling import ANSWER_TIMEOUT_S, REQUEST_BYTES, SOCKET_NAME, short_address
from sinagotd.errors import ConfigError, SinagotError, WorkspaceError

REQUEST_TIMEOUT_S = 10.0
MOST_AT_ONCE = 64
STOPS_WITHIN_S = 0.5
LISTS_OF_NAMES = ("records", "steps")

Ask = Callable[[str, dict[str, Any], Callable[[dict[str, Any]], None]], None]
"""Hands on a request: its verb, its arguments, and what to call with the answer."""


@contextmanager
def listening(folder: Path, ask: Ask, *, group: str | None = None) -> Iterator[Ping]:
    """Serve requests on `control.sock` in a state folder while this lasts; own user, root and `group` may ask.

    Gives what makes the thread that accepts them show that it lives.
    Without a group it is the process's own. Raises ConfigError for one that does not exist or is not the process's.
    """
    path = folder / SOCKET_NAME
    with suppress(FileNotFoundError):
        path.unlink()
    with short_address(folder) as address, _Server(address, ask) as server:
        if group is not None:
            _give(path, group)
        path.chmod(0o660)
        thread = Thread(target=server.serve_forever, args=[STOPS_WITHIN_S], name="control", daemon=True)
        thread.start()
        try:
            yield server.pings.put
        finally:
            server.shutdown()
            thread.join()
            with suppress(FileNotFoundError):
                path.unlink()


def _give(path: Path, group: str) -> None:
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        raise ConfigError(f"[control] group: there is no group {group!r} on this machine") from None
    except PermissionError:
        raise ConfigError(f"[control] group: the service's user is not in the group {group!r}: add it") from None


class _Handler(socketserver.BaseRequestHandler):
    request: socket.socket
    server: "_Server"

    def handle(self) -> None:
        with suppress(OSError):
            self.request.sendall(json.dumps(self._answer()).encode() + b"\n")

    def _answer(self) -> dict[str, Any]:
        try:
            line = _read_line(self.request)  # before any refusal: who still writes would not see it
            check_peer(self.request, self.server.group_id())
            verb, arguments = _parse(line)
            answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
            self.server.ask(verb, arguments, answers.put)
            return answers.get(timeout=ANSWER_TIMEOUT_S)
        except SinagotError as refusal:
            return {"refused": str(refusal)}
        except Empty:
            return {"refused": f"the daemon was busy for {ANSWER_TIMEOUT_S:.0f} s: try again"}


def _read_line(connection: socket.socket) -> bytes:
    """Read a request, or a byte more than one may have. Raises TimeoutError if all of it takes too long."""
    give_up_at = time.monotonic() + REQUEST_TIMEOUT_S
    line = bytearray()
    while len(line) <= REQUEST_BYTES and b"\n" not in line[-1:]:
        connection.settimeout(max(0.001, give_up_at - time.monotonic()))
        piece, newline, _ = connection.recv(1 << 16).partition(b"\n")
        line += piece + newline
        if not piece + newline:
            break
    connection.settimeout(ANSWER_TIMEOUT_S)
    return bytes(line)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: str, ask: Ask) -> None:
        super().__init__(address, _Handler)
        self.ask = ask
        self.pings: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._seats = BoundedSemaphore(MOST_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Every connection costs a thread and an open file, of which the daemon needs some for its work."""
        if self._seats.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seats.release()

    def service_actions(self) -> None:
        """Called by `serve_forever` every time it comes round."""
        with suppress(Empty):
            while True:
                self.pings.get_nowait()()

    def group_id(self) -> int:
        return os.stat(str(self.server_address)).st_gid  # noqa: PTH116 - the address is a text by its protocol


def _parse(line: bytes) -> tuple[str, dict[str, Any]]:
    """Verb and arguments of a request. Raises WorkspaceError for everything that no command of ours would send."""
    if len(line) > REQUEST_BYTES:
        raise WorkspaceError(f"not a request: it is longer than {REQUEST_BYTES:,} bytes")
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise WorkspaceError(f"not a request: {fault}") from fault
    match asked:
        case {"verb": str(verb), "arguments": dict(arguments)} if all(_fits(*item) for item in arguments.items()):
            return verb, arguments
    raise WorkspaceError("not a request: it needs a verb and arguments, which are lists of names or true or false")


def _fits(name: str, value: object) -> bool:
    if name in LISTS_OF_NAMES:
        return value is None or (isinstance(value, list) and all(isinstance(word, str) for word in value))
    return isinstance(value, bool)
