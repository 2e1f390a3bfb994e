"""The command `sinagotd`: what its commands do; each is a module of its name beside this one."""

import sys
from functools import partial
from io import TextIOWrapper
from typing import Any

import click

from sinagotd import __version__
from sinagotd.cli.faults import guarded
from sinagotd.cli.lazy import LazyGroup

COMMANDS = {
    "run": "Keep the workspaces at PATHS (or those of --config, or this folder) up to date.",
    "check": "Check settings, scripts, folders, permissions and mounts of workspaces, and the datasets of a service.",
    "doctor": "Tell what this machine allows and where the promises end.",
    "plan": "Show which steps would run now, and why.",
    "status": "Show how every step of every record stands.",
    "explain": "Explain why the steps of a record stand as they do.",
    "logs": "Show what happened, the newest last.",
    "retry": "Try failed steps again now, or with --force run any step again.",
    "accept": "Take steps for current with the outputs they have, without a run.",
    "hold": "Leave steps alone until they are released.",
    "release": "Let steps run again that were on hold.",
    "retire": "Believe that raw files are gone, however many, and retire their records.",
    "init": "Make a new workspace from a template.",
    "manifest": "Look after the manifest of a workspace.",
    "dataset": "Build datasets, keep their versions, and see what changed in them.",
    "demo": "Watch the daemon at work on a workspace made for show, which stays in FOLDER until the next demo.",
}


class Commands(LazyGroup):
    """The group of all commands; an error of any of them becomes sentences and an exit code here."""

    def invoke(self, ctx: click.Context) -> Any:
        ctx.exit(guarded(partial(super().invoke, ctx)))


@click.group(cls=Commands, does=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sinagotd")
def sinagotd() -> None:
    """Watch data folders, keep every result up to date, and say why."""


def main() -> None:
    """Run the command that the process was called with, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sinagotd(prog_name="sinagotd")
