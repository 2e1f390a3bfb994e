"""The `[watch]` table: when a file counts as arrived, where to look how often, and how files are fingerprinted."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sinagotd.settings.quantities import MIB_BYTES, MINUTE_S, Duration, Interval, Size, SizeOrOff
from sinagotd.settings.sections import Name, Section, TextOrNone

TEMPORARY_NAMES = ("*.tmp", "*.part", "*.filepart", ".*", "*~")
"""fnmatch patterns of names that are never inputs; `.*` covers rsync's `.name.XXXXXX`."""


def _check_marker(template: str | None) -> str | None:
    path = PurePosixPath(template or "")
    if path.is_absolute() or ".." in path.parts:
        raise ValueError('must be a path below the data folder, such as "{id}.done"')
    return template


class ModalitySettleSection(Section):
    """One modality."""

    settle: Duration = Field(2.0, description="As in [watch].", examples=["30s"])


class WatchSettings(Section):
    """How the data folder is watched."""

    settle: Duration = Field(2.0, description="A file that does not change for this long has arrived.")
    ready: Annotated[TextOrNone, AfterValidator(_check_marker)] = Field(
        None,
        description="A file below the data folder whose presence says that a record has arrived.",
        examples=["{id}.done"],
    )
    empty_files: Literal["suspect", "accept"] = Field(
        "suspect", description='"suspect": an empty file is not read; "accept": it is a file like any other.'
    )
    ignore: tuple[str, ...] = Field(
        (), description=f"Names that are never inputs, besides {' '.join(TEMPORARY_NAMES)}", examples=[["*.lock"]]
    )
    polling: Literal["auto", "always", "never"] = Field(
        "auto", description='Look instead of being told of changes: "auto" does so on network mounts.'
    )
    scan_interval: Interval = Field(
        10 * MINUTE_S, description="Look at the whole data folder this often, whatever was reported."
    )
    canary_interval: Interval = Field(
        MINUTE_S, description="Check this often, with a file touched on purpose, that changes are still reported."
    )
    hash_inline: Size = Field(
        16 * MIB_BYTES, description="Larger files are fingerprinted aside, so that nothing waits for them."
    )
    sample_above: SizeOrOff = Field(
        None, description='Files above a size such as "10 GiB" are fingerprinted by samples of their content.'
    )
    modalities: dict[Name, ModalitySettleSection] = Field(
        {}, description="Settings of single modalities.", examples=["EEG"]
    )

    def settle_for(self, modality: str | None) -> float:
        """Seconds for which a file of this modality has to stay as it is."""
        section = self.modalities.get(modality) if modality is not None else None
        return section.settle if section and "settle" in section.model_fields_set else self.settle
