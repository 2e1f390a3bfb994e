"""The `[cluster]` table of `sinagotd.toml`: which Dask cluster runs the steps, with no door open to strangers."""

import ipaddress
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from sinagotd.settings.sections import LocalPathOrNone, Number, Section, TextOrNone

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


def _check_address(address: str | None) -> str | None:
    if address is None:
        return None
    _host(address, _ADDRESS_FORM)
    if not address.startswith(("tcp://", "tls://")):
        raise ValueError(_ADDRESS_FORM)
    return address


def _check_dashboard(address: str | None) -> str | None:
    if address is not None and not _is_loopback(_host(f"//{address}", _DASHBOARD_FORM)):
        raise ValueError(_DASHBOARD_FORM)
    return address


class ClusterSettings(Section):
    """The Dask cluster that runs the steps."""

    workers: Number = Field(0, description="Worker processes on this machine; 0 is one per core.")
    address: Annotated[TextOrNone, AfterValidator(_check_address)] = Field(
        None, description='A scheduler that runs elsewhere, such as "tls://cluster.lab:8786"; none if empty.'
    )
    dashboard: Annotated[TextOrNone, AfterValidator(_check_dashboard)] = Field(
        None, description='Dask\'s own pages, on this machine only, such as "127.0.0.1:8787"; none if empty.'
    )
    window: Number = Field(0, description="Runs that are handed to the cluster at one time; 0 is as many as suit it.")
    tls_ca: LocalPathOrNone = Field(None, description="The authority that signed both sides' certificates.")
    tls_cert: LocalPathOrNone = Field(None, description="The certificate of this side.")
    tls_key: LocalPathOrNone = Field(None, description="The key of this side.")

    @model_validator(mode="after")
    def _no_open_door(self) -> Self:
        """Whoever reaches a scheduler without TLS runs code as its user."""
        tls = (self.tls_ca, self.tls_cert, self.tls_key)
        if any(tls) and not all(tls):
            raise ValueError("tls_ca, tls_cert and tls_key belong together: give all three or none")
        if self.address is None:
            return self
        if self.address.startswith("tcp:") and not _is_loopback(_host(self.address, _ADDRESS_FORM)):
            raise ValueError(
                "address is on another machine: it must begin with tls:// and needs tls_ca, tls_cert, tls_key"
            )
        if self.address.startswith("tls:") and not all(tls):
            raise ValueError("address begins with tls://: tls_ca, tls_cert and tls_key must be given")
        return self
