import pytest

from sinagotd.errors import RunnerError
from sinagotd.runner.access import Tls, check_access, check_dashboard

TLS = Tls("ca.pem", "cert.pem", "key.pem")


@pytest.mark.parametrize(
    ("address", "tls"),
    [
        ("tcp://127.0.0.1:8786", None),
        ("tcp://localhost:8786", None),
        ("tcp://[::1]:8786", None),
        ("tls://127.0.0.1:8786", TLS),
        ("tls://cluster.lab:8786", TLS),
    ],
)
def test_loopback_may_be_open_and_the_rest_needs_certificates(address: str, tls: Tls | None) -> None:
    check_access(address, tls)


@pytest.mark.parametrize(
    ("address", "tls", "advice"),
    [
        ("tcp://10.0.0.7:8786", None, "not encrypted: write tls://"),
        ("tcp://cluster.lab:8786", None, "not encrypted: write tls://"),
        ("tcp://localhost.evil.org:8786", None, "not encrypted: write tls://"),
        ("tls://cluster.lab:8786", None, "set tls_ca, tls_cert and tls_key"),
        ("tcp://cluster.lab:8786", TLS, "must begin with tls://"),
        ("ucx://cluster.lab:8786", None, "not the address of a scheduler"),
        ("cluster.lab:8786", None, "not the address of a scheduler"),
        ("tcp://cluster.lab", None, "not the address of a scheduler"),
        ("tcp://cluster.lab:http", None, "not the address of a scheduler"),
        ("", None, "not the address of a scheduler"),
    ],
)
def test_an_address_that_strangers_could_use_is_refused(address: str, tls: Tls | None, advice: str) -> None:
    with pytest.raises(RunnerError, match=advice) as refusal:
        check_access(address, tls)
    assert str(refusal.value).startswith(address)


def test_the_dashboard_stays_on_this_machine() -> None:
    check_dashboard("127.0.0.1:8787")
    for address in ("0.0.0.0:8787", ":8787", "8787", "10.0.0.7:8787"):
        with pytest.raises(RunnerError, match="not an address for the dashboard"):
            check_dashboard(address)
