"""Whether a cluster that somebody else runs can run our orders: the same Python, Dask and sinagotd on every node."""

from collections.abc import Awaitable
from typing import cast

from distributed import Client
from distributed.client import VersionsDict

from sinagotd.errors import RunnerError
from sinagotd.runner.worker import about

Versions = dict[str, str]


async def check_compatible(client: Client) -> None:
    """Raise RunnerError that names the first node that does not fit, and what differs."""
    found = await cast("Awaitable[VersionsDict]", client.get_versions())
    ours = _versions(found["client"])
    _compare("the Dask scheduler", _versions(found["scheduler"]), ours)
    for worker, versions in found["workers"].items():
        _compare(f"the Dask worker {worker}", _versions(versions), ours)
    for worker, answer in (await client.run(about, on_error="return")).items():
        _check_sinagotd(worker, answer)


def _versions(node: dict[str, dict[str, str]]) -> Versions:
    python = ".".join(node["host"]["python"].split(".")[:2])
    return {"Python": python, "distributed": node["packages"]["distributed"]}


def _compare(who: str, theirs: Versions, ours: Versions) -> None:
    if theirs["Python"] != ours["Python"]:
        raise RunnerError(f"{who} runs Python {theirs['Python']}, we run {ours['Python']}: install the same one there")
    if _major(theirs["distributed"]) != _major(ours["distributed"]):
        raise RunnerError(
            f"{who} runs distributed {theirs['distributed']}, we run {ours['distributed']}: "
            "install the same major version there"
        )


def _major(version: str) -> str:
    return version.split(".", maxsplit=1)[0]


def _check_sinagotd(worker: str, answer: str | Exception) -> None:
    ours = about()
    if isinstance(answer, Exception):
        raise RunnerError(f"the Dask worker {worker} cannot import sinagotd ({answer}): install {ours} there")
    if answer != ours:
        raise RunnerError(f"the Dask worker {worker} has sinagotd {answer}, we have {ours}: install the same one there")
