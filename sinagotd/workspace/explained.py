"""Why a step stands as it does: its files, code, parameters and runs, held against the last success. Prints nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sinagotd.core.facts import DIGEST_BYTES, NO_HISTORY, RESTORED, Made, Seen, unpack_stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.pipeline import Bound
from sinagotd.core.reasons import Reason
from sinagotd.core.steps import Labelled
from sinagotd.engine.looking import Planned
from sinagotd.errors import WorkspaceError
from sinagotd.manifest.reader import Reader
from sinagotd.manifest.rows import ADOPTED, RunRow, Standing
from sinagotd.settings.faults import did_you_mean

SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True)
class FileNow:
    """An input or output as it is now; without it on disk the sizes and times are None.

    `unsettled` says why it must not be read yet. `changed` is None where there is nothing to compare with.
    """

    label: str
    path: str
    is_there: bool
    size: int | None
    mtime: float | None
    digest: bytes | None
    unsettled: str | None
    changed: bool | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A digest now and at the last success, None where there was none."""

    now: bytes
    last: bytes | None

    @property
    def changed(self) -> bool | None:
        return None if self.last is None else self.now != self.last


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything that is known of one step; `runs` are its newest first, `made_by` the run of its last success."""

    key: StepKey
    standing: Standing
    script: str
    inputs: tuple[FileNow, ...]
    outputs: tuple[FileNow, ...]
    code: Compared
    parameters: Compared
    made_by: str | None
    runs: tuple[RunRow, ...]


def explained(
    planned: Planned, standings: Mapping[StepKey, Standing], read: Reader, step: str | None
) -> list[Explained]:
    """Explain this step (by name or label) of what was planned, or all of them. Raises WorkspaceError for an unknown one."""
    return [_explain(planned.bounds[key], planned, standings[key], read) for key in _choose(planned, step)]


def _choose(planned: Planned, step: str | None) -> list[StepKey]:
    keys = [key for key, bound in planned.bounds.items() if step is None or step in (bound.spec.step, bound.spec.label)]
    if step is not None and not keys:
        known = [key.step for key in planned.bounds]
        near = did_you_mean(step, known) or f": the steps are {', '.join(known) or 'none'}"
        raise WorkspaceError(f"there is no step {step!r}{near}")
    return keys


def _explain(bound: Bound, planned: Planned, standing: Standing, read: Reader) -> Explained:
    spec = bound.spec
    made = planned.history.get(bound.key, NO_HISTORY).made
    was = made.fingerprint if made else None
    return Explained(
        bound.key,
        standing,
        spec.script,
        tuple(_files(spec.inputs, bound.inputs, planned, was.inputs if was else None)),
        tuple(_files(spec.outputs, bound.outputs, planned, made.outputs if made else None)),
        Compared(spec.code, was.code if was else None),
        Compared(spec.parameters, was.parameters if was else None),
        _maker(made),
        tuple(read.runs(bound.key, SHOWN_RUNS)),
    )


def _files(
    labels: tuple[Labelled, ...], paths: tuple[str, ...], planned: Planned, joined: bytes | None
) -> Iterator[FileNow]:
    """`joined` is the digests at the last success, in the same order."""
    last = _split(joined, len(paths))
    for (label, _), path, before in zip(labels, paths, last, strict=False):
        yield _file(label, path, planned.facts.get(path), before)


def _file(label: str, path: str, seen: Seen | None, last: bytes | None) -> FileNow:
    if seen is None:
        return FileNow(label, path, False, None, None, None, None, None if last is None else True)  # noqa: FBT003 - a row
    size, mtime_ns, *_ = unpack_stamp(seen.stamp)
    changed = None if last is None or seen.digest is None else seen.digest != last
    return FileNow(label, path, True, size, mtime_ns / 1e9, seen.digest, _unsettled(path, seen), changed)  # noqa: FBT003 - a row


def _unsettled(path: str, seen: Seen) -> str | None:
    reason = seen.unsettled or (Reason.INPUT_HASHING if seen.digest is None else None)
    return None if reason is None else reason.value.format(paths=path, detail="")


def _split(joined: bytes | None, count: int) -> list[bytes | None]:
    if joined is None or len(joined) != count * DIGEST_BYTES:
        return [None] * count
    return [joined[start : start + DIGEST_BYTES] for start in range(0, len(joined), DIGEST_BYTES)]


def _maker(made: Made | None) -> str | None:
    return None if made is None or made.run_id in (ADOPTED, RESTORED) else made.run_id
