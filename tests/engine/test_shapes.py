"""Workspaces of other shapes: folders, entities, shared files, tasks and modalities."""

import shutil

from engine_world import COUNT, MEAN, TOML, a_world

from sinagotd.core.keys import StepKey


def test_a_workspace_with_tasks_and_modalities_runs_across_them(tmp_path):
    toml = """
[records]
id_pattern = "REC-[0-9]+"
[tasks.HDC]
modalities = ["report", "behavior"]
[modalities.report]
scripts = ["sum"]
[modalities.behavior]
scripts = ["scores"]
"""
    with a_world(tmp_path, toml=toml) as world:
        shutil.rmtree(world.folder / "scripts")
        for modality in ("report", "behavior"):
            (world.folder / "scripts" / modality).mkdir(parents=True)
        world.script("behavior/scores", COUNT.replace('("count", "{id}.txt")', '("PROCESSED", "{id}", "{task}.txt")'))
        world.script("report/sum", MEAN.replace('("count", "{id}.txt")', '("PROCESSED", "{id}", "{task}.txt")'))
        world.crash()
        world.put("raw/REC-1.txt", "one two")
        world.settle()
        assert world.read("mean/REC-1.txt") == "mean of 2"
        assert world.ran == [StepKey("REC-1", "HDC/behavior/scores"), StepKey("REC-1", "HDC/report/sum")]


FOLDERS = """
from sinagotd import ScriptTemplate

class Script(ScriptTemplate):
    PATH_IN = ("raw", "{id}.mff")
    PATH_OUT = ("parts", "{id}")

    def run(self):
        self.path.output.mkdir()
        for path in sorted(self.path.input.iterdir()):
            (self.path.output / path.name).write_text(path.read_text().upper())
"""


def test_folders_are_inputs_and_outputs_as_a_whole(tmp_path):
    with a_world(tmp_path, toml=TOML.replace('"count", "mean"', '"parts"'), parts=FOLDERS) as world:
        world.put("raw/REC-1.mff/a", "a")
        world.put("raw/REC-1.mff/b", "b")
        world.walk()
        world.turn()
        assert world.reason("REC-1/parts") == "INPUT_ARRIVING"
        world.clock.advance(10)
        world.settle()
        assert world.read("parts/REC-1/b") == "B"
        world.put("raw/REC-1.mff/c", "c")
        (world.data / "raw/REC-1.mff/a").unlink()
        world.engine.see(["raw/REC-1.mff"])
        world.turn()
        world.clock.advance(10)
        world.settle()
        assert sorted(path.name for path in (world.data / "parts/REC-1").iterdir()) == ["b", "c"]
        assert len(world.ran) == 2


def test_entities_of_the_id_fill_paths(tmp_path):
    toml = TOML.replace("REC-[0-9]+", "(?P<subject>S[0-9])_(?P<day>[0-9]+)").replace('"count", "mean"', '"count"')
    script = COUNT.replace('("raw", "{id}.txt")', '("raw", "{subject}", "{day}", "{id}.txt")')
    with a_world(tmp_path, toml=toml, count=script) as world:
        world.put("raw/S1/20260101/S1_20260101.txt", "one two")
        world.put("raw/S2/20260101/S1_20260102.txt", "does not agree")
        world.settle()
        assert world.engine.records == {"S1_20260101"}
        assert world.read("count/S1_20260101.txt") == "2"


def test_a_shared_file_concerns_every_record(tmp_path):
    script = COUNT.replace('("raw", "{id}.txt")', '{"raw": ("raw", "{id}.txt"), "words": ("shared", "words.txt")}')
    script = script.replace("self.path.input.read_text()", "self.path.input['words'].read_text()")
    with a_world(tmp_path, toml=TOML.replace('"count", "mean"', '"count"'), count=script) as world:
        world.put("raw/REC-1.txt", "one")
        world.put("raw/REC-2.txt", "one")
        world.settle()
        assert world.reason("REC-1/count") == "INPUT_MISSING"
        assert world.standing("REC-1/count").sentence == "waiting for shared/words.txt"
        world.put("shared/words.txt", "a b c")
        world.settle()
        assert (world.read("count/REC-1.txt"), world.read("count/REC-2.txt")) == ("3", "3")
