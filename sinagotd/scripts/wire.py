"""Messages over a pipe: the length in four bytes, then JSON. It knows nothing of what they mean."""

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]

_LENGTH = struct.Struct("!I")


def send(descriptor: int, message: Message) -> None:
    """Write a message whole, waiting for the reader if need be. Raises BrokenPipeError when there is none."""
    content = json.dumps(message).encode()
    rest = memoryview(_LENGTH.pack(len(content)) + content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> Message | None:
    """Wait for a message; None when the other side is gone."""
    head = _exactly(descriptor, _LENGTH.size)
    content = None if head is None else _exactly(descriptor, _LENGTH.unpack(head)[0])
    return None if content is None else json.loads(content)


def _exactly(descriptor: int, count: int) -> bytes | None:
    content = bytearray()
    while len(content) < count:
        chunk = os.read(descriptor, count - len(content))
        if not chunk:
            return None
        content += chunk
    return bytes(content)


class Inbox:
    """Puts messages together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._content = bytearray()

    def put(self, piece: bytes) -> Iterator[Message]:
        """Add a piece, and give the messages that are whole now."""
        self._content += piece
        while len(self._content) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._content)[0]
            if len(self._content) < end:
                return
            content = bytes(self._content[_LENGTH.size : end])
            del self._content[:end]
            yield json.loads(content)
