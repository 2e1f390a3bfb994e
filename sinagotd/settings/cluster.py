"""The `[cluster]` table of `sinagotd.toml`: which Dask cluster runs the steps, with no door open to strangers."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from sinagotd.settings.kinds import NUMBER, PATH_OR_NONE, TEXT, or_none
from sinagotd.settings.sections import Section, setting

_ADDRESS_FORM = 'must be an address such as "tcp://127.0.0.1:8786" or "tls://cluster.lab:8786"'
_DASHBOARD_FORM = 'must be an address of this machine only, such as "127.0.0.1:8787", or "" for none'


def _host(address: str, fault: str) -> str:
    """The host of `scheme://host:port`; raises ValueError with the given sentence if it has no host or no port."""
    try:
        parts = urlsplit(address)
        if parts.hostname and parts.port is not None and parts.path == "":
            return parts.hostname
    except ValueError as error:
        raise ValueError(fault) from error
    raise ValueError(fault)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_address(address: str) -> None:
    _host(address, _ADDRESS_FORM)
    if not address.startswith(("tcp://", "tls://")):
        raise ValueError(_ADDRESS_FORM)


def _check_dashboard(address: str) -> None:
    if not _is_loopback(_host(f"//{address}", _DASHBOARD_FORM)):
        raise ValueError(_DASHBOARD_FORM)


class ClusterSettings(Section):
    """The Dask cluster that runs the steps."""

    workers: int = setting(NUMBER, 0, "Worker processes on this machine; 0 is one per core.")
    address: str | None = setting(
        or_none(TEXT.checked(_check_address)),
        None,
        'A scheduler that runs elsewhere, such as "tls://cluster.lab:8786"; none if empty.',
    )
    dashboard: str | None = setting(
        or_none(TEXT.checked(_check_dashboard)),
        None,
        'Dask\'s own pages, on this machine only, such as "127.0.0.1:8787"; none if empty.',
    )
    window: int = setting(NUMBER, 0, "Runs that are handed to the cluster at one time; 0 is as many as suit it.")
    tls_ca: Path | None = setting(PATH_OR_NONE, None, "The authority that signed both sides' certificates.")
    tls_cert: Path | None = setting(PATH_OR_NONE, None, "The certificate of this side.")
    tls_key: Path | None = setting(PATH_OR_NONE, None, "The key of this side.")

    def check(self) -> None:
        """Whoever reaches a scheduler without TLS runs code as its user."""
        tls = (self.tls_ca, self.tls_cert, self.tls_key)
        if any(tls) and not all(tls):
            raise ValueError("tls_ca, tls_cert and tls_key belong together: give all three or none")
        address = self.address or ""
        if address.startswith("tcp:") and not _is_loopback(_host(address, _ADDRESS_FORM)):
            raise ValueError(
                "address is on another machine: it must begin with tls:// and needs tls_ca, tls_cert, tls_key"
            )
        if address.startswith("tls:") and not all(tls):
            raise ValueError("address begins with tls://: tls_ca, tls_cert and tls_key must be given")
