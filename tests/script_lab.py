from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from sinagotd.scripts.code import read_code
from sinagotd.scripts.hosts import Host, HostReply
from sinagotd.scripts.orders import LogLine, RunOrder

HEAD = 'from sinagot import ScriptTemplate\n\n\nclass Script(ScriptTemplate):\n    PATH_OUT = ("out", "{id}.txt")\n'


@dataclass
class Lab:
    """A data folder, a scripts folder, and orders for them."""

    scripts: Path
    data: Path
    lines: list[LogLine] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        path = self.scripts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    def write_run(self, body: str, name: str = "step.py", before: str = "") -> Path:
        text = dedent(before) + "\n" + HEAD + "\n    def run(self):\n" + indent(dedent(body).strip(), " " * 8) + "\n"
        return self.write(name, text)

    def order(self, script: str = "step.py", **changes: Any) -> RunOrder:
        defaults: dict[str, Any] = {
            "run_id": "run-1",
            "record": "001",
            "step": "step",
            "label": Path(script).stem,
            "task": None,
            "modality": None,
            "script": script,
            "scripts_path": str(self.scripts),
            "data_path": str(self.data),
            "staging": str(self.data / ".sinagotd/staging/run-1"),
            "inputs": {"": "raw/001.csv"},
            "outputs": {"": "out/001.txt"},
        }
        if "code" not in changes:
            changes["code"] = read_code(self.scripts, script).digest.hex()
        order = RunOrder(**{**defaults, **changes})
        Path(order.staging).mkdir(parents=True, exist_ok=True)
        return order

    def run(self, host: Host, body: str, *, before: str = "", **changes: Any) -> HostReply:
        self.write_run(body, before=before)
        return host.call(self.order(**changes), on_line=self.lines.append)

    @property
    def said(self) -> list[str]:
        return [line.message for line in self.lines]
