"""Reads and writes Thrift's compact protocol, which the footers of Parquet files are written in; it knows nothing of Parquet."""

import struct
from collections.abc import Callable
from typing import Any

TRUE, FALSE, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 6, 7, 8, 9, 10, 12
_NUMBERS = (4, 5, I64)
_LONG_LIST = 15
_MOST_BITS = 70

Struct = dict[int, tuple[int, Any]]
"""Fields by their number: the type of each, and its value. A list is the type of its members, and these."""


def read_struct(content: bytes) -> Struct:
    """Raises ValueError for what is cut off, or holds a type that no footer has."""
    try:
        return _Reader(content).struct()
    except (IndexError, struct.error) as fault:
        raise ValueError("a Thrift structure is cut off") from fault


def write_struct(fields: Struct) -> bytes:
    pieces: list[bytes] = []
    _put_struct(fields, pieces.append)
    return b"".join(pieces)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._number()
            fields[number] = kind, kind == TRUE if kind <= FALSE else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in _NUMBERS:
            return self._number()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            return self._list()
        if kind == DOUBLE:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind <= 3:  # a byte; in a list also a truth value
            return self._byte()
        raise ValueError(f"a Thrift structure has the type {kind}")

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        count, kind = head >> 4, head & 15
        count = self._varint() if count == _LONG_LIST else count
        return kind, [self._value(kind) for _ in range(count)]

    def _number(self) -> int:
        zigzag = self._varint()
        return zigzag >> 1 ^ -(zigzag & 1)

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > _MOST_BITS:
                raise ValueError("a Thrift structure has a number without an end")
        return value | byte << shift

    def _byte(self) -> int:
        byte = self._content[self._at]
        self._at += 1
        return byte

    def _bytes(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > len(self._content):
            raise IndexError(count)
        return self._content[start : self._at]


Put = Callable[[bytes], None]


def _put_struct(fields: Struct, put: Put) -> None:
    last = 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - last
        is_short = 0 < step < 16
        put(bytes((step << 4 | kind,)) if is_short else bytes((kind,)) + _number(number))
        if kind > FALSE:
            _put(kind, value, put)
        last = number
    put(b"\0")


def _put(kind: int, value: Any, put: Put) -> None:
    if kind in _NUMBERS:
        put(_number(value))
    elif kind == BINARY:
        put(_varint(len(value)))
        put(value)
    elif kind == STRUCT:
        _put_struct(value, put)
    elif kind in (LIST, SET):
        member, members = value
        count = len(members)
        put(bytes((count << 4 | member,)) if count < _LONG_LIST else bytes((0xF0 | member,)) + _varint(count))
        for each in members:
            _put(member, each, put)
    else:
        put(struct.pack("<d", value) if kind == DOUBLE else bytes((value,)))


def _number(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else ~value << 1 | 1)


def _varint(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
