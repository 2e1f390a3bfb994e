"""Goes through a pickle with dummies before anything real is made of it, and refuses what no library would have pickled.

A dummy stands for every type and function. What a dummy does not allow, the file must not ask of the real one: to change a class
or function, to make an array directly, to put items into what holds none, or to say that the bytes of an array are objects.
"""

import pickle
from typing import Any, Self

from sinagotd.datakit.saving.faults import RefusedError

HOLDERS = frozenset(("FrozenList", "OrderedDict", "defaultdict", "set", "frozenset", "list", "bytearray"))
OBJECT_FLAGS = 0x01 | 0x02 | 0x04


class Dummy:
    """Stands for a value; takes any state and forgets it."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        del state


class Holder(Dummy):
    """Stands for a value that items are put into."""

    __slots__ = ()

    def append(self, item: Any) -> None:
        del item

    extend = append
    add = append

    def __setitem__(self, key: Any, item: Any) -> None:
        del key, item


class Dtype(Dummy):
    """Stands for a numpy dtype; one that holds objects must say so, and no structured one may."""

    __slots__ = ("holds_objects",)
    holds_objects: bool

    def __new__(cls, code: Any = "", *_: Any, **__: Any) -> Self:
        dummy = object.__new__(cls)
        dummy.holds_objects = str(code).lstrip("|=<>").startswith("O")
        return dummy

    def __setstate__(self, state: Any) -> None:
        _, _, subtype, names, fields, _, _, flags, *_ = state
        if (flags & OBJECT_FLAGS == OBJECT_FLAGS) is not self.holds_objects or (
            flags & OBJECT_FLAGS and not self.holds_objects
        ):
            raise RefusedError("a numpy dtype with false flags")
        parts = [subtype[0]] if subtype else []
        parts += [field[0] for field in (fields or {}).values()]
        if (names or parts) and (
            self.holds_objects or not all(isinstance(part, Dtype) and not part.holds_objects for part in parts)
        ):
            raise RefusedError("a structured numpy dtype with objects in it")


class NeverMade(Dummy):
    """Stands for a type that pickles name and never call."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> Self:
        raise RefusedError("an array that numpy's own functions did not make")


class Function:
    """Stands for a function; gives a dummy, whatever the arguments."""

    __slots__ = ()

    def __call__(self, *_: Any) -> Dummy:
        return Dummy()

    def __setstate__(self, state: Any) -> None:
        raise RefusedError("a state for a function")


class Method(Function):
    """Stands for `getattr`, whose result is called in turn."""

    __slots__ = ()

    def __call__(self, *_: Any) -> Any:
        return Function()


def rehearse(file: Any, admitted: Any) -> None:
    """Go through a pickle; `admitted(module, name)` raises RefusedError or gives what the name stands for, a type or not."""
    _Rehearsal(file, admitted).load()


class _Rehearsal(pickle.Unpickler):
    def __init__(self, file: Any, admitted: Any) -> None:
        super().__init__(file)
        self._admitted = admitted

    def find_class(self, module: str, name: str) -> Any:
        real = self._admitted(module, name)
        if not isinstance(real, type):
            return Method() if name == "getattr" else Function() if callable(real) else Dummy()
        base = {"dtype": Dtype, "ndarray": NeverMade}.get(real.__name__, Holder if real.__name__ in HOLDERS else Dummy)
        return type(real.__name__, (base,), {"__slots__": ()})
