"""What is wrong with declarations is told all at once, a sentence each."""

import tomllib

import pytest

from sinagotd.datakit.sources.declared import DeclarationError, declared_sources


def source(text):
    (kind,) = declared_sources(tomllib.loads(f"[source.x]\n{text}"))
    return kind


FAULTY = r"""
colour = "red"

[source.a]
kind = "tabel"

[source.b]
kind = "table"
files = 3
tyme = {}

[source.c]
kind = "table"
files = "*.csv"
time = { rate_hz = "x", unit = "sec" }
derive.x = "y"

[source.d]
kind = "text"
files = "*.txt"
pattern = "(?P<a>"
time = { column = "b" }

[source.e]
kind = "states"
state = "s"
files = "*_x.csv"

[source.f]
kind = "text"
files = "*.txt"
pattern = "(?P<a>.)"
goes_on = "c"
time = { column = "b", rate_hz = 3 }

[source.g]
kind = "table"
files = ""
format = "xlsx"
keep = "a"
drop = "a"
time = { rate_hz = 0, format = "%Y", counter_bits = 65 }
clock = { source = "dataqueue", how = "line" }
derive.x = { cumulative = "a", over = "b" }

[source.h]
kind = "intervals"
files = "*.csv"
stop = "a"
clock = 4

[source.i]
kind = "intervals"
files = "*.csv"
start = "a"
stop = "b"
clock = { source = "dataqueue", counter = "a" }

[source.j]
kind = "table"
files = "*.csv"
time = { column = "a" }
clock = { source = "dataqueue", how = "same", shared = "x" }

[source.k]
kind = "intervals"
files = "*.csv"
start = "a"
"""

SAID = r"""
colour: there is no such option; sources are tables named [source.TAG]
source.a.kind: 'tabel' is none; there are table, events, states, intervals, key_value, text, matrix
source.b.tyme: there is no such option; is it 'time'?
source.b.files: text was expected, not 3
source.c.derive.x: a table was expected, not 'y'
source.c.time.rate_hz: a number was expected, not 'x'
source.c.time.unit: one of s, ms, us, ns, min, h, time was expected, not 'sec'
source.d.pattern: is no regular expression: missing ), unterminated subpattern at position 0
source.e.time: is needed: name its column or its rate_hz, or another source's clock
source.f.time: either a column or rate_hz was expected
source.f.time.column: the pattern has no group 'b'; there are a
source.f.goes_on: the pattern has no group 'c'; there are a
source.g.files: a pattern was expected, such as '*_g.csv'
source.g.format: one of csv, h5, hdf5, json, jsonl, ndjson, npy, npz, parquet, tab, tsv, txt was expected, not 'xlsx'
source.g.derive.x: either `cumulative`, or `integral` and `over`, was expected
source.g: 'a' is to be kept and to be dropped
source.g.time.rate_hz: a rate above zero was expected, not 0.0
source.g.time.format: is for times; say unit = "time" as well
source.g.time.counter_bits: a width from 1 to 64 was expected, of a counter of seconds or parts of them
source.g.clock: a line needs `counter`, a column of its own, and `shared`, the column of dataqueue that counts the same
source.h.start: is needed
source.h.clock: a table was expected, not 4
source.j.time.zero: times on the clock of dataqueue already must not be moved; say "none"
source.j.clock: `counter` and `shared` are for how = "line"
source.k: either `stop` or `duration` was expected
source.i.clock.how: intervals need "line" or "same": anchors stand for rows, not for starts and stops
"""


def test_all_faults_of_all_declarations_are_told_at_once():
    with pytest.raises(DeclarationError) as caught:
        declared_sources(tomllib.loads(FAULTY))
    assert sorted(caught.value.faults) == sorted(SAID.strip().splitlines())
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("table", [{"source": 3}, {"source": {"x": 3}}])
def test_what_is_no_table_is_told(table):
    with pytest.raises(DeclarationError, match="source"):
        declared_sources(table)
