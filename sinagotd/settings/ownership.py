"""Says whether somebody else could change a file that decides what runs here, as sshd's StrictModes. Changes nothing."""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Self

from sinagotd.errors import ConfigError

_WRITABLE_BY_ALL = stat.S_IWOTH
_WRITABLE_BY_GROUP = stat.S_IWGRP
_ROOT_UID = 0


class Trust(NamedTuple):
    """Who else may write what decides what runs here, besides root and this user: numeric ids."""

    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()

    @classmethod
    def named(cls, users: Iterable[str], groups: Iterable[str]) -> Self:
        """Raises ValueError, a sentence, for a name that this machine does not know."""
        return cls(
            frozenset(_id_of(name, "user", lambda name: pwd.getpwnam(name).pw_uid) for name in users),
            frozenset(_id_of(name, "group", lambda name: grp.getgrnam(name).gr_gid) for name in groups),
        )


NOBODY_ELSE = Trust()


def writable_by_others(path: Path, trust: Trust = NOBODY_ELSE, *, own_uid: int | None = None) -> str | None:
    """A sentence with the command that mends it, if someone who is not trusted could write `path`; else None.

    Trusted are root, this user, the group that is this user's alone, and whoever `trust` names.

    Looked at: the file or folder itself, every folder above it, and every symbolic link on the way with the
    folders above that. Writable folders with the sticky bit (`/tmp`) are fine. A path that cannot be looked at
    is a sentence too. `own_uid` is the uid to trust beside root, by default the effective one.
    """
    own_uid = os.geteuid() if own_uid is None else own_uid
    try:
        path.resolve(strict=True)
        found = ((place, place.lstat()) for place in _everything_on_the_way(path.absolute()))
        whom = Trust(trust.uids | {_ROOT_UID, own_uid}, trust.gids | _private_groups(own_uid))
        return next((fault for place, status in found if (fault := _fault(place, status, own_uid, whom))), None)
    except (OSError, RuntimeError) as fault:  # RuntimeError: links that go round in a circle
        reason = fault.strerror if isinstance(fault, OSError) else "its links go round in a circle"
        return f"{path}: cannot tell who may write it: {reason}"


def refuse_untrusted(places: Iterable[Path], trust: Trust) -> None:
    """Raise ConfigError with a sentence for each of these files and folders that somebody else could write."""
    faults = [fault for place in places if (fault := writable_by_others(place, trust))]
    if faults:
        raise ConfigError(*faults, "or name those users and groups under [trust] in sinagotd.toml")


def _everything_on_the_way(path: Path) -> list[Path]:
    found: dict[Path, None] = {}
    pending = [path]
    while pending:
        path = pending.pop()
        for place in (path, *path.parents):
            if place in found:
                continue
            found[place] = None
            if place.is_symlink():
                pending.append(place.parent / place.readlink())
    return list(found)


def _fault(place: Path, status: os.stat_result, own_uid: int, trust: Trust) -> str | None:
    quoted = shlex.quote(str(place))
    if status.st_uid not in trust.uids:
        owner, trusted = _user_name(status.st_uid), _user_name(own_uid)
        return f'{place}: belongs to {owner}, who could change it: run "chown -h {trusted} {quoted}"'
    if stat.S_ISLNK(status.st_mode) or (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return None
    if status.st_mode & _WRITABLE_BY_ALL:
        return f'{place}: everybody may write it: run "chmod go-w {quoted}"'
    if status.st_mode & _WRITABLE_BY_GROUP and status.st_gid not in trust.gids:
        return f'{place}: the group {_group_name(status.st_gid)} may write it: run "chmod g-w {quoted}"'
    return None


def _private_groups(uid: int) -> frozenset[int]:
    """The group that Debian and others make for one user: of the same name, with no other member."""
    try:
        user = pwd.getpwuid(uid)
        group = grp.getgrgid(user.pw_gid)
    except KeyError:
        return frozenset()
    alone = group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
    return frozenset({group.gr_gid}) if alone else frozenset()


def _id_of(name: str, kind: str, look_up: Callable[[str], int]) -> int:
    try:
        return look_up(name)
    except KeyError as fault:
        raise ValueError(f"there is no {kind} {name!r} on this machine") from fault


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
