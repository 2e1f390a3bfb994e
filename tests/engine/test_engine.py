"""The engine, turned by hand: one workspace, one change, what ran and how the steps stand."""

import os

from engine_world import COUNT, MEAN, TOML, a_world

from sinagotd.core.keys import StepKey

A_COUNT, A_MEAN = StepKey("REC-1", "count"), StepKey("REC-1", "mean")


def test_a_dropped_file_becomes_results_in_order(world):
    world.put("raw/REC-1.txt", "one two three")
    world.settle()
    assert (world.read("count/REC-1.txt"), world.read("mean/REC-1.txt")) == ("3", "mean of 3")
    assert world.ran == [A_COUNT, A_MEAN]
    assert (world.state_of("REC-1/count"), world.state_of("REC-1/mean")) == ("current", "current")


def test_a_second_record_runs_alone(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-2.txt", "one two")
    world.settle()
    assert {key.record for key in world.ran} == {"REC-2"}


def test_nothing_runs_twice_when_nothing_changed(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.settle()
    world.crash()
    world.settle()
    assert world.ran == []


def test_a_touched_input_runs_nothing(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    os.utime(world.data / "raw/REC-1.txt", (1, 1))
    world.settle()
    assert world.ran == []


def test_changed_content_runs_what_depends_on_it(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]
    assert world.read("mean/REC-1.txt") == "mean of 2"


def test_an_identical_output_stops_the_wave(world):
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "other words")
    world.settle()
    assert world.ran == [A_COUNT]


def test_records_that_another_id_pattern_does_not_fit_are_retired(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    (world.folder / "workspace.toml").write_text(TOML.replace("REC-", "SUB-"))
    world.crash()
    world.settle()
    assert world.engine.records == set()


def test_a_step_that_raises_keeps_its_old_output_and_is_retried_then_left_alone(world):
    world.put("raw/REC-1.txt", "one")
    world.put("raw/REC-2.txt", "one")
    world.settle()
    world.ran.clear()
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    assert (world.read("count/REC-1.txt"), world.state_of("REC-1/count")) == ("1", "failed")
    assert world.state_of("REC-1/mean") == "blocked"
    for _ in range(2):
        world.clock.advance(100)
        world.turn()
        world.run_one()
        world.turn()
    assert (world.state_of("REC-1/count"), len(world.ran)) == ("quarantined", 3)
    world.clock.advance(10_000)
    world.settle()
    assert len(world.ran) == 3
    told = next(line for line in world.lines if line["event"] == "failed")
    assert "a bad word" in told["exception"]
    assert '"exc_info"' in (world.data / "LOG/REC-1.log").read_text()
    run = world.engine.manifest.read.runs(A_COUNT, 1)[0]
    assert run.error.type == "ValueError"
    assert "a bad word" in run.error.traceback
    assert world.state_of("REC-2/mean") == "current"


def test_a_quarantined_step_runs_again_when_its_input_changes(world):
    world.put("raw/REC-1.txt", "bad")
    world.settle()
    for _ in range(2):
        world.clock.advance(100)
        world.settle()
    assert world.state_of("REC-1/count") == "quarantined"
    world.put("raw/REC-1.txt", "good")
    world.settle()
    assert world.state_of("REC-1/mean") == "current"


def test_an_input_that_changes_while_its_step_runs_taints_the_run(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.put("raw/REC-1.txt", "one two three")
    world.run_one()
    world.turn()
    assert world.read("count/REC-1.txt") is None
    assert any(line["event"] == "tainted" for line in world.lines)
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 3"


def test_an_input_that_was_other_while_its_step_ran_taints_the_run(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.put("raw/REC-1.txt", "one two three")
    world.run_one()
    world.put("raw/REC-1.txt", "one")
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"


def test_an_output_edited_by_hand_is_held_and_what_follows_uses_it(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.put("count/REC-1.txt", "7")
    world.settle()
    assert world.state_of("REC-1/count") == "held"
    assert world.read("mean/REC-1.txt") == "mean of 7"
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.read("count/REC-1.txt") == "7"


def test_outputs_that_exist_are_adopted_not_made(world):
    world.put("raw/REC-1.txt", "one")
    world.put("count/REC-1.txt", "99")
    world.settle()
    assert world.ran == [A_MEAN]
    assert world.reason("REC-1/count") in ("ADOPTED", "CURRENT")
    assert world.read("mean/REC-1.txt") == "mean of 99"


def test_a_missing_output_is_made_again(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    (world.data / "count/REC-1.txt").unlink()
    world.settle()
    assert world.ran == [A_COUNT]


def test_a_file_still_being_written_waits(world):
    world.clock.seconds = world.data.stat().st_mtime
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"
    world.put("raw/REC-1.txt", "one two")
    world.clock.advance(3600)
    world.turn()
    assert len(world.orders) == 1


def test_a_file_that_a_program_has_open_for_writing_waits(world):
    with (world.data / "raw/REC-1.txt").open("w") as file:
        file.write("one")
        file.flush()
        world.walk()
        world.turn()
        assert world.reason("REC-1/count") == "INPUT_OPEN"
    world.clock.advance(10)
    world.turn()
    assert len(world.orders) == 1


def test_a_file_that_came_by_rename_is_claimed_at_once(world):
    world.clock.seconds = world.data.stat().st_mtime
    world.put("raw/x.part", "one")
    (world.data / "raw/x.part").rename(world.data / "raw/REC-1.txt")
    world.engine.see(["raw/REC-1.txt"], renamed={"raw/REC-1.txt"})
    world.turn()
    assert len(world.orders) == 1


def test_a_large_file_is_fingerprinted_elsewhere(tmp_path):
    with a_world(tmp_path, toml=TOML + '[watch]\nhash_inline = "10 B"\n', count=COUNT, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one two three four")
        world.walk()
        world.turn()
        assert (world.reason("REC-1/count"), world.hashing) == ("INPUT_HASHING", ["raw/REC-1.txt"])
        assert not world.engine.at_rest
        world.hash_now()
        world.settle()
        assert world.read("count/REC-1.txt") == "4"


def test_a_record_waits_for_its_marker(tmp_path):
    with a_world(tmp_path, toml=TOML + '[watch]\nready = "raw/{id}.done"\n', count=COUNT, mean=MEAN) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "INPUT_NOT_READY"
        world.put("raw/REC-1.done", "")
        world.clock.advance(10)
        world.settle()
        assert world.state_of("REC-1/mean") == "current"


def test_an_empty_file_is_suspect_and_not_read(world):
    world.put("raw/REC-1.txt", "")
    world.settle()
    assert world.reason("REC-1/count") == "INPUT_ARRIVING"
    world.clock.advance(100)
    world.settle()
    assert (world.reason("REC-1/count"), world.ran) == ("INPUT_EMPTY", [])


def test_a_record_whose_raw_files_are_gone_is_retired_and_keeps_its_results(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    (world.data / "raw/REC-1.txt").unlink()
    world.settle()
    assert world.engine.records == set()
    assert world.read("mean/REC-1.txt") == "mean of 1"
    world.put("raw/REC-1.txt", "one")
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]


def test_newest_arrivals_go_first(world):
    for number in range(5):
        world.put(f"raw/REC-{number}.txt", "one")
        os.utime(world.data / f"raw/REC-{number}.txt", (number, number))
    world.walk()
    world.engine.turn(2)
    assert [order.record for _, order in world.orders] == ["REC-4", "REC-3"]


def test_no_more_is_claimed_than_there_is_room_for(world):
    for number in range(5):
        world.put(f"raw/REC-{number}.txt", "one")
    world.walk()
    assert world.engine.turn(3) == 3
    assert world.engine.turn(0) == 0
    assert len(world.engine.pending) == 2


def test_a_claim_looks_once_more_at_what_was_planned_long_ago(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.engine.turn(0)
    world.put("count/REC-1.txt", "5")
    world.engine.turn(10)
    assert world.orders == []


def test_a_run_whose_worker_was_lost_is_run_again_and_blamed_only_the_third_time(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    for _ in range(3):
        world.turn()
        assert world.state_of("REC-1/count") == "queued"
        _, order = world.orders.pop()
        world.engine.lost(order.run_id, "its worker died")
    world.turn()
    assert world.state_of("REC-1/count") == "failed"
    assert "lost 3 times" in world.standing("REC-1/count").sentence


def test_a_lost_run_that_left_its_receipt_is_published(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    (_, order) = world.orders[0]
    world.run_one()
    world.engine._receipts.clear()
    world.engine.lost(order.run_id, "the connection broke")
    world.turn()
    assert world.read("count/REC-1.txt") == "1"


def test_what_ended_while_the_daemon_was_gone_is_published_not_run_again(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.run_one()
    world.crash()
    world.turn()
    assert world.read("count/REC-1.txt") == "1"
    world.settle()
    assert world.ran == [A_COUNT, A_MEAN]


def test_what_was_in_flight_when_the_daemon_died_runs_again(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    world.crash()
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"
    assert not (world.state / "staging").exists() or not any((world.state / "staging").iterdir())


def test_a_result_of_a_superseded_run_is_thrown_away(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    _, old = world.orders.pop()
    world.engine.lost(old.run_id, "gone")
    world.put("raw/REC-1.txt", "one two")
    world.walk()
    world.turn()
    world.orders.append((0, old))
    world.run_one(1)
    world.turn()
    assert world.read("count/REC-1.txt") is None
    world.settle()
    assert world.read("count/REC-1.txt") == "2"


def test_a_result_that_cannot_be_published_waits_until_it_can(world):
    world.put("raw/REC-1.txt", "one")
    world.walk()
    world.turn()
    (world.data / "count").write_text("in the way")
    world.run_one()
    world.turn()
    assert world.state_of("REC-1/count") == "queued"
    (world.data / "count").unlink()
    world.clock.advance(20)
    world.settle()
    assert world.read("mean/REC-1.txt") == "mean of 1"
