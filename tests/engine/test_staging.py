"""Publishing: whole files by rename, repeatable after an interruption, folders too."""

import contextlib
from pathlib import Path

import pytest

from sinagotd.core.states import Outcome
from sinagotd.engine import staging
from sinagotd.scripts.content import digest_path
from sinagotd.scripts.orders import RECEIPT_NAME, Receipt


class Staged:
    """A finished run in staging, and its receipt."""

    def __init__(self, data, **outputs):
        self.data = data
        self.folder = Path(staging.staging_folder(data, "run"))
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
    assert folders == {str(tmp_path / "out"), str(tmp_path)}


def test_publishing_again_after_an_interruption_finishes_it(tmp_path):
    staged = Staged(tmp_path, a="1", b="2")
    (tmp_path / "out").mkdir()
    (staged.folder / "out/a").rename(tmp_path / "out/a")
    folders = staging.publish(tmp_path, staged.receipt)
    assert (tmp_path / "out/b").read_text() == "2"
    assert folders == {str(tmp_path / "out"), str(tmp_path)}  # nobody knows whether the name of `out` is on the disk


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
    folder = Path(staging.staging_folder(tmp_path, "run"), "out/a")
    folder.mkdir(parents=True)
    (folder / "new").write_text("new")
    staging.publish(tmp_path, Receipt("run", Outcome.SUCCEEDED, {"out/a": digest_path(folder).hex()}))
    assert [path.name for path in (tmp_path / "out/a").iterdir()] == ["new"]


class FolderStaged:
    """A finished run whose output is a folder, and the one before it, in place."""

    def __init__(self, data):
        self.data, self.final = data, data / "out/a"
        for place, name in ((self.final, "old"), (Path(staging.staging_folder(data, "run"), "out/a"), "new")):
            place.mkdir(parents=True)
            (place / name).write_text(name)
        self.staged = place
        self.receipt = Receipt("run", Outcome.SUCCEEDED, {"out/a": digest_path(place).hex()})

    def names(self):
        return [path.name for path in self.final.iterdir()]


def test_publishing_a_folder_twice_does_not_bring_the_old_one_back(tmp_path):
    world = FolderStaged(tmp_path)
    staging.publish(tmp_path, world.receipt)
    staging.publish(tmp_path, world.receipt)
    assert world.names() == ["new"]
    assert staging.publishing_began(tmp_path, world.receipt)


@pytest.mark.parametrize("can_swap", [True, False])
@pytest.mark.parametrize("after", range(1, 4))
def test_wherever_publishing_a_folder_is_interrupted_it_can_be_finished(tmp_path, monkeypatch, after, can_swap):
    world, left = FolderStaged(tmp_path), [after]

    def counted(act):
        def step(*args):
            left[0] -= 1
            if not left[0]:
                raise InterruptedError
            return act(*args)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(staging, "exchange", counted(staging.exchange) if can_swap else lambda *_: False)
        patch.setattr(staging.Path, "rename", counted(staging.Path.rename))
        with contextlib.suppress(InterruptedError):
            staging.publish(tmp_path, world.receipt)
            left[0] = 0
    if can_swap:
        assert world.names() in (["old"], ["new"])
    staging.publish(tmp_path, world.receipt)
    assert world.names() == ["new"]


@pytest.mark.parametrize("before", ["a file", "a link", "a link that leads nowhere"])
def test_a_folder_takes_the_place_of_a_file_or_a_link(tmp_path, before):
    world = FolderStaged(tmp_path)
    world.final.rename(tmp_path / "aside")
    if before == "a file":
        world.final.write_text("x")
    else:
        world.final.symlink_to("nowhere" if "nowhere" in before else tmp_path / "aside")
    staging.publish(tmp_path, world.receipt)
    assert world.names() == ["new"]
    assert (tmp_path / "aside/old").exists()


def test_nothing_is_made_where_the_data_folder_was(tmp_path):
    world = FolderStaged(tmp_path / "dataset")
    (tmp_path / "dataset").rename(tmp_path / "away")
    staging.require(tmp_path / "away")
    with pytest.raises(OSError, match="the data folder is not there"):
        staging.require(tmp_path / "dataset")
    with pytest.raises(FileNotFoundError):
        staging.publish(tmp_path / "dataset", world.receipt)
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": 1}'])
def test_what_is_no_receipt_is_none(tmp_path, text):
    staged = Staged(tmp_path, a="1")
    assert staging.read_receipt(tmp_path, "run") == staged.receipt
    (staged.folder / RECEIPT_NAME).write_text(text)
    assert staging.read_receipt(tmp_path, "run") is None


def test_a_sweep_leaves_only_what_is_waited_for(tmp_path):
    for run_id in ("kept", "old"):
        Path(staging.staging_folder(tmp_path, run_id)).mkdir(parents=True)
    assert staging.sweep(tmp_path, {"kept"}) == 1
    assert [path.name for path in staging.staging_root(tmp_path).iterdir()] == ["kept"]


def test_there_is_nothing_to_sweep_before_the_first_run(tmp_path):
    assert staging.sweep(tmp_path, set()) == 0
