"""Carries out one order in this process: builds the script, runs it, says why it failed. It limits and stages nothing."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sinagotd.core.states import State
from sinagotd.errors import ScriptError
from sinagotd.scripts.declared import DEFAULTS, Declaration, declaration_of
from sinagotd.scripts.faults import ErrorKind, describe
from sinagotd.scripts.loading import CodeChangedError, Loader
from sinagotd.scripts.logs import OnLine, lines_to
from sinagotd.scripts.orders import RunError, RunOrder
from sinagotd.scripts.parts import SINGLE
from sinagotd.scripts.staging import make_folder
from sinagotd.scripts.template import IOPath, Paths

OnFault = Callable[[BaseException], None]


def execute(order: RunOrder, loader: Loader, *, on_line: OnLine, on_fault: OnFault | None = None) -> RunError | None:
    """Run the script once; None when it came to its end.

    Whatever it raises is returned, SystemExit too; only KeyboardInterrupt passes, because it may be meant for us.
    `on_fault` is given the exception itself: for a debugger in this process.
    """
    scripts_path = Path(order.scripts_path)
    try:
        with (
            lines_to(on_line, debug=order.debug) as logger,
            loader.loaded(scripts_path, order.script, order.code) as script_class,
        ):
            script = _made(script_class, order, logger)
            _make_parents(script.path.output, within=Path(order.staging))
            script.run()
    except CodeChangedError as fault:
        return RunError(ErrorKind.CODE_CHANGED, str(fault))
    except KeyboardInterrupt:
        raise
    except BaseException as fault:  # noqa: BLE001 - it is the script's, and it ends the run, not this process
        if on_fault is not None:
            on_fault(fault)
        return describe(fault, str(scripts_path / order.script))
    return None


def declared_by(script: str, scripts_path: Path, loader: Loader) -> Declaration:
    """Import a script and read what its class declares. Raises ScriptError with a sentence if it cannot be."""
    try:
        with loader.loaded(scripts_path, script) as script_class:
            values = {name: getattr(script_class, name, default) for name, default in DEFAULTS.items()}
            return declaration_of(values, dict.fromkeys(DEFAULTS, script))
    except (ScriptError, KeyboardInterrupt):
        raise
    except BaseException as fault:
        raise ScriptError(f"{script}: cannot be imported: {describe(fault, str(scripts_path / script))}") from fault


def _made(script_class: Any, order: RunOrder, logger: logging.Logger) -> Any:
    """Build the script; what it is given stands before and after its own `__init__`, whatever that does."""
    given = {
        "path": io_path(order),
        "label": order.label,
        "modality": order.modality,
        "debug": order.debug,
        "status": State.RUNNING.code,
        "logger": logger,
    }
    script = script_class.__new__(script_class)
    _give(script, given)
    if script_class.__init__ is not object.__init__:
        script.__init__(Path(order.data_path), order.record, order.task, opts=order.opts)
    _give(script, given)
    return script


def _give(script: Any, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        setattr(script, name, value)


def io_path(order: RunOrder) -> IOPath:
    """Where this run reads and writes: outputs in the staging folder, all else in the data folder."""
    data = Path(order.data_path)
    return IOPath(
        input=_below(data, order.inputs),
        output=_below(Path(order.staging), order.outputs),
        control=_below(data, order.control),
    )


def _below(folder: Path, relative: Mapping[str, str]) -> Paths:
    if relative.keys() == {SINGLE}:
        return folder / relative[SINGLE]
    return {label: folder / path for label, path in relative.items()}


def _make_parents(outputs: Paths, *, within: Path) -> None:
    every: Iterable[Path] = outputs.values() if isinstance(outputs, dict) else (outputs,)
    for path in every:
        make_folder(path.parent, within=within)
