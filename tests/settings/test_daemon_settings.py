from pathlib import Path

import pytest

from sinagotd.errors import ConfigError
from sinagotd.settings.daemon import load_daemon
from sinagotd.settings.quantities import DAY_S
from sinagotd.settings.workspace import load_workspace


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "sinagotd.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def faults(write):
    def faults(text):
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load_daemon(path)
        return [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]

    return faults


@pytest.fixture
def workspace(tmp_path):
    def workspace(text="", name="harbor"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "workspace.toml").write_text('[records]\nid_pattern = "x"\n' + text)
        return load_workspace(folder)

    return workspace


def test_without_a_file_everything_is_at_its_default():
    service = load_daemon(None)
    assert service.config_path is None
    assert service.workspaces == ()
    assert (service.cluster.workers, service.cluster.address, service.cluster.dashboard) == (0, None, None)
    assert (service.drain, service.keep_runs, service.keep_events) == (30.0, 20, 90 * DAY_S)
    assert service.intervals.backup == DAY_S
    assert service.warnings == ()


def test_a_folder_means_the_service_file_in_it(write, tmp_path):
    write("keep_runs = 3")
    service = load_daemon(tmp_path)
    assert service.keep_runs == 3
    assert service.config_path == tmp_path / "sinagotd.toml"


def test_workspaces_start_from_the_folder_of_the_file_and_count_once(write, tmp_path):
    service = load_daemon(write('workspaces = ["/srv/lab/harbor", "lab", "./lab"]'))
    assert service.workspaces == (Path("/srv/lab/harbor"), tmp_path / "lab")


def test_an_unknown_key_is_a_warning(write):
    path = write("[cluster]\nworker = 4\n[intervals]\nscan_interval = 1")
    assert load_daemon(path).warnings == (
        f"{path}: cluster.worker is not a setting and does nothing: did you mean cluster.workers?",
        f"{path}: intervals.scan_interval is not a setting and does nothing: did you mean intervals.scan?",
    )


def test_every_fault_is_said_at_once(faults):
    found = faults(
        'workspaces = "x"\nkeep_runs = 0\n[cluster]\nworkers = -1\n[log]\nformat = "xml"\n[intervals]\nscan = 1'
    )
    assert [fault.split(" = ")[0] for fault in found] == [
        "workspaces",
        "keep_runs",
        "cluster.workers",
        "log.format",
        "intervals.scan",
    ]
    assert found[0] == 'workspaces = "x": must be a list, such as ["/srv/lab/harbor"]'
    assert found[3] == 'log.format = "xml": must be "auto", "json" or "console"'


TLS = '\ntls_ca = "ca.pem"\ntls_cert = "cert.pem"\ntls_key = "/etc/key.pem"'


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786"])
def test_a_scheduler_on_this_machine_needs_no_tls(write, address):
    assert load_daemon(write(f'[cluster]\naddress = "{address}"')).cluster.address == address


def test_a_scheduler_elsewhere_is_reached_with_tls(write, tmp_path):
    cluster = load_daemon(write('[cluster]\naddress = "tls://cluster.lab:8786"' + TLS)).cluster
    assert cluster.tls_ca == tmp_path / "ca.pem"
    assert cluster.tls_key == Path("/etc/key.pem")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('address = "tcp://10.0.0.1:8786"', "address is on another machine"),
        ('address = "tcp://cluster.lab:8786"', "address is on another machine"),
        ('address = "tcp://localhost.evil.org:8786"', "address is on another machine"),
        ('address = "tcp://10.0.0.1:8786"' + TLS, "address is on another machine"),
        ('address = "tls://cluster.lab:8786"', "tls_ca, tls_cert and tls_key must be given"),
        ('tls_ca = "ca.pem"', "give all three or none"),
    ],
)
def test_a_scheduler_that_strangers_could_reach_is_refused(faults, text, fault):
    (found,) = faults("[cluster]\n" + text)
    assert found.startswith("cluster: ")
    assert fault in found


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:1", "http://x:1", "tcp://a:b", "tcp://["]
)
def test_what_is_no_scheduler_address_is_refused(faults, address):
    (found,) = faults(f'[cluster]\naddress = "{address}"')
    assert 'must be an address such as "tcp://127.0.0.1:8786"' in found


@pytest.mark.parametrize("dashboard", ["127.0.0.1:8787", "localhost:0", "[::1]:8787"])
def test_a_dashboard_is_for_this_machine(write, dashboard):
    assert load_daemon(write(f'[cluster]\ndashboard = "{dashboard}"')).cluster.dashboard == dashboard


@pytest.mark.parametrize(
    "dashboard", [":8787", "0.0.0.0:8787", "lab:8787", "127.0.0.1", "8787", "[::]:1", "127.0.0.1:x"]
)
def test_a_dashboard_for_others_is_refused(faults, dashboard):
    (found,) = faults(f'[cluster]\ndashboard = "{dashboard}"')
    assert "must be an address of this machine only" in found


def test_the_intervals_of_a_workspace_win(write, workspace):
    service = load_daemon(write('[intervals]\nscan = "1h"\ncanary = "2min"'))
    plain = workspace()
    assert (service.scan_interval_for(plain), service.canary_interval_for(plain)) == (3600.0, 120.0)
    own = workspace('[watch]\nscan_interval = "10min"\ncanary_interval = "5s"', name="own")
    assert (service.scan_interval_for(own), service.canary_interval_for(own)) == (600.0, 5.0)


def test_the_state_is_inside_the_data_folder_by_default(workspace, tmp_path):
    assert load_daemon(None).state_path_for(workspace()) == tmp_path / "harbor" / "dataset" / ".sinagotd"


def test_each_workspace_has_its_own_place_in_the_state_folder(write, workspace, tmp_path):
    service = load_daemon(write('[state]\nfolder = "state"'))
    paths = {service.state_path_for(workspace(name=name)) for name in ("harbor", "harbor2")}
    assert len(paths) == 2
    assert {path.parent for path in paths} == {tmp_path / "state"}


def test_two_workspaces_of_one_name_have_two_states(write, workspace, tmp_path):
    (tmp_path / "other").mkdir()
    service = load_daemon(write('[state]\nfolder = "state"'))
    assert service.state_path_for(workspace()) != service.state_path_for(workspace(name="other/harbor"))


def test_a_state_that_the_workspace_moved_stays_there(write, workspace):
    service = load_daemon(write('[state]\nfolder = "state"'))
    assert service.state_path_for(workspace('[path]\nstate = "/var/lab"')) == Path("/var/lab")
