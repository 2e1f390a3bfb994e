import warnings
from pathlib import Path

import pytest
from script_lab import Lab
from xxhash import xxh3_128_hexdigest

from sinagotd.errors import ScriptError
from sinagotd.scripts.canonical import canonical, parse
from sinagotd.scripts.code import read_code

SCRIPT = '''
"""What it does."""
import helper

class Script:
    """A class."""
    def run(self):
        """A method."""
        return helper.twice(3) + 0x10
'''


def digest(lab: Lab, text: str, name: str = "step.py") -> bytes:
    lab.write(name, text)
    return read_code(lab.scripts, name).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What it does", "What it did"),
        ('"""A class."""', "# a comment"),
        ('"""A method."""\n', "\n\n"),
        ("import helper", "import helper  # twice"),
        ("helper.twice(3) + 0x10", "(helper.twice( 3 )\n          +  16)"),
        ('"""A method."""', "'A method'"),
    ],
)
def test_comments_layout_and_docstrings_do_not_count(lab: Lab, old: str, new: str) -> None:
    assert old in SCRIPT
    assert digest(lab, SCRIPT) == digest(lab, SCRIPT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("twice(3)", "twice(4)"),
        ("twice(3)", "twice(3.0)"),
        ("twice(3)", "twice('3')"),
        ("twice(3)", "twice(*3)"),
        ("0x10", "None"),
        ("+", "-"),
        ("def run", "async def run"),
        ("run(self)", "run(self, *, a)"),
        ("return helper", "x = helper"),
    ],
)
def test_whatever_means_something_else_counts(lab: Lab, old: str, new: str) -> None:
    assert digest(lab, SCRIPT) != digest(lab, SCRIPT.replace(old, new))


EVERYTHING = """
from __future__ import annotations
import a.b as c, d
@decorated(1, *x, k=2, **y)
class C(B, metaclass=M):
    x: int = 1
    def f(self, a, /, b: str = 'é', *c, d, e=None, **g) -> None:
        global h
        try:
            with open(a) as b, c: pass
        except* (E, F) as e: raise E from None
        finally: del a[1:2, ::3], b.c
        return [i async for i in x if i if not i], {*a, 1}, {1: 2, **c}, (yield from d)
    async def g(self): await f(f'{a!r:>{w}} {b=} c', b'\\xff', 1j, 1.5, ..., True, -1 ** 2 if a < b <= c else lambda *, q: q)
match x:
    case [1, *_, None] | {"a": 1, **rest} | C(1, x=2) as y if y: pass
    case _: (z := 1)
while a: break
else: a @= b
"""


def test_the_digest_is_the_same_on_every_python() -> None:
    assert xxh3_128_hexdigest(canonical(parse(EVERYTHING.encode(), "x"))) == "f20768d00a03ffdff2ecddb4e467dfd4"


def test_the_time_of_a_script_and_the_place_of_its_folder_do_not_count(lab: Lab, tmp_path: Path) -> None:
    lab.write("helper.py", "def twice(x): return 2 * x")
    before = digest(lab, SCRIPT)
    lab.scripts.rename(tmp_path / "moved")
    assert read_code(tmp_path / "moved", "step.py").digest == before


@pytest.mark.parametrize(
    ("statement", "helper"),
    [
        ("import helper", "helper.py"),
        ("from helper import f", "helper.py"),
        ("import lib.helper", "lib/helper.py"),
        ("from lib.helper import f", "lib/helper.py"),
        ("from lib import helper", "lib/helper.py"),
        ("from lib import f", "lib/__init__.py"),
        ("import lib.deep.helper as h", "lib/__init__.py"),
        ("import beside", "EEG/beside.py"),
        ("from . import beside", "EEG/beside.py"),
        ("from .beside import f", "EEG/beside.py"),
        ("from ..lib import helper", "lib/helper.py"),
        ("from .. import helper", "helper.py"),
        ("def f():\n    import helper", "helper.py"),
        ("import importlib\nm = importlib.import_module('lib.helper')", "lib/helper.py"),
    ],
)
def test_a_change_in_an_imported_local_module_counts(lab: Lab, statement: str, helper: str) -> None:
    for name in ("helper.py", "lib/__init__.py", "lib/helper.py", "EEG/beside.py"):
        lab.write(name, "x = 1")
    before = digest(lab, statement, "EEG/step.py")
    lab.write(helper, "x = 1  # still")
    assert read_code(lab.scripts, "EEG/step.py").digest == before
    lab.write(helper, "x = 2")
    assert read_code(lab.scripts, "EEG/step.py").digest != before
    assert helper in read_code(lab.scripts, "EEG/step.py").files


def test_a_changed_line_in_the_helper_of_a_helper_counts_even_in_a_circle(lab: Lab) -> None:
    lab.write("helper.py", "import deeper")
    lab.write("deeper.py", "import helper, step\nx = 1")
    before = digest(lab, "import helper")
    assert read_code(lab.scripts, "step.py").files == ("deeper.py", "helper.py", "step.py")
    lab.write("deeper.py", "import helper, step\nx = 2")
    assert read_code(lab.scripts, "step.py").digest != before


def test_helpers_that_trade_places_count(lab: Lab) -> None:
    lab.write("a.py", "x = 1")
    lab.write("b.py", "x = 2")
    before = digest(lab, "import a, b")
    lab.write("a.py", "x = 2")
    lab.write("b.py", "x = 1")
    assert read_code(lab.scripts, "step.py").digest != before


def test_what_is_not_local_is_not_followed(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("x = 1")
    lab.write("json.py", "x = 1")
    lab.write("unrelated.py", "def broken(:")
    digest(lab, "import json, numpy, unknown\nfrom .. import outside")
    assert read_code(lab.scripts, "step.py").files == ("step.py",)


@pytest.mark.parametrize(
    ("helper", "sentence"),
    [("x = 1\ndef f(:\n", r"helper\.py, line 2: invalid syntax"), ("# coding: nonsense\n", r"helper\.py.*nonsense")],
)
def test_a_broken_helper_is_named_with_its_line(lab: Lab, helper: str, sentence: str) -> None:
    lab.write("helper.py", helper)
    with pytest.raises(ScriptError, match=sentence):
        digest(lab, "import helper")


@pytest.mark.parametrize("script", ["missing.py", "../outside.py", "/etc/passwd", "folder.py"])
def test_a_script_that_cannot_be_read_is_a_sentence(lab: Lab, script: str) -> None:
    (lab.scripts / "folder.py").mkdir()
    with pytest.raises(ScriptError, match=Path(script).name):
        read_code(lab.scripts, script)


def test_a_very_long_expression_is_digested(lab: Lab) -> None:
    assert digest(lab, "x = " + " + ".join(["1"] * 800)) != digest(lab, "x = " + " + ".join(["1"] * 801))
    assert digest(lab, f"x = 0x{'f' * 9000}") != digest(lab, f"x = 0x{'e' * 9000}")


def test_a_doubtful_escape_warns_nobody(lab: Lab) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        digest(lab, r"x = '\d'")
    assert caught == []
