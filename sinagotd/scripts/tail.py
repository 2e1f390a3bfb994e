"""The end of a stream that may be long. It forgets the beginning and counts what it forgot."""

TAIL_BYTES = 64 * 1024


class Tail:
    """Keeps the last `limit` bytes."""

    def __init__(self, limit: int = TAIL_BYTES) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._count = 0

    def add(self, piece: bytes) -> None:
        self._count += len(piece)
        self._kept += piece
        if len(self._kept) > 2 * self._limit:
            del self._kept[: -self._limit]

    def text(self) -> str:
        """The kept bytes as UTF-8, after a line that says how many came before them."""
        kept = bytes(self._kept[-self._limit :])
        text = kept.decode("utf-8", "backslashreplace")
        return f"... {self._count - len(kept):,} bytes left out ...\n{text}" if self._count > len(kept) else text
