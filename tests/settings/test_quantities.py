import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinagotd.settings.quantities import (
    format_duration,
    format_size,
    parse_duration,
    parse_interval,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2s", 2.0),
        ("250ms", 0.25),
        ("10min", 600.0),
        ("1h", 3600.0),
        ("1d", 86400.0),
        ("1h30min", 5400.0),
        ("1h 30min", 5400.0),
        (" 2.5 s ", 2.5),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_read_as_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value", [2, 2.0, True, "2", "", "s", "2m", "2 parsecs", "-2s", "1e3s", "2s!", "٢s", [], {}, "off", "1h,2s"]
)
def test_what_is_no_duration_is_refused_with_an_example(value):
    with pytest.raises(ValueError, match=r'a number and a unit .* such as "2s"'):
        parse_duration(value)


def test_a_duration_of_centuries_is_refused():
    with pytest.raises(ValueError, match="ten years at most"):
        parse_duration("99999d")


def test_an_interval_is_longer_than_nothing():
    assert parse_interval("1ms") == 0.001
    with pytest.raises(ValueError, match="longer"):
        parse_interval("0s")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4 GiB", 4 * 1024**3),
        ("512 MB", 512 * 1000**2),
        ("64kB", 64_000),
        ("64 kib", 65536),
        ("1.5 MiB", 1572864),
        ("10B", 10),
    ],
)
def test_a_size_is_read_as_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("value", [4, 4.0, "4", "64k", "4 G", "-4 GB", "1 GB 2 MB", "GB", "", None, False])
def test_what_is_no_size_is_refused_with_an_example(value):
    with pytest.raises(ValueError, match=r'a number and a unit .* such as "512 MB"'):
        parse_size(value)


@pytest.mark.parametrize("text", ["0 B", "0.4 B", "999999999 TiB"])
def test_a_size_of_nothing_or_beyond_any_disk_is_refused(text):
    with pytest.raises(ValueError, match="between 1 byte and 4 EiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (2, "2s"),
        (2.5, "2.5s"),
        (10, "10s"),
        (600, "10min"),
        (5400, "1h30min"),
        (86400, "1d"),
        (90061.5, "1d1h1min1.5s"),
        (0.9999, "1s"),
    ],
)
def test_a_duration_is_written_as_people_write_it(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1000, "1 kB"),
        (1024, "1 KiB"),
        (1500, "1.5 KiB"),
        (512_000_000, "512 MB"),
        (4 * 1024**3, "4 GiB"),
        (123_456_789, "117.7 MiB"),
    ],
)
def test_a_size_is_written_as_people_write_it(size, text):
    assert format_size(size) == text


@given(st.integers(0, 3650 * 86_400_000))
def test_a_written_duration_is_read_back_to_the_millisecond(milliseconds):
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds


@given(st.integers(1, 2**62))
def test_a_written_size_is_read_back_to_a_twentieth(size):
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.05)
