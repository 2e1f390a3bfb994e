"""The same finished records for other tools: each is given the DAG in its own words, and told to find nothing to do."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.measuring import Work
from tests.benchmarks.peers import Peers
from tests.benchmarks.processes import call
from tests.benchmarks.tree import CHAIN, fill, make_workspace, record_id

SNAKEFILE = """\
IDS = [f"REC-{{number:06d}}" for number in range({records})]

rule all:
    input: expand("computed/{{id}}-mean.txt", id=IDS)

rule count:
    input: "raw/{{id}}.txt"
    output: "computed/{{id}}-count.txt"
    shell: "cp {{input}} {{output}}"

rule mean:
    input: "computed/{{id}}-count.txt"
    output: "computed/{{id}}-mean.txt"
    shell: "cp {{input}} {{output}}"
"""

# `generator`: it decides by times alone, so that no log of an earlier build is needed.
NINJA_RULE = "rule copy\n command = cp $in $out\n generator = 1\n"
NINJA_RECORD = (
    "build computed/{id}-count.txt: copy raw/{id}.txt\nbuild computed/{id}-mean.txt: copy computed/{id}-count.txt\n"
)

SINAGOT = """\
import sys
from sinagot import Workspace
workspace = Workspace(sys.argv[1])
{ask}
workspace.close()
"""
SINAGOT_RUN = SINAGOT.format(ask="workspace.steps.run()")
SINAGOT_STATUS = SINAGOT.format(ask="assert (workspace.steps.status()['step_status'] == 30).all()")

Maker = Callable[[Path, int, Peers], Work]


def snakemake(folder: Path, records: int, peers: Peers) -> Work:
    data = _data(folder, records)
    (data / "Snakefile").write_text(SNAKEFILE.format(records=records))
    words = [peers.program("snakemake", "snakemake"), "--dry-run", "--quiet", "--cores", str(os.cpu_count())]
    return lambda: call(words, data, XDG_CACHE_HOME=str(folder / "cache"))


def ninja(folder: Path, records: int, peers: Peers) -> Work:
    data = _data(folder, records)
    edges = "".join(NINJA_RECORD.format(id=record_id(number)) for number in range(records))
    (data / "build.ninja").write_text(NINJA_RULE + edges)

    def look() -> None:
        said = call([peers.program("ninja", "ninja"), "-n"], data)
        assert "no work to do" in said, said

    return look


def sinagot_run(folder: Path, records: int, peers: Peers) -> Work:
    return _sinagot(folder, records, peers, SINAGOT_RUN)


def sinagot_status(folder: Path, records: int, peers: Peers) -> Work:
    return _sinagot(folder, records, peers, SINAGOT_STATUS)


def _sinagot(folder: Path, records: int, peers: Peers, program: str) -> Work:
    data = _data(folder, records)
    for script in (data.parent / "scripts").glob("*.py"):
        script.write_text(script.read_text().replace("from sinagotd import", "from sinagot import"))
    words = [peers.program("sinagot"), "-c", program, str(folder)]
    return lambda: call(words, folder)


def _data(folder: Path, records: int) -> Path:
    """Files of its own: the tools leave theirs beside them."""
    data = make_workspace(folder, CHAIN) / "dataset"
    fill(data, records)
    return data
