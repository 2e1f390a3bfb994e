"""Asks a step host what scripts declare, for those whose syntax tree does not say."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sinagotd.engine.loading import Ask
from sinagotd.scripts.declared import Declaration
from sinagotd.scripts.hosts import Host


@contextmanager
def step_host_asked(scripts_path: Path) -> Iterator[Ask]:
    """A step host of this process's own, started when first needed and ended afterwards."""
    with ExitStack() as stack:
        hosts: list[Host] = []

        def ask(script: str) -> Declaration:
            if not hosts:
                from sinagotd.scripts.step_host import StepHost  # noqa: PLC0415 - most workspaces never need one

                hosts.append(StepHost())
                stack.callback(hosts[0].close)
            return hosts[0].declare(script, scripts_path)

        yield ask
