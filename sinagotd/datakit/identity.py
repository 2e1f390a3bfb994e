"""Whose file a path is: subject, session, task and further BIDS entities, from whole path components; it opens nothing."""

import re
from typing import NamedTuple

_SUFFIXES = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]*)+\Z")

# Further entities of the BIDS standard, in its order (schema 1.9, objects/entities); `sub`, `ses` and `task` are levels of their own.
ENTITIES = (
    *("sample", "tracksys", "acq", "nuc", "voi", "ce", "trc", "stain", "rec", "dir"),
    *("run", "mod", "echo", "flip", "inv", "mt", "part", "proc", "hemi", "space"),
    *("split", "recording", "chunk", "seg", "res", "den", "label", "desc"),
)
_LEVELS = ("sub", "ses", "task")
_KNOWN = frozenset((*_LEVELS, *ENTITIES))
_OPENS_FOLDER = ("sub-", "ses-")
_BETWEEN = re.compile(f"_(?=(?:{'|'.join(sorted(_KNOWN))})-)", re.IGNORECASE)


class Identity(NamedTuple):
    """What a path says so far. `subject` has no prefix, `session` and `task` keep theirs; "" where nothing is said."""

    subject: str = ""
    session: str = ""
    task: str = ""
    entities: tuple[tuple[str, str], ...] = ()


def enter(identity: Identity, folder: str) -> Identity:
    """The identity inside a folder. Folders above win over folders below; `ses-pre_one` is one value, to the folder's end."""
    if "-" not in folder:
        return identity
    whole = folder[:4].lower() in _OPENS_FOLDER
    return _with(identity, _labels(_BETWEEN.split(folder) if whole else folder.split("_")))


def of_file(identity: Identity, stem: str) -> tuple[Identity, str]:
    """The identity of a file in a folder, and a sentence where its own name says another subject, session or task.

    `stem` is its name without the part that names its source; values end at an underscore.
    """
    if "-" not in stem:
        return identity, ""
    labels = _labels(stem.split("_"))
    return _with(identity, labels), _doubt(identity, labels)


def stem_of(name: str, suffix: str) -> str:
    """A file's name without what its source's pattern says about its end, or without its suffixes where that is nothing."""
    return name.removesuffix(suffix) if suffix else _SUFFIXES.sub("", name)


def _labels(pieces: list[str]) -> dict[str, str]:
    """The known entities among `key-value` pieces; the first of a key counts."""
    found: dict[str, str] = {}
    for piece in pieces:
        key, dash, value = piece.partition("-")
        if dash and value and key.lower() in _KNOWN:
            found.setdefault(key.lower(), value)
    return found


def _with(identity: Identity, labels: dict[str, str]) -> Identity:
    subject, session, task, entities = identity
    further = {key: value for key, value in labels.items() if key not in _LEVELS}
    return Identity(
        subject or labels.get("sub", ""),
        session or ("ses" in labels and f"ses-{labels['ses']}") or "",
        task or ("task" in labels and f"task-{labels['task']}") or "",
        tuple((further | dict(entities)).items()) if further else entities,
    )


def _doubt(folder: Identity, labels: dict[str, str]) -> str:
    for key, above in zip(_LEVELS, folder, strict=False):
        said = str(above).removeprefix(f"{key}-")
        if said and key in labels and said != labels[key] and not said.startswith(f"{labels[key]}_"):
            return f"says {key}-{labels[key]} by its own name and {key}-{said} by its folder; the folder is believed"
    return ""
