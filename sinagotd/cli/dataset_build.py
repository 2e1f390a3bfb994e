"""`sinagotd dataset build`: bring one dataset up to date now, here, whether or not the daemon is at work; or build a folder."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from sinagotd.cli.dataset_choosing import Chosen, dataset_argument, the_dataset
from sinagotd.cli.dataset_folder import build_folder, building_options, means_folder, refuse_folder_options
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted, span
from sinagotd.daemon.datasets.jobs import BUSY, FAILED, KEPT, WRONG, Errand, Report
from sinagotd.settings.ownership import refuse_untrusted

BAD = (FAILED, BUSY, KEPT, WRONG)


@click.command()
@dataset_argument
@building_options
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(name: str, config: Path | None, *, as_json: bool, **asked: Any) -> int:
    """Bring a dataset up to date now: only what changed is loaded.

    NAME may also be a folder, which is built into one file.
    """
    if means_folder(name, config):
        return build_folder(Path(name), asked, as_json=as_json)
    refuse_folder_options(name, asked)
    chosen = the_dataset(name, config)
    report = done(chosen, Errand.BUILD)
    if as_json:
        print_json({"dataset": name} | report)
    else:
        print_lines(make_console(), _lines(name, report))
    return int(report["status"] in BAD)


def done(chosen: Chosen, errand: Errand, share: float = 1.0) -> Report:
    """Do it in this process, show how far it is, and leave what came of it for `status` and the daemon."""
    refuse_untrusted(chosen.section.sources_from, chosen.settings.trust)
    from sinagotd.daemon.datasets.building import do  # noqa: PLC0415 - pandas comes with it

    began_at = time.time()
    with _progress(f"{errand.value} {chosen.name}") as say:
        report = do(chosen.job(errand), say=say, share=share)
    _remember(chosen, errand, report, began_at)
    return report


@contextmanager
def _progress(what: str) -> Iterator[Callable[[str], None]]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True, markup=False).status(what) as status:
        yield lambda said: status.update(f"{what}: {said}")


def _remember(chosen: Chosen, errand: Errand, report: Report, began_at: float) -> None:
    if report["status"] == BUSY:
        return
    try:
        chosen.desk.make()
        chosen.known.after(errand, report, began_at).write(chosen.desk.file)
    except OSError:
        if report["status"] != FAILED:
            raise


def _lines(name: str, report: Report) -> Iterator[Text]:
    status = report["status"]
    yield line(styled(name, "bold"), "  ", styled(status, "red" if status in BAD else "green"), f"  {report['why']}")
    if status in (FAILED, BUSY):
        return
    rows, cells = counted(report["rows"], "row"), f"{report['cells_loaded']:,} cells loaded"
    reused = f"{report['cells_reused']:,} as they were"
    yield line(f"  version {report['version']}: {rows}, {cells}, {reused}, in {span(report['took_s'])}")
    yield from (line("  ", styled("problem", "yellow"), f" {each}") for each in report["named"])
    if report["failed"] or report["missing"]:
        yield line(f"  {report['failed']:,} cells failed, {report['missing']:,} are missing")
    yield line(f"  {report['output']}")
