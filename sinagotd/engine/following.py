"""Follows the runs in flight for those who watch: each start and each line is told once, live or from the receipt."""

from dataclasses import dataclass, field

from sinagotd.core.keys import StepKey
from sinagotd.core.states import Outcome
from sinagotd.engine.flights import Ended
from sinagotd.engine.standings import Teller
from sinagotd.scripts.orders import LogLine

WITHOUT_VERDICT = (Outcome.TAINTED, Outcome.ABANDONED, Outcome.CANCELLED)


@dataclass(slots=True)
class Following:
    """Knows which runs were said to have begun and up to which line each was heard."""

    teller: Teller
    begun: set[str] = field(default_factory=set)
    _next_line: dict[str, int] = field(default_factory=dict)

    def start(self, key: StepKey, run_id: str, at: float) -> bool:
        """Tell that a worker has begun a run; False if that was told before."""
        if run_id in self.begun:
            return False
        self.begun.add(run_id)
        self.teller.tell_start(key, run_id, at)
        return True

    def line(self, key: StepKey, run_id: str, line: LogLine) -> None:
        """Tell what a script says, unless it was told before."""
        if line.seq >= self._next_line.get(run_id, 0):
            self._next_line[run_id] = line.seq + 1
            self.teller.tell_line(key, run_id, line)

    def end(self, ended: Ended, at: float) -> None:
        """Tell what was not heard live, and forget the run."""
        key, receipt = ended.claimed.key, ended.receipt
        if receipt.started_at:
            self.start(key, receipt.run_id, receipt.started_at)
        for line in receipt.lines:
            self.line(key, receipt.run_id, line)
        if receipt.outcome in WITHOUT_VERDICT:
            self.teller.tell_end(key, receipt, at, begun=receipt.run_id in self.begun)
        if receipt.outcome.blames_the_step and receipt.error is not None:
            self.teller.tracebacks[key] = receipt.error.traceback or str(receipt.error)
        self.begun.discard(receipt.run_id)
        self._next_line.pop(receipt.run_id, None)
