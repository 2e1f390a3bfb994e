"""Makes the runner that a call of `run()` hands its orders to. It runs nothing itself."""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sinagotd.errors import ConfigError
from sinagotd.runner.inline import InlineRunner
from sinagotd.runner.pool import PoolRunner
from sinagotd.runner.protocol import Post, Runner
from sinagotd.scripts.inline_host import InlineHost
from sinagotd.workspace.running.asked import CLUSTER, HERE

TLS = ("tls_ca", "tls_cert", "tls_key")
USED = ("address", "n_workers", "threads_per_worker", "processes", *TLS)

OnFault = Callable[[BaseException], None]


def make_runner(place: str, cluster: Mapping[str, Any], post: Post, on_fault: OnFault | None) -> Runner:
    """HERE, in POOL or on CLUSTER as the workspace's table `dask.cluster` says. It starts with its first order.

    Raises ConfigError for a table that makes no sense, RunnerError for an address that is not safe to use.
    """
    if place == HERE:
        return InlineRunner(post, host=InlineHost(on_fault))
    workers = _count(cluster, "n_workers")
    if place != CLUSTER:
        return PoolRunner(post, workers=workers)
    _warn_of_unused(cluster)
    import_module(
        "distributed"
    )  # it sets the levels of its loggers then, and the runner may raise them only afterwards
    from sinagotd.runner.access import Tls  # noqa: PLC0415 - the other ways need nothing of this
    from sinagotd.runner.dask_runner import DaskRunner  # noqa: PLC0415 - as above

    files = [str(cluster[name]) for name in TLS if name in cluster]
    if files and len(files) != len(TLS):
        raise ConfigError(f"dask.cluster: needs all of {', '.join(TLS)}, or none")
    workers *= _count(cluster, "threads_per_worker") or 1
    return DaskRunner(post, workers=workers, address=cluster.get("address"), tls=Tls(*files) if files else None)


def _count(cluster: Mapping[str, Any], name: str) -> int:
    """A number of the table, 0 if it is not there."""
    value = cluster.get(name, 0)
    if not isinstance(value, int) or value < 0:
        raise ConfigError(f"dask.cluster.{name} = {value!r}: must be a number of workers, such as 2")
    return value


def _warn_of_unused(cluster: Mapping[str, Any]) -> None:
    if unused := [name for name in cluster if name not in USED]:
        warnings.warn(f"dask.cluster: nothing reads {', '.join(unused)}: remove them", stacklevel=2)
