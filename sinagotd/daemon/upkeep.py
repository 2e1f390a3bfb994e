"""What is done for a manifest once in a while: prune what is old, back up, give the log's space back."""

import time
from pathlib import Path

from sinagotd.daemon.site import Site
from sinagotd.errors import ManifestError
from sinagotd.manifest.faults import DamagedError
from sinagotd.manifest.place import BACKUPS
from sinagotd.settings.daemon import DaemonSettings


def look_after(settings: DaemonSettings, site: Site) -> None:
    """Do it for one workspace. Raises DamagedError when the copy, which is checked, shows damage."""
    if site.engine.offline:
        return
    try:
        saved = _prune_and_save(settings, site)
    except DamagedError:
        raise
    except (OSError, ManifestError) as fault:
        site.log.error("backup_failed", why=str(fault))
        return
    site.log.info("backed_up", file=saved.name)


def _prune_and_save(settings: DaemonSettings, site: Site) -> Path:
    manifest = site.engine.manifest
    with manifest.transaction():
        manifest.prune(keep_runs=settings.keep_runs, events_before=time.time() - settings.keep_events)
    saved = manifest.backup(manifest.path.parent / BACKUPS)
    manifest.checkpoint()
    return saved
