"""Which code a cell is made by: an edit of that loads it again, an edit of anything else does not."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sinagotd.datakit import Sources, TableSource
from sinagotd.datakit.builds import code
from sinagotd.datakit.builds.code import source_code


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Any]:
    """Imports a module of a source and its helper anew."""

    def load() -> type[TableSource]:
        for name in ("lab_helper_h", "lab_source_h"):
            spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            sys.modules[name] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        kind: type[TableSource] = sys.modules["lab_source_h"].Lab  # type: ignore[attr-defined]
        return kind

    yield load
    for name in ("lab_helper_h", "lab_source_h"):
        sys.modules.pop(name, None)


def test_the_code_of_a_source_is_its_own_and_that_of_its_local_modules(lab: Any, tmp_path: Path) -> None:
    helper, source = tmp_path / "lab_helper_h.py", tmp_path / "lab_source_h.py"
    helper.write_text("FACTOR = 1\n")
    text = "from lab_helper_h import FACTOR\nfrom sinagotd.datakit import TableSource\nclass Lab(TableSource):\n    tag = 'lab'\n"
    source.write_text(text)
    first = source_code(lab())
    source.write_text('"""Said about it."""\n# and more\n' + text)
    assert source_code(lab()) == first, "what is said about code is no code"
    helper.write_text("FACTOR = 22\n")
    second = source_code(lab())
    assert second != first
    source.write_text(text + "    camera_tag = 'x'\n")
    assert source_code(lab()) != second


def test_a_helper_that_is_imported_late_counts_from_the_start(lab: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """It is found without being run, so that the digest is the same before and after it was."""
    monkeypatch.syspath_prepend(tmp_path)
    helper, source = tmp_path / "lab_helper_h.py", tmp_path / "lab_source_h.py"
    helper.write_text("FACTOR = 1\n")
    source.write_text(
        "from sinagotd.datakit import TableSource\nclass Lab(TableSource):\n    tag = 'lab'\n"
        "    def build_table(self, path, *, context):\n        import lab_helper_h\n"
    )
    kind = lab()
    del sys.modules["lab_helper_h"]
    first = source_code(kind)
    lab()
    assert source_code(kind) == first
    helper.write_text("FACTOR = 22\n")
    assert source_code(kind) != first


def test_a_source_of_ours_is_its_file_and_the_files_of_sources_that_it_uses() -> None:
    """An edit of another one, or of the rest of the package, loads none of its cells again."""
    files = {file.name for file in code._files_of(Sources().get_source_class("wheel").__module__)}
    assert {"wheel.py", "columns.py"} <= files
    assert not files & {"suite2p.py", "loading.py", "__init__.py"}


def test_another_edition_of_the_package_loads_nothing_and_writes_nothing(world: Any, monkeypatch: Any) -> None:
    """It looks at the tree anew: only a raised number of `CELLS` loads all again, one of `FILES` writes what is there."""
    world.build()
    monkeypatch.setattr("sinagotd.datakit.builds.looking.package_code", lambda: "another")
    built = world.build()
    assert (built.status, built.cells_loaded) == ("unchanged", 0)
    monkeypatch.setattr("sinagotd.datakit.builds.looking.package_code", lambda: "a third")
    monkeypatch.setattr("sinagotd.datakit.builds.publishing.FILES", "another")
    built = world.build()
    assert (built.version, built.cells_loaded) == (2, 0)
    assert "no cell changed, but the declaration or the program did" in built.why
    monkeypatch.setattr("sinagotd.datakit.builds.keys.loading_code", lambda: "another")
    monkeypatch.setattr("sinagotd.datakit.builds.looking.loading_code", lambda: "another")
    assert world.build().cells_loaded == 9
    world.check()


def test_two_files_of_sources_with_one_name_are_two(tmp_path: Path) -> None:
    kinds = []
    for folder, factor in (("one", 1), ("other", 2)):
        file = tmp_path / folder / "mine.py"
        file.parent.mkdir()
        file.write_text(
            f"from sinagotd.datakit import TableSource\nclass Lab(TableSource):\n    tag = 'lab'\n    x = {factor}\n"
        )
        registry = Sources()
        registry.add_file(file)
        kinds.append(registry.get_source_class("lab"))
    first, second = (source_code(kind) for kind in kinds)
    assert first != second
    assert kinds[0].__module__ != kinds[1].__module__
