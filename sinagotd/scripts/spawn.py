"""Starts the process of a step host, and gives our ends of its pipes. It says nothing to it."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_START = """
import sys
root = sys.argv.pop(1)
sys.path.insert(0, root)
from sinagotd.scripts.host import main
sys.path.remove(root)
sys.path.append(root)
main()
"""
"""Starts this very package, installed or not, without letting its folder hide anything from scripts."""


class Pipes(NamedTuple):
    """Our ends: one to write to, three to read from."""

    requests: int
    replies: int
    stdout: int
    stderr: int


def spawn(environ: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Pipes]:
    """Start a guard with a host in it, in a session of its own. Raises OSError when there can be no process."""
    requests, asking = os.pipe()
    replies, replying = os.pipe()
    stdout, printing = os.pipe()
    stderr, complaining = os.pipe()
    pipes = Pipes(asking, replies, stdout, stderr)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(_our_root()), str(requests), str(replying)],
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=complaining,
            pass_fds=(requests, replying),
            start_new_session=True,
            env=environ,
        )
    except OSError:
        _close(pipes)
        raise
    finally:
        _close((requests, replying, printing, complaining))
    return process, pipes


def _our_root() -> Path:
    return Path(__file__).parents[2]


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
