"""Opens a link to the cluster that is asked for. With this module comes `distributed`, which takes half a second to import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dask
from distributed import Security

from sinagotd.runner.access import Cluster, Tls
from sinagotd.runner.cluster import LOG_LENGTH, own_cluster
from sinagotd.runner.compatible import check_compatible
from sinagotd.runner.ledger import Ledger
from sinagotd.runner.link import Link, opened_link

CONFIG = {
    "distributed.admin.low-level-log-length": LOG_LENGTH,
    "distributed.client.scheduler-info-interval": "1m",  # it is told at once when the scheduler is another one
}


@asynccontextmanager
async def opened(wanted: Cluster, ledger: Ledger) -> AsyncIterator[Link]:
    """Start our own cluster, or connect to the one at an address. Raises RunnerError if that cannot be."""
    with dask.config.set(CONFIG):  # read by each connection, on both of its ends, when it is made
        if wanted.address is None:
            async with (
                own_cluster(workers=wanted.workers, dashboard=wanted.dashboard) as cluster,
                opened_link(cluster.scheduler_address, cluster.security, ledger) as link,
            ):
                yield link
        else:
            async with opened_link(wanted.address, _security(wanted.tls), ledger, check=check_compatible) as link:
                yield link


def _security(tls: Tls | None) -> Security:
    if tls is None:
        return Security(require_encryption=False)
    return Security(require_encryption=True, tls_ca_file=tls.ca, tls_client_cert=tls.cert, tls_client_key=tls.key)
