"""What cannot be read, as a value to report and as an error to raise. It decides nothing."""

from typing import NamedTuple, Self

from sinagotd.errors import SinagotError


class Finding(NamedTuple):
    """One entry below the data folder that cannot be used, and why; reported, never a reason to stop looking."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"cannot read {self.path!r}: {self.why}"


class Unreadable(SinagotError):  # noqa: N818 - it reads as what it is: `except Unreadable`
    """A path that is there and cannot be read."""

    def __init__(self, path: str, why: str) -> None:
        self.finding = Finding(path, why)
        super().__init__(str(self.finding))

    @classmethod
    def because(cls, path: str, fault: OSError) -> Self:
        return cls(path, fault.strerror or repr(fault))
