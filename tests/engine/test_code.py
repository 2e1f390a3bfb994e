"""What edits of scripts, helpers and parameters lead to."""

from engine_world import COUNT, MEAN, TOML, a_world

from sinagotd.core.keys import StepKey
from sinagotd.settings.ownership import Trust

A_COUNT, A_MEAN = StepKey("REC-1", "count"), StepKey("REC-1", "mean")


def change_code(world, name, text):
    world.script(name, text)
    world.turn()
    world.clock.advance(10)
    world.settle()


def test_a_comment_runs_nothing_and_a_changed_line_its_steps(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    change_code(world, "mean", MEAN.replace("    def run", "    # why not\n    def run"))
    assert world.ran == []
    change_code(world, "mean", MEAN.replace("mean of", "the mean of"))
    assert world.ran == [A_MEAN]
    assert world.read("mean/REC-1.txt") == "the mean of 1"


def test_a_changed_line_in_an_imported_helper_runs_its_steps(tmp_path):
    helper = "def count(text):\n    return len(text.split())\n"
    script = COUNT.replace("class Script", "from helper import count\n\nclass Script").replace(
        "len(words)", "count('a b')"
    )
    with a_world(tmp_path, count=script, mean=MEAN, helper=helper) as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        world.ran.clear()
        change_code(world, "helper", helper.replace("len(text.split())", "len(text)"))
        assert world.ran == [A_COUNT, A_MEAN]


def test_nothing_is_claimed_while_a_script_is_being_edited(world):
    world.put("raw/REC-1.txt", "one")
    world.script("count", "def half(")
    world.walk()
    world.turn()
    assert world.orders == []
    world.script("count", COUNT)
    world.turn()
    world.clock.advance(10)
    world.turn()
    assert len(world.orders) == 1


def test_a_broken_script_costs_its_own_step_only(tmp_path):
    toml = TOML.replace('"mean"]', '"broken"]')
    with a_world(tmp_path, toml=toml, count=COUNT, broken="def half(") as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.state_of("REC-1/count") == "current"
        assert world.reason("REC-1/broken") == "SCRIPT_BROKEN"
        assert "broken.py" in world.standing("REC-1/broken").sentence


def test_a_script_that_somebody_else_may_write_is_not_run_until_that_is_mended(tmp_path):
    with a_world(tmp_path, trust=Trust()) as world:
        world.put("raw/REC-1.txt", "one")
        script = world.folder / "scripts/count.py"
        script.chmod(0o666)
        change_code(world, "mean", MEAN)
        world.clock.advance(10)
        world.settle()
        assert world.reason("REC-1/count") == "SCRIPT_BROKEN"
        assert "chmod go-w" in world.standing("REC-1/count").sentence
        script.chmod(0o644)
        world.turn()
        world.clock.advance(10)
        world.settle()
        assert world.state_of("REC-1/mean") == "current"


def test_a_helper_that_breaks_a_script_mends_it(tmp_path):
    script = COUNT.replace("class Script", "import helper\n\nclass Script")
    with a_world(tmp_path, count=script, mean=MEAN, helper="def half(") as world:
        world.put("raw/REC-1.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "SCRIPT_BROKEN"
        change_code(world, "helper", "whole = 1")
        assert world.state_of("REC-1/mean") == "current"


def test_scripts_whose_paths_no_longer_fit_together_stop_new_runs_until_mended(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    change_code(world, "count", COUNT.replace('("raw", "{id}.txt")', '("mean", "{id}.txt")'))
    assert "count" in world.engine.code.fault
    world.put("raw/REC-1.txt", "one two")
    world.settle()
    assert world.read("count/REC-1.txt") == "1"
    change_code(world, "count", COUNT)
    assert world.read("mean/REC-1.txt") == "mean of 2"


def test_parameters_from_the_settings_make_a_step_stale(world):
    world.put("raw/REC-1.txt", "one")
    world.settle()
    world.ran.clear()
    toml = TOML + "[run.steps.mean.opts]\nthreshold = 3\n"
    (world.folder / "workspace.toml").write_text(toml)
    world.crash()
    world.settle()
    assert world.ran == [A_MEAN]
