import os
from pathlib import Path
from typing import Any

import pytest

from sinagotd.core.facts import Digest, Stamp
from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.errors import ManifestError
from sinagotd.manifest import queries, statements
from sinagotd.manifest.reader import open_reader
from sinagotd.manifest.rows import Standing

NOT_UTF8 = os.fsdecode(b"raw/caf\xe9.txt")
DIGEST = Digest(b"d" * 16)
STAMP = Stamp(b"s" * 32)


def waiting(sentence: str = "waiting for raw/1.txt") -> Standing:
    return Standing(State.WAITING, "INPUT_MISSING", sentence, 5.0)


def test_digests_are_remembered_under_names_that_are_not_utf8(world: Any) -> None:
    world.manifest.remember_digests([(NOT_UTF8, STAMP, DIGEST), ("raw/2.txt", STAMP, DIGEST)])
    assert world.manifest.read.digests([NOT_UTF8, "raw/3.txt"]) == {NOT_UTF8: (STAMP, DIGEST)}
    assert set(dict(world.manifest.read.stamps())) == {NOT_UTF8, "raw/2.txt"}


def test_a_newer_digest_replaces_the_older_and_can_be_forgotten(world: Any) -> None:
    world.manifest.remember_digests([("raw/1.txt", STAMP, DIGEST)])
    world.manifest.remember_digests([("raw/1.txt", STAMP, Digest(b"e" * 16))], sampled={"raw/1.txt"})
    assert world.manifest.read.digests(["raw/1.txt"])["raw/1.txt"][1] == b"e" * 16
    world.manifest.forget_digests(["raw/1.txt", "raw/unknown.txt"])
    assert dict(world.manifest.read.stamps()) == {}


def test_the_paths_below_a_folder_are_those_in_it_and_deeper(world: Any) -> None:
    inside = {"raw/a", "raw/deep/b", os.fsdecode(b"raw/\xff")}
    world.manifest.remember_digests([(path, STAMP, DIGEST) for path in [*inside, "raw", "raw-2/c", "raw0", "r/d"]])
    assert world.manifest.read.paths_below("raw") == inside


def test_a_digest_of_another_length_is_refused(world: Any) -> None:
    with pytest.raises(ManifestError, match="cannot be stored"):
        world.manifest.remember_digests([("raw/1.txt", STAMP, Digest(b"short"))])


def test_a_retired_record_is_out_of_sight_and_comes_back_with_its_history(world: Any) -> None:
    manifest, key = world.manifest, StepKey("REC-2", "count")
    manifest.see_records(["REC-2", "REC-1"], 1.0)
    manifest.stand([(key, waiting())])
    manifest.hold(key)
    manifest.retire_records(["REC-2"], 2.0)
    assert manifest.read.records() == ["REC-1"]
    assert manifest.read.counts() == {}
    assert manifest.read.standings() == {}
    assert manifest.read.standings(["REC-2"]) == {key: waiting()}
    assert manifest.read.history()[key].held
    manifest.see_records(["REC-2"], 3.0)
    assert manifest.read.records() == ["REC-1", "REC-2"]
    assert manifest.read.counts() == {State.WAITING: 1}


def test_standings_survive_a_restart_with_the_time_since_when(world: Any) -> None:
    failed = Standing(State.FAILED, "BACKING_OFF", "it failed", 6.0, until=99.0)
    world.manifest.stand([(StepKey("REC-1", "count"), waiting()), (StepKey("REC-1", "mean"), failed)])
    with open_reader(world.folder) as reader:
        assert reader.standings(states=[State.FAILED]) == {StepKey("REC-1", "mean"): failed}
        assert reader.standings(["REC-1"])[StepKey("REC-1", "count")].since == 5.0
        assert reader.counts() == {State.WAITING: 1, State.FAILED: 1}
        assert reader.history() == {}


def test_a_sentence_may_name_a_path_that_is_not_utf8(world: Any) -> None:
    world.manifest.stand([(StepKey("REC-1", "count"), waiting(f"waiting for {NOT_UTF8}"))])
    (standing,) = world.manifest.read.standings().values()
    assert standing.sentence == "waiting for raw/caf\\udce9.txt"


def test_a_record_id_that_is_not_unicode_is_refused_in_a_sentence(world: Any) -> None:
    with pytest.raises(ManifestError, match="not valid Unicode"):
        world.manifest.see_records(["REC-\udcff"], 1.0)
    assert world.manifest.read.history(["REC-\udcff"]) == {}


def test_history_is_asked_for_many_records_at_once(world: Any) -> None:
    keys = [StepKey(f"REC-{number}", "count") for number in range(3000)]
    with world.manifest.transaction():
        for key in keys:
            world.manifest.hold(key)
    asked = world.manifest.read.history([key.record for key in keys[:2000]] + ["REC-unknown"])
    assert set(asked) == set(keys[:2000])


def test_events_are_told_oldest_first_and_found_by_record(world: Any) -> None:
    for number in range(5):
        world.manifest.log_event("arrived", at=float(number), key=("REC-1", None), detail={"number": number})
        world.manifest.log_event("queued", at=float(number), key=("REC-2", "count"), detail={"path": Path("a")})
    assert [event.detail["number"] for event in world.manifest.read.events(record="REC-1", limit=2)] == [3, 4]
    assert [event.seq for event in world.manifest.read.events(7)] == [8, 9, 10]
    assert world.manifest.read.events(record="REC-2", step="mean") == []
    assert len(world.manifest.read.events(record="REC-2", step="count")) == 5


def test_event_numbers_are_never_given_twice(world: Any) -> None:
    world.manifest.log_event("first", at=1.0)
    world.manifest.prune(keep_runs=1, events_before=2.0)
    world.manifest.log_event("second", at=3.0)
    assert [event.seq for event in world.manifest.read.events()] == [2]


def test_meta_keeps_the_last_word(world: Any) -> None:
    assert world.manifest.read.meta("walked_at") is None
    world.manifest.set_meta("walked_at", "1")
    world.manifest.set_meta("walked_at", "2")
    assert world.manifest.read.meta("walked_at") == "2"


def test_a_reader_changes_nothing(world: Any) -> None:
    with open_reader(world.folder) as reader, pytest.raises(ManifestError, match="readonly"):
        reader._session.change(statements.LEAVE_ALL_STEPS)


def test_a_reader_says_in_a_sentence_that_there_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="the daemon has not worked on this workspace yet"):
        open_reader(tmp_path)


@pytest.mark.parametrize(
    ("sql", "found_by"),
    [
        (queries.DIGESTS_OF_PATHS, "SEARCH digests USING PRIMARY KEY (path=?)"),
        (queries.HISTORY_OF_RECORDS, "SEARCH steps USING PRIMARY KEY (record=?)"),
        (queries.STANDINGS_OF_RECORDS, "SEARCH steps USING PRIMARY KEY (record=?)"),
        (queries.IN_FLIGHT, "SCAN runs USING INDEX runs_in_flight"),
        (queries.CLAIMED, "SEARCH steps USING PRIMARY KEY (record=? AND step=?)"),
        (queries.RUNS_OF_STEP, "SEARCH runs USING INDEX runs_of_step (record=? AND step=?)"),
        (queries.EVENTS, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"),
        (queries.EVENTS_OF_RECORD, "SEARCH events USING INDEX events_of_record (record=? AND rowid>?)"),
        (statements.START_STEP, "SEARCH steps USING PRIMARY KEY (record=? AND step=?)"),
        (statements.SUCCEED_STEP, "SEARCH steps USING PRIMARY KEY (record=? AND step=?)"),
        (statements.END_RUN, "SEARCH runs USING INDEX sqlite_autoindex_runs_1 (run_id=?)"),
    ],
)
def test_hot_statements_use_an_index_and_sort_nothing(world: Any, sql: str, found_by: str) -> None:
    names = {word.strip(":,()") for word in sql.replace("(", " ").split() if word.startswith(":")}
    plan = [row[3] for row in world.manifest._session.rows(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 1))]
    assert found_by in plan
    assert not [step for step in plan if "TEMP B-TREE" in step]
