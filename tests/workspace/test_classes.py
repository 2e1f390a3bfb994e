"""Classes of a modality's own (specs of sinagot §13; defects D25, D26, D54, D58, D59): which is used where, and what if it is broken."""

import sys

import pytest
from reading_world import CLINIC, clinic, harbour, written

from sinagotd import Workspace
from sinagotd.errors import ScriptError
from sinagotd.workspace.record import Record, RecordUnit
from sinagotd.workspace.record_collection import RecordCollection, RecordCollectionUnit

A, B = "REC-200319-A", "REC-200320-A"
RECORD, COLLECTION = "scripts/behavior/models/record.py", "scripts/behavior/models/record_collection.py"
OWN_RECORD = """
from sinagot.models import Record as Base

class Record(Base):
    def score(self):
        return f"score of {self.id}"
"""
OWN_COLLECTION = """
from sinagot.models import RecordCollection as Base

class RecordCollection(Base):
    task = "HDC"

    def scores(self):
        return [record.id for record in self.all()]
"""


def test_a_modality_may_have_classes_of_its_own(tmp_path):
    ws = clinic(tmp_path, **{RECORD: OWN_RECORD, COLLECTION: OWN_COLLECTION})
    assert repr(ws.behavior) == "<BehaviorRecordCollection instance | task: HDC, modality: behavior>"
    assert ws.behavior.scores() == [B]
    assert ws.behavior.is_unit
    with pytest.raises(AttributeError):
        ws.behavior.HDC  # noqa: B018 - to ask is the test
    record = ws.behavior.first()
    assert repr(record) == f"<BehaviorRecord instance | id: {B}, task: HDC, modality: behavior>"
    assert record.score() == ws.records.get(B).behavior.score() == f"score of {B}"
    assert type(ws.EEG) is RecordCollection


def test_collections_give_the_records_class_also_without_a_collection_class_d58(tmp_path):
    ws = clinic(tmp_path, **{RECORD: OWN_RECORD})
    assert [
        type(record).__name__ for record in (ws.behavior.first(), ws.HDC.behavior.get(A), ws.records.get(A).behavior)
    ] == ["BehaviorRecord"] * 3
    assert type(ws.behavior) is RecordCollection


def test_the_order_of_access_does_not_change_the_class_d54(tmp_path):
    ws = clinic(tmp_path, **{RECORD: OWN_RECORD, COLLECTION: OWN_COLLECTION.replace("task = ", "kind = ")})
    assert type(ws.behavior.HDC) is type(ws.HDC.behavior)
    assert ws.HDC.behavior == ws.behavior.HDC
    assert type(ws.records.get(A).HDC.behavior) is type(ws.records.get(A).behavior.HDC)


def test_the_class_may_have_another_name_and_comes_before_a_plugin(tmp_path):
    toml = CLINIC["workspace.toml"].replace(
        "[modalities.clinical.models]", '[modalities.clinical.models]\nrecord = "Patient"'
    )
    own = OWN_RECORD + "\nclass Patient(Record):\n    pass\n"
    ws = clinic(tmp_path, **{"workspace.toml": toml, "scripts/clinical/models/record.py": own})
    assert ws.clinical.get(A).score() == f"score of {A}"
    assert type(ws.clinical.get(A)).__mro__[1].__name__ == "Patient"
    assert type(ws.clinical).__name__ == "PandasRecordCollection"


def test_a_class_may_derive_from_one_of_a_plugin(tmp_path):
    own = """
from sinagot.plugins.models.pandas import PandasRecord

class Record(PandasRecord):
    @property
    def age(self):
        return int(self.data["age"])
"""
    ws = clinic(tmp_path, **{"scripts/clinical/models/record.py": own})
    assert [record.age for record in ws.clinical.all()] == [8, 9]
    assert repr(ws.clinical.first()).startswith("<ClinicalRecord instance")


def test_a_class_may_have_members_of_names_that_this_library_uses_too(tmp_path):
    own = """
from sinagot.plugins.models.pandas import PandasRecord

class Record(PandasRecord):
    def __init__(self, workspace, record_id, task=None, modality=None):
        super().__init__(workspace, record_id, task, modality)
        self.results, self.config, self.logger = [1], {}, None

    def read(self):
        return self.units()

    def units(self):
        return "words"
"""
    ws = clinic(tmp_path, **{"scripts/clinical/models/record.py": own})
    record = ws.clinical.first()
    assert (record.read(), record.results, record.data["age"], len(record.steps.status())) == ("words", [1], 8, 0)
    assert ws.clinical.data.age.tolist() == [8, 9]


def test_a_capital_name_is_shown_in_title_case(tmp_path):
    ws = clinic(tmp_path, **{"scripts/EEG/models/record.py": OWN_RECORD})
    assert type(ws.EEG.get(A)).__name__ == "EegRecord"


def test_classes_of_one_workspace_do_not_reach_another_d25_d26(tmp_path):
    first = clinic(tmp_path / "first", **{RECORD: OWN_RECORD})
    second = clinic(tmp_path / "second", **{RECORD: OWN_RECORD.replace("score of", "points of")})
    third = clinic(tmp_path / "third")
    assert first.behavior.get(A).score() == f"score of {A}"
    assert second.behavior.get(A).score() == f"points of {A}"
    assert type(third.behavior.get(A)) is Record
    assert (Record.__name__, RecordCollection.__name__) == ("Record", "RecordCollection")


def test_a_way_to_find_records_of_its_own_counts_for_the_whole_workspace(tmp_path):
    own = OWN_COLLECTION + "\n    def iter_ids(self):\n        yield 'REC-999999-Z'\n"
    ws = clinic(tmp_path, **{COLLECTION: own})
    assert ws.behavior.ids() == ["REC-999999-Z"]
    assert ws.records.ids() == [A, B, "REC-999999-Z"]
    assert ws.records.has("REC-999999-Z")
    assert ws.behavior.first().id == "REC-999999-Z"


def test_a_way_built_on_the_usual_one_works(tmp_path):
    own = (
        OWN_COLLECTION.replace("task = ", "kind = ")
        + "\n    def iter_ids(self):\n        return (each for each in super().iter_ids())\n"
    )
    ws = clinic(tmp_path, **{COLLECTION: own})
    assert ws.behavior.ids() == ws.HDC.behavior.ids() == [B]
    assert ws.records.ids() == [A, B]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise ValueError('no luck')", "cannot be loaded: ValueError: no luck"),
        ("import nothing_of_that_name", "cannot be loaded: ModuleNotFoundError"),
        ("open('/nowhere/x')", "cannot be loaded: FileNotFoundError.*/nowhere/x"),
        ("class Record(:", "cannot be loaded: SyntaxError"),
        ("raise SystemExit(3)", "cannot be loaded: SystemExit"),
        ("x = 1", "has no class Record that derives from Record: write"),
        ("class Record: pass", "has no class Record that derives from Record: write"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_rest_opens_d59(tmp_path, text, says):
    ws = clinic(tmp_path, **{RECORD: text})
    assert [fault for fault in ws.faults if "behavior/models/record.py" in fault]
    assert ws.EEG.ids() == ws.records.ids() == [A, B]
    assert len(ws.steps.status()) == 12
    assert len(ws.records.count_detail()) == 7
    with pytest.raises(ScriptError, match=rf"behavior/models/record.py: {says}"):
        ws.behavior.get(A)


def test_a_broken_collection_costs_its_modality_only_d59(tmp_path):
    ws = clinic(tmp_path, **{COLLECTION: "1/0"})
    assert ws.EEG.ids() == ws.records.ids() == [A, B]
    assert len(ws.steps.status()) == 12
    assert not ws.records.has("REC-999999-Z")
    with pytest.raises(ScriptError, match=r"record_collection.py: cannot be loaded: ZeroDivisionError"):
        ws.behavior  # noqa: B018 - to ask is the test


def test_loading_leaves_no_module_and_no_cache_behind(tmp_path):
    own = "from words import WORD\n" + OWN_RECORD
    ws = clinic(tmp_path, **{RECORD: own, "scripts/behavior/models/words.py": "WORD = 'x'\n"})
    before, path = set(sys.modules), list(sys.path)
    assert ws.behavior.get(A).score()
    assert not {name for name in set(sys.modules) - before if name.startswith(("words", "sinagot", "sinagotd_models"))}
    assert sys.path == path
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_derived_workspace_may_bring_its_own_plain_classes_v_0_2_7(tmp_path):
    class OwnRecord(RecordUnit):
        pass

    class OwnCollection(RecordCollectionUnit):
        pass

    class Own(Workspace):
        _record_class = _record_unit_class = OwnRecord
        _record_collection_class = _record_collection_unit_class = OwnCollection

    in_unit_mode = Own(harbour(tmp_path / "harbour").config_path)
    assert type(in_unit_mode.records) is OwnCollection
    assert type(in_unit_mode.records.first()) is OwnRecord
    assert repr(in_unit_mode.records.first()) == "<OwnRecord instance | id: REC-20200601>"
    scoped = Own(written(tmp_path / "clinic", CLINIC))
    assert type(scoped.RS.EEG) is OwnCollection
    assert type(scoped.RS.EEG.get(A)) is OwnRecord
    assert type(scoped.clinical).__name__ == "PandasRecordCollection"
