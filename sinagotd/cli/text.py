"""Values as people read them: text that cannot steer a terminal, times, spans, sizes, digests. Prints nothing."""

from datetime import UTC, datetime

from sinagotd.core.keys import StepKey

SHOWN_DIGEST_BYTES = 6
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def printable(text: str) -> str:
    """The text in one line, with everything that a terminal would act upon written out as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def moment(at: float) -> str:
    """An epoch time on the clock of this machine."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(at: float | None) -> str | None:
    """An epoch time as JSON holds it: ISO 8601, UTC, milliseconds."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def span(seconds: float) -> str:
    """How long, roughly: `0.4 s`, `12 s`, `5 min`, `3 h`, `2 d`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    for unit, name in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def size(count: float) -> str:
    """How much, roughly: `512 B`, `1.5 MiB`."""
    if count < 1024:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:
            return f"{count:.1f} {unit}"
    return f"{count / 1024:.1f} TiB"


def short(digest: bytes | None) -> str:
    """Enough of a digest to tell two apart by eye."""
    return "-" if not digest else digest[:SHOWN_DIGEST_BYTES].hex()


def counted(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def key_columns(workspace: str, key: StepKey) -> dict[str, str | None]:
    """The columns of a step in every JSON document; `step` is the name that commands take."""
    *unit, label = key.step.split("/")
    task, modality = unit or (None, None)
    return {
        "workspace": workspace,
        "record": key.record,
        "task": task,
        "modality": modality,
        "step": key.step,
        "label": label,
    }
