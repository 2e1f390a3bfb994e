"""When a step is tried again that failed or ran in vain: exponential pauses with jitter, up to a limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often and how soon; times in seconds."""

    attempts: int = 3
    first_pause_s: float = 10.0
    longest_pause_s: float = 3600.0


SHORTEST_PAUSE_IN_VAIN_S = 1.0
"""A rule may ask for no pause at all; what is never given up must not be tried without one."""

_MOST_DOUBLINGS = 60


def retry_at(rule: RetryRule, attempts: int, *, now: float, jitter: float) -> float | None:
    """The time of the next try after `attempts` failed ones, None to give up.

    The nth pause is first_pause_s · 2ⁿ⁻¹, at most longest_pause_s, stretched by up to a quarter: `jitter` in [0, 1).
    """
    if attempts >= rule.attempts:
        return None
    return now + _pause_s(rule, attempts) * (1 + jitter / 4)


def retry_in_vain_at(rule: RetryRule, times: int, *, now: float, jitter: float) -> float:
    """The time of the next try after `times` runs in a row came to nothing: at once after the first, and never given up.

    After the others the pauses are those of `retry_at`, and not shorter than SHORTEST_PAUSE_IN_VAIN_S.
    """
    if times == 1:
        return now
    return now + max(_pause_s(rule, times - 1), SHORTEST_PAUSE_IN_VAIN_S) * (1 + jitter / 4)


def _pause_s(rule: RetryRule, number: int) -> float:
    return min(rule.first_pause_s * 2.0 ** min(number - 1, _MOST_DOUBLINGS), rule.longest_pause_s)
