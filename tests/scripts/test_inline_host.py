import pytest
from script_lab import Lab

from sinagotd.scripts.inline_host import InlineHost


def test_ctrl_c_stops_the_caller_and_leaves_nothing_behind(lab: Lab) -> None:
    host = InlineHost()
    with pytest.raises(KeyboardInterrupt):
        lab.run(host, "raise KeyboardInterrupt")
    assert lab.run(host, "pass").error is None


def test_what_is_printed_goes_where_prints_go(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    reply = lab.run(InlineHost(), "print('seen')")
    assert (reply.stdout, capsys.readouterr().out) == ("", "seen\n")
