"""What a dataset says of how it was made: V 8, V 44."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sinagotd import __version__
from sinagotd.datakit import TableSource, build_meta, get_version
from sinagotd.datakit.provenance import describe_source


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    folder = tmp_path / "analysis"
    folder.mkdir()
    git(folder, "init", "-b", "main")
    (folder / "notebook.py").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "one")
    return folder


class Plain(TableSource):
    tag = "plain"
    patterns = ("*_plain.txt",)

    def options(self) -> dict[str, Any]:
        return {"unit": "s"}


class Other(Plain):
    def options(self) -> dict[str, Any]:
        return {"unit": "ms"}


def test_the_real_version_is_told(tmp_path: Path) -> None:
    meta = build_meta(tmp_path)
    assert get_version() == meta["version"] == meta["version_file"] == __version__
    told = "built_at distribution package platform python python_implementation version version_file version_installed"
    assert " ".join(sorted(meta)) == told
    assert meta["built_at"].endswith("+00:00")
    json.dumps(meta)


def test_the_state_of_the_users_folder_is_told(analysis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(analysis)
    meta = build_meta()
    assert (len(meta["git_commit"]), meta["git_branch"], meta["git_dirty"], meta["git_tag"]) == (
        40,
        "main",
        False,
        None,
    )
    assert "git_url" not in meta
    (analysis / "notebook.py").write_text("2\n")
    git(analysis, "tag", "v1")
    meta = build_meta(analysis)
    assert (meta["git_dirty"], meta["git_tag"], meta["git_describe"]) == (True, "v1", "v1")
    git(analysis, "checkout", "--detach")
    assert build_meta(analysis)["git_branch"] is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:secret@host.example/lab/study.git", "https://host.example/lab/study.git"),
        ("git@host.example:lab/study.git", "git@host.example:lab/study.git"),
    ],
)
def test_a_remote_is_told_without_secrets(analysis: Path, url: str, told: str) -> None:
    git(analysis, "remote", "add", "origin", url)
    meta = build_meta(analysis)
    assert meta["git_url"] == told
    assert meta["git_link"] == f"https://host.example/lab/study/tree/{meta['git_commit']}"
    assert "secret" not in json.dumps(meta)


def test_without_git_nothing_of_it_is_told(analysis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not any(key.startswith("git") for key in build_meta(analysis))


def test_a_source_is_told_by_class_code_and_options(tmp_path: Path) -> None:
    meta = build_meta(tmp_path, sources=[Plain])
    assert meta["sources"]["plain"] == describe_source(Plain)
    assert describe_source(Plain)["options"] == {"unit": "s"}
    assert describe_source(Plain)["class"].endswith("test_provenance.Plain")
    assert describe_source(Plain)["code"] == describe_source(Plain)["code"] != describe_source(Other)["code"]


def test_the_code_of_a_source_typed_into_a_prompt_has_a_digest_too() -> None:
    made: dict[str, Any] = {"TableSource": TableSource}
    exec("class Typed(TableSource):\n    tag = 'typed'\n    def load(self, path, *, context=None): return 1", made)
    one = describe_source(made["Typed"])["code"]
    exec("class Typed(TableSource):\n    tag = 'typed'\n    def load(self, path, *, context=None): return path", made)
    assert one != describe_source(made["Typed"])["code"]
