"""A step runs at most once per change of what it depends on, in whatever order runs end."""

from collections import Counter

from engine_world import CODES, DIAMOND, a_world, diamond_script
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = ("ab", "cd", "ad", "cb", "abc")


def test_each_step_runs_at_most_once_per_change(tmp_path):
    with a_world(tmp_path, toml=DIAMOND, **{name: diamond_script(name, 0) for name in CODES}) as world:
        world.put("raw/R1", "start")
        world.settle()

        @settings(max_examples=30, deadline=None)
        @given(st.sampled_from(TEXTS), st.lists(st.integers(0, 5), min_size=6, max_size=6))
        def change(text, order):
            world.ran.clear()
            world.put("raw/R1", text)
            world.walk()
            for index in order:
                world.turn()
                if world.orders:
                    world.run_one(index % len(world.orders))
            world.settle()
            assert all(count == 1 for count in Counter(world.ran).values())

        change()
