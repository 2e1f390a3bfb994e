"""What the file systems of one workspace allow, and what that means for what is promised. Prints nothing."""

import shutil
import time
from collections.abc import Iterator

from sinagotd.cli.examining import Examined, network_warning
from sinagotd.cli.limits import Limit, Verdict
from sinagotd.cli.places import Place
from sinagotd.cli.text import counted, size, span
from sinagotd.engine.room import shortage
from sinagotd.errors import ManifestError
from sinagotd.manifest.lock import owner
from sinagotd.manifest.place import refuse_network
from sinagotd.scan.mounts import file_system, file_system_now
from sinagotd.settings.workspace import STATE_FOLDER

LARGEST_SKEW_S = 2.0


def workspace_limits(place: Place, examined: Examined) -> Iterator[Limit]:
    """What holds for one workspace whose settings could be read."""
    yield _examined(examined)
    yield _changes(place)
    yield _manifest(place)
    if place.settings.data_path.is_dir():
        yield _disk(place)
        yield from _file_server(place)


def _examined(examined: Examined) -> Limit:
    for verdict, sentences in ((Verdict.FAULT, examined.faults), (Verdict.WARNING, examined.warnings)):
        if sentences:
            more = f", and {len(sentences) - 1} more" if len(sentences) > 1 else ""
            return Limit("settings", verdict, f"{sentences[0]}{more}: `sinagotd check` tells all")
    what = f"{counted(examined.records, 'record')}, {counted(len(examined.steps), 'step')}"
    return Limit("settings", Verdict.FINE, what)


def _changes(place: Place) -> Limit:
    data_path, watch = place.settings.data_path, place.settings.watch
    every = span(place.daemon.scan_interval_for(place.settings))
    if warning := network_warning(place):
        says = f"{warning}; who writes on another machine is not seen: rename into place, or set [watch] ready"
        return Limit("changes", Verdict.WARNING, says)
    if watch.polling == "always":
        return Limit("changes", Verdict.FINE, f"they are looked for, every {every}, as [watch] polling says")
    says = f"they are reported ({file_system(data_path) or 'unknown'}), and looked for every {every} besides"
    return Limit("changes", Verdict.FINE, says)


def _manifest(place: Place) -> Limit:
    try:
        refuse_network(place.state_path)
    except ManifestError as fault:
        return Limit("manifest", Verdict.FAULT, str(fault))
    who = owner(place.state_path)
    kept = f"kept by process {who.pid}" if who else "no daemon keeps it now"
    return Limit("manifest", Verdict.FINE, f"on a local disk ({file_system(place.state_path)}), {kept}")


def _disk(place: Place) -> Limit:
    data_path, reserve = place.settings.data_path, place.settings.run.reserve
    if why := shortage([data_path], reserve):
        return Limit("disk", Verdict.FAULT, f"{why}; until then nothing new is run")
    kept = "nothing is kept in reserve" if reserve is None else f"{size(reserve)} are kept in reserve"
    return Limit("disk", Verdict.FINE, f"{size(shutil.disk_usage(data_path).free)} are free, {kept}")


def _file_server(place: Place) -> Iterator[Limit]:
    """Whoever stamps the files may have another clock."""
    try:
        skew = file_system_now(place.settings.data_path / STATE_FOLDER) - time.time()
    except OSError:
        return
    if abs(skew) > LARGEST_SKEW_S:
        says = f"its files are stamped {span(abs(skew))} {'ahead' if skew > 0 else 'behind'}: that is allowed for"
        yield Limit("file clock", Verdict.WARNING, says)
