"""A manifest on disk that is checked from end to end when its test is over, and short ways to fill it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sinagotd.core.facts import Digest, Fingerprint, Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.manifest.check import check
from sinagotd.manifest.opening import open_manifest
from sinagotd.manifest.rows import Remembered
from sinagotd.manifest.writer import Manifest
from sinagotd.scripts.orders import Receipt, RunError, RunOrder

COUNT = StepKey("REC-1", "count")
SEEN_AT = 1_800_000_000.0


@dataclass(frozen=True)
class World:
    """One state folder, its manifest, and the words of a run in one line each."""

    folder: Path
    manifest: Manifest

    def claim(self, run_id: str, key: StepKey = COUNT, *, inputs: bytes = b"i", at: float = SEEN_AT) -> None:
        fingerprint = Fingerprint(b"code", b"parameters", inputs)
        with self.manifest.transaction():
            self.manifest.claim(order(run_id, key), fingerprint, 1, [remembered("raw/1.txt")], at=at)

    def succeed(self, run_id: str, outputs: bytes = b"o" * 16) -> bool:
        receipt = Receipt(run_id, Outcome.SUCCEEDED, {"out/1.txt": "6f" * 16}, SEEN_AT + 1, SEEN_AT + 3, 1.5, 2**20)
        with self.manifest.transaction():
            return self.manifest.succeed(run_id, receipt, outputs, at=SEEN_AT + 4)

    def fail(self, run_id: str, retry_at: float | None = None, outcome: Outcome = Outcome.FAILED) -> bool:
        receipt = Receipt(run_id, outcome, error=RunError("ValueError", "no such channel", "line 3"))
        with self.manifest.transaction():
            return self.manifest.fail(run_id, receipt, retry_at, at=SEEN_AT + 4)


def order(run_id: str, key: StepKey) -> RunOrder:
    return RunOrder(
        run_id=run_id,
        record=key.record,
        step=key.step,
        label=key.step.split("/")[-1],
        task=None,
        modality=None,
        script="/scripts/count.py",
        scripts_path="/scripts",
        code="ab",
        data_path="/data",
        staging=f"/data/.sinagotd/staging/{run_id}",
        inputs={"": "raw/1.txt"},
        outputs={"": "out/1.txt"},
        opts={"gain": float("nan")},  # TOML knows nan
    )


def remembered(path: str, letter: str = "d") -> Remembered:
    return path, Stamp(letter.encode() * 32), Digest(letter.encode() * 16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    opened = open_manifest(folder, at=SEEN_AT)
    assert opened.repaired is None
    yield World(folder, opened.manifest)
    opened.manifest.close()
    assert check(folder).findings == ()


@pytest.fixture
def make_order() -> object:
    return order
