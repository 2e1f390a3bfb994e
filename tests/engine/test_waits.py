from engine_world import a_world

from sinagotd.core.keys import StepKey


def test_a_failed_step_that_is_planned_very_often_waits_once_for_its_retry(tmp_path):
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "bad")
        world.settle()
        for _ in range(100):
            world.engine.mark(["REC-1"])
            world.turn()
        assert [key for _, key in world.engine.waits._retries] == [StepKey("REC-1", "count")]
        world.clock.advance(13)
        world.settle()
        assert len(world.ran) == 2


def test_a_record_that_is_retired_waits_for_nothing(tmp_path):
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "bad")
        world.settle()
        (world.data / "raw/REC-1.txt").unlink()
        world.settle()
        assert world.engine.waits.due(world.clock.seconds + 1000) == []


def test_what_nobody_reads_is_forgotten_however_it_came(tmp_path):
    with a_world(tmp_path) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        for path in ("raw/note.log", "raw/REC-2.txt"):
            world.put(path, "x")
            world.engine.see([path], renamed={path})
        world.turn()
        assert world.engine.gatherer.renamed == {}


def test_a_file_in_motion_whose_record_is_retired_is_forgotten(tmp_path):
    with a_world(tmp_path) as world:
        world.clock.seconds = (world.data / "raw").stat().st_mtime
        world.put("raw/REC-1.txt", "one")
        world.walk()
        world.turn()
        assert "raw/REC-1.txt" in world.engine.settler
        (world.data / "raw/REC-1.txt").unlink()
        world.engine.retire(["REC-1"])
        world.clock.advance(10)
        world.turn()
        assert world.engine.settler.in_motion == 0
