"""A service with one dataset of three recordings, and the commands that are called on it."""

import json

from click.testing import CliRunner

from sinagotd.cli.main import sinagotd

SETTINGS = """
[cluster]
workers = 2
[datasets.harbor]
roots = ["study"]
output = "tables/{name}.parquet"
keep = 2
{more}
[datasets.harbor.source.scores]
kind = "table"
files = "*_scores.csv"
time = {column = "time"}
"""


class Study:
    """A service with one dataset of three recordings."""

    def __init__(self, folder):
        self.folder = folder
        self.output = folder / "tables/harbor.parquet"
        self.settings()
        for number in range(1, 4):
            self.scores(number, "0,1\n1,2\n")

    def settings(self, more="", instead=()):
        text = SETTINGS.replace("{more}", more)
        for old, new in instead:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "sinagotd.toml").write_text(text)

    def scores(self, number, lines):
        file = self.folder / f"study/sub-{number}/ses-1/sub-{number}_ses-1_scores.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"time,score\n{lines}")

    def say(self, *words, expect=0):
        result = CliRunner().invoke(sinagotd, [*words, "--config", str(self.folder)])
        assert result.exit_code == expect, result.output
        return result.output

    def ask(self, *words, expect=0):
        return json.loads(self.say(*words, "--json", expect=expect))

    def build(self, expect=0):
        return self.ask("dataset", "build", "harbor", expect=expect)
