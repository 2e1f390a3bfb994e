import gc

import pytest

from sinagotd.collecting import no_collecting


def test_the_collector_rests_until_the_outermost_block_is_left():
    with no_collecting():
        with no_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_comes_back_after_a_fault():
    with pytest.raises(OSError, match="full"), no_collecting():
        raise OSError("full")
    assert gc.isenabled()
