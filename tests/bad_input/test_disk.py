"""A damaged manifest, a log that cannot be written: told, and made good afterwards by itself."""

from pathlib import Path

import pytest
from lab_world import a_lab

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


def test_a_manifest_with_flipped_bytes_is_moved_aside_and_everything_goes_on(tmp_path: Path) -> None:
    with a_lab(tmp_path) as lab:
        lab.start("--inline")
        record = lab.new_record("two words")
        lab.wait_current(record)
        lab.daemon.stop()
        file = lab.data / ".sinagotd" / "manifest.db"
        damaged = bytearray(file.read_bytes())
        for place in range(4096, len(damaged), 97):
            damaged[place] ^= 0xFF
        file.write_bytes(damaged)
        lab.start("--inline")
        assert "damaged" in lab.daemon.wait_for_line("manifest_repaired")["why"]
        lab.come_to_rest()
        lab.wait_current(record, lab.last_record)
        assert lab.results(record) == ("2", "mean of 2")
        assert list((lab.data / ".sinagotd" / "quarantine").rglob("manifest.db*"))
        lab.daemon.stop()


def test_a_log_folder_that_cannot_be_written_costs_the_records_own_logs_only(tmp_path: Path) -> None:
    with a_lab(tmp_path) as lab:
        lab.put("LOG", "a file where the folder should be")
        lab.start("--inline")
        record = lab.new_record("two words")
        lab.wait_current(record)
        assert "LOG" in lab.daemon.lines("record_log_failed")[0]["why"]
        assert lab.read("LOG") == "a file where the folder should be"
        lab.daemon.stop()
