import importlib
import sys
from types import ModuleType

import pytest

import sinagotd
from sinagotd.scripts.sinagot_names import SinagotNames
from sinagotd.scripts.template import ScriptTemplate


def test_the_names_are_ours_within_the_block_and_gone_afterwards() -> None:
    with SinagotNames().installed():
        sinagot = importlib.import_module("sinagot")
        assert sinagot.ScriptTemplate is ScriptTemplate
        assert sinagot.__version__ == sinagotd.__version__
        assert importlib.import_module("sinagot.script").ScriptTemplate is ScriptTemplate
        assert sinagot.script is sys.modules["sinagot.script"]
    assert not [name for name in sys.modules if name.split(".")[0] == "sinagot"]


def test_a_real_sinagot_stands_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    real, plugin = ModuleType("sinagot"), ModuleType("sinagot.plugin")
    monkeypatch.setitem(sys.modules, "sinagot", real)
    monkeypatch.setitem(sys.modules, "sinagot.plugin", plugin)
    with SinagotNames().installed():
        assert "sinagot.plugin" not in sys.modules
    assert sys.modules["sinagot"] is real
    assert sys.modules["sinagot.plugin"] is plugin
    assert "sinagot.script" not in sys.modules


def test_the_table_can_be_extended_and_what_it_lacks_is_missed_clearly() -> None:
    names = SinagotNames({"sinagot": {}, "sinagot.models": {"Record": "builtins:int"}})
    with names.installed():
        assert importlib.import_module("sinagot.models").Record is int
        with pytest.raises(ModuleNotFoundError, match=r"sinagot\.plugins"):
            importlib.import_module("sinagot.plugins")
