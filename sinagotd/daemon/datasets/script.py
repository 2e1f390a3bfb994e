"""The script of a build: what a step host runs, so that it has its timeout and dies alone. It takes its job from `opts`."""

import json

from sinagotd.scripts.template import ScriptTemplate


class Script(ScriptTemplate):
    """Does one job and leaves its report, as JSON."""

    PATH_OUT = "report.json"

    def run(self) -> None:
        from sinagotd.daemon.datasets.building import do  # noqa: PLC0415 - pandas comes with it

        self.path.output.write_text(json.dumps(do(self.opts["job"], say=self.logger.info)))
