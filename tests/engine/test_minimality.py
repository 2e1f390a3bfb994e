"""A step runs at most once per change of what it depends on, in whatever order runs end."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_world import ModelWorld
from plain_model import RAW, SETTLE_S

TEXTS = ("ab", "cd", "ad", "cb", "a longer text")


def test_each_step_runs_at_most_once_per_change(tmp_path):
    world = ModelWorld(tmp_path)
    for path in RAW:
        world.put(path, "ab")
    world.rest()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(RAW), st.sampled_from(TEXTS), st.lists(st.integers(0, 5), min_size=6, max_size=6))
    def change(path, text, order):
        world.ran.clear()
        world.put(path, text)
        world.walk()
        world.turn()
        world.advance(SETTLE_S + 1)
        for index in order:
            world.hash_now()
            world.turn()
            if world.orders:
                world.end(world.take(index))
        world.rest()
        assert all(count == 1 for count in Counter(world.ran).values())

    try:
        change()
    finally:
        world.close()
