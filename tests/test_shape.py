"""The shape of the code: sizes, exports, what an import costs. STYLE's third column is the limit."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import sinagotd

PACKAGE = Path(sinagotd.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
HEAVY = ("pandas", "dask", "distributed", "watchdog", "structlog", "apscheduler", "rich", "click")


def lines(path):
    return path.read_text().splitlines()


def functions():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(PACKAGE)}:{node.name}", node


def test_no_module_is_longer_than_one_can_hold():
    assert {path.name: len(lines(path)) for path in MODULES if len(lines(path)) > LONGEST_MODULE} == {}


def test_the_median_module_is_short():
    assert statistics.median(len(lines(path)) for path in MODULES) <= 120


def test_no_function_is_longer_than_a_screen():
    long = {name: length(node) for name, node in functions() if length(node) > LONGEST_FUNCTION}
    assert long == {}


def length(node):
    return node.end_lineno - node.lineno + 1


def test_every_module_opens_with_a_sentence():
    assert [path.name for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, sinagotd; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded.isdisjoint(HEAVY)


def test_importing_the_package_has_no_effect(tmp_path):
    code = "import logging, sinagotd; assert not logging.getLogger().handlers"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert not any(tmp_path.iterdir())


def test_every_export_is_listed():
    public = {name for name in vars(sinagotd) if not name.startswith("_") and name[0].isupper()}
    assert public <= set(sinagotd.__all__)


def test_the_layers_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-cache"], cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
