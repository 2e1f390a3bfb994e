import structlog
from engine_world import a_world

from sinagotd.daemon import events
from sinagotd.daemon.site import Site
from sinagotd.daemon.upkeep import look_after
from sinagotd.settings.daemon import load_daemon


def test_manifests_are_pruned_and_backed_up(tmp_path):
    with a_world(tmp_path) as world:
        for text in ("one", "one two", "one two three"):
            world.put("raw/REC-1.txt", text)
            world.settle()
        log = structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.BoundLogger)
        look_after(load_daemon(None)._replace(keep_runs=1), Site("w", world.engine, events.Inbox(), log))
        assert len(world.engine.manifest.read.runs(limit=100)) == 2
        assert any((world.state / "backups").iterdir())
