"""Checks of the builds of datasets that can be deleted one by one; a test must notice each."""

from mutants import Mutant

BUILDS = "datakit/builds"
EQUALITY = ("tests/datakit/builds/test_building_equality.py",)
VERSIONS = ("tests/datakit/builds/test_versions_of_a_dataset.py",)
BUILDING = ("tests/datakit/builds/test_building_a_dataset.py",)

STITCHING = ("tests/datakit/saving/test_stitching.py",)

MUTANTS = (
    Mutant(
        "a row is taken over though a file changed that is read beside its own",
        f"{BUILDS}/gathering.py",
        "{tag for tag, kind in kinds.items() if kind.companions}",
        "set[str]()",
        BUILDING,
    ),
    Mutant(
        "a row is taken over though a file of it changed",
        f"{BUILDS}/gathering.py",
        "if name in known and same.issuperset(files) and",
        "if name in known and",
        BUILDING,
    ),
    Mutant(
        "rows are copied though their columns are others",
        "datakit/saving/stitching.py",
        "if any(footer[SCHEMA] != whole[SCHEMA] for footer in footers.values()):",
        "if False:",
        STITCHING,
    ),
    Mutant(
        "bytes are copied though they are not those that were written",
        "datakit/saving/stitching.py",
        "if _digest(content) != group.digest:",
        "if False:",
        STITCHING,
    ),
    Mutant(
        "a footer is believed though it is not the one that was written",
        "datakit/saving/stitching.py",
        "if _digest(text) != contents.footer:",
        "if False:",
        STITCHING,
    ),
    Mutant(
        "a row group is copied though a row of it is gone",
        f"{BUILDS}/weaving.py",
        " and rows[-1].at - rows[0].at == count - 1",
        "",
        VERSIONS,
    ),
    Mutant(
        "a cell is kept though one that it requires changed",
        f"{BUILDS}/keys.py",
        "made.code, made.options, needs)",
        "made.code, made.options)",
        EQUALITY,
    ),
    Mutant(
        "a cell is kept though its file changed",
        f"{BUILDS}/keys.py",
        "where, content.digest, made.code",
        "where, made.code",
        EQUALITY,
    ),
    Mutant(
        "a cell is kept though the code of its source changed",
        f"{BUILDS}/keys.py",
        "content.digest, made.code, made.options",
        "content.digest, made.options",
        EQUALITY,
    ),
    Mutant(
        "what a disk refused is taken for the cell",
        f"{BUILDS}/outcome.py",
        "record.status == OK or not (is_of_system or record.error_type in _PASSING)",
        "bool(record) or is_of_system",
        EQUALITY,
    ),
    Mutant(
        "rows are copied though their columns change their type",
        f"{BUILDS}/features.py",
        "any(_differs(old[name], new[name]) for name in old.keys() & new.keys())",
        "False and any(_differs(old[name], new[name]) for name in old.keys() & new.keys())",
        EQUALITY,
    ),
    Mutant(
        "a tree is taken to have the names that it had",
        f"{BUILDS}/tree.py",
        "now is not None and now.names == folder.names",
        "now is not None",
        EQUALITY,
    ),
    Mutant(
        "a row that changed is copied from the last version",
        f"{BUILDS}/writing.py",
        "if old is not None and name not in fresh else -1",
        "if old is not None else -1",
        EQUALITY,
    ),
    Mutant(
        "a file is believed to be as it was when its stamp is too young to tell",
        f"{BUILDS}/stamps.py",
        "latest < now_ns - RACY_NS)",
        "latest < now_ns)",
        ("tests/datakit/builds/test_building_blocks.py",),
    ),
    Mutant(
        "a published file that someone changed passes for the version",
        f"{BUILDS}/versions.py",
        "return _looks(real) == (self.files[0].size, self.files[0].mtime_ns)",
        "return real.exists()",
        VERSIONS,
    ),
    Mutant(
        "a listing that could not be written stays as it is",
        f"{BUILDS}/building.py",
        "            write_listing(home, last.versions, built.version)\n",
        "            pass\n",
        VERSIONS,
    ),
    Mutant(
        "two builds of one dataset overlap",
        f"{BUILDS}/home.py",
        "            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        BUILDING,
    ),
    Mutant(
        "a version is not made durable before it is one",
        f"{BUILDS}/home.py",
        "        fsync_tree(staged)\n",
        "",
        VERSIONS,
    ),
    Mutant(
        "the name that readers see is not made durable",
        f"{BUILDS}/home.py",
        "        fsync_folder(self.output.parent)\n",
        "",
        VERSIONS,
    ),
)
