"""The documents say what the code does: reasons, commands, samples, names of files."""

import re
import tomllib
from pathlib import Path

from sinagotd.cli.main import COMMANDS
from sinagotd.core.reasons import Reason
from sinagotd.daemon.metrics import COUNTERS, GAUGES
from sinagotd.settings.sample import workspace_sample

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_table_of_reasons_is_the_enum():
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", README, re.MULTILINE)
    said = [(reason.name, re.sub(r"\{\w+\}", "…", reason.value)) for reason in Reason]
    assert rows == said


def test_every_number_for_monitoring_is_in_the_guide_to_the_service():
    table = re.findall(r"^\| (`sinagotd_.+?) \|", (ROOT / "docs/service.md").read_text(), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`(\w+)`", row)}
    assert named == {*GAUGES, *(f"{name}_total" for name in COUNTERS)}


def test_every_command_is_in_the_readme():
    for name in COMMANDS:
        assert f"`{name}`" in README or f"sinagotd {name}" in README, name


def test_every_link_to_a_file_leads_somewhere():
    for document in DOCS:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_sample_of_a_workspace_in_the_docs_is_the_one_that_init_writes():
    text = (ROOT / "docs/workspace.md").read_text()
    (block,) = re.findall(r"```toml\n(# Settings of a workspace.+?)```", text, re.DOTALL)
    assert block == workspace_sample(r"REC-[0-9]{3}", ["count"])


def test_pins_are_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+-]+", line), line


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0].lower()) for line in (ROOT / "constraints.txt").read_text().split()
    }
    assert {re.split(r"[\[<>=]", want)[0].lower() for want in wanted} <= pinned


def test_the_folders_in_the_readme_are_those_of_the_package():
    named = set(re.findall(r"^[├└]── (\w+)/", README, re.MULTILINE))
    there = {path.name for path in (ROOT / "sinagotd").iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert named == there


def test_every_proof_of_a_promise_is_there():
    text = (ROOT / "docs/promises.md").read_text()
    proofs = re.findall(r"`([\w/]+/test_\w+\.py)`", text)
    assert "faults/test_kills.py" in proofs
    assert [proof for proof in proofs if not (ROOT / "tests" / proof).exists()] == []
