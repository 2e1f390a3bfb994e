"""Runs the steps that a scientist asks for, in this process, on all its cores, on Dask, or through the daemon."""

from sinagotd.workspace.running.asked import RunOptions
from sinagotd.workspace.running.result import RunFailedError, RunResult, StepRun
from sinagotd.workspace.running.run import run_steps

__all__ = ["RunFailedError", "RunOptions", "RunResult", "StepRun", "run_steps"]
