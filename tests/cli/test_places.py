from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sinagotd.cli.places import find_places
from sinagotd.errors import ConfigError
from sinagotd.manifest.signpost import put_up


def test_the_current_folder_is_the_workspace_if_it_has_the_file(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.path)

    (place,) = find_places(None, None)

    assert place.name == str(bench.path)
    assert place.state_path == bench.state


def test_without_any_workspace_the_sentence_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as refusal:
        find_places(None, None)

    assert str(refusal.value) == f"no workspace.toml in {tmp_path}: give the path of a workspace, or --config"


@pytest.mark.parametrize("name", ["", "workspace.toml"])
def test_a_folder_and_its_file_are_the_same_workspace(bench: Any, name: str) -> None:
    (place,) = find_places(bench.path / name, None)

    assert place.settings.config_path == bench.path / "workspace.toml"


def test_a_settings_file_with_a_name_of_its_own_is_named(bench: Any) -> None:
    other = (bench.path / "workspace.toml").rename(bench.path / "night.toml")

    (place,) = find_places(other, None)

    assert place.name == str(other)


def test_the_file_of_the_service_gives_all_its_workspaces_and_their_state_folders(
    make_bench: Callable[[str], Any], tmp_path: Path
) -> None:
    benches = [make_bench("one"), make_bench("two")]
    config = tmp_path / "sinagotd.toml"
    config.write_text(f'workspaces = ["one", "{benches[1].path}"]\n[state]\nfolder = "states"\n')

    places = find_places(None, config)

    assert [place.name for place in places] == [str(each.path) for each in benches]
    assert len({place.state_path for place in places}) == 2
    assert all(place.state_path.parent == tmp_path / "states" for place in places)


def test_a_path_beside_the_file_of_the_service_picks_one_workspace(bench: Any, tmp_path: Path) -> None:
    config = tmp_path / "sinagotd.toml"
    config.write_text('[state]\nfolder = "states"\n')

    (place,) = find_places(bench.path, config)

    assert place.state_path.parent == tmp_path / "states"


def test_a_service_without_workspaces_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "sinagotd.toml"
    config.touch()

    with pytest.raises(ConfigError, match="lists no workspaces"):
        find_places(None, config)


def test_the_faults_of_all_workspaces_come_at_once(make_bench: Callable[[str], Any], tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_bench(name).write("workspace.toml", "records = 3")
    config = tmp_path / "sinagotd.toml"
    config.write_text('workspaces = ["one", "two"]')

    with pytest.raises(ConfigError) as refusal:
        find_places(None, config)

    assert [("one/workspace.toml" in fault, "two/workspace.toml" in fault) for fault in refusal.value.faults] == [
        (True, False),
        (False, True),
    ]


def test_a_command_that_would_look_for_the_manifest_in_the_wrong_place_says_what_to_give(
    bench: Any, tmp_path: Path
) -> None:
    config = tmp_path / "sinagotd.toml"
    config.write_text('[state]\nfolder = "states"\n')
    (there,) = find_places(bench.path, config)
    bench.state.mkdir()
    put_up(bench.state, there.state_path, config)

    with pytest.raises(ConfigError) as refusal:
        find_places(bench.path, None)

    assert str(refusal.value) == f"{bench.path}: its manifest is kept in {there.state_path}: say --config {config}"
    assert find_places(bench.path, config) == [there]
