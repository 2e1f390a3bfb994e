"""When a data folder counts as offline: gone, replaced, or bereft of its records. It looks at no disk."""

from sinagotd.scan.mounts import RootIdentity

_FEWEST_TO_JUDGE = 10


def root_offline(
    before: RootIdentity | None,
    now: RootIdentity | None,
    *,
    known_records: int,
    seen_records: int,
) -> str | None:
    """Say why nothing should be decided about this root, or None when it is as it should be.

    `before` is the identity when it was last good (None at the first look), `known_records` those that the manifest
    remembers as there, `seen_records` those that a full walk has just found.
    """
    if now is None:
        return "the data folder is not there or does not answer: mount it again, or correct its path"
    if known_records and not seen_records and before is not None and now != before:
        return "the data folder was replaced by one without any record: mount the right one again"
    if known_records >= _FEWEST_TO_JUDGE and seen_records * 2 < known_records:
        lost = known_records - seen_records
        return (
            f"{lost} of {known_records} records are suddenly gone from the data folder: "
            "check that it is the right one, or say `sinagotd retire --all`"
        )
    return None
