"""Reads a file of text as UTF-8 bytes, whatever it was written in; it knows nothing of rows and columns."""

import codecs
from pathlib import Path
from typing import NamedTuple

from sinagotd.datakit.sources.faults import UnreadableError

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, which begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
FALLBACK = "windows-1252"


class Text(NamedTuple):
    """What a file says, as UTF-8 without a byte order mark, and the encoding it was found in."""

    content: bytes
    encoding: str

    @property
    def findings(self) -> dict[str, str]:
        """What belongs into the meta of the stream: the encoding, where it had to be guessed."""
        return {"encoding": self.encoding} if self.encoding == FALLBACK else {}


def read_text(path: Path, encoding: str | None = None) -> Text:
    """Read a whole file: in the encoding given, that of its byte order mark, UTF-8, or else Windows-1252.

    Raises UnreadableError for a file that is not in the encoding given, and where zero bytes stand, as after a power cut.
    """
    text = _decoded(path, path.read_bytes(), encoding)
    zero = text.content.find(b"\0")
    if zero >= 0:
        row = text.content.count(b"\n", 0, zero) + 1
        raise UnreadableError(path, "zero bytes instead of text; was the file cut while it was written?", row=row)
    return text


def _decoded(path: Path, raw: bytes, encoding: str | None) -> Text:
    for mark, marked in BOMS:
        if raw.startswith(mark):
            return _in(path, raw[len(mark) :], encoding=marked)
    if encoding is not None:
        return _in(path, raw, encoding=encoding)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return Text(raw.decode(FALLBACK, errors="replace").encode(), FALLBACK)
    return Text(raw, "utf-8")


def _in(path: Path, raw: bytes, *, encoding: str) -> Text:
    try:
        return Text(raw.decode(encoding).encode(), encoding)
    except UnicodeDecodeError as fault:
        row = raw.count(b"\n", 0, fault.start) + 1
        raise UnreadableError(path, f"not in {encoding}: {fault.reason}", row=row) from None
