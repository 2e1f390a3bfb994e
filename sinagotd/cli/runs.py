"""The runs of a step as rows of JSON and as lines: when, how long, where, and what went wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from sinagotd.cli.screen import line, styled
from sinagotd.cli.text import iso, moment, size, span
from sinagotd.core.states import Outcome
from sinagotd.manifest.rows import RunRow

STDERR_LINES = 10


def run_row(run: RunRow) -> dict[str, Any]:
    """Everything about a run, with the keys of the JSON documents; times are None where it did not get that far."""
    return {
        "run": run.run_id,
        "attempt": run.attempt,
        "outcome": run.outcome.value if run.outcome else None,
        "claimed_at": iso(run.claimed_at),
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "duration_s": _duration(run),
        "host": run.host or None,
        "cpu_s": run.cpu_s,
        "peak_memory_bytes": run.peak_memory_bytes,
        "error": {"type": run.error.type, "message": run.error.message, "traceback": run.error.traceback}
        if run.error
        else None,
        "stdout": run.stdout,
        "stderr": run.stderr,
        "versions": dict(run.versions),
    }


def run_lines(runs: Sequence[RunRow], made_by: str | None) -> Iterator[Text]:
    """A line for each run; below the newest, if it went wrong, the traceback and the end of stderr."""
    if not runs:
        yield line("  runs        none yet")
    for run in runs:
        mark = ", its outputs are in place" if run.run_id == made_by else ""
        yield line(f"  run         {moment(run.claimed_at)}  ", _outcome(run), f"{_facts(run)}{mark}")
        if run is runs[0] or run.error is None:
            yield from _trouble(run)
        else:
            yield line(f"                {run.error}")


def _outcome(run: RunRow) -> Text:
    if run.outcome is None:
        return styled("running" if run.started_at else "queued", "cyan")
    return styled(run.outcome.value, "green" if run.outcome is Outcome.SUCCEEDED else "red")


def _facts(run: RunRow) -> str:
    duration = _duration(run)
    facts = [f"attempt {run.attempt}"]
    facts += [f"took {span(duration)}"] if duration is not None else []
    facts += [f"on {run.host}"] if run.host else []
    facts += [f"peak memory {size(run.peak_memory_bytes)}"] if run.peak_memory_bytes else []
    return f" ({', '.join(facts)})"


def _duration(run: RunRow) -> float | None:
    if run.started_at is None or run.ended_at is None:
        return None
    return round(run.ended_at - run.started_at, 3)


def _trouble(run: RunRow) -> Iterator[Text]:
    if run.error is None:
        return
    yield line("                ", styled(str(run.error), "red"))
    yield from (line(f"                {each}") for each in run.error.traceback.splitlines())
    yield from (line(f"                stderr: {each}") for each in run.stderr.splitlines()[-STDERR_LINES:])
