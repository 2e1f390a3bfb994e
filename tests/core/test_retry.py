from hypothesis import given
from hypothesis import strategies as st

from sinagotd.core.retry import RetryRule, retry_at, retry_in_vain_at

RULE = RetryRule(attempts=5, first_pause_s=10, longest_pause_s=60)


def test_each_pause_is_twice_the_last_up_to_the_longest():
    assert [retry_at(RULE, attempts, now=0, jitter=0) for attempts in (1, 2, 3, 4)] == [10, 20, 40, 60]


def test_the_last_attempt_is_the_last():
    assert retry_at(RULE, 5, now=0, jitter=0) is None


def test_after_runs_in_vain_the_pauses_come_one_later_and_never_end():
    pauses = [retry_in_vain_at(RULE, times, now=0, jitter=0) for times in (1, 2, 3, 4, 5, 5_000)]
    assert pauses == [0, 10, 20, 40, 60, 60]
    assert retry_in_vain_at(RULE, 2, now=0, jitter=0.5) == 11.25


def test_what_is_never_given_up_pauses_even_where_failures_do_not():
    assert retry_in_vain_at(RetryRule(first_pause_s=0), 2, now=0, jitter=0) == 1
    assert retry_at(RetryRule(attempts=5_000, first_pause_s=0), 4_000, now=0, jitter=0) == 0


@given(st.integers(1, 4), st.floats(0, 1, exclude_max=True))
def test_jitter_lengthens_a_pause_by_up_to_a_quarter(attempts, jitter):
    plain = retry_at(RULE, attempts, now=0, jitter=0)
    assert plain <= retry_at(RULE, attempts, now=0, jitter=jitter) <= plain * 1.25
