"""When a failed step is tried again: exponential pauses with jitter, up to a limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how soon; times in seconds."""

    attempts: int = 3
    first_pause_s: float = 10.0
    longest_pause_s: float = 3600.0


def retry_at(rule: RetryRule, attempts: int, *, now: float, jitter: float) -> float | None:
    """The time of the next try after `attempts` failed ones, None to give up.

    The nth pause is first_pause_s · 2ⁿ⁻¹, at most longest_pause_s, stretched by up to a quarter: `jitter` in [0, 1).
    """
    if attempts >= rule.attempts:
        return None
    pause = min(rule.first_pause_s * 2.0 ** (attempts - 1), rule.longest_pause_s)
    return now + pause * (1 + jitter / 4)
