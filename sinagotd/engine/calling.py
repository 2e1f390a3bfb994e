"""Calls the daemon that owns a workspace over its control socket: one JSON line there and one back. It serves nothing."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sinagotd.errors import WorkspaceError

DAEMON = "sinagotd run"
"""The command that a daemon signs the lock of its workspace with; only daemons take requests."""

SOCKET_NAME = "control.sock"
REQUEST_BYTES = 1 << 20
ANSWER_TIMEOUT_S = 30.0


def request(folder: Path, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask the daemon that owns this state folder. Raises WorkspaceError with its refusal, or if it does not answer."""
    asked = json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n"
    if len(asked) > REQUEST_BYTES:
        raise WorkspaceError(f"too much for one request ({len(asked):,} bytes): name fewer records at a time")
    try:
        answer = json.loads(_exchange(folder, asked) or b"{}")
    except PermissionError as fault:
        raise WorkspaceError(f"you may not ask the daemon that owns {folder}: you must be of its group") from fault
    except (OSError, ValueError) as fault:
        raise WorkspaceError(f"the daemon that owns {folder} does not answer ({fault})") from fault
    if not isinstance(answer, dict) or not answer:
        raise WorkspaceError(f"the daemon that owns {folder} hung up without an answer")
    if "refused" in answer:
        raise WorkspaceError(str(answer["refused"]))
    return answer


def _exchange(folder: Path, asked: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, short_address(folder) as address:
        connection.settimeout(ANSWER_TIMEOUT_S + 5)
        connection.connect(address)
        connection.sendall(asked)
        with connection.makefile("rb") as stream:
            return stream.readline()


@contextmanager
def short_address(folder: Path) -> Iterator[str]:
    """An address below the 108 bytes that a socket's path may have, however deep the folder lies."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
