"""How a dataset stands, from what is published and what its builds left; it looks at no source and changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sinagotd.cli.dataset_choosing import Chosen
from sinagotd.daemon.datasets.telling import WRONG
from sinagotd.errors import DatasetError

if TYPE_CHECKING:
    from sinagotd.datakit.builds.versions import Listed


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is one word or two; `fault` says what is wrong; `latest` is what readers see."""

    state: str
    fault: str | None
    latest: "Listed | None"
    versions: "tuple[Listed, ...]"

    @property
    def published_at(self) -> float | None:
        """Epoch seconds."""
        return None if self.latest is None else datetime.fromisoformat(self.latest.when).timestamp()


def standing(chosen: Chosen) -> Standing:
    """Look at one dataset."""
    from sinagotd.datakit.builds import versions  # noqa: PLC0415 - the settings are read first, and may be wrong

    known, fault = chosen.known, None
    try:
        listing = versions.read(chosen.output)
    except DatasetError as damage:
        listing, fault = versions.Listing(0, ()), str(damage)
    latest = next((each for each in listing.versions if each.number == listing.latest), None)
    fault = known.fault or fault
    state = "failed" if fault else "current" if latest else "never built"
    if known.check and known.check.get("status") == WRONG:
        state, fault = "wrong", str(known.check.get("why"))
    if latest and not chosen.output.exists():
        state, fault = "failed", f"{chosen.output}: was taken away by someone; the next build publishes it again"
    return Standing("building" if chosen.is_being_built else state, fault, latest, listing.versions)
