"""What is done for the manifests once in a while: prune what is old, back up, give the log's space back."""

import time
from dataclasses import dataclass

from sinagotd.daemon.site import Site
from sinagotd.errors import ManifestError
from sinagotd.manifest.place import BACKUPS
from sinagotd.settings.daemon import DaemonSettings


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Looks after the manifests of all sites."""

    settings: DaemonSettings
    sites: dict[str, Site]

    def run(self) -> None:
        for site in self.sites.values():
            if site.engine.offline:
                continue
            try:
                self._look_after(site)
            except (OSError, ManifestError) as fault:
                site.log.error("backup_failed", why=str(fault))

    def _look_after(self, site: Site) -> None:
        manifest = site.engine.manifest
        events_before = time.time() - self.settings.keep_events
        with manifest.transaction():
            manifest.prune(keep_runs=self.settings.keep_runs, events_before=events_before)
        saved = manifest.backup(manifest.path.parent / BACKUPS)
        manifest.checkpoint()
        site.log.info("backed_up", file=saved.name)
