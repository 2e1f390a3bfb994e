"""`sinagotd explain`: everything that speaks for how the steps of one record stand."""

from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from sinagotd.cli.explaining import Compared, Explained, FileNow, explain_record
from sinagotd.cli.places import JSON_HELP, Place, on_places, workspace_option
from sinagotd.cli.runs import run_lines, run_row
from sinagotd.cli.screen import line, make_console, print_json, print_lines, state_word, styled
from sinagotd.cli.text import iso, key_columns, moment, short, size
from sinagotd.errors import WorkspaceError

WORDS = {None: "", False: "as at the last success", True: "changed since the last success"}


@click.command()
@click.argument("record")
@click.argument("step", required=False)
@workspace_option
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@on_places
def command(places: list[Place], record: str, step: str | None, *, as_json: bool) -> int:
    """Explain why the steps of a record stand as they do."""
    if step is None and "/" in record:
        record, _, step = record.partition("/")
    explained = _in_any(places, record, step)
    if as_json:
        print_json([_row(place, each) for place, each in explained])
    else:
        print_lines(make_console(), (text for _, each in explained for text in _lines(each)))
    return 0


def _in_any(places: list[Place], record: str, step: str | None) -> list[tuple[Place, Explained]]:
    """Explain the record wherever it is; raises the first refusal if it is nowhere."""
    explained: list[tuple[Place, Explained]] = []
    refusals: list[WorkspaceError] = []
    for place in places:
        try:
            explained += [(place, each) for each in explain_record(place, record, step)]
        except WorkspaceError as refusal:
            refusals.append(refusal)
    if refusals and not explained:
        raise refusals[0]
    return explained


# JSON


def _row(place: Place, explained: Explained) -> dict[str, Any]:
    standing = explained.standing
    return key_columns(place.name, explained.key) | {
        "state": standing.state.value,
        "code": standing.state.code,
        "reason": standing.reason.lower(),
        "why": standing.sentence,
        "since": iso(standing.since),
        "until": iso(standing.until),
        "script": explained.script,
        "inputs": [_file_row(each) for each in explained.inputs],
        "outputs": [_file_row(each) for each in explained.outputs],
        "code_digest": _compared_row(explained.code),
        "parameters_digest": _compared_row(explained.parameters),
        "made_by": explained.made_by,
        "runs": [run_row(run) for run in explained.runs],
    }


def _file_row(file: FileNow) -> dict[str, Any]:
    return {
        "label": file.label,
        "path": file.path,
        "is_there": file.is_there,
        "size": file.size,
        "mtime": iso(file.mtime),
        "digest": file.digest.hex() if file.digest else None,
        "unsettled": file.unsettled,
        "changed": file.changed,
    }


def _compared_row(compared: Compared) -> dict[str, Any]:
    last = compared.last.hex() if compared.last is not None else None
    return {"now": compared.now.hex(), "last": last, "changed": compared.changed}


# text


def _lines(explained: Explained) -> Iterator[Text | str]:
    standing = explained.standing
    yield line(styled(str(explained.key), "bold"), "  ", state_word(standing.state), f": {standing.sentence}")
    again = "" if standing.until is None else f", tried again at {moment(standing.until)}"
    yield f"  since       {moment(standing.since)}{again}"
    for role, files in (("input", explained.inputs), ("output", explained.outputs)):
        yield from (_file_line(role, each) for each in files)
    yield _compared_line("code", explained.code, explained.script)
    yield _compared_line("parameters", explained.parameters, "")
    yield from run_lines(explained.runs, explained.made_by)
    yield ""


def _file_line(role: str, file: FileNow) -> Text:
    name = f"{file.path} ({file.label})" if file.label else file.path
    head = f"  {role:<10}  {name}  "
    if file.size is None or file.mtime is None:
        return line(head, styled("missing", "red" if role == "input" else "yellow"))
    facts = f"{size(file.size)}, {moment(file.mtime)}, digest {short(file.digest)}, "
    settled = styled(file.unsettled, "yellow") if file.unsettled else "settled"
    return line(head, facts, settled, _change(changed=file.changed))


def _compared_line(role: str, compared: Compared, name: str) -> Text:
    head = " ".join(part for part in (name, f"digest {short(compared.now)}") if part)
    return line(f"  {role:<10}  {head}", _change(changed=compared.changed))


def _change(*, changed: bool | None) -> Text:
    word = WORDS[changed]
    return line(", ", styled(word, "yellow" if changed else "")) if word else Text()
