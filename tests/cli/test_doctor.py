from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sinagotd.cli import workspace_limits
from sinagotd.cli.limits import Limit, Machine, Need, Verdict

Json = Callable[..., Any]

NEED = Need(workspaces=2, folders=1000, workers=4)
KERNEL = {
    "sys/fs/inotify/max_user_watches": "65536\n",
    "sys/fs/inotify/max_user_instances": "128\n",
    "sys/fs/inotify/max_queued_events": "16384\n",
    "sys/fs/leases-enable": "1\n",
    "self/status": "Name:\tx\nCapEff:\t0000000010000000\n",
    "meminfo": "MemTotal: 1 kB\nMemAvailable:   8388608 kB\n",
}


@pytest.fixture
def kernel(tmp_path: Path) -> Callable[..., dict[str, Limit]]:
    """What a machine whose kernel says this allows, by what it is about."""

    def told(**changes: str) -> dict[str, Limit]:
        for name, text in {**KERNEL, **changes}.items():
            file = tmp_path / "proc" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return {limit.what: limit for limit in Machine(tmp_path / "proc").limits(NEED)}

    return told


def test_a_machine_with_room_for_all_is_fine(kernel: Any) -> None:
    limits = kernel()
    for what in ("watches", "watchers", "bursts", "writers", "memory"):
        assert limits[what].verdict is Verdict.FINE, limits[what]
    assert limits["watches"].says == "65,536 folders can be watched by this user, these workspaces need 1,000"
    assert limits["memory"].says == "2.0 GiB are free for each of 4 workers"


@pytest.mark.parametrize(
    ("file", "text", "what", "says"),
    [
        ("sys/fs/inotify/max_user_watches", "1100", "watches", "raise fs.inotify.max_user_watches"),
        ("sys/fs/inotify/max_user_instances", "3", "watchers", "raise fs.inotify.max_user_instances"),
        ("sys/fs/inotify/max_queued_events", "100", "bursts", "everything is looked at anew"),
        ("sys/fs/leases-enable", "0", "writers", "CAP_LEASE"),
        ("self/status", "CapEff:\t0000000000000000", "writers", "CAP_LEASE"),
        ("meminfo", "MemAvailable: 1048576 kB", "memory", "start fewer"),
    ],
)
def test_a_limit_that_is_too_low_is_a_warning_that_says_what_it_means(
    kernel: Any, file: str, text: str, what: str, says: str
) -> None:
    limit = kernel(**{file: text})[what]
    assert limit.verdict is Verdict.WARNING
    assert says in limit.says


def test_a_kernel_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(KERNEL["meminfo"])
    assert {limit.what for limit in Machine(tmp_path).limits(NEED)} >= {"watches", "writers"}


def test_one_screen_tells_of_the_machine_the_workspace_and_the_small_print(bench: Any) -> None:
    bench.drop(r1="a", r2="b")

    result = bench("doctor")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) < 30
    for words in ("this machine", str(bench.path), "2 records, 2 steps", "are kept in reserve", "recorded once"):
        assert words in result.stdout


def test_the_document_has_the_same(bench: Any, json_of: Json) -> None:
    document = json_of(bench("doctor", "--json"))
    assert {limit["what"] for limit in document["machine"]} >= {"watches", "clock", "systemd", "user"}
    (limits,) = document["workspaces"].values()
    assert {limit["what"]: limit["verdict"] for limit in limits} == dict.fromkeys(
        ("settings", "changes", "manifest", "disk"), "fine"
    )
    assert document["small_print"]


def test_what_must_be_mended_is_a_fault_and_the_exit_code_says_so(bench: Any, json_of: Json) -> None:
    bench.write("scripts/count.py", "def run(: pass")
    bench.write("workspace.toml", (bench.path / "workspace.toml").read_text() + 'reserve = "4000000 GiB"\n')

    result = bench("doctor", "--json")

    assert result.exit_code == 1
    (limits,) = json_of(result)["workspaces"].values()
    faults = {limit["what"]: limit["says"] for limit in limits if limit["verdict"] == "fault"}
    assert "count.py" in faults["settings"]
    assert "make room" in faults["disk"]


def test_settings_that_cannot_be_read_are_a_fault_of_their_workspace(bench: Any, json_of: Json) -> None:
    bench.write("workspace.toml", "[records")
    result = bench("doctor", "--json")
    assert result.exit_code == 1
    (limits,) = json_of(result)["workspaces"].values()
    assert [limit["what"] for limit in limits] == ["settings"]


def test_on_a_network_mount_it_says_how_late_changes_are_seen(
    bench: Any, json_of: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace_limits, "network_warning", lambda _: "/lab: is on a network mount (nfs4)")
    (limits,) = json_of(bench("doctor", "--json"))["workspaces"].values()
    changes = next(limit for limit in limits if limit["what"] == "changes")
    assert changes["verdict"] == "warning"
    assert "rename into place" in changes["says"]


def test_a_file_server_with_another_clock_is_told(worked: Any, json_of: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_limits, "file_system_now", lambda _: 4e9)
    (limits,) = json_of(worked("doctor", "--json"))["workspaces"].values()
    assert "ahead: that is allowed for" in next(limit["says"] for limit in limits if limit["what"] == "file clock")


def test_without_a_workspace_the_machine_alone_is_looked_at(
    sinagotd_call: Any, json_of: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = json_of(sinagotd_call("doctor", "--json"))
    assert document["machine"]
    assert document["workspaces"] == {}
