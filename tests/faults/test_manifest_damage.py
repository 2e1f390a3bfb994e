"""P10: a damaged manifest is found and rebuilt, the old file is kept, and nothing is taken for done that is not."""

import random
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from counting import Count, Counted
from daemon_process import Daemon, daemon_on
from damage_world import EDITED, FAILING, HELD, NEW, TURNED_BACK, Story, harm, is_as_made
from engine_world import World

from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.engine.engine import Engine
from sinagotd.engine.tools import Tools
from sinagotd.errors import ManifestError
from sinagotd.manifest.check import check
from sinagotd.manifest.opening import ANOTHER, LOG_LOST, open_manifest
from sinagotd.settings.workspace import load_workspace

FILES = ("manifest.db", "manifest.db-wal")
AT_REST = {State.CURRENT, State.HELD, State.FAILED, State.QUARANTINED}
MAY_BE_HELD = {HELD, EDITED, TURNED_BACK}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("story"))


@pytest.mark.timeout(300)
def test_whatever_befalls_a_manifest_nothing_is_taken_for_done_that_is_not(
    story: Story, tmp_path: Path, count: Count
) -> None:
    with count("P10", "a manifest damaged at random, opened and planned by", share=25, full=500) as counted:
        ends: Counter[str] = Counter()
        for number in range(counted.times):
            state = tmp_path / str(number)
            how = f"{number}: {harm(story, state, random.Random(number))}"
            ends[judge_opening(story, state, how, counted)] += 1
        counted.note = ", ".join(f"{times} {end}" for end, times in sorted(ends.items()))


def judge_opening(story: Story, state: Path, how: str, counted: Counted) -> str:
    """Open the manifest in this state folder and plan by it; says what became of it."""
    damaged = {name: (state / name).read_bytes() for name in FILES if (state / name).exists()}
    try:
        repaired = plan(story.world, state, how, counted)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it must not happen
        counted.wrong(f"{how}: {fault!r}")
        return "failed"
    for finding in check(state).findings:
        counted.wrong(f"{how}: left with a fault: {finding}")
    if repaired in (None, LOG_LOST, ANOTHER):
        return "distrusted" if repaired else "opened intact"
    kept = {path.name: path.read_bytes() for path in state.glob("quarantine/*/*")}
    for name, content in damaged.items():
        if kept.get(name) != content:
            counted.wrong(f"{how}: {name} was not kept")
    return "restored" if "restored" in repaired else "begun anew"


def plan(world: World, state: Path, how: str, counted: Counted) -> str | None:
    opened = open_manifest(state, at=world.clock.now() + 1)
    with closing(opened.manifest):
        world.engine = Engine(load_workspace(world.folder), opened.manifest, tools(world, adopts=not opened.repaired))
        world.engine.begin()
        world.walk()
        while world.engine.wants_turn:
            world.engine.turn(0)
        for key, standing in opened.manifest.read.standings().items():
            if standing.state is State.CURRENT and not is_as_made(world.data, key):
                counted.wrong(f"{how}: {key} is said to be current ({opened.repaired})")
    return opened.repaired


def tools(world: World, *, adopts: bool) -> Tools:
    log = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.BoundLogger)
    ask = world.host.declare
    return Tools(
        world.clock, log, world.submit, lambda script: ask(script, world.folder), lambda *_: None, adopts=adopts
    )


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_a_daemon_that_finds_its_manifest_damaged_makes_everything_good(
    story: Story, tmp_path: Path, count: Count
) -> None:
    with count("P10", "a manifest damaged at random, a daemon started on it", share=2, full=40) as counted:
        for number in range(1006, 1006 + counted.times):
            lab = tmp_path / str(number) / "lab"
            shutil.copytree(story.world.folder, lab, ignore=shutil.ignore_patterns(".sinagotd"))
            how = f"{number}: {harm(story, lab / 'dataset/.sinagotd', random.Random(number))}"
            with daemon_on(lab, "--inline") as daemon:
                daemon.wait_until(lambda: is_at_rest(daemon), f"at rest after {how}", 120)
                judge_end(daemon, lab / "dataset", how, counted)
                daemon.stop()


def is_at_rest(daemon: Daemon) -> bool:
    """Also the record that came while no daemon ran is done: so all has been looked at."""
    try:
        standings = daemon.standings()
    except ManifestError:
        return False
    states = {standing.state for key, standing in standings.items() if not key.startswith(FAILING)}
    return f"{NEW}/mean" in standings and states <= AT_REST


def judge_end(daemon: Daemon, data: Path, how: str, counted: Counted) -> None:
    for name, standing in daemon.standings().items():
        key = StepKey.parse(name)
        is_made = is_as_made(data, key)
        if standing.state is State.CURRENT and not is_made:
            counted.wrong(f"{how}: {key} is said to be current")
        if not is_made and key.record not in {FAILING, *MAY_BE_HELD}:
            counted.wrong(f"{how}: {key} is {standing.state}: {standing.sentence}")
