import pytest

from sinagotd.errors import ScriptError
from sinagotd.scripts.declared import Declaration, NotLiteral, read_declaration

DEFAULT = Declaration(
    inputs=(("", ("FOLDER_IN", "{id}-{task}.in")),),
    outputs=(("", ("FOLDER_OUT", "{id}-{task}.out")),),
    control=(("", ("FOLDER_CONTROL", "{id}-{task}.control")),),
)
SINAGOT = "from sinagot import ScriptTemplate\n"


def read(body: str, *, head: str = SINAGOT, base: str = "ScriptTemplate") -> Declaration | NotLiteral:
    return read_declaration(f"{head}class Script({base}):\n    {body}\n".encode(), "count.py")


def inputs(body: str, head: str = SINAGOT) -> object:
    declared = read(body, head=head)
    assert isinstance(declared, Declaration), declared
    return declared.inputs


def test_what_is_not_declared_is_the_default() -> None:
    assert read("pass") == DEFAULT


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ("import sinagot\n", "sinagot.ScriptTemplate"),
        ("import sinagotd as s\n", "s.ScriptTemplate"),
        ("from sinagot import ScriptTemplate as Base\n", "Base"),
        ("from sinagot.script import ScriptTemplate\n", "ScriptTemplate"),
        ("from sinagotd import ScriptTemplate\n", "ScriptTemplate"),
    ],
)
def test_the_template_is_known_under_every_name(head: str, base: str) -> None:
    assert read("pass", head=head, base=base) == DEFAULT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('("raw", "{id}.csv")', (("", ("raw", "{id}.csv")),)),
        ('["raw", "{id}.csv"]', (("", ("raw", "{id}.csv")),)),
        ('"raw/{id}.csv"', (("", ("raw/{id}.csv",)),)),
        ('("raw", "{id}"\n    ".csv")', (("", ("raw", "{id}.csv")),)),
        ('{"a": ("raw", "{id}"), "b": "raw/b"}', (("a", ("raw", "{id}")), ("b", ("raw/b",)))),
        ('Path("raw") / "{id}.csv"', (("", ("raw/{id}.csv",)),)),
        ("(RAW, NAME)", (("", ("raw", "{id}.csv")),)),
        ("BOTH", (("", ("raw", "{id}.csv")),)),
        ("{}", ()),
    ],
)
def test_literals_are_read(value: str, expected: object) -> None:
    head = SINAGOT + 'RAW = "raw"\nNAME: str = "{id}.csv"\nBOTH = (RAW, NAME)\n'
    assert inputs(f"PATH_IN = {value}", head) == expected


def test_a_name_of_the_class_goes_before_one_of_the_module() -> None:
    assert inputs('RAW = "inner"\n    PATH_IN = (RAW, "x")', SINAGOT + 'RAW = "outer"\n') == (("", ("inner", "x")),)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (SINAGOT, 'PATH_IN = ("raw", f"{1}")'),
        (SINAGOT, "PATH_IN = make()"),
        (SINAGOT, "PATH_IN = (UNKNOWN,)"),
        (SINAGOT, 'PATH_IN = {**OTHERS, "a": "b"}'),
        (SINAGOT, 'PATH_IN = ("a",)\n    PATH_IN = ("b",)'),
        (SINAGOT, 'if True:\n        PATH_IN = ("a",)'),
        (SINAGOT, "def PATH_IN(self): ..."),
        (SINAGOT + 'RAW = "a"\nRAW = "b"\n', "PATH_IN = (RAW,)"),
        (SINAGOT + 'RAW = "a"\nRAW += "b"\n', "PATH_IN = (RAW,)"),
        (SINAGOT + 'RAW = "a"\ndef f():\n    global RAW\n    RAW = "b"\n', "PATH_IN = (RAW,)"),
        (SINAGOT + 'RAW = ["a"]\nRAW.append("b")\n', "PATH_IN = RAW"),
    ],
)
def test_what_code_computes_is_not_guessed(head: str, body: str) -> None:
    assert isinstance(read(body, head=head), NotLiteral)


@pytest.mark.parametrize(
    "source",
    [
        "class Script(Other): pass",
        "class Script: pass",
        SINAGOT + "class Script(ScriptTemplate, Other): pass",
        SINAGOT + "@decorated\nclass Script(ScriptTemplate): pass",
        SINAGOT + "class Script(ScriptTemplate, metaclass=M): pass",
        SINAGOT + "class Script(ScriptTemplate): pass\nScript.PATH_IN = ('a',)",
        SINAGOT + "if True:\n    class Script(ScriptTemplate): pass",
        "from shared import Script",
        "from shared import Other as Script",
        "from shared import *",
        "Script = make()",
    ],
)
def test_a_class_made_in_another_way_is_left_to_the_step_host(source: str) -> None:
    assert isinstance(read_declaration(source.encode(), "count.py"), NotLiteral)


@pytest.mark.parametrize(
    "value", ["3", "None", "()", '""', '("a", 3)', '("a", "")', '{"a": None}', '{1: "a"}', '{"": "a"}']
)
def test_a_path_of_a_wrong_type_is_a_sentence_with_its_line(value: str) -> None:
    with pytest.raises(ScriptError, match=r"^count\.py, line 3: PATH_OUT: "):
        read(f"PATH_OUT = {value}")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"def f(:\n", r"^count\.py, line 1: invalid syntax"),
        (b"x = 1\n", r"^count\.py: has no class Script: write"),
        (b"x = '\xff'\n", r"^count\.py.*utf-8"),
        (b"x = '\0'\n", r"^count\.py.*null bytes"),
        (b"x = " + b"(" * 5000 + b")" * 5000, r"^count\.py.*(nested|too many)"),
    ],
)
def test_a_file_that_is_no_script_is_a_sentence(source: bytes, sentence: str) -> None:
    with pytest.raises(ScriptError, match=sentence):
        read_declaration(source, "count.py")
