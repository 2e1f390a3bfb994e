"""One call of `run()` at work in this process: what is meant is asked for, driven to its end, and told."""

from collections.abc import Collection
from queue import SimpleQueue

from sinagotd.core.keys import StepKey
from sinagotd.core.states import State
from sinagotd.engine.engine import Engine
from sinagotd.engine.finding import compare
from sinagotd.engine.requests import perform
from sinagotd.manifest.rows import Standing
from sinagotd.scan.names import IgnoredNames
from sinagotd.scan.walk import walk
from sinagotd.scripts.orders import Receipt
from sinagotd.workspace.finding import checked_id, has_input
from sinagotd.workspace.opened import Opened, Wanted
from sinagotd.workspace.running.asked import RunOptions, asked_specs
from sinagotd.workspace.running.driving import Drive, Ends, Errand
from sinagotd.workspace.running.looking import all_said, missing_inputs
from sinagotd.workspace.running.outcomes import Steps, lines_of_the_others, outcomes, why_no_records
from sinagotd.workspace.running.progress import bar
from sinagotd.workspace.running.result import RunResult
from sinagotd.workspace.running.runners import make_runner
from sinagotd.workspace.running.speaking import Speaker, SpokenLog
from sinagotd.workspace.running.working import News, Terms, engine_on

FAILED = (State.FAILED, State.QUARANTINED)


class Call:
    """The lock of the workspace is held by whoever makes it; `run` is called once."""

    def __init__(self, opened: Opened, wanted: Wanted, options: RunOptions) -> None:
        self._opened = opened
        self._wanted = wanted
        self._options = options
        self._errand = Errand()
        self._news: News = SimpleQueue()
        self._faults: list[BaseException] = []
        log = opened.settings.log
        self._speaker = Speaker(log.name, "DEBUG" if options.debug else log.level)
        self._missing_of = missing_inputs(opened.pipeline, opened.settings.data_path)
        self._log = SpokenLog(opened.settings.data_path, self._speaker, self._missing_of, options.version)

    def run(self, place: str) -> RunResult:
        options = self._options
        on_fault = self._faults.append if options.debug else None
        runner = make_runner(place, self._opened.settings.dask.cluster, self._news.put, on_fault)
        terms = Terms(
            runner=runner, news=self._news, wants=self._errand.wants, log=self._log,
            debug=options.debug, ignores_missing=options.ignore_missing,
        )  # fmt: skip
        with engine_on(self._opened, terms) as engine:
            engine.following = Ends(engine.following, self._end)
            steps = Steps(self._records(engine), asked_specs(engine.pipeline, self._wanted))
            self._errand.open.update(steps)
            requested = self._request(engine, steps)
            drive = Drive(engine, runner, self._news, self._errand, check=self._raise_fault)
            try:
                with bar(False if options.debug else options.progress) as show:  # a debugger wants the terminal
                    stopped = drive.until_done(show)
            finally:
                drive.leave()
                _withdraw(engine, requested & self._errand.open)
            return self._result(engine, steps, stopped)

    def _records(self, engine: Engine) -> list[str]:
        """The records that are meant. The engine is told of them, and leaves the others alone."""
        if self._wanted.records is None:
            return _all_records(engine)
        named = [checked_id(self._opened, record) for record in dict.fromkeys(self._wanted.records)]
        engine.meet([name for name in named if self._options.ignore_missing or has_input(self._opened, name)])
        engine.mark(engine.records.intersection(named))
        engine.leave_out(engine.records.difference(named))
        return named

    def _request(self, engine: Engine, steps: Steps) -> set[StepKey]:
        """Ask for what would be left alone: with `force` for everything, else for what has failed."""
        names = [spec.step for spec in steps.specs]
        records: Collection[str] = engine.records.intersection(steps.records)
        if not self._options.force:
            failed = engine.manifest.read.standings(states=FAILED)
            records = {key.record for key in failed if key in self._errand.open}.intersection(records)
        if not (records and names):
            return set()
        asked = {"records": sorted(records), "steps": names, "force": self._options.force}
        return {StepKey.parse(step) for step in perform(engine, "retry", asked)["steps"]}

    def _end(self, key: StepKey, receipt: Receipt) -> None:
        self._errand.end(key, receipt)
        self._speaker.repeat(receipt)
        if receipt.error is not None:
            self._log.errors[key] = str(receipt.error)

    def _raise_fault(self) -> None:
        """With `debug`, raise what a script raised: a debugger then stands at its line."""
        for fault in self._faults:
            if isinstance(fault, Exception):
                raise fault

    def _result(self, engine: Engine, steps: Steps, stopped: str) -> RunResult:
        ran, standings = self._errand.ended, _standings(engine, steps)
        self._speaker.say(lines_of_the_others(steps, ran, standings, self._missing_of))
        return RunResult(tuple(outcomes(steps, ran, standings)), stopped or why_no_records(steps))


def _all_records(engine: Engine) -> list[str]:
    """Walk the data folder: every record that is there."""
    settings = engine.settings
    seen = walk(settings.data_path, engine.pipeline.reach(), ignored=IgnoredNames(settings.watch.ignore))
    found = compare(seen, engine.manifest.read.stamps(), engine.pipeline)
    engine.meet(found.records)
    engine.see(sorted(found.changed, reverse=True))  # the last one marked comes first
    return sorted(found.records)


def _withdraw(engine: Engine, keys: Collection[StepKey]) -> None:
    """What was asked for in this call and did not come to run is not asked for in the next."""
    with engine.manifest.transaction():
        for key in keys:
            engine.manifest.withdraw(key)


def _standings(engine: Engine, steps: Steps) -> dict[StepKey, Standing]:
    named = steps.records if len(steps.records) < len(engine.records) else None
    return all_said(steps, engine.manifest.read.standings(named), engine.looker)
