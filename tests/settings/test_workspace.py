import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinagotd.errors import ConfigError
from sinagotd.settings.quantities import HOUR_S
from sinagotd.settings.workspace import ScriptRef, UnitSettings, load_workspace

RECORDS = '[records]\nid_pattern = "REC-[0-9]{3}"\n'
LAB = (
    RECORDS
    + """
[tasks.RS]
modalities = ["clinical", "EEG"]
[tasks.HDC]
modalities = ["behavior", "EEG"]

[modalities.EEG]
scripts = ["preprocess"]
task_scripts.RS = ["alpha"]
[modalities.behavior]
scripts = ["scores", "norm"]
[modalities.clinical]
"""
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="workspace.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def load(write):
    return lambda text, **arguments: load_workspace(write(text), **arguments)


@pytest.fixture
def faults(write):
    """The faults of a file, without its name in front."""

    def faults(text):
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load_workspace(path)
        assert all(fault.startswith(f"{path}: ") for fault in caught.value.faults)
        return [fault.removeprefix(f"{path}: ") for fault in caught.value.faults]

    return faults


@pytest.fixture
def warnings(load, tmp_path):
    def warnings(text):
        return [warning.removeprefix(f"{tmp_path}/workspace.toml: ") for warning in load(text).warnings]

    return warnings


# units


def test_without_tasks_and_modalities_there_is_one_unit(load):
    workspace = load(RECORDS + '[steps]\nscripts = ["count", "mean"]')
    assert workspace.is_unit_mode
    assert workspace.units == (
        UnitSettings(None, None, (ScriptRef("count", "count.py"), ScriptRef("mean", "mean.py"))),
    )


def test_units_go_by_task_and_then_in_the_order_of_modalities(load):
    workspace = load(LAB)
    assert not workspace.is_unit_mode
    assert [(unit.task, unit.modality, [script.path for script in unit.scripts]) for unit in workspace.units] == [
        ("RS", "EEG", ["EEG/preprocess.py", "EEG/alpha.py"]),
        ("RS", "clinical", []),
        ("HDC", "EEG", ["EEG/preprocess.py"]),
        ("HDC", "behavior", ["behavior/scores.py", "behavior/norm.py"]),
    ]
    assert workspace.tasks == ("RS", "HDC")
    assert workspace.modalities == ("EEG", "behavior", "clinical")
    assert workspace.warnings == ()


def test_the_scripts_of_unit_mode_are_ignored_beside_tasks(load):
    assert load(LAB + '[steps]\nscripts = ["count"]').units == load(LAB).units


# paths


def test_the_folders_are_beside_the_file_by_default(load, tmp_path):
    workspace = load(RECORDS)
    assert workspace.config_path == tmp_path / "workspace.toml"
    assert workspace.data_path == tmp_path / "dataset"
    assert workspace.scripts_path == tmp_path / "scripts"
    assert workspace.state_path == tmp_path / "dataset" / ".sinagotd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("./data", "lab/data"),
        ("data", "lab/data"),
        ("../data", "data"),
        ("..", "."),
        (".", "lab"),
        (".hidden/x", "lab/.hidden/x"),
        ("a/../b", "lab/b"),
        ("~/data", "home/data"),
    ],
)
def test_paths_start_from_the_folder_of_the_file(write, tmp_path, monkeypatch, text, expected):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = write(RECORDS + f'[path]\ndataset = "{text}"', "lab/workspace.toml")
    assert load_workspace(path.parent).data_path == tmp_path / expected


def test_an_absolute_path_stays_as_it_is(load):
    assert load(RECORDS + '[path]\ndataset = "/srv/lab/../data"').data_path == Path("/srv/lab/../data")


def test_the_working_folder_does_not_matter(load, tmp_path, monkeypatch):
    before = load(RECORDS + '[path]\ndataset = "data"')
    (tmp_path / "elsewhere" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_workspace("../workspace.toml").data_path == before.data_path


def test_scripts_are_beside_the_file_if_paths_are_given_and_there_is_no_scripts_folder(load, tmp_path):
    text = RECORDS + '[path]\ndataset = "data"'
    assert load(text).scripts_path == tmp_path
    (tmp_path / "scripts").mkdir()
    assert load(text).scripts_path == tmp_path / "scripts"


def test_scripts_given_alone_leave_the_dataset_at_its_default(load, tmp_path):
    assert load(RECORDS + '[path]\nscripts = "code"').data_path == tmp_path / "dataset"


def test_arguments_win_over_the_file(load, tmp_path):
    workspace = load(RECORDS + '[path]\ndataset = "a"\nscripts = "b"', data_path="/c", scripts_path=Path("./d"))
    assert workspace.data_path == Path("/c")
    assert workspace.scripts_path == tmp_path / "d"
    assert workspace.state_path == Path("/c/.sinagotd")


def test_the_state_can_be_moved(load):
    assert load(RECORDS + '[path]\nstate = "/var/lib/lab"').state_path == Path("/var/lib/lab")


def test_loading_touches_nothing(load, tmp_path):
    load(RECORDS)
    assert [path.name for path in tmp_path.iterdir()] == ["workspace.toml"]


@pytest.mark.parametrize("path", ["", "a\\u0000b", "~no-such-user-here/x"])
def test_a_path_that_is_none_is_a_fault(faults, path):
    (fault,) = faults(RECORDS + f'[path]\ndataset = "{path}"')
    assert fault.startswith("path.dataset = ")


def test_an_argument_that_is_no_path_is_a_fault(load):
    with pytest.raises(ConfigError, match="data_path = '': must be a path"):
        load(RECORDS, data_path="")


# several files


def test_later_files_win_table_by_table_and_lists_are_replaced(write, tmp_path):
    first = write(LAB)
    second = write(
        '[tasks.NEW]\nmodalities = ["EEG"]\n[modalities.EEG]\nscripts = ["other"]\n[path]\ndataset = "d"',
        "b/custom.toml",
    )
    workspace = load_workspace([first, second])
    assert workspace.tasks == ("RS", "HDC", "NEW")
    assert [script.label for script in workspace.units[0].scripts] == ["other", "alpha"]
    assert workspace.data_path == tmp_path / "d"
    assert workspace.config_path == first


def test_each_fault_and_warning_names_the_file_that_it_is_in(write):
    first = write(RECORDS + '[run]\ntimeout = 1\nmod = "dask"')
    second = write("[run]\nmemory = 1\n[run.steps.cout]", "custom.toml")
    with pytest.raises(ConfigError) as caught:
        load_workspace((first, second))
    assert [fault.partition(" = ")[0] for fault in caught.value.faults] == [
        f"{first}: run.timeout",
        f"{second}: run.memory",
    ]
    second.write_text("[run]\ntimeout = '1s'\n[run.steps.cout]")
    assert [warning.partition(" is ")[0] for warning in load_workspace((first, second)).warnings] == [
        f"{first}: run.mod",
        f"{second}: run.steps.cout",
    ]


def test_a_key_in_several_files_is_the_fault_of_the_last(write):
    first, second = write(RECORDS + "[run]\nattempts = 1"), write("[run]\nattempts = 0", "custom.toml")
    with pytest.raises(ConfigError) as caught:
        load_workspace([first, second])
    assert caught.value.faults == (f"{second}: run.attempts = 0: must be at least 1",)


def test_all_files_that_cannot_be_read_are_named_at_once(write, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_workspace([write("= 1"), tmp_path / "missing.toml"])
    assert len(caught.value.faults) == 2


def test_no_file_at_all_is_a_fault():
    with pytest.raises(ConfigError, match="no settings file is given"):
        load_workspace([])


# faults


def test_a_missing_id_pattern_names_the_key(faults):
    assert faults("") == ['records.id_pattern is missing: write id_pattern = "REC-[0-9]{8}" or the like']


@pytest.mark.parametrize("pattern", ["REC-[0-9", "(?P<id>.*)"])
def test_an_id_pattern_that_cannot_be_used_is_a_fault(faults, pattern):
    (fault,) = faults(f"[records]\nid_pattern = '{pattern}'")
    assert fault.startswith(f'records.id_pattern = "{pattern}": ')


@pytest.mark.parametrize("label", ["count.py", "../outside", "EEG/count", "a\\\\b", "", " count", "a\\nb"])
def test_a_script_is_listed_by_its_bare_name(faults, label):
    (fault,) = faults(RECORDS + f'[steps]\nscripts = ["mean", "{label}"]')
    assert fault.startswith("steps.scripts, item 2 = ")
    assert fault.endswith('without folder and without ".py", such as "count"')


def test_a_script_alone_is_still_written_as_a_list(faults):
    assert faults(RECORDS + '[steps]\nscripts = "count"') == [
        'steps.scripts = "count": must be a list, such as ["count"]'
    ]


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "", "a\\\\b"])
def test_a_task_or_modality_is_no_path(faults, name):
    (fault,) = faults(RECORDS + f'[tasks."{name}"]\nmodalities = []')
    assert "a name may not hold" in fault
    assert faults(RECORDS + f'[modalities."{name}"]') == [fault.replace("tasks", "modalities")]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("timeout = 5", "a duration is a number and a unit"),
        ('timeout = "5 parsecs"', 'such as "2s" or "1h30min", or "off"'),
        ('timeout = "0s"', "must be longer than that"),
        ('mode = "dusk"', 'run.mode = "dusk": must be "main_process" or "dask"'),
        ("attempts = 0", "run.attempts = 0: must be at least 1"),
        ("attempts = 9999999999", "must be at most"),
        ("attempts = 0x1" + "0" * 20_000, "must be at most"),
        ("attempts = true", "run.attempts = true: must be a whole number"),
        ("on_code_change = 1", "run.on_code_change = 1: must be true or false"),
        ("steps = 1", "run.steps = 1: must be a table"),
        ("steps.count = []", "run.steps.count = a list: must be a table"),
        ("opts.id = 1", "run.opts: id is the record's own"),
        ("opts.day = [2020-01-01]", 'write "2020-01-01" in quotes'),
        ("opts.x = " + "[" * 30 + "]" * 30, "nested more than 20 deep"),
        ('steps."a/b".timeout = 1', 'run.steps."a/b".timeout = 1: '),
    ],
)
def test_a_wrong_value_is_a_sentence_with_key_value_and_what_to_write(faults, text, fault):
    (found,) = faults(RECORDS + "[run]\n" + text)
    assert found.startswith("run.")
    assert fault in found


@pytest.mark.parametrize("where", ["run.opts", "run.steps.count.opts"])
def test_an_option_with_the_name_of_an_entity_is_a_fault(faults, where):
    (fault,) = faults(f"[records]\nid_pattern = '(?P<subject>.*)'\n[{where}]\nsubject = 1")
    assert fault.startswith(f"{where}.subject is the name of a group")


@pytest.mark.parametrize("ready", ["/done", "../{id}.done"])
def test_a_marker_is_below_the_data_folder(faults, ready):
    (fault,) = faults(RECORDS + f'[watch]\nready = "{ready}"')
    assert "must be a path below the data folder" in fault


def test_a_log_format_is_checked(faults):
    assert faults(RECORDS + '[log]\nformat = "%(nonsense"') == [
        'log.format = "%(nonsense": must be a format of Python\'s logging, such as "%(asctime)s : %(message)s"'
    ]


def test_every_fault_is_said_at_once(faults):
    found = faults('[run]\ntimeout = 1\nmemory = 2\n[watch]\nsettle = 3\n[log]\nlevel = "loud"\n[tasks.RS]')
    assert [fault.split()[0] for fault in found] == [
        "records.id_pattern",
        "tasks.RS.modalities",
        "run.timeout",
        "run.memory",
        "watch.settle",
        "log.level",
    ]


def test_a_thousand_faults_are_not_a_thousand_lines(write):
    with pytest.raises(ConfigError) as caught:
        load_workspace(write(RECORDS + f"[steps]\nscripts = {[0] * 1000}"))
    assert len(caught.value.faults) == 31
    assert caught.value.faults[-1] == "and 970 faults more: mend these first"


def test_a_value_cannot_forge_a_line_or_fill_a_screen(faults):
    text = "\\n\\u001b[2J\\u009b" + "x" * 500
    (fault,) = faults(RECORDS + f'[run]\nmode = "{text}"')
    assert fault.isprintable()
    assert len(fault) < 200


KEYS = st.sampled_from(
    [
        "info",
        "path",
        "records",
        "steps",
        "tasks",
        "modalities",
        "run",
        "watch",
        "log",
        "dask",
        "processed",
        "dataset",
        "scripts",
        "state",
        "id_pattern",
        "task_scripts",
        "models",
        "plugin",
        "data_path",
        "timeout",
        "memory",
        "opts",
        "settle",
        "ready",
        "ignore",
        "scan_interval",
        "hash_inline",
        "mode",
        "level",
        "scheduler",
        "type",
        "RS",
        "EEG",
        "count",
        "cluster",
        "file_match",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("aé/.\\\"'\n\x1b~{}", max_size=5) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
def test_whatever_a_file_says_it_loads_or_its_faults_are_plain_sentences(write, table):
    path = write(as_toml(table | {"path": {}}))
    try:
        load_workspace(path)
    except ConfigError as fault:
        for sentence in fault.faults:
            assert sentence.startswith(f"{path}: ")
            assert sentence.isprintable()
            assert not any(word in sentence for word in ("Input", "validat", "NoneType", "Traceback"))


def as_toml(table):
    """The table in lines `key = value` with inline tables."""
    return "".join(f"{key} = {inline(value)}\n" for key, value in table.items())


def inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, float):
        return repr(value) if "e" not in repr(value) else "1.5"
    return '""' if value is None else json.dumps(value).replace("\x7f", "")


# warnings


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("[runn]", "runn", None),
        ("[run]\ntimeot = 1", "run.timeot", "run.timeout"),
        ("[run.steps.count]\nattempt = 1", "run.steps.count.attempt", "run.steps.count.attempts"),
        ("[run]\nsettle = 1", "run.settle", "watch.settle"),
        ("[modalities.EEG]\nscript = []\n[tasks]", "modalities.EEG.script", "modalities.EEG.scripts"),
        ("[watch]\nzzz = 1", "watch.zzz", None),
    ],
)
def test_an_unknown_key_is_a_warning_with_the_nearest_known_one(warnings, text, key, near):
    first = next(each for each in warnings(RECORDS + '[steps]\nscripts = ["count"]\n' + text) if " is not a " in each)
    assert first.startswith(f"{key} is not a setting and does nothing")
    assert near is None or first.endswith(f": did you mean {near}?")


def test_thousands_of_unknown_keys_are_a_few_warnings(warnings):
    assert len(warnings(RECORDS + "".join(f"key_{number} = 1\n" for number in range(10_000)))) == 30


def test_every_key_of_sinagot_is_known_also_those_that_nothing_reads(load):
    text = """
        [info]
        version = "0.3.0"
        anything = 1
        [records]
        id_pattern = "x"
        file_match = [true, false]
        [path]
        dataset = "."
        scripts = "."
        [log]
        name = "lab"
        format = "%(message)s"
        level = "debug"
        [run]
        mode = "dask"
        [dask.scheduler]
        type = "single-threaded"
        [dask.cluster]
        n_workers = 20
        address = "x"
        [modalities.EEG]
        scripts = []
        task_scripts.RS = ["alpha"]
        file_match = [true]
        record_collection = "X"
        models = {plugin = "pandas", record = "R", data_path = ["{id}"], dataframe_path = ["x"]}
        [tasks.RS]
        modalities = ["EEG"]
        [processed.key]
        task = "RS"
        modality = "EEG"
        step_label = "alpha"
        path_label = "p"
        data_getter = "series_from_csv"
        data_type = "float"
        columns = ["a"]
    """
    workspace = load(text)
    assert workspace.warnings == ()
    assert workspace.log.level == "DEBUG"
    assert workspace.dask.cluster == {"n_workers": 20, "address": "x"}
    assert workspace.raw["info"]["anything"] == 1


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            "[tasks.NEW]\nmodalities = ['EGG']",
            "tasks.NEW.modalities lists EGG, which [modalities] lacks: did you mean EEG?",
        ),
        (
            "[modalities.x]\ntask_scripts.HCD = []",
            "modalities.x.task_scripts.HCD is for a task that [tasks] lacks: did you mean HDC?",
        ),
        (
            "[tasks.ids]\nmodalities = []",
            'tasks.ids is the name of a method too: in Python write get_subscope(task="ids")',
        ),
        (
            "[modalities.all]",
            'modalities.all is the name of a method too: in Python write get_subscope(modality="all")',
        ),
        (
            "[modalities.x]\nscripts = ['a', 'a']",
            "modalities.x.scripts lists a again: a step runs once, at its first place",
        ),
        (
            "[run.steps.'behavior/score']",
            'run.steps."behavior/score" is for a step that is not listed: did you mean behavior/scores?',
        ),
        (
            "[steps]\nscripts = ['a']",
            "steps.scripts does nothing where there are tasks and modalities: list them in [modalities.<name>]",
        ),
        ("[watch.modalities.EGG]", "watch.modalities.EGG is for a modality that [modalities] lacks: did you mean EEG?"),
    ],
)
def test_what_is_allowed_but_odd_is_a_warning(warnings, text, warning):
    assert warnings(LAB + text) == [warning]


@pytest.mark.parametrize(("there", "lacking"), [("tasks", "modalities"), ("modalities", "tasks")])
def test_half_a_declaration_is_a_warning(warnings, there, lacking):
    assert warnings(RECORDS + f"[{there}.x]\n" + "modalities = ['EEG']" * (there == "tasks")) == [
        f"{there} has no {lacking} beside it, so no step can run: add [{lacking}.<name>]"
    ]


def test_a_script_that_a_task_adds_again_runs_once(load):
    text = LAB.replace('["alpha"]', '["alpha", "preprocess"]')
    assert [script.label for script in load(text).units[0].scripts] == ["preprocess", "alpha"]
    assert "lists preprocess again" in load(text).warnings[0]


# single steps and modalities


def test_the_more_exactly_a_step_is_named_the_more_its_settings_count(load):
    workspace = load(
        LAB
        + """
        [run]
        timeout = "1h"
        opts = {cut = 1, unit = "uV"}
        [run.steps.scores]
        timeout = "2h"
        memory = "1 GiB"
        [run.steps."behavior/scores"]
        timeout = "off"
        opts.cut = 2
        [run.steps."HDC/behavior/scores"]
        attempts = 5
        """
    )
    scores = workspace.for_step("HDC/behavior/scores")
    assert (scores.timeout, scores.memory, scores.attempts) == (None, 1024**3, 5)
    assert scores.opts == {"cut": 2, "unit": "uV"}
    alpha = workspace.for_step("RS/EEG/alpha")
    assert (alpha.timeout, alpha.memory, alpha.attempts, alpha.opts) == (HOUR_S, None, 3, {"cut": 1, "unit": "uV"})


def test_the_options_of_one_step_leave_the_others_alone(load):
    workspace = load(RECORDS + "[run.steps.count]\nopts.cut = 2")
    workspace.for_step("count").opts["cut"] = 3
    assert workspace.for_step("count").opts == {"cut": 2}
    assert workspace.for_step("mean").opts == {}


def test_a_modality_may_settle_in_its_own_time(load):
    workspace = load(
        LAB + '[watch]\nsettle = "3s"\n[watch.modalities.EEG]\nsettle = "30s"\n[watch.modalities.behavior]'
    )
    assert workspace.settle_for("EEG") == 30.0
    assert workspace.settle_for("behavior") == 3.0
    assert workspace.settle_for("clinical") == 3.0
    assert workspace.settle_for(None) == 3.0
