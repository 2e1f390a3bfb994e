"""Which orders are unanswered, so that each is answered exactly once, whatever dies and whoever asks."""

import threading

from sinagotd.errors import RunnerError
from sinagotd.runner.protocol import Post, RunEnded, RunLost, RunSaid, RunStarted


class Ledger:
    """Stands between the cluster and the engine; may be used from any thread."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._unanswered: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._unanswered)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._unanswered

    def add(self, run_id: str) -> None:
        """Take an order in; raises RunnerError when it was submitted before and is not answered yet."""
        with self._lock:
            if run_id in self._unanswered:
                raise RunnerError(f"run {run_id} was submitted twice: every attempt needs an id of its own")
            self._unanswered[run_id] = False

    def tell(self, event: RunStarted | RunSaid) -> None:
        """Pass on what happens during a run, unless its answer was given already."""
        with self._lock:
            if event.run_id not in self._unanswered:
                return
            self._unanswered[event.run_id] = True
        self._post(event)

    def answer(self, event: RunEnded | RunLost) -> None:
        """Pass on the answer, if it is the first."""
        with self._lock:
            if event.run_id not in self._unanswered:
                return
            del self._unanswered[event.run_id]
        self._post(event)

    def withdraw(self, run_id: str) -> bool:
        """Answer an order of which no worker has told yet; tells whether it was one."""
        if self._unanswered.get(run_id, True):
            return False
        self.answer(RunLost(run_id, "it was cancelled before it began"))
        return True

    def lose_all(self, why: str) -> None:
        """Answer whatever is still open."""
        for run_id in list(self._unanswered):
            self.answer(RunLost(run_id, why))
