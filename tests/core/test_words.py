"""Keys, states and reasons: the words that people see."""

import pytest

from sinagotd.core.keys import StepKey, step_name
from sinagotd.core.reasons import Reason
from sinagotd.core.states import Outcome, State


@pytest.mark.parametrize("text", ["REC-1/count", "REC-1/HDC/behavior/scores"])
def test_a_step_key_is_read_from_its_text(text):
    assert str(StepKey.parse(text)) == text


@pytest.mark.parametrize("text", ["", "REC-1", "REC-1/", "/count"])
def test_a_text_without_a_step_is_no_step_key(text):
    with pytest.raises(ValueError, match="RECORD/STEP"):
        StepKey.parse(text)


def test_a_step_is_named_by_its_unit_and_label():
    assert step_name("count") == "count"
    assert step_name("scores", "HDC", "behavior") == "HDC/behavior/scores"


def test_every_state_has_a_code_of_sinagots():
    assert {state.code for state in State} == {0, 10, 20, 30, 40}


def test_only_the_scripts_own_faults_are_charged_to_it():
    assert {outcome for outcome in Outcome if outcome.blames_the_step} == {Outcome.FAILED, Outcome.TIMED_OUT}


def test_no_two_reasons_read_alike():
    assert len({reason.value for reason in Reason}) == len(Reason)
