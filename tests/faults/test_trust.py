"""P15: no remote or other user's code runs by default, and whatever is hostile is refused in a sentence while the rest goes on."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from counting import Count, Counted
from daemon_process import sinagotd
from hostile import ALL_STAGING_DELETED, PREAMBLE, REQUESTS, RUNS, SCRIPTS, Hostile, script
from hostile import SETTINGS as HOSTILE_SETTINGS
from lab_world import COUNT, MEAN, SETTINGS, Lab, a_lab

from sinagotd.core.states import State

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
STRANGER = 54321
LAB_SETTINGS = SETTINGS.replace('"mean"]', '"mean", "third", "obey"]') + "[run]\nattempts = 1\n"
SCRIPT = script()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One daemon for all, with its cluster and a dashboard, in a folder that every user of this machine can reach."""
    home = Path(tempfile.mkdtemp(prefix="sinagotd-trust-"))
    home.chmod(0o755)
    with a_lab(home, LAB_SETTINGS, count=COUNT, mean=MEAN, third=SCRIPT, obey=PREAMBLE) as made:
        (home / "sinagotd.toml").write_text(f'[cluster]\ndashboard = "127.0.0.1:{free_port()}"\n')
        (made.elsewhere / "secret").write_text("secret")
        made.start("--config", home / "sinagotd.toml")
        yield made
        made.daemon.stop()
    shutil.rmtree(home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def go_through(lab: Lab, hostile: Sequence[Hostile], refusal: Callable[[Hostile], str], counted: Counted) -> None:
    """Do each, and compare what is said; then others must still get their results."""
    for each in hostile:
        said = refusal(each)
        if not re.search(each.says, said):
            counted.wrong(f"{each.name}: {said!r}")
    others_go_on(lab)


def others_go_on(lab: Lab) -> None:
    record = lab.new_record("good words")
    lab.daemon.wait_until(lambda: lab.results(record) == ("2", "mean of 2"), "the others went on")
    assert (lab.elsewhere / "secret").read_text() == "secret"


# who can be reached


def ports(lab: Lab) -> list[tuple[str, int]]:
    """Every address on which the daemon or something that it started accepts connections."""
    found = set()
    for process in lab.daemon.family():
        found |= {each.laddr for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN}
    return sorted((each.ip, each.port) for each in found)


def answer(port: int, said: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """What comes back from a port of this machine, b"" when it hangs up."""
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            if context is not None:
                connection = stack.enter_context(context.wrap_socket(connection))
            connection.sendall(said)
            return connection.recv(4096)
    except (ConnectionError, ssl.SSLError):
        return b""


def stranger(certificate: Path | None) -> ssl.SSLContext:
    """A client that believes everybody, with no certificate or one that it signed itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


@pytest.fixture
def self_signed(tmp_path: Path) -> Path:
    from distributed import Security

    certificate = tmp_path / "self-signed.pem"
    security = Security.temporary()
    certificate.write_text(f"{security.tls_client_key}\n{security.tls_client_cert}")
    return certificate


def test_only_this_machine_can_reach_the_cluster_and_only_with_its_certificates(
    lab: Lab, count: Count, self_signed: Path
) -> None:
    others_go_on(lab)  # the cluster is there
    listening = ports(lab)
    with count("P15", "ports of the daemon, its cluster and the dashboard", share=1, full=1) as counted:
        for address, port in listening:
            if address not in ("127.0.0.1", "::1"):
                counted.wrong(f"{address}:{port} is open to other machines")
        dask = [port for _, port in listening if not is_http(port)]
        for port in dask:
            for who, context in (
                ("without TLS", None),
                ("without", stranger(None)),
                ("self-signed", stranger(self_signed)),
            ):
                reply = answer(port, b"\0" * 64, context)
                if reply and not reply.startswith(b"\x15"):  # an alert of TLS, RFC 8446 §5.1
                    counted.wrong(f"{port} answers a client with certificate {who}: {reply!r}")
        counted.note = (
            f"{len(listening)} ports, {len(dask)} of Dask, the others HTTP without routes but the dashboard's"
        )
    assert len(dask) >= 3


def is_http(port: int) -> bool:
    reply = answer(port, b"GET /metrics HTTP/1.0\r\n\r\n")
    return reply.startswith(b"HTTP/1")


FOREIGN_CODE = """
import sys
from pathlib import Path
from distributed import Client, Security
security = None if sys.argv[1].startswith("tcp") else Security.temporary()
with Client(sys.argv[1], security=security, timeout=5) as client:
    client.submit(Path(sys.argv[2]).touch).result(timeout=5)
"""


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_client_of_somebody_else_runs_no_code(lab: Lab, tmp_path: Path, scheme: str) -> None:
    others_go_on(lab)  # the cluster is there
    proof = tmp_path / "ran"
    port = scheduler_port(lab)
    command = [sys.executable, "-c", FOREIGN_CODE, f"{scheme}://127.0.0.1:{port}", str(proof)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode != 0
    assert not proof.exists()
    others_go_on(lab)


def scheduler_port(lab: Lab) -> int:
    """The daemon itself has two ports: the scheduler's, and an HTTP one."""
    main = psutil.Process(lab.daemon.pid)
    mine = [each.laddr.port for each in main.net_connections("inet") if each.status == psutil.CONN_LISTEN]
    return next(port for port in mine if not is_http(port))


@ROOT_ONLY
def test_another_user_may_neither_ask_nor_read_the_manifest(lab: Lab) -> None:
    state = lab.daemon.state_path
    for place in (state / "manifest.db", state / "control.sock", state):
        tried = subprocess.run(
            ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "ls", str(place)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Permission denied" in tried.stderr, place
    others_go_on(lab)


# what is hostile


def test_hostile_requests_are_refused(lab: Lab, count: Count) -> None:
    with count("P15", "hostile requests", share=len(REQUESTS), full=len(REQUESTS)) as counted:
        go_through(lab, REQUESTS, lambda each: asked(lab, each.deed), counted)


def test_connections_that_say_nothing_keep_nobody_from_asking(lab: Lab) -> None:
    """They are more than the daemon gives threads to, and are cut off after 10 s."""
    silent = [connected(lab) for _ in range(100)]
    lab.daemon.wait_until(lambda: "refused" in said_by(lab, b"[]\n"), "an answer", limit_s=60)
    for connection in silent:
        connection.close()
    others_go_on(lab)


def connected(lab: Lab) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    while True:
        with suppress(BlockingIOError):  # more than the kernel lets wait
            connection.connect(str(lab.daemon.state_path / "control.sock"))
            return connection


def said_by(lab: Lab, line: bytes) -> str:
    try:
        with connected(lab) as connection, connection.makefile("rb") as stream:
            connection.sendall(line)
            return stream.readline().decode()
    except ConnectionError:
        return ""


def asked(lab: Lab, line: bytes | str) -> str:
    assert isinstance(line, bytes)
    return str(json.loads(said_by(lab, line) or "{}").get("refused"))


def test_hostile_settings_are_refused_at_a_reload(lab: Lab, count: Count) -> None:
    with count(
        "P15", "hostile settings at a reload", share=len(HOSTILE_SETTINGS), full=len(HOSTILE_SETTINGS)
    ) as counted:
        go_through(
            lab, HOSTILE_SETTINGS, lambda each: refused_at_reload(lab, lambda file: write(file, each.deed)), counted
        )


SETTINGS_PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a named pipe": (os.mkfifo, "not a file"),
    "a link to a device without end": (lambda file: file.symlink_to("/dev/zero"), "not a file"),
    "a file that everybody may write": (
        lambda file: (file.write_text(LAB_SETTINGS), file.chmod(0o666)),
        "everybody may",
    ),
    "a folder": (Path.mkdir, "no such file|not a file"),
}


def test_settings_that_are_no_file_of_ours_are_refused_at_a_reload(lab: Lab, count: Count) -> None:
    with count(
        "P15", "files of settings that are none", share=len(SETTINGS_PLACES), full=len(SETTINGS_PLACES)
    ) as counted:
        for name, (put, says) in SETTINGS_PLACES.items():
            said = refused_at_reload(lab, put)
            if not re.search(says, said):
                counted.wrong(f"{name}: {said!r}")
    others_go_on(lab)


def write(file: Path, content: bytes | str) -> None:
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))


def refused_at_reload(lab: Lab, put: Callable[[Path], object]) -> str:
    """Put something in the place of the settings and have them read again; then the good ones are there again."""
    file = lab.folder / "workspace.toml"
    before = len(lab.daemon.lines("reload_refused"))
    file.unlink()
    put(file)
    lab.daemon.send(signal.SIGHUP)
    try:
        lab.daemon.wait_until(lambda: len(lab.daemon.lines("reload_refused")) > before, "a refusal")
    except AssertionError:
        return "nothing"
    finally:
        shutil.rmtree(file) if stat.S_ISDIR(file.lstat().st_mode) else file.unlink()
        lab.settings(LAB_SETTINGS)
    return str(lab.daemon.lines("reload_refused")[-1]["why"])


def test_hostile_scripts_cost_their_own_step(lab: Lab, count: Count) -> None:
    with count("P15", "hostile scripts", share=len(SCRIPTS), full=len(SCRIPTS)) as counted:
        go_through(
            lab, SCRIPTS, lambda each: refused_script(lab, each.says, lambda file: write(file, each.deed)), counted
        )


def outside(file: Path) -> None:
    other = file.parents[2] / "elsewhere" / "third.py"
    other.write_text(SCRIPT)
    file.symlink_to(other)


def with_mode(mode: int) -> Callable[[Path], None]:
    def put(file: Path) -> None:
        file.write_text(SCRIPT + f"# {mode}")
        file.chmod(mode)

    return put


def of_a_stranger(file: Path) -> None:
    file.write_text(SCRIPT + "# of a stranger")
    os.chown(file, STRANGER, STRANGER)


def that_runs_when_it_is_read(file: Path) -> None:
    """Its paths are computed, so it would have to be imported to know them."""
    mark = file.parents[2] / "elsewhere" / "imported"
    file.write_text(f"open({str(mark)!r}, 'w')\n" + script().replace("PATH_OUT = ", "PATH_OUT = tuple and "))
    file.chmod(0o666)


SCRIPT_PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link out of the scripts folder": (outside, "link out of the scripts folder"),
    "a link to a device without end": (lambda file: file.symlink_to("/dev/zero"), "link out of"),
    "a named pipe": (os.mkfifo, "not a regular file"),
    "a file that everybody may write": (with_mode(0o666), "everybody may write"),
    "a file that a group may write": (with_mode(0o664), "may write"),
    "a file of everybody's that computes its paths": (that_runs_when_it_is_read, "everybody may write"),
    **({"a file of somebody else": (of_a_stranger, "belongs to")} if os.geteuid() == 0 else {}),
}


def test_scripts_that_somebody_else_could_write_or_that_are_no_files_of_the_folder_are_refused(
    lab: Lab, count: Count
) -> None:
    with count(
        "P15", "files of scripts that are not to be trusted", share=len(SCRIPT_PLACES), full=len(SCRIPT_PLACES)
    ) as counted:
        for name, (put, says) in SCRIPT_PLACES.items():
            said = refused_script(lab, says, put)
            if not re.search(says, said):
                counted.wrong(f"{name}: {said!r}")
        if (lab.elsewhere / "imported").exists():
            counted.wrong("a script that everybody may write was imported")
    others_go_on(lab)


def refused_script(lab: Lab, says: str, put: Callable[[Path], object]) -> str:
    """Put something in the place of the third script, drop a record, and wait for a refusal; then the good one is back."""
    file = lab.folder / "scripts" / "third.py"
    file.unlink()
    put(file)
    key = f"{lab.new_record('some words')}/third"
    try:
        lab.daemon.wait_until(lambda: re.search(says, sentence(lab, key)), says)
        return sentence(lab, key)
    except AssertionError:
        return f"{lab.daemon.state(key)}: {sentence(lab, key)}"
    finally:
        file.unlink()
        file.write_text(SCRIPT)


def sentence(lab: Lab, key: str) -> str:
    standing = lab.daemon.standings().get(key)
    return standing.sentence if standing else ""


def test_hostile_runs_harm_nobody(lab: Lab, count: Count) -> None:
    lab.put("raw/VICTIM.txt", "victim")
    deeds = len(RUNS) + 1
    with count("P15", "hostile deeds of a script at work", share=deeds, full=deeds) as counted:
        records = {each.name: lab.new_record(str(each.deed)) for each in RUNS}
        go_through(lab, RUNS, lambda each: refused_run(lab, f"{records[each.name]}/obey"), counted)
        last = lab.new_record(str(ALL_STAGING_DELETED.deed))  # the staging of a run beside it would go too
        go_through(lab, [ALL_STAGING_DELETED], lambda _: refused_run(lab, f"{last}/obey"), counted)
        if lab.read("raw/VICTIM.txt") != "victim":
            counted.wrong("raw data of another record was taken away")
        if links := [path for path in lab.data.rglob("*") if path.is_symlink()]:
            counted.wrong(f"links were published: {links}")
        if published := list(lab.data.glob("obeyed/*")):
            counted.wrong(f"something was published: {published}")
    for words in (("status",), ("logs",), ("plan",)):
        check_shown(lab, *words, lab.folder)
    for name, record in records.items():
        if "terminal" in name or "log lines" in name:
            check_shown(lab, "explain", "-w", lab.folder, record)


def refused_run(lab: Lab, key: str) -> str:
    try:
        lab.daemon.wait_until(lambda: lab.daemon.state(key) is State.QUARANTINED, f"{key} quarantined", limit_s=120)
    except AssertionError as fault:
        return str(fault)
    return sentence(lab, key)


def check_shown(lab: Lab, *words: object) -> None:
    """What a command prints about hostile errors, lines and names does not steer a terminal."""
    done = sinagotd(*words)
    assert done.returncode in (0, 1), done.stderr
    assert [line for line in done.stdout.split("\n") if not line.isprintable()] == []
    assert "Traceback" not in done.stderr


OTHERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "settings that everybody may write": (lambda lab: (lab / "workspace.toml").chmod(0o666), "everybody may write"),
    "a scripts folder that everybody may write": (lambda lab: (lab / "scripts").chmod(0o777), "everybody may write"),
    "a workspace that everybody may write": (lambda lab: lab.chmod(0o777), "everybody may write"),
    "a file of the service's that everybody may write": (
        lambda lab: (lab.parent / "sinagotd.toml").chmod(0o666), "everybody may write",
    ),
    "a cluster on another machine": (
        lambda lab: (lab.parent / "sinagotd.toml").write_text('[cluster]\naddress = "tcp://192.0.2.1:8786"'), "tls://",
    ),
    "a dashboard for other machines": (
        lambda lab: (lab.parent / "sinagotd.toml").write_text('[cluster]\ndashboard = "0.0.0.0:8787"'), "this machine only",
    ),
}  # fmt: skip


def test_a_start_from_what_others_could_write_or_reach_is_refused(tmp_path: Path, count: Count) -> None:
    with count("P15", "starts that others could write or reach into", share=len(OTHERS), full=len(OTHERS)) as counted:
        for number, (name, (spoil, says)) in enumerate(OTHERS.items()):
            lab = Lab(tmp_path / str(number))
            config = lab.folder.parent / "sinagotd.toml"
            config.write_text("")
            lab.new_record("some words")
            spoil(lab.folder)
            done = sinagotd("run", lab.folder, "--once", "--config", config)
            if done.returncode != 1 or not re.search(says, done.stderr) or "Traceback" in done.stderr:
                counted.wrong(f"{name}: {done.returncode}, {done.stderr}")
            if lab.read("count/REC-1.txt"):
                counted.wrong(f"{name}: it ran")
