"""The `[watch]` table: when a file counts as arrived, where to look how often, and how files are fingerprinted."""

from pathlib import PurePosixPath

from sinagotd.settings.kinds import NAME, TEXT, choice, or_none
from sinagotd.settings.quantities import DURATION, INTERVAL, MIB_BYTES, MINUTE_S, SIZE, SIZE_OR_OFF
from sinagotd.settings.sections import Section, listed, named, setting, table

TEMPORARY_NAMES = ("*.tmp", "*.part", "*.filepart", ".*", "*~")
"""fnmatch patterns of names that are never inputs; `.*` covers rsync's `.name.XXXXXX`."""


def _check_marker(template: str) -> None:
    path = PurePosixPath(template)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError('must be a path below the data folder, such as "{id}.done"')


class ModalitySettleSection(Section):
    """One modality."""

    settle: float = setting(DURATION, 2.0, "As in [watch].", example="30s")


class WatchSettings(Section):
    """How the data folder is watched."""

    settle: float = setting(DURATION, 2.0, "A file that does not change for this long has arrived.")
    ready: str | None = setting(
        or_none(TEXT.checked(_check_marker)),
        None,
        "A file below the data folder whose presence says that a record has arrived.",
        example="{id}.done",
    )
    empty_files: str = setting(
        choice("suspect", "accept"),
        "suspect",
        '"suspect": an empty file is not read; "accept": it is a file like any other.',
    )
    ignore: tuple[str, ...] = setting(
        listed(TEXT), (), f"Names that are never inputs, besides {' '.join(TEMPORARY_NAMES)}", example=["*.lock"]
    )
    polling: str = setting(
        choice("auto", "always", "never"),
        "auto",
        'Look instead of being told of changes: "auto" does so on network mounts.',
    )
    scan_interval: float = setting(
        INTERVAL, 10 * MINUTE_S, "Look at the whole data folder this often, whatever was reported."
    )
    canary_interval: float = setting(
        INTERVAL, MINUTE_S, "Check this often, with a file touched on purpose, that changes are still reported."
    )
    hash_inline: int = setting(
        SIZE, 16 * MIB_BYTES, "Larger files are fingerprinted aside, so that nothing waits for them."
    )
    sample_above: int | None = setting(
        SIZE_OR_OFF, None, 'Files above a size such as "10 GiB" are fingerprinted by samples of their content.'
    )
    modalities: dict[str, ModalitySettleSection] = setting(
        named(table(ModalitySettleSection), NAME), {}, "Settings of single modalities.", example="EEG"
    )

    def settle_for(self, modality: str | None) -> float:
        """Seconds for which a file of this modality has to stay as it is."""
        section = self.modalities.get(modality) if modality is not None else None
        return section.settle if section and "settle" in section.given else self.settle
