"""Looks at what a dataset is made of: the rows from memory where the tree has the same names, else from discovery."""

import json
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sinagotd.atomic import write_atomically
from sinagotd.datakit.builds.code import digest_of, loading_code, options_of, package_code, source_code
from sinagotd.datakit.builds.declaration import Declaration
from sinagotd.datakit.builds.finding import Found, find_rows, registry_of, settings_of
from sinagotd.datakit.builds.home import Home
from sinagotd.datakit.builds.stamps import Stamps, still_of
from sinagotd.datakit.builds.tree import NO_TREE, Folder, Tree, folders_below, has_same_names, recall, remember
from sinagotd.datakit.discovery import Problem
from sinagotd.datakit.plan import Row, make_plan
from sinagotd.datakit.registry import Sources
from sinagotd.datakit.sources import BUILT_IN

Result = dict[str, Any]


class Look:
    """One look at the inputs of a declaration. `stamps` holds the digests of the files that were asked for."""

    def __init__(self, declaration: Declaration, home: Home) -> None:
        self._declaration = declaration
        self._home = home
        self._now_ns = time.time_ns()
        self._roots = tuple(Path(root).expanduser().resolve() for root in declaration.roots)
        self._registry = registry_of(declaration)
        self._request = _request(declaration, self._registry)
        tree = recall(home.tree)
        self._tree = tree if tree.request == self._request else NO_TREE
        self._has_same_names = has_same_names(self._tree, self._roots, self._now_ns)
        self.stamps = Stamps(tree.files, self._now_ns)

    def untouched(self) -> Result | None:
        """What came of the last build, if nothing at all has changed since."""
        if not self.same or len(self.same) < len(self._tree.files):
            return None
        if self.stamps.read:
            remember(self._home.tree, self._tree._replace(files=self.stamps.seen))
        return self._tree.result

    @property
    def version(self) -> int:
        """The version that came of the last build, if what it found was settled and has the same names now; else 0."""
        return int(self._tree.result["version"]) if self._has_same_names and self._tree.result else 0

    @cached_property
    def same(self) -> frozenset[str]:
        """The files that hold what they held when that version was built; none if there is no such version."""
        if not self.version:
            return frozenset()
        files = self._tree.files
        still = still_of(files)
        self.stamps.seen |= {path: files[path] for path in still}
        return frozenset(
            path for path, (_, digest) in files.items() if path in still or self.stamps.content(path).digest == digest
        )

    def find(self) -> Found:
        """The rows of now. Raises DatasetError."""
        self._folders: dict[str, Folder] = self._tree.folders
        if self._has_same_names:
            with suppress(OSError, ValueError, TypeError):
                return self._recalled()
        self._folders = folders_below(self._roots, self._now_ns)
        found = find_rows(self._declaration, self._registry)
        if self._roots:
            self._keep_rows(found)
        return found

    def remember(self, result: Result) -> None:
        """Keep what this look saw. An empty result says that the next build must look closer whatever it sees."""
        held = result if self._roots else {}
        remember(self._home.tree, Tree(self._request, self._folders, self.stamps.seen, held))

    def _recalled(self) -> Found:
        request, levels, shown, rows, problems, notes = json.loads(self._home.rows.read_bytes())
        if request != self._request:
            raise ValueError("these are rows of another declaration")
        roots, settings = map(str, self._roots), settings_of(self._declaration)
        plan = make_plan(shown, self._registry, levels=levels, roots=roots, settings=settings)
        keys = [tuple(key) for key, _, _ in rows]
        labels = pd.MultiIndex.from_arrays([list(level) for level in zip(*keys, strict=True)], names=levels)
        known = [Row(key, own, own if seen is None else seen) for key, (_, own, seen) in zip(keys, rows, strict=True)]
        return Found(plan, known, labels, [Problem(*problem) for problem in problems], notes)

    def _keep_rows(self, found: Found) -> None:
        rows = [[row.key, row.own, None if row.seen == row.own else row.seen] for row in found.rows]
        held = [self._request, found.plan.levels, found.plan.shown, rows, found.problems, found.notes]
        write_atomically(self._home.rows, json.dumps(held, separators=(",", ":")).encode())


def _request(declaration: Declaration, registry: Sources) -> str:
    """A digest of everything, except the tree, that decides on what is found, loaded and written."""
    told = (declaration.roots, declaration.sources, dict(declaration.declared), declaration.source_files)
    narrowed = (dict(declaration.include), dict(declaration.exclude), declaration.required, declaration.timeout_s)
    written = (declaration.kind, declaration.partition_by, declaration.strict)
    own = [registry.get_source_class(tag) for tag in registry.available_tags() if tag not in BUILT_IN]
    codes = [text for kind in own for text in (kind.tag, source_code(kind), options_of(kind))]
    return digest_of(repr((told, narrowed, written)), loading_code(), package_code(), *codes)
