"""`python -m sinagotd.compat SCRIPT.py …` or `-m MODULE …`: runs a program that imports `sinagot` against this library."""

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from sinagotd.compat import install

USAGE = """\
usage: python -m sinagotd.compat SCRIPT.py [ARGUMENT ...]
       python -m sinagotd.compat -m MODULE [ARGUMENT ...]
"""
WRONG_USAGE = 2


def main() -> None:
    """Run what the arguments name as Python would, with the names installed."""
    match sys.argv[1:]:
        case ["-m", module, *_]:
            install()
            del sys.argv[:2]
            _refuse_unknown(module)
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *_] if not script.startswith("-"):
            install()
            del sys.argv[0]
            _run(Path(script))
        case _:
            sys.stderr.write(USAGE)
            sys.exit(WRONG_USAGE)


def _refuse_unknown(module: str) -> None:
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        sys.exit(f"python -m sinagotd.compat: there is no module {module}")


def _run(script: Path) -> None:
    """As `python script`, but for `__spec__`: with ours, processes that are spawned do not import the script again.

    They would look for a `sinagot` that is not there.
    """
    try:
        source = script.read_bytes()
    except OSError as fault:
        sys.exit(f"python -m sinagotd.compat: cannot read {script}: {fault.strerror}")
    sys.path[0] = str(script.resolve().parent)
    program = ModuleType("__main__")
    vars(program).update(__file__=str(script), __spec__=sys.modules["__main__"].__spec__)
    sys.modules["__main__"] = program
    exec(compile(source, script, "exec"), vars(program))  # noqa: S102 - it is the program that was asked for


if __name__ == "__main__":
    main()
