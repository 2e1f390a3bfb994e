import os
import time

import pytest

from sinagotd.errors import ConfigError
from sinagotd.settings.toml_file import MAX_FILE_BYTES, config_file, read_toml


def fault_of(path):
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


def fault_in(tmp_path, content):
    path = tmp_path / "workspace.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = fault_of(path)
    assert sentence.startswith(str(path))
    return sentence.removeprefix(str(path))


def test_a_folder_means_the_workspace_file_in_it(tmp_path):
    assert config_file(tmp_path) == tmp_path / "workspace.toml"


def test_a_file_may_have_any_name(tmp_path):
    assert config_file(str(tmp_path / "custom.toml")) == tmp_path / "custom.toml"


def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_file("custom.toml") == tmp_path / "custom.toml"


@pytest.mark.parametrize("path", ["~no-such-user-here/workspace.toml", "a\0b"])
def test_a_path_that_is_none_is_a_sentence(path):
    with pytest.raises(ConfigError, match="not a path: give the path"):
        read_toml(config_file(path))


def test_a_sound_file_is_parsed(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_text('[records]\nid_pattern = "REC-[\\\\d]{8}"\n')
    assert read_toml(path) == {"records": {"id_pattern": "REC-[\\d]{8}"}}


def test_a_file_saved_by_a_windows_editor_is_parsed(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_bytes(b'\xef\xbb\xbf[log]\r\nname = "lab"\r\n')
    assert read_toml(path) == {"log": {"name": "lab"}}


def test_bad_toml_names_the_line(tmp_path):
    assert fault_in(tmp_path, "a = 1\nb = = 2\n").startswith(", line 2, column 5: not valid TOML: invalid value")


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path):
    assert fault_in(tmp_path, b"a = 1\n# \xff\n") == ", line 2: not UTF-8 text: save the file as UTF-8"


def test_a_missing_file_says_so(tmp_path):
    assert "there is no such file: create it" in fault_of(tmp_path / "workspace.toml")


def test_a_file_used_as_a_folder_says_so(tmp_path):
    (tmp_path / "file").touch()
    assert "there is no such file" in fault_of(tmp_path / "file" / "workspace.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = tmp_path / "workspace.toml"
    path.touch(mode=0)
    assert "may not read it" in fault_of(path)


def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "workspace.toml")
    assert "not a file" in fault_of(tmp_path / "workspace.toml")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "workspace.toml").mkdir()
    assert "not a file" in fault_of(tmp_path / "workspace.toml")


def test_links_that_go_round_are_a_sentence(tmp_path):
    (tmp_path / "workspace.toml").symlink_to("workspace.toml")
    assert "cannot be read" in fault_of(tmp_path / "workspace.toml")


def test_a_file_of_the_largest_size_is_read(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_bytes(b"#" * MAX_FILE_BYTES)
    assert read_toml(path) == {}


def test_a_larger_file_is_refused(tmp_path):
    assert "larger than 256 KiB" in fault_in(tmp_path, "#" * (MAX_FILE_BYTES + 1))


def test_a_long_dotted_key_is_refused_before_it_costs_time(tmp_path):
    before = time.monotonic()
    assert fault_in(tmp_path, "\n" + "a." * 100_000 + "a = 1") == (
        ", line 2: more than 64 dots: break it into several lines or tables"
    )
    assert time.monotonic() - before < 5  # it takes minutes and gigabytes to parse


@pytest.mark.parametrize(
    "before",
    [
        "{p = '''a'''', %s = 'q'}",
        '{p = """a"""", %s = "q"}',
        '{p = "\\"", %s = "q"}',
        "{p = '\\', %s = 'q'}",
        '{p = \'"\', %s = "q"}',
        "{'#' = 1, %s = 2}",
    ],
)
def test_no_quoting_hides_a_long_dotted_key(tmp_path, before):
    assert "more than 64 dots" in fault_in(tmp_path, "x = " + before % ".".join("a" * 66))


@pytest.mark.parametrize(
    "text",
    [
        'x = "%s"',
        "x = '%s'",
        'x = """\n%s\n"""',
        "x = '''%s'''''",
        "x = 1 # %s",
        "# it's %s",
        'x = "a\\"%s"',
    ],
)
def test_dots_in_texts_and_comments_do_not_count(tmp_path, text):
    path = tmp_path / "workspace.toml"
    path.write_text(text % ("." * 1000))
    read_toml(path)


def test_lines_are_counted_through_long_texts(tmp_path):
    assert ", line 5: " in fault_in(tmp_path, 'x = """\n"\n\n"""\n' + ".".join("a" * 66))


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{a = " * 40_000])
def test_deep_nesting_is_a_sentence(tmp_path, text):
    assert "nested too deeply" in fault_in(tmp_path, text)


def test_an_endless_number_is_a_sentence(tmp_path):
    assert "not valid TOML" in fault_in(tmp_path, "a = " + "9" * 5000)
