import grp
import os
import pwd

import pytest

from sinagotd.settings import ownership
from sinagotd.settings.ownership import Trust, writable_by_others

STRANGER = 54321


@pytest.fixture
def shared_group(monkeypatch):
    """The primary group of whoever runs the tests has other members."""
    monkeypatch.setattr(ownership, "_private_groups", lambda _uid: frozenset())


@pytest.fixture
def script(tmp_path):
    """A file that only its owner may write, three folders below one that is ours."""
    folder = tmp_path / "lab" / "scripts"
    folder.mkdir(parents=True, mode=0o755)
    (tmp_path / "lab").chmod(0o755)
    file = folder / "count.py"
    file.touch()
    file.chmod(0o644)
    return file


def test_what_only_the_owner_may_write_is_fine(script):
    assert writable_by_others(script) is None
    assert writable_by_others(script.parent) is None


def test_a_file_that_everybody_may_write_is_refused_with_the_command_that_mends_it(script):
    script.chmod(0o666)
    assert writable_by_others(script) == f'{script}: everybody may write it: run "chmod go-w {script}"'


@pytest.mark.usefixtures("shared_group")
def test_a_file_that_its_group_may_write_is_refused(script):
    script.chmod(0o664)
    assert writable_by_others(script).endswith(f'may write it: run "chmod g-w {script}"')


@pytest.mark.usefixtures("shared_group")
@pytest.mark.parametrize("mode", [0o775, 0o777, 0o757])
def test_a_folder_above_that_others_may_write_is_refused(script, mode):
    lab = script.parent.parent
    lab.chmod(mode)
    sentence = writable_by_others(script)
    assert sentence.startswith(f"{lab}: ")
    assert "chmod" in sentence


def test_the_command_that_is_named_mends_it(script):
    script.parent.chmod(0o777)
    command = writable_by_others(script).split('"')[1]
    os.system(command)
    assert writable_by_others(script) is None


def test_a_sticky_folder_as_tmp_is_fine(script):
    script.parent.parent.chmod(0o1777)
    assert writable_by_others(script) is None


def test_a_sticky_bit_on_the_file_itself_helps_nothing(script):
    script.chmod(0o1666)
    assert "everybody may write it" in writable_by_others(script)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_or_folder_of_a_stranger_is_refused(script):
    os.chown(script.parent, STRANGER, -1)
    assert f"{script.parent}: belongs to {STRANGER}, who could change it" in writable_by_others(script)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_our_own_files_and_those_of_root_are_fine(script):
    os.chown(script, STRANGER, -1)
    assert writable_by_others(script, own_uid=STRANGER) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root's files are fine for everybody")
def test_our_files_are_those_of_a_stranger_to_another_user(script):
    assert "who could change it" in writable_by_others(script, own_uid=STRANGER)


def test_a_link_is_as_safe_as_where_it_leads(script, tmp_path):
    link = tmp_path / "link.py"
    link.symlink_to(script)
    assert writable_by_others(link) is None
    script.chmod(0o666)
    assert writable_by_others(link).startswith(f"{script}: ")


def test_a_link_is_as_safe_as_the_folders_of_the_links_on_the_way(script, tmp_path):
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    (open_folder / "second").symlink_to(script)
    (tmp_path / "first").symlink_to("open/second")
    open_folder.chmod(0o777)
    assert writable_by_others(tmp_path / "first").startswith(f"{open_folder}: ")


@pytest.mark.parametrize("target", ["loop", "../{name}/loop", "missing"])
def test_a_path_that_leads_nowhere_is_a_sentence(tmp_path, target):
    (tmp_path / "loop").symlink_to(target.format(name=tmp_path.name))
    assert "cannot tell who may write it" in writable_by_others(tmp_path / "loop")


def test_a_group_that_is_one_users_alone_is_as_that_user(script, monkeypatch):
    group = grp.struct_group(("alice", "x", script.stat().st_gid, []))
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: group)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: pwd.struct_passwd(("alice", "x", uid, group.gr_gid, "", "/", "")))
    script.chmod(0o664)
    assert writable_by_others(script) is None


@pytest.mark.usefixtures("shared_group")
def test_whoever_is_trusted_may_write(script):
    script.chmod(0o664)
    assert writable_by_others(script, Trust(gids=frozenset({script.stat().st_gid}))) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_trusted_user_may_own_scripts(script):
    os.chown(script, STRANGER, -1)
    assert writable_by_others(script, Trust(uids=frozenset({STRANGER}))) is None


def test_a_name_that_nobody_has_cannot_be_trusted():
    with pytest.raises(ValueError, match="there is no group 'no-such-group'"):
        Trust.named((), ["no-such-group"])
