"""Publishing: whole files by rename, repeatable after an interruption, folders too."""

import pytest

from sinagotd.core.states import Outcome
from sinagotd.engine import staging
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt


class Staged:
    """A finished run in staging, and its receipt."""

    def __init__(self, data, **outputs):
        self.data = data
        self.folder = staging.staging_folder(data, "run")
        for name, text in outputs.items():
            path = self.folder / "out" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        digests = {f"out/{name}": digest_path(self.folder / "out" / name).hex() for name in outputs}
        self.receipt = Receipt("run", Outcome.SUCCEEDED, digests)
        (self.folder / RECEIPT_NAME).write_text(self.receipt.to_json())


def test_outputs_appear_in_folders_that_are_made_for_them(tmp_path):
    staged = Staged(tmp_path, a="1", b="2")
    folders = staging.publish(tmp_path, staged.receipt)
    staging.fsync_folders(folders)
    assert [(tmp_path / "out" / name).read_text() for name in "ab"] == ["1", "2"]
    assert folders == {tmp_path / "out", tmp_path}


def test_publishing_again_after_an_interruption_finishes_it(tmp_path):
    staged = Staged(tmp_path, a="1", b="2")
    (tmp_path / "out").mkdir()
    (staged.folder / "out/a").rename(tmp_path / "out/a")
    staging.publish(tmp_path, staged.receipt)
    assert (tmp_path / "out/b").read_text() == "2"


def test_an_output_that_is_neither_staged_nor_in_place_is_not_called_published(tmp_path):
    staged = Staged(tmp_path, a="1")
    (staged.folder / "out/a").unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("older")
    with pytest.raises(FileNotFoundError):
        staging.publish(tmp_path, staged.receipt)


def test_a_folder_takes_the_place_of_the_one_before(tmp_path):
    (tmp_path / "out/a").mkdir(parents=True)
    (tmp_path / "out/a/old").write_text("old")
    folder = staging.staging_folder(tmp_path, "run") / "out/a"
    folder.mkdir(parents=True)
    (folder / "new").write_text("new")
    staging.publish(tmp_path, Receipt("run", Outcome.SUCCEEDED, {"out/a": digest_path(folder).hex()}))
    assert [path.name for path in (tmp_path / "out/a").iterdir()] == ["new"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": 1}'])
def test_what_is_no_receipt_is_none(tmp_path, text):
    staged = Staged(tmp_path, a="1")
    assert staging.read_receipt(tmp_path, "run") == staged.receipt
    (staged.folder / RECEIPT_NAME).write_text(text)
    assert staging.read_receipt(tmp_path, "run") is None


def test_a_sweep_leaves_only_what_is_waited_for(tmp_path):
    for run_id in ("kept", "old"):
        staging.staging_folder(tmp_path, run_id).mkdir(parents=True)
    assert staging.sweep(tmp_path, {"kept"}) == 1
    assert [path.name for path in staging.staging_root(tmp_path).iterdir()] == ["kept"]


def test_there_is_nothing_to_sweep_before_the_first_run(tmp_path):
    assert staging.sweep(tmp_path, set()) == 0
