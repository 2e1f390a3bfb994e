import json
from dataclasses import asdict

import pytest

from sinagotd.core.states import Outcome
from sinagotd.scripts.orders import LogLine, Receipt, RunError

RECEIPT = Receipt(
    "run-1",
    Outcome.SUCCEEDED,
    outputs={"out/1": "00" * 16},
    started_at=1.5,
    error=RunError("ValueError", "why"),
    lines=(LogLine(0, 1.0, "INFO", "said"),),
    versions={"python": "3.11"},
)


def test_a_receipt_is_read_back_as_it_was_written():
    assert Receipt.from_json(RECEIPT.to_json()) == RECEIPT


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": ["out/1"]},
        {"outputs": {"out/1": 3}},
        {"run_id": None},
        {"outcome": "glorious"},
        {"started_at": "today"},
        {"ended_at": float("nan")},
        {"peak_memory_bytes": 10**30},
        {"pid": [1]},
        {"lines": [{"seq": 0, "time": 1.0, "level": "INFO", "message": {}}]},
        {"lines": 3},
        {"error": {"type": "E", "message": ["a"]}},
        {"error": "why"},
        {"versions": {"python": 3}},
        {"more": 1},
    ],
    ids=str,
)
def test_what_a_script_may_write_in_its_place_is_none(change):
    with pytest.raises(ValueError, match=r"not a receipt|is not a valid"):
        Receipt.from_json(json.dumps({**asdict(RECEIPT), **change}))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"run_id": "run-1"}'], ids=len)
def test_other_texts_are_none(text):
    with pytest.raises(ValueError):
        Receipt.from_json(text)
