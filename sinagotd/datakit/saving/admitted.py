"""The names that a pickle of a dataset may ask for, one by one: pandas, numpy, pyarrow and standard types. Calls nothing.

A name is admitted together with the modules in which versions of its library have had it; nothing is admitted by its module alone.
"""

TYPES: dict[str, tuple[str, ...]] = {
    "builtins": ("bytearray", "complex", "frozenset", "list", "range", "set", "slice"),
    "collections": ("OrderedDict", "defaultdict"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "pathlib": ("PosixPath", "PurePosixPath", "PureWindowsPath"),
    "uuid": ("UUID",),
    "zoneinfo": ("ZoneInfo",),
    "numpy": ("dtype", "ndarray"),
    "pandas": (
        *("DataFrame", "Series", "Index", "MultiIndex", "RangeIndex", "CategoricalIndex"),
        *("DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "IntervalIndex", "Interval", "Categorical"),
        *("Int8Dtype", "Int16Dtype", "Int32Dtype", "Int64Dtype", "Float32Dtype", "Float64Dtype", "BooleanDtype"),
        *("UInt8Dtype", "UInt16Dtype", "UInt32Dtype", "UInt64Dtype", "StringDtype", "CategoricalDtype"),
        *("DatetimeTZDtype", "PeriodDtype", "IntervalDtype", "SparseDtype", "ArrowDtype"),
    ),
    "pandas.arrays": (
        *(
            "ArrowExtensionArray",
            "ArrowStringArray",
            "BooleanArray",
            "DatetimeArray",
            "FloatingArray",
            "IntegerArray",
            "IntervalArray",
        ),
        *("PeriodArray", "SparseArray", "StringArray", "TimedeltaArray"),
    ),
    "pandas.core.internals.managers": ("BlockManager", "SingleBlockManager"),
    "pandas.core.indexes.frozen": ("FrozenList",),
    "pandas._libs.sparse": ("BlockIndex", "IntIndex"),
    "pandas.tseries.offsets": (
        *("Day", "Hour", "Minute", "Second", "Milli", "Micro", "Nano", "Week", "BusinessDay"),
        *("MonthBegin", "MonthEnd", "QuarterBegin", "QuarterEnd", "YearBegin", "YearEnd"),
    ),
}
"""Where each type is today, and its name."""

FORMER: dict[str, tuple[str, ...]] = {
    "builtins": ("__builtin__",),
    "pathlib": ("pathlib._local",),
    "pandas": (
        *("pandas.core.frame", "pandas.core.series", "pandas.core.indexes.base", "pandas.core.indexes.multi"),
        *("pandas.core.indexes.range", "pandas.core.indexes.category", "pandas.core.indexes.datetimes"),
        *("pandas.core.indexes.timedeltas", "pandas.core.indexes.period", "pandas.core.indexes.interval"),
        *("pandas._libs.interval", "pandas.core.arrays.categorical", "pandas.core.arrays.integer"),
        *("pandas.core.arrays.floating", "pandas.core.arrays.boolean", "pandas.core.arrays.string_"),
        *("pandas.core.dtypes.dtypes", "pandas.core.arrays.sparse.dtype"),
    ),
    "pandas.arrays": (
        *("pandas.core.arrays.string_", "pandas.core.arrays.string_arrow", "pandas.core.arrays.boolean"),
        *("pandas.core.arrays.datetimes", "pandas.core.arrays.timedeltas", "pandas.core.arrays.floating"),
        *("pandas.core.arrays.integer", "pandas.core.arrays.interval", "pandas.core.arrays.period"),
        *("pandas.core.arrays.sparse.array", "pandas.core.arrays.arrow.array"),
    ),
    "pandas.tseries.offsets": ("pandas._libs.tslibs.offsets",),
}
"""Further modules in which older versions had the types of a module."""

RENAMED = {
    ("__builtin__", "xrange"): ("builtins", "range"),
    ("pathlib", "WindowsPath"): ("pathlib", "PureWindowsPath"),
    ("pandas.core.indexes.numeric", "Int64Index"): ("pandas", "Index"),
    ("pandas.core.indexes.numeric", "UInt64Index"): ("pandas", "Index"),
    ("pandas.core.indexes.numeric", "Float64Index"): ("pandas", "Index"),
    ("pandas.core.internals.blocks", "new_block"): ("pandas._libs.internals", "_unpickle_block"),
    ("pandas._libs.tslibs.nattype", "__nat_unpickle"): ("pandas._libs.tslibs.nattype", "_nat_unpickle"),
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"): ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
    ("pandas", "NA"): ("pandas._libs.missing", "NA"),
}
"""Names that are called otherwise today."""


def type_called(module: str, name: str) -> tuple[str, str] | None:
    """Where an admitted type is today; None for any other name."""
    for home, names in TYPES.items():
        if name in names and (module == home or module in FORMER.get(home, ())):
            return home, name
    return None
