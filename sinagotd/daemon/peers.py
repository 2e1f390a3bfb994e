"""Who is at the other end of a Unix socket, and whether they may ask. The kernel says it; nothing of it can be forged."""

import os
import socket
import struct

from sinagotd.errors import WorkspaceError

PEER_GROUPS = 59  # SO_PEERGROUPS of Linux's asm-generic/socket.h, for which Python has no name
MOST_BYTES = 1024  # what Python's getsockopt takes: 256 groups


def check_peer(connection: socket.socket, group_id: int) -> None:
    """Raise WorkspaceError unless the peer is root, of our own user or of this group.

    A socket's mode says the same already; this holds also where somebody gave it or its folder another mode.
    """
    size = struct.calcsize("i2I")
    _, uid, first_group = struct.unpack("i2I", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    if uid in (0, os.geteuid()) or group_id in (first_group, *_further_groups(connection)):
        return
    raise WorkspaceError(f"user {uid} may not ask this daemon: it must be of its group")


def _further_groups(connection: socket.socket) -> tuple[int, ...]:
    """Most people are of a lab's group only in the second place."""
    try:
        groups = connection.getsockopt(socket.SOL_SOCKET, PEER_GROUPS, MOST_BYTES)
    except OSError:  # an old kernel, or a user of more groups than that
        return ()
    return struct.unpack(f"{len(groups) // 4}I", groups)
