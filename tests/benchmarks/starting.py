"""What it takes before anything runs: imports and start, and a warm step host on top of the function it runs."""

import sys
from collections.abc import Iterator
from pathlib import Path

from sinagotd.scripts.attempt import attempt
from sinagotd.scripts.hosts import Host
from sinagotd.scripts.orders import RunOrder
from sinagotd.scripts.step_host import StepHost
from tests.benchmarks.bench import Bench
from tests.benchmarks.direct import copy
from tests.benchmarks.measuring import Measured, Target, Times, Work, alternating_ms, time_of
from tests.benchmarks.ordering import orders
from tests.benchmarks.processes import call, cpu_s, family
from tests.benchmarks.tree import SINGLE, make_workspace, record_id

BARE, IMPORT, VERSION = "python -c pass", "python -c 'import sinagotd'", "sinagotd --version"
FUNCTION, CALL, ATTEMPT = "the function itself", "one warm call of a step host", "one whole attempt"
CALLS = 100

IMPORTING = Target(must=200)
ON_TOP = Target(must=3, aim=1)


def importing(bench: Bench) -> Iterator[Measured]:
    """Whole processes, one after the other; the difference is taken round by round."""
    words = {BARE: ["-c", "pass"], IMPORT: ["-c", "import sinagotd"], VERSION: ["-m", "sinagotd", "--version"]}
    works: dict[str, Work] = {name: _python(*some) for name, some in words.items()}
    times = alternating_ms(works, bench.rounds)
    for name, values in times.items():
        yield time_of(name, values)
    yield time_of("import sinagotd, over the bare interpreter", _over(times[IMPORT], times[BARE]), target=IMPORTING)


def hosting(bench: Bench) -> Iterator[Measured]:
    """A script that copies a line, in a host of its own; the same function, called here, is taken off."""
    workspace = make_workspace(bench.fresh("hosted"), SINGLE)
    (workspace / "dataset" / "raw" / f"{record_id(0)}.txt").write_text("words\n")
    with StepHost() as host:
        times = alternating_ms(_works(workspace, host), bench.rounds, cpu_s=lambda: cpu_s(family()))
    each = {name: values.scaled(1 / CALLS) for name, values in times.items()}
    for name, values in each.items():
        yield time_of(name, values, note=f"; mean of {CALLS} in each round")
    yield time_of(f"{CALL}, on top of the function", _over(each[CALL], each[FUNCTION]), target=ON_TOP)
    over = _over(each[ATTEMPT], each[FUNCTION])
    yield time_of(f"{ATTEMPT}, on top of the function", over, note="; outputs and receipt on the disk, with fsync")


def _works(workspace: Path, host: Host) -> dict[str, Work]:
    source, target = (str(workspace / "dataset" / part) for part in (f"raw/{record_id(0)}.txt", "computed/copy.txt"))
    order_for = orders(workspace)

    def once(order: RunOrder) -> None:
        Path(order.staging).mkdir()
        reply = host.call(order, on_line=lambda _: None)
        assert reply.error is None, reply.error

    def whole(order: RunOrder) -> None:
        receipt = attempt(order, host, on_started=lambda _pid, _at: None, on_line=lambda _: None)
        assert receipt.error is None, receipt.error

    def functions() -> None:
        for _ in range(CALLS):
            copy(source, target)

    def calls() -> None:
        for _ in range(CALLS):
            once(order_for(record_id(0)))

    def attempts() -> None:
        for _ in range(CALLS):
            whole(order_for(record_id(0)))

    return {FUNCTION: functions, CALL: calls, ATTEMPT: attempts}


def _over(whole: Times, part: Times) -> Times:
    """The difference, round by round."""
    wall, cpu = (
        [one - other for one, other in zip(more, less, strict=True)] for more, less in zip(whole, part, strict=True)
    )
    return Times(wall, cpu)


def _python(*words: str) -> Work:
    return lambda: call([sys.executable, *words])
