import pytest

from sinagotd.cli.text import counted, iso, printable, short, size, span


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [red]x[/red]", "plain [red]x[/red]"),
        ("Zoë…", "Zoë…"),
        ("a\nb\tc\x1b[31m", "a\\nb\\tc\\x1b[31m"),
        ("\udcff", "\\udcff"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
    ],
)
def test_what_a_terminal_would_act_upon_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0.0 s"), (0.25, "0.2 s"), (59, "59 s"), (90, "2 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_spans_are_rough(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (2 << 40, "2.0 TiB")]
)
def test_sizes_are_rough(count: int, shown: str) -> None:
    assert size(count) == shown


def test_times_digests_and_counts() -> None:
    assert (iso(0.25), iso(None)) == ("1970-01-01T00:00:00.250+00:00", None)
    assert (short(bytes(range(16))), short(None)) == ("000102030405", "-")
    assert (counted(1, "step"), counted(1200, "step")) == ("1 step", "1,200 steps")
