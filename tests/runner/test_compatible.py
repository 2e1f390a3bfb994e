import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from sinagotd import __version__
from sinagotd.errors import RunnerError
from sinagotd.runner.compatible import check_compatible


def node(python: str = "3.11.7.final.0", distributed: str = "2026.8.0") -> dict[str, Any]:
    return {"host": {"python": python}, "packages": {"distributed": distributed}}


@dataclass
class Cluster:
    """Answers as a client does whose scheduler and one worker have these versions."""

    scheduler: dict[str, Any] = field(default_factory=node)
    worker: dict[str, Any] = field(default_factory=node)
    sinagotd: str | Exception = __version__

    async def get_versions(self) -> dict[str, Any]:
        return {"client": node(), "scheduler": self.scheduler, "workers": {"tcp://w": self.worker}}

    async def run(self, function: object, *, on_error: str) -> dict[str, str | Exception]:
        return {"tcp://w": self.sinagotd}


@pytest.mark.parametrize(
    "cluster", [Cluster(), Cluster(scheduler=node("3.11.9.final.0")), Cluster(worker=node(distributed="2026.1.0"))]
)
def test_small_differences_do_not_matter(cluster: Any) -> None:
    asyncio.run(check_compatible(cluster))


@pytest.mark.parametrize(
    ("cluster", "sentence"),
    [
        (Cluster(scheduler=node("3.12.1.final.0")), "the Dask scheduler runs Python 3.12, we run 3.11"),
        (Cluster(scheduler=node(distributed="2025.7.0")), "the Dask scheduler runs distributed 2025.7.0"),
        (Cluster(worker=node("3.10.1.final.0")), "the Dask worker tcp://w runs Python 3.10"),
        (Cluster(worker=node(distributed="2024.7.0")), "the Dask worker tcp://w runs distributed 2024.7.0"),
        (Cluster(sinagotd=ImportError("no sinagotd")), "the Dask worker tcp://w cannot import sinagotd"),
        (Cluster(sinagotd="0.0.1"), "the Dask worker tcp://w has sinagotd 0.0.1"),
    ],
)
def test_what_differs_too_much_is_named_with_what_to_install(cluster: Any, sentence: str) -> None:
    with pytest.raises(RunnerError, match=sentence) as refusal:
        asyncio.run(check_compatible(cluster))
    assert "install" in str(refusal.value)
