"""Scripts that misbehave or cannot be used: each costs its own steps, says why, and harms no input or earlier output."""

from collections.abc import Iterator

import pytest
from daemon_process import sinagotd
from lab_world import COUNT, MEAN, RAW, SETTINGS, Lab, a_lab, script

from sinagotd.core.states import State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

NAUGHTY = script(
    RAW,
    ("naughty", "{id}.txt"),
    "if 'nothing' in text:",
    "    return",
    "self.path.output.write_text('half')",
    "if 'half' in text:",
    "    raise ValueError('in the middle')",
    "if 'replaces' in text:",
    "    self.path.input.write_text('not yours')",
    "if 'rewrites' in text:",
    "    self.path.input.write_text(text + ' again')",
    "if 'over' in text:",
    "    (self.path.input.parents[1] / 'count' / (text.split()[-1] + '.txt')).write_text('stray')",
    "if 'outside' in text:",
    "    (self.path.input.parents[1] / 'outside.txt').write_text('stray')",
    "self.path.output.write_text('whole')",
)
MORE_SETTINGS = '[run]\nbackoff = "200ms"\n[run.steps.naughty]\nattempts = 2\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One daemon for all, which no script may end."""
    home = tmp_path_factory.mktemp("scripts")
    settings = SETTINGS.replace('"mean"', '"mean", "naughty"') + MORE_SETTINGS
    with a_lab(home, settings, count=COUNT, mean=MEAN, naughty=NAUGHTY) as made:
        made.start()
        yield made
        made.daemon.stop()


def others_go_on(lab: Lab) -> None:
    record = lab.new_record("good words")
    lab.wait_current(record)
    assert lab.results(record) == ("2", "mean of 2")


def wait_for_state(lab: Lab, key: str, state: State) -> str:
    """Wait for it; returns the sentence."""
    lab.daemon.wait_until(lambda: lab.daemon.state(key) is state, f"{key} {state}")
    return lab.daemon.standings()[key].sentence


@pytest.mark.parametrize(("word", "says"), [("half", "ValueError: in the middle"), ("nothing", "without writing")])
def test_a_run_that_ends_halfway_publishes_nothing_and_keeps_what_was_there(lab: Lab, word: str, says: str) -> None:
    record = lab.new_record("good at first")
    lab.wait_current(record)
    lab.put(f"raw/{record}.txt", word)
    assert says in wait_for_state(lab, f"{record}/naughty", State.QUARANTINED)
    assert lab.read(f"naughty/{record}.txt") == "whole"
    assert says in lab.daemon.lines("quarantined", record)[-1]["why"]
    others_go_on(lab)


def test_what_a_script_writes_outside_its_outputs_is_not_taken_for_a_result(lab: Lab) -> None:
    record = lab.new_record("writes outside")
    lab.wait_current(record)
    assert lab.read("outside.txt") == "stray"
    assert not any("outside.txt" in run.outputs for run in lab.daemon.runs(f"{record}/naughty"))
    others_go_on(lab)


def test_a_script_that_overwrites_its_input_taints_its_run_and_runs_again_on_what_is_there(lab: Lab) -> None:
    record = lab.new_record("replaces its input")
    lab.wait_current(record)
    runs = lab.daemon.runs(f"{record}/naughty")
    assert [str(run.outcome) for run in runs] == ["tainted", "succeeded"]
    assert "changed while the step ran" in lab.daemon.lines("tainted", record)[0]["why"]
    others_go_on(lab)


def test_a_script_that_rewrites_its_input_every_time_waits_longer_and_longer_and_says_so(lab: Lab) -> None:
    record = lab.new_record("rewrites its input")
    key = f"{record}/naughty"
    lab.daemon.wait_until(lambda: len(lab.daemon.runs(key)) >= 3, "three runs in vain")
    assert "changed while the step ran" in wait_for_state(lab, key, State.FAILED)
    _, second, third = (run.claimed_at for run in lab.daemon.runs(key)[:3])
    assert third - second >= 1.0
    others_go_on(lab)
    lab.put(f"raw/{record}.txt", "calm again")
    lab.wait_current(record)


def test_an_output_that_another_step_writes_over_is_held_and_people_are_told(lab: Lab) -> None:
    victim = lab.new_record("some good words")
    lab.wait_current(victim)
    lab.wait_current(lab.new_record(f"written over {victim}"))
    assert f"count/{victim}.txt was changed by hand" in wait_for_state(lab, f"{victim}/count", State.HELD)
    assert lab.read(f"raw/{victim}.txt") == "some good words"
    others_go_on(lab)


BROKEN = {
    "a syntax error": ("class Script(:\n", "naughty.py"),
    "no class Script": ("answer = 42\n", "Script"),
    "an import error": (f"import nowhere_at_all\n{NAUGHTY}", "nowhere_at_all"),
    "bytes that are no text": ("\udcff\udcfe", "naughty.py"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_script_costs_its_own_step_and_is_taken_up_again_once_mended(lab: Lab, text: str, says: str) -> None:
    file = lab.folder / "scripts" / "naughty.py"
    file.write_bytes(text.encode(errors="surrogateescape"))
    record = lab.new_record(f"good {len(text)} words")
    lab.daemon.wait_until(lambda: lab.results(record)[1] == "mean of 3", "the others went on")
    assert says in wait_until_refused(lab, f"{record}/naughty")
    mend(lab)
    lab.wait_current(record)
    assert lab.read(f"naughty/{record}.txt") == "whole"


def wait_until_refused(lab: Lab, key: str) -> str:
    refused = (State.FAILED, State.QUARANTINED, State.BLOCKED)
    lab.daemon.wait_until(lambda: lab.daemon.state(key) in refused, f"{key} refused")
    return lab.daemon.standings()[key].sentence


def mend(lab: Lab) -> None:
    lab.script("naughty", NAUGHTY)


def test_a_script_that_is_removed_costs_its_own_step_until_it_is_back(lab: Lab) -> None:
    (lab.folder / "scripts" / "naughty.py").unlink()
    record = lab.new_record("good words")
    assert "naughty.py" in wait_until_refused(lab, f"{record}/naughty")
    lab.daemon.wait_until(lambda: lab.results(record) == ("2", "mean of 2"), "the others went on")
    mend(lab)
    lab.wait_current(record)


def test_a_scripts_folder_that_vanishes_stops_nothing_but_runs_and_all_is_done_when_it_is_back(lab: Lab) -> None:
    folder = lab.folder / "scripts"
    away = folder.rename(lab.folder / "scripts-away")
    record = lab.new_record("good words")
    assert "there is no such script" in wait_until_refused(lab, f"{record}/count")
    away.rename(folder)
    lab.wait_current(record)
    assert lab.results(record) == ("2", "mean of 2")
    others_go_on(lab)


def test_without_a_scripts_folder_no_daemon_starts_and_a_sentence_says_why(lab: Lab) -> None:
    other = lab.folder.parent / "other"
    (other / "dataset").mkdir(parents=True)
    (other / "workspace.toml").write_text(SETTINGS)
    done = sinagotd("run", other, "--once", "--inline")
    assert done.returncode == 1
    assert "scripts" in done.stderr
    assert "Traceback" not in done.stderr
