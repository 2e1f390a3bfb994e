import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from lab_world import Lab

from sinagotd.daemon.logs import PRINT_THEMSELVES, libraries_logged, make_log

HOSTILE = 'a.csv\n{"event": "forged"}\r\x1b[2J\u202e\u2028\udc80'


def json_log(**options):
    stream = io.StringIO()
    return make_log("json", stream=stream, **options), lambda: [
        json.loads(line) for line in stream.getvalue().splitlines()
    ]


def console_log():
    stream = io.StringIO()
    return make_log("console", stream=stream), stream.getvalue


def test_a_json_line_holds_the_event_its_level_the_time_and_what_was_bound():
    log, lines = json_log()
    log.bind(workspace="harbor").warning("walked", files=3, why=None)
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {"event": "walked", "level": "warning", "workspace": "harbor", "files": 3, "why": None}


def test_what_is_below_the_level_is_not_written():
    log, lines = json_log(level="warning")
    log.info("walked")
    log.error("offline")
    assert [line["event"] for line in lines()] == ["offline"]


def test_a_hostile_name_stays_one_json_line_and_comes_back_as_it_was():
    log, lines = json_log()
    log.info("seen", path=HOSTILE, paths=[HOSTILE], why=OSError(2, "gone", HOSTILE))
    (line,) = lines()
    assert (line["event"], line["path"], line["paths"]) == ("seen", HOSTILE, [HOSTILE])


def test_a_hostile_name_stays_one_line_on_a_terminal_and_steers_nothing():
    log, text = console_log()
    log.info("seen", path=HOSTILE, paths=[HOSTILE], why=OSError(2, "gone", HOSTILE))
    (line,) = text().splitlines()
    assert "forged" in line
    assert line.isprintable()


def test_a_terminal_line_opens_with_the_time_and_the_level():
    log, text = console_log()
    log.error("offline", why="unmounted")
    time, level, event = text().split()[:3]
    assert [part.isdecimal() for part in time.split(":")] == [True, True, True]
    assert level.startswith("[error")
    assert event.strip("]") in ("", "offline")


def test_a_traceback_is_readable_on_a_terminal_and_cannot_forge_a_line_either():
    log, text = console_log()
    try:
        int("bad\n00:00:00 [info] forged \x1b[2J")
    except ValueError:
        log.exception("turn_failed", exc_info=ValueError(HOSTILE))
    first, *traceback = text().rstrip("\n").split("\n")
    assert "turn_failed" in first
    assert any("forged" in line for line in traceback)
    assert all(line.startswith("    ") and line.isprintable() for line in traceback)


def test_a_name_reaches_a_stream_that_cannot_spell_it(tmp_path):
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        for style in ("json", "console"):
            make_log(style, stream=stream).info("seen", path="\u00e9\udc80.csv")
    as_json, as_text = (tmp_path / "log").read_text("ascii").splitlines()
    assert json.loads(as_json)["path"] == "\u00e9\udc80.csv"
    assert r"\xe9" in as_text


def test_by_itself_a_terminal_gets_lines_for_people_and_a_pipe_gets_json(tmp_path):
    reader, writer = os.openpty()
    with os.fdopen(writer, "w", encoding="utf-8") as terminal, (tmp_path / "log").open("w") as file:
        make_log(stream=terminal).info("seen")
        make_log(stream=file).info("seen")
        on_terminal = os.read(reader, 4096)
    os.close(reader)
    assert b"\x1b[" in on_terminal
    assert json.loads((tmp_path / "log").read_text())["event"] == "seen"


@pytest.mark.parametrize(
    "name", ["distributed.worker", "tornado.application", "apscheduler", "watchdog.observers", "urllib3"]
)
def test_a_librarys_warning_is_one_line_of_ours(name, capfd):
    log, lines = json_log()
    with libraries_logged(log):
        logging.getLogger(name).error("lost %s", "a\nworker")  # distributed silences tornado below that
        logging.getLogger(name).info("hello")
    assert [(line["event"], line["library"], line["message"]) for line in lines()] == [
        ("library", name, "lost a\nworker")
    ]
    assert capfd.readouterr() == ("", "")


def test_dask_imported_meanwhile_or_before_does_not_say_it_a_second_time():
    program = """if True:
        import logging, sys
        if "before" in sys.argv:
            import distributed
        from sinagotd.daemon.logs import libraries_logged, make_log
        with libraries_logged(make_log("json")):
            import distributed
            logging.getLogger("distributed.worker").warning("lost")
            logging.getLogger("distributed.client").error("closed")
    """
    for when in ("before", "meanwhile"):
        ran = subprocess.run(
            [sys.executable, "-c", program, when], capture_output=True, text=True, check=True, timeout=50
        )
        assert [json.loads(line)["message"] for line in ran.stdout.splitlines()] == ["lost", "closed"], when
        assert ran.stderr == ""


def test_a_librarys_wrong_format_string_raises_nothing_inside_that_library():
    log, lines = json_log()
    with libraries_logged(log):
        record = logging.LogRecord("watchdog", logging.WARNING, "", 0, "%d folders", ("many",), None)
        logging.getLogger().handlers[-1].handle(record)
    assert "many" in lines()[0]["message"]


def test_a_librarys_megabyte_of_text_is_cut():
    log, lines = json_log()
    with libraries_logged(log):
        logging.getLogger("watchdog").warning("x" * 1_000_000)
    assert len(lines()[0]["message"]) == 2000


def test_nothing_global_is_left_behind():
    def handlers():
        loggers = [logging.getLogger(), *map(logging.getLogger, PRINT_THEMSELVES)]
        return [(logger.handlers[:], logger.propagate, logger.level) for logger in loggers]

    own = logging.NullHandler()
    logging.getLogger("distributed").addHandler(own)
    before = handlers(), structlog.get_config()
    with pytest.raises(RuntimeError), libraries_logged(json_log()[0]):
        raise RuntimeError
    assert (handlers(), structlog.get_config()) == before
    logging.getLogger("distributed").removeHandler(own)


class Refusing(io.StringIO):
    """A stream that writes nothing while it is full."""

    full = False

    def write(self, text):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_line_that_cannot_be_written_stops_nobody_and_the_next_one_tells_of_it():
    stream = Refusing()
    log = make_log("json", stream=stream)
    log.info("one")
    stream.full = True
    for _ in range(3):
        log.info("lost")
    stream.full = False
    for event in ("two", "three"):
        log.info(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line.get("lines_lost")) for line in lines] == [("one", None), ("two", 3), ("three", None)]


def test_a_daemon_whose_log_cannot_be_written_does_its_work(tmp_path):
    lab = Lab(tmp_path)
    lab.new_record("some words")
    command = [sys.executable, "-m", "sinagotd", "run", lab.folder, "--once", "--inline", "--log", "json"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert lab.results("REC-1") == ("2", "mean of 2")
