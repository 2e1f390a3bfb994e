"""Scopes in both modes (specs of sinagot §§4 to 6): names, exact reprs, what goes with what, what equals what."""

import pytest
from reading_world import CLINIC, clinic, harbour

from sinagotd import Workspace
from sinagotd.errors import WorkspaceError
from sinagotd.settings.units import _API_NAMES
from sinagotd.workspace.faults import NoModalityError
from sinagotd.workspace.model import Model, ModelWithStepCollection, Scope
from sinagotd.workspace.record import Record, RecordUnit
from sinagotd.workspace.record_collection import RecordCollection, RecordCollectionUnit
from sinagotd.workspace.step import ScopedStep, Step
from sinagotd.workspace.step_collection import StepCollection, StepCollectionUnit

A, B = "REC-200319-A", "REC-200320-A"


@pytest.fixture
def ws(tmp_path):
    return clinic(tmp_path)


def test_reprs_of_unit_mode_are_those_of_sinagot(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.get("REC-20200603")
    assert repr(ws.records) == "<RecordCollection instance>"
    assert repr(record) == str(record) == "<Record instance | id: REC-20200603>"
    assert repr(ws.steps) == repr(record.steps) == "<StepCollectionUnit instance>"
    assert repr(ws.steps.get("count")) == "<Step instance | task: None, modality: None, label: count>"
    assert [type(each).__name__ for each in (ws.records, record)] == ["RecordCollection", "Record"]


def test_reprs_of_task_and_modality_mode_are_those_of_sinagot(ws):
    record = ws.records.get(A)
    assert repr(ws.RS) == "<RecordCollection instance | task: RS, modality: None>"
    assert repr(record.EEG) == f"<Record instance | id: {A}, task: None, modality: EEG>"
    assert repr(ws.steps) == "<StepCollection instance>"
    step = ws.RS.EEG.steps.get("preprocess")
    assert repr(step) == "<ScopedStep instance | task: RS, modality: EEG, label: preprocess>"
    assert repr(ws.clinical) == "<PandasRecordCollection instance | task: None, modality: clinical>"
    assert repr(record.RS.clinical) == f"<PandasRecord instance | id: {A}, task: RS, modality: clinical>"
    assert repr(ws.gathered.first() or record.gathered).startswith("<ProcessedRecord instance")


def test_a_model_of_somebody_prints_its_class():
    class TestModel(Model):
        __test__ = False

    assert repr(TestModel()) == "<TestModel instance>"


def test_the_classes_derive_from_each_other_as_in_sinagot():
    assert issubclass(StepCollection, StepCollectionUnit)
    assert issubclass(ScopedStep, Step)
    assert issubclass(Record, RecordUnit)
    assert issubclass(Record, Scope)
    assert issubclass(RecordCollection, RecordCollectionUnit)
    assert issubclass(RecordCollection, Scope)
    assert issubclass(Scope, ModelWithStepCollection)


def test_what_sinagots_own_tests_ask_of_classes_is_there(ws):
    for scope in (ws.records, ws.RS, ws.records.get(A), ws.clinical.get(A)):
        assert all(isinstance(narrowed, scope._subscope_class) for narrowed in scope.iter_units())
    assert ws.clinical._record_class is type(ws.clinical.get(A))


@pytest.mark.parametrize("name", ["RS", "MMN", "HDC", "EEG", "behavior", "clinical"])
def test_the_workspace_offers_tasks_and_modalities_of_its_records(ws, name):
    assert getattr(ws, name) == getattr(ws.records, name)
    assert getattr(ws.records.get(A), name).id == A


def test_the_order_of_access_changes_nothing_d54(ws):
    assert ws.RS.EEG == ws.EEG.RS
    assert hash(ws.RS.EEG) == hash(ws.EEG.RS)
    assert repr(ws.RS.EEG) == repr(ws.EEG.RS)
    assert type(ws.clinical.RS) is type(ws.RS.clinical)
    assert ws.clinical.RS.ids() == ws.RS.clinical.ids() == [A, B]
    assert list(ws.clinical.RS.data.age) == [8, 9]


def test_scopes_equal_each_other_by_workspace_id_task_and_modality_d54(ws):
    first, second = ws.records.get(A), ws.records.get(B)
    assert ws.RS.get(A) == first.RS
    assert first.RS != second.RS
    assert first.RS != first.MMN
    assert first != ws.records
    assert ws.RS.clinical != ws.RS.EEG
    assert ws.records != ws.EEG
    assert len({first, ws.records.get(A), second}) == 2
    assert Workspace(ws.config_path).records != ws.records
    assert ws.RS.EEG.steps.get("alpha") == ws.EEG.RS.steps.get("alpha")
    assert ws.RS.EEG.steps.get("alpha") != ws.RS.EEG.steps.get("preprocess")


def test_what_does_not_go_together_is_an_attribute_error_with_sinagots_words(ws):
    says = r"task MMN is not valid for <RecordCollection instance \| task: RS, modality: None>"
    with pytest.raises(AttributeError, match=says):
        ws.RS.MMN  # noqa: B018 - to ask is the test
    with pytest.raises(
        AttributeError, match=r"modality behavior is not valid for <Record instance \| id: REC-200319-A, task: RS"
    ):
        ws.RS.get(A).behavior  # noqa: B018 - as above
    assert not hasattr(ws.RS.EEG, "clinical")
    assert not hasattr(ws.behavior, "RS")
    assert hasattr(ws.behavior, "HDC")


def test_an_undeclared_name_is_an_ordinary_attribute_error_with_the_nearest_name(ws):
    with pytest.raises(AttributeError, match=r"'Workspace' object has no attribute 'EEGG': did you mean EEG?"):
        ws.EEGG  # noqa: B018 - as above
    with pytest.raises(AttributeError, match=r"'RecordCollection' object has no attribute 'XX'"):
        ws.records.XX  # noqa: B018 - as above
    with pytest.raises(AttributeError, match=r"'Workspace' object has no attribute 'recrods': did you mean records?"):
        ws.recrods  # noqa: B018 - as above
    with pytest.raises(AttributeError, match=r"'Record' object has no attribute 'stpes': did you mean steps?"):
        ws.records.first().stpes  # noqa: B018 - as above
    with pytest.raises(AttributeError, match=r"task RSS is not declared in .*: did you mean RS?"):
        ws.records.get_subscope(task="RSS")


def test_a_class_that_asks_too_early_gets_an_ordinary_attribute_error(ws):
    class Early(RecordCollection):
        def __init__(self, **scope):
            assert self.words

    with pytest.raises(AttributeError, match=r"'Early' object has no attribute 'words'"):
        Early(workspace=ws)


def test_get_subscope_takes_the_task_first_then_the_modality(ws):
    assert ws.records.get_subscope() is ws.records
    assert ws.records.get_subscope("RS", "EEG") == ws.RS.EEG
    assert ws.EEG.get_subscope(task="RS") == ws.RS.EEG
    assert ws.records.get(A).get_subscope(modality="EEG").modality == "EEG"
    with pytest.raises(AttributeError, match=r"modality behavior is not valid"):
        ws.records.get_subscope("RS", "behavior")


def test_the_next_scopes_come_in_the_order_of_the_file(ws):
    assert [scope.task for scope in ws.records.iter_tasks()] == ["RS", "MMN", "HDC"]
    assert [scope.modality for scope in ws.records.iter_modalities()] == ["EEG", "behavior", "clinical", "gathered"]
    assert [scope.modality for scope in ws.RS.iter_modalities()] == ["EEG", "clinical"]
    assert [scope.task for scope in ws.behavior.iter_tasks()] == ["HDC"]
    assert list(ws.RS.iter_tasks()) == list(ws.EEG.iter_modalities()) == []


def test_units_come_by_task_then_by_the_order_of_modalities_not_of_the_tasks_list(ws):
    units = [(scope.task, scope.modality) for scope in ws.records.iter_units()]
    assert units == [
        ("RS", "EEG"), ("RS", "clinical"), ("MMN", "EEG"), ("MMN", "clinical"),
        ("HDC", "EEG"), ("HDC", "behavior"), ("HDC", "clinical"),
    ]  # fmt: skip
    assert list(ws.RS.EEG.iter_units()) == [ws.RS.EEG]
    assert [scope.task for scope in ws.records.get(A).EEG.iter_units()] == ["RS", "MMN", "HDC"]


def test_a_unit_has_both_and_a_pandas_collection_is_one_always(ws):
    assert ws.RS.EEG.is_unit
    assert not ws.RS.is_unit
    assert not ws.EEG.is_unit
    assert ws.clinical.is_unit


def test_unit_mode_has_every_member_too_d2(tmp_path):
    ws = harbour(tmp_path)
    record = ws.records.first()
    for scope in (ws.records, record):
        assert (scope.task, scope.modality) == (None, None)
        assert list(scope.iter_tasks()) == list(scope.iter_modalities()) == []
        assert list(scope.iter_units()) == [scope]
        assert scope.get_subscope() is scope
        assert len(scope.logs()) == 0
        assert len(scope.count_detail())
    assert record.status_dict() == {
        None: {None: [
            {"step_index": 1, "step_label": "count", "step_status": 10},
            {"step_index": 2, "step_label": "mean", "step_status": 10},
        ]}
    }  # fmt: skip


def test_names_of_the_library_win_and_such_scopes_are_reached_with_get_subscope_d27(tmp_path):
    toml = CLINIC["workspace.toml"]
    for old, new in (("RS", "count"), ("MMN", "ids"), ("behavior", "logs"), ("EEG", "workspace")):
        toml = toml.replace(old, new)
    files = {name.replace("/EEG/", "/workspace/").replace("-RS.", "-count."): text for name, text in CLINIC.items()}
    files["workspace.toml"] = toml
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    ws = Workspace(tmp_path)
    assert ws.records.count() == 2
    assert ws.records.get_subscope("count", "workspace").ids() == [A, B]
    assert ws.records.workspace is ws
    assert [fault for fault in ws.faults if 'get_subscope(task="ids")' in fault]


def test_tab_completion_offers_what_goes_with_a_scope_d63(ws):
    assert {"RS", "EEG", "clinical", "records", "steps"} <= set(dir(ws))
    assert {"EEG", "clinical", "ids"} <= set(dir(ws.RS))
    assert not {"MMN", "behavior"} & set(dir(ws.RS))
    assert not {"opened", "classes", "steps_of", "shown", "unit_settings"} & {*dir(ws), *dir(ws.RS), *dir(ws[A])}
    assert ws.records._ipython_key_completions_() == ws._ipython_key_completions_() == [A, B]
    assert ws.RS.EEG.steps._ipython_key_completions_() == ["preprocess", "alpha"]


def test_a_class_that_fixes_task_and_modality_keeps_them(ws):
    class Scores(RecordCollection):
        task = "HDC"
        modality = "behavior"

    assert repr(Scores(ws)) == "<Scores instance | task: HDC, modality: behavior>"
    assert Scores(workspace=ws, task=None, modality=None).is_unit
    assert RecordCollection.task is None


def test_a_step_belongs_to_a_modality(ws):
    with pytest.raises(NoModalityError, match=r"fixes no modality"):
        ScopedStep("preprocess", ws.RS)
    assert issubclass(NoModalityError, WorkspaceError)


def test_the_settings_warn_of_every_name_that_hides_a_task_or_a_modality_d27(ws):
    members = {name for kind in (Workspace, Record, RecordCollection) for name in dir(kind) if not name.startswith("_")}
    members |= {
        name for scope in (ws, ws.records, ws.records.get(A)) for name in vars(scope) if not name.startswith("_")
    }
    assert members <= _API_NAMES
