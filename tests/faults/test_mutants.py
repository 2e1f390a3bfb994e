"""Each check of the protocols is deleted in turn, in a copy of the package: a test must go red on every one of them."""

from collections.abc import Sequence
from pathlib import Path

import dataset_mutants
import pytest
from counting import Count
from mutants import REPOSITORY, Ended, Mutant, copy_package, run_tests

pytestmark = pytest.mark.timeout(1200)

PACKAGE = REPOSITORY / "sinagotd"

ENGINE, STAGING, RETRY = "tests/engine/test_engine.py", "tests/engine/test_staging.py", "tests/core/test_retry.py"
DURABLE, INTERRUPTED = "tests/faults/test_durability.py", "tests/faults/test_interrupted.py"
PLANNER, PROPERTIES = "tests/core/test_planner.py", "tests/core/test_planner_properties.py"
LOCK, LOST = "tests/manifest/test_lock.py", "tests/engine/test_nothing_lost.py"

MUTANTS = (
    Mutant(
        "a result of a run that is not the claimed one is published",
        "engine/flights.py",
        "claimed = self.in_flight.get(receipt.run_id)\n            if",
        "claimed = self.in_flight.get(receipt.run_id, next(iter(self.in_flight.values()), None))\n            if",
        (f"{ENGINE}::test_a_result_of_a_superseded_run_is_thrown_away",),
    ),
    Mutant(
        "inputs may change while they are read",
        "engine/judging.py",
        "if moved is None:",
        "if True:",
        (f"{ENGINE}::test_an_input_that_changes_while_its_step_runs_taints_the_run",),
    ),
    Mutant(
        "a file is read before it has stood still",
        "core/settle.py",
        "if now < settled_at:",
        "if False:",
        (f"{ENGINE}::test_a_file_still_being_written_waits",),
    ),
    Mutant(
        "what was away while it was planned is no news when it is back",
        "engine/gathering.py",
        "        if is_known:\n            self.gone.add(path)\n",
        "",
        (LOST,),
    ),
    Mutant(
        "an output is put into place by copying",
        "engine/staging.py",
        "os.replace(source, final)",
        "Path(final).write_bytes(Path(source).read_bytes())",
        (f"{DURABLE}::test_what_takes_its_place_is_the_very_file_that_the_step_wrote",),
    ),
    Mutant(
        "outputs are not made durable",
        "scripts/attempt.py",
        '        fsync_tree(f"{staging}/{path}")\n',
        "",
        (DURABLE,),
    ),
    Mutant(
        "the folders of staged outputs are not made durable",
        "scripts/attempt.py",
        "    for folder in folders:\n        fsync_folder(folder)\n",
        "",
        (DURABLE,),
    ),
    Mutant(
        "the receipt is written before the outputs are durable",
        "scripts/attempt.py",
        "        _fsync(staging, digests)\n",
        "",
        (DURABLE,),
    ),
    Mutant(
        "a receipt is not made durable",
        "atomic.py",
        "            os.fsync(file.fileno())\n",
        "",
        (DURABLE,),
    ),
    Mutant(
        "the name of a receipt is not made durable",
        "atomic.py",
        '    fsync_folder(folder or ".")\n',
        "",
        (DURABLE,),
    ),
    Mutant(
        "the names of published outputs are not made durable",
        "engine/flights.py",
        "        publisher.secure()\n",
        "",
        (DURABLE,),
    ),
    Mutant(
        "the folders made for outputs are not made durable",
        "engine/staging.py",
        "for folder in folders_to(data_path, path)}",
        "for folder in [*folders_to(data_path, path)][-1:]}",
        (DURABLE,),
    ),
    Mutant(
        "the manifest does not wait for the disk",
        "manifest/session.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = NORMAL",
        ("tests/manifest/test_transactions.py::test_the_settings_of_the_connection_are_really_set",),
    ),
    Mutant(
        "the manifest knows before the outputs are in place",
        "engine/flights.py",
        " = self._publish(receipts)\n",
        " = self._publish(receipts)\n        [self._record(end) for end in ended]\n",
        (DURABLE,),
    ),
    Mutant(
        "a stamp has no ctime",
        "scan/stamps.py",
        "status.st_ino, status.st_ctime_ns)",
        "status.st_ino, 0)",
        ("tests/scan/test_stamps.py::test_a_copier_that_restores_the_time_moves_the_stamp_all_the_same",),
    ),
    Mutant(
        "nobody asks whether a file is open for writing",
        "engine/gathering.py",
        "if self._is_open(path):",
        "if False:",
        (f"{ENGINE}::test_a_file_that_a_program_has_open_for_writing_waits",),
    ),
    Mutant(
        "the marker of a record is not waited for",
        "engine/gathering.py",
        "if rule.marker is not None and",
        "if False and",
        (f"{ENGINE}::test_a_record_waits_for_its_marker",),
    ),
    Mutant(
        "a file that came by rename counts as settled however it is written afterwards",
        "engine/gathering.py",
        "math.inf if self.renamed.get(path) == now else",
        "math.inf if path in self.renamed else",
        (f"{INTERRUPTED}::test_what_is_written_on_after_it_came_by_rename_is_not_settled",),
    ),
    Mutant(
        "a file may change while its digest is taken",
        "engine/gathering.py",
        "if self.stamper.stamp(path) != now:",
        "if False:",
        (f"{INTERRUPTED}::test_a_file_that_is_written_while_it_is_fingerprinted_is_not_settled",),
    ),
    Mutant(
        "hidden and temporary names are read",
        "scan/walk.py",
        "if (child := enter(name)) is None or ignored(name):",
        "if (child := enter(name)) is None:",
        ("tests/scan/test_walk.py",),
    ),
    Mutant(
        "a daemon does not look around when it starts",
        "daemon/site.py",
        "        self._watch()\n        self.walk()\n\n    def stop",
        "        self._watch()\n\n    def stop",
        (
            "tests/end_to_end/test_restarts.py::test_files_dropped_and_changed_while_the_daemon_was_stopped_are_caught_up_with",
        ),
    ),
    Mutant(
        "lost events are passed over",
        "daemon/site.py",
        "        if hints.lost:",
        "        if False:",
        ("tests/faults/test_watchers.py::test_what_blinds_the_watcher_is_found_out_and_made_good",),
    ),
    Mutant(
        "a full queue of events is passed over",
        "scan/lookout.py",
        '        self._distrust("more events came than the kernel keeps, so some are lost")',
        "        return",
        ("tests/faults/test_watchers.py::test_what_blinds_the_watcher_is_found_out_and_made_good",),
    ),
    Mutant(
        "two daemons may own one manifest",
        "manifest/lock.py",
        "if _flock(self._descriptor, fcntl.LOCK_EX):",
        "if True:",
        (f"{LOCK}::test_a_second_daemon_is_told_who_the_first_one_is",),
    ),
    Mutant(
        "a step may be claimed while it is in flight",
        "manifest/statements.py",
        "\nWHERE flight_run_id IS NULL\n",
        "\n",
        ("tests/manifest/test_runs.py::test_a_step_in_flight_cannot_be_claimed_again",),
    ),
    Mutant(
        "outputs of a step that failed are adopted",
        "core/planner.py",
        "if past.failure is None and policy.adopt_existing",
        "if policy.adopt_existing",
        (f"{PROPERTIES}::test_outputs_of_a_step_that_only_failed_are_not_adopted",),
    ),
    Mutant(
        "stamps are compared instead of content",
        "core/planner.py",
        '(seen.digest or b"") if (seen := facts.get(path))',
        "seen.stamp if (seen := facts.get(path))",
        (f"{ENGINE}::test_an_identical_output_stops_the_wave",),
    ),
    Mutant(
        "outputs edited by hand are overwritten",
        "core/planner.py",
        "Decision(State.HELD, Reason.OUTPUT_EDITED, paths=edited) if edited else None",
        "None",
        (f"{ENGINE}::test_an_output_edited_by_hand_is_held_and_what_follows_uses_it",),
    ),
    Mutant(
        "a step is made from what is about to be made anew",
        "core/planner.py",
        "    for index in bound.upstream:\n",
        "    for index in ():\n",
        (PLANNER,),
    ),
    Mutant(
        "a failed step is tried for ever",
        "core/retry.py",
        "if attempts >= rule.attempts:",
        "if False:",
        (f"{RETRY}::test_the_last_attempt_is_the_last",),
    ),
    Mutant(
        "links may lead out of the data folder",
        "scan/stamps.py",
        "if real != real_root and not",
        "if False and not",
        ("tests/scan/test_stamps.py::test_what_leaves_the_data_folder_is_refused",),
    ),
    Mutant(
        "scripts that others may write are run",
        "engine/loading.py",
        "            self._refuse_untrusted(code.files)\n",
        "",
        ("tests/engine/test_code.py::test_a_script_that_somebody_else_may_write_is_not_run_until_that_is_mended",),
    ),
    Mutant(
        "comments count as code",
        "scripts/code.py",
        "canonical(trees[file])",
        "file.read_bytes()",
        ("tests/engine/test_code.py::test_a_comment_runs_nothing_and_a_changed_line_its_steps",),
    ),
    Mutant(
        "a script may be another one when it runs than when it was claimed",
        "scripts/loading.py",
        "if code is not None and loaded.sources.digest.hex() != code:",
        "if False:",
        ("tests/scripts/test_host_contract.py",),
    ),
    Mutant(
        "a start sweeps away what runs in flight have left",
        "engine/staging.py",
        " if entry.name not in keep]",
        "]",
        (f"{STAGING}::test_a_sweep_leaves_only_what_is_waited_for",),
    ),
    Mutant(
        "any file in place counts as the published one",
        "engine/staging.py",
        " and digest_path(final).hex() == digest",
        "",
        (STAGING,),
    ),
    Mutant(
        "what was put into place before an interruption is judged again",
        "engine/publishing.py",
        "        if staging.publishing_began(self._data_path, receipt):\n            return Judged(receipt)\n",
        "",
        (INTERRUPTED,),
    ),
    Mutant(
        "records are retired when the data folder is away",
        "scan/vanished.py",
        "    if now is None:\n",
        "    if False:\n",
        ("tests/scan/test_vanished.py",),
    ),
    Mutant(
        "two workers may write one staging folder",
        "scripts/staging.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        ("tests/scripts/test_attempt.py::test_a_run_that_another_worker_is_still_at_is_left_to_it",),
    ),
    Mutant(
        "a run that left its receipt is run again",
        "scripts/attempt.py",
        "if (left := left_receipt(order.staging)) is not None:",
        "if (left := left_receipt(order.staging)) is not None and False:",
        ("tests/scripts/test_attempt.py::test_a_run_that_left_its_receipt_is_not_run_again",),
    ),
)


def test_every_mutant_still_applies(tmp_path: Path) -> None:
    """Where the code moved on, its check would be deleted by nobody any more."""
    for number, mutant in enumerate((*MUTANTS, *dataset_mutants.MUTANTS)):
        place = tmp_path / str(number) / mutant.file
        place.parent.mkdir(parents=True)
        place.write_text((PACKAGE / mutant.file).read_text())
        mutant.apply(tmp_path / str(number))


@pytest.mark.parametrize(
    ("promise", "share", "mutants"), [("P5", 2, MUTANTS), ("P11", 1, dataset_mutants.MUTANTS)], ids=["P5", "P11"]
)
def test_a_test_goes_red_for_every_check_that_is_deleted(
    tmp_path: Path, count: Count, promise: str, share: int, mutants: Sequence[Mutant]
) -> None:
    with count(promise, "mutants: each check deleted in turn", share=share, full=len(mutants)) as counted:
        chosen = mutants[: counted.times]
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        ended, said = run_tests(copy_package(tmp_path / "unchanged"), tests)
        assert ended is Ended.GREEN, said
        for number, mutant in enumerate(chosen):
            package = copy_package(tmp_path / str(number))
            mutant.apply(package)
            ended, said = run_tests(package, mutant.tests)
            if ended is not Ended.RED:
                counted.wrong(f"{mutant.name}: no test noticed, they ended {ended}: {said[-300:]}")
