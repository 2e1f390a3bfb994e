"""`sinagotd dataset status`: all that is known of one dataset."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from sinagotd.cli.dataset_build import BAD
from sinagotd.cli.dataset_choosing import Chosen, Standing, dataset_argument, standing, the_dataset
from sinagotd.cli.dataset_list import STYLES
from sinagotd.cli.places import JSON_HELP
from sinagotd.cli.screen import line, make_console, print_json, print_lines, styled
from sinagotd.cli.text import counted, iso, moment, span

TIMES = ("began_at", "succeeded_at", "checked_at")


@click.command()
@dataset_argument
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(name: str, config: Path | None, *, as_json: bool) -> int:
    """Show how a dataset stands: versions, the last build, problems."""
    chosen = the_dataset(name, config)
    now = standing(chosen)
    if as_json:
        print_json(_document(chosen, now))
    else:
        print_lines(make_console(), _lines(chosen, now))
    return int(now.state in BAD)


def _document(chosen: Chosen, now: Standing) -> dict[str, Any]:
    known = chosen.known
    return {
        "dataset": chosen.name,
        "state": now.state,
        "fault": now.fault,
        "output": str(chosen.output),
        "schedule": chosen.section.schedule,
        "latest": now.latest.number if now.latest else 0,
        "versions": [version._asdict() for version in now.versions],
        "counts": known.counts,
        "last_build": asdict(known) | {name: iso(getattr(known, name)) for name in TIMES},
    }


def _lines(chosen: Chosen, now: Standing) -> Iterator[Text]:
    yield line(styled(chosen.name, "bold"), "  ", styled(now.state, STYLES.get(now.state, "")))
    if now.fault:
        yield line("  ", styled("fault", "red"), f"     {now.fault}")
    yield line(f"  output    {chosen.output}")
    yield line(f"  schedule  {chosen.section.schedule}")
    known = chosen.known
    if known.report and known.began_at is not None:
        report = known.report
        took = f" in {span(report['took_s'])}" if "took_s" in report else ""
        yield line(f"  built     {moment(known.began_at)}{took}: {report.get('status')}, {report.get('why')}")
        yield from (line("  ", styled("problem", "yellow"), f"   {each}") for each in report.get("named", ()))
        if (missing := report.get("missing", 0)) or report.get("failed"):
            yield line(f"  cells     {report.get('failed', 0):,} failed, {missing:,} missing")
    if known.check and known.checked_at is not None:
        yield line(f"  checked   {moment(known.checked_at)}: {known.check.get('why')}")
    if known.counts:
        yield line(f"  so far    {', '.join(f'{count:,} {what}' for what, count in known.counts.items())}")
    for version in reversed(now.versions):
        mark = "*" if now.latest == version else " "
        rows = counted(version.rows, "row")
        yield line(f"  {mark} version {version.number}  {version.when}  {rows}  {version.why}")
