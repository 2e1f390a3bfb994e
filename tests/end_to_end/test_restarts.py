"""What a stop, however hard, leaves behind is caught up with: nothing is lost, nothing published is run twice."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from lab_world import COUNTED, MEANT, RAW, SETTINGS, WORKERS, Lab, a_lab, script

from sinagotd.core.states import Outcome
from sinagotd.scripts.orders import RECEIPT_NAME

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

RECORDS = 100
KILL_AFTER = (45, 110)
"""Runs that are published when the daemon is killed, each time."""

JOURNALLED = """\
import random, time

def sign(step, journal, record):
    with open(journal, "a") as file:
        file.write(f"{record}/{step}" + chr(10))
    time.sleep(random.uniform(0.02, 0.05))
"""


def journalled(step: str, source: tuple[str, ...], target: tuple[str, ...], result: str) -> str:
    """A script of which every execution leaves a line in a file that nobody watches."""
    signing = f"sign('{step}', self.opts['journal'], self.id)"
    return "from journal import sign\n\n" + script(source, target, signing, f"self.path.output.write_text({result})")


class Killed(NamedTuple):
    """How things stood when a daemon had been killed; runs of which only the receipt was left are `unpublished`."""

    published: Counter[str]
    unpublished: set[str]
    executions: Counter[str]


def kill_after(lab: Lab, enough: int, journal: Path) -> Killed:
    """Start a daemon and kill it when so many runs are published."""
    lab.start()
    lab.daemon.wait_until(lambda: published(lab).total() >= enough, f"{enough} runs published")
    lab.daemon.kill()
    in_flight = {run.run_id for run in lab.daemon.runs() if run.outcome is None}
    receipts = {receipt.parent.name for receipt in staging(lab).glob(f"*/{RECEIPT_NAME}")}
    return Killed(published(lab), in_flight & receipts, executions(journal))


def executions(journal: Path) -> Counter[str]:
    return Counter(journal.read_text().split())


def published(lab: Lab) -> Counter[str]:
    return Counter(str(run.key) for run in lab.daemon.runs() if run.outcome is Outcome.SUCCEEDED)


def staging(lab: Lab) -> Path:
    return lab.data / ".sinagotd" / "staging"


def test_files_dropped_and_changed_while_the_daemon_was_stopped_are_caught_up_with(lab: Lab) -> None:
    lab.start()
    kept, changed, touched = (lab.new_record(text) for text in ("a", "a b", "a b c"))
    lab.wait_current(kept, changed, touched)
    lab.daemon.stop()
    before = published(lab)
    late = [lab.new_record("word " * count) for count in (4, 5, 6)]
    lab.put(f"raw/{changed}.txt", "1 2 3 4 5 6 7")
    os.utime(lab.data / f"raw/{touched}.txt")
    lab.start()
    lab.wait_current(kept, changed, touched, *late)
    lab.come_to_rest()
    again = published(lab) - before
    assert {key.split("/")[0] for key in again} == {changed, *late, lab.last_record}
    assert [lab.read(f"mean/{record}.txt") for record in (changed, *late)] == [f"mean of {n}" for n in (7, 4, 5, 6)]
    lab.daemon.stop()


def test_a_daemon_killed_amid_two_hundred_runs_ends_them_all_and_runs_nothing_published_twice(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    settings = f"{SETTINGS}[run.opts]\njournal = {json.dumps(str(journal))}\n"
    scripts = {
        "journal": JOURNALLED,
        "count": journalled("count", RAW, COUNTED, "str(len(text.split()))"),
        "mean": journalled("mean", COUNTED, MEANT, "'mean of ' + text"),
    }
    with a_lab(tmp_path, settings, **scripts) as lab:
        records = [lab.new_record("word " * (1 + number % 7)) for number in range(RECORDS)]
        kills = [kill_after(lab, enough, journal) for enough in KILL_AFTER]
        lab.start()
        lab.daemon.wait_until(lab.daemon.is_all_current, "everything current")
        assert {record: lab.results(record) for record in records} == {
            record: (str(1 + number % 7), f"mean of {1 + number % 7}") for number, record in enumerate(records)
        }
        outcomes = {run.run_id: run.outcome for run in lab.daemon.runs()}
        for killed in kills:
            assert killed.published.total() < 2 * RECORDS
            again = executions(journal) - killed.executions
            assert [key for key in killed.published if again[key]] == []
            assert {outcomes[run_id] for run_id in killed.unpublished} <= {Outcome.SUCCEEDED}
        assert set(published(lab).values()) == {1}
        assert executions(journal).keys() == published(lab).keys()
        assert executions(journal).total() - 2 * RECORDS <= 2 * WORKERS * len(kills)
        lab.command("manifest", "check", lab.folder)
        assert list(staging(lab).iterdir()) == []
        lab.daemon.stop()
