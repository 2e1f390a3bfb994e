"""Which cluster to use, and whether it is safe to reach. It opens nothing."""

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from sinagotd.errors import RunnerError


class Tls(NamedTuple):
    """Paths of the files that prove who we are: the authority, our certificate and its key, all PEM."""

    ca: str
    cert: str
    key: str


class Cluster(NamedTuple):
    """Which cluster: one of our own with `workers` processes, or the one at `address`."""

    workers: int
    address: str | None
    dashboard: str
    tls: Tls | None


def check_access(address: str, tls: Tls | None) -> None:
    """Raise RunnerError for an address that anybody on the way could use: whoever reaches a scheduler runs code there."""
    scheme, host = _parts(address)
    if scheme == "tls":
        if tls is None:
            raise RunnerError(f"{address}: tls:// needs the certificates: set tls_ca, tls_cert and tls_key")
    elif scheme != "tcp":
        raise RunnerError(f"{address}: not the address of a scheduler: write tls://HOST:PORT or tcp://127.0.0.1:PORT")
    elif tls is not None:
        raise RunnerError(f"{address}: certificates are given, so the address must begin with tls://")
    elif not _is_loopback(host):
        raise RunnerError(
            f"{address}: refused, because it is on another machine and not encrypted: write tls:// and set "
            "tls_ca, tls_cert and tls_key"
        )


def check_dashboard(address: str) -> None:
    """Raise RunnerError for a dashboard that other machines could see; it asks for no password."""
    _, host = _parts(f"http://{address}")
    if not _is_loopback(host):
        raise RunnerError(f"{address}: not an address for the dashboard: write 127.0.0.1:PORT")


def _parts(address: str) -> tuple[str, str]:
    """Give scheme and host; two empty words if there is no port or no sense in it."""
    try:
        parts = urlsplit(address)
        has_port = parts.port is not None
    except ValueError:
        return "", ""
    return (parts.scheme, parts.hostname or "") if has_port else ("", "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
