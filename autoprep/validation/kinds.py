"""The names under which a Polars dtype may be expected: Polars' own, NumPy's and pandas', Python's."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.errors import SettingError, did_you_mean

_PYTHON = {
    "int": ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    "integer": ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    "float": ("float32", "float64"),
    "number": ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    "bool": ("bool",),
    "boolean": ("bool",),
    "bool_": ("bool",),
    "str": ("object",),
    "string": ("object",),
    "text": ("object",),
    "object": ("object",),
    "object_": ("object",),
    "O": ("object",),
    "datetime": ("datetime64",),
    "datetime64": ("datetime64",),
    "date": ("datetime64",),
    "timedelta": ("timedelta64",),
    "category": ("category",),
    "CategoricalDtypeType": ("category",),
    "int_": ("int64",),
    "float_": ("float64",),
    "double": ("float64",),
    "list": ("list",),
    "dict": ("dict",),
}
_POLARS = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float32",
    "Float64",
    "Boolean",
    "String",
    "Date",
    "Datetime",
    "Time",
    "Duration",
    "Categorical",
    "Enum",
    "Decimal",
    "Binary",
    "List",
    "Struct",
    "Null",
]
_NUMPY = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool"]
#: Names of what Python holds in a column of objects.
TEXT_NAMES = frozenset({"str", "string", "text", "String"})


def numpy_name(dtype: pl.DataType) -> str:
    """NumPy's or pandas' name of the dtype.

    Example:
        >>> numpy_name(pl.Int32()), numpy_name(pl.String()), numpy_name(pl.Date())
        ('int32', 'object', 'datetime64[ms]')
    """
    if dtype.is_integer() or isinstance(dtype, pl.Float32 | pl.Float64):
        return str(dtype).lower()
    if isinstance(dtype, pl.Datetime):
        zone = f", {dtype.time_zone}" if dtype.time_zone else ""
        return f"datetime64[{dtype.time_unit}{zone}]"
    names = {pl.Boolean: "bool", pl.Date: "datetime64[ms]", pl.Categorical: "category", pl.Enum: "category"}
    if isinstance(dtype, pl.Duration):
        return f"timedelta64[{dtype.time_unit}]"
    return names.get(dtype.base_type(), "object")


def scalar_name(dtype: pl.DataType) -> str:
    """The name of the scalars of the dtype, as Great Expectations reports it."""
    name = numpy_name(dtype).split("[", 1)[0]
    return {"object": "object_", "category": "CategoricalDtypeType"}.get(name, name)


def is_kind(dtype: pl.DataType, name: str) -> bool:
    """Whether the dtype may be called by this name (raises SettingError for a name that nothing has).

    Example:
        >>> is_kind(pl.Int64(), "int"), is_kind(pl.Int64(), "Int64"), is_kind(pl.Int64(), "float64")
        (True, True, False)
    """
    if name in _POLARS:
        own = {"String": (pl.String, pl.Categorical, pl.Enum)}.get(name, (getattr(pl, name),))
        return isinstance(dtype, own)
    actual = numpy_name(dtype)
    if name in _PYTHON:
        return actual.split("[", 1)[0] in _PYTHON[name]
    if name in _NUMPY or name.startswith(("datetime64", "timedelta64")):
        return actual == name
    raise SettingError(
        f"Unrecognized numpy/python type: {name}", hint=did_you_mean(name, [*_POLARS, *_PYTHON, *_NUMPY])
    )


def is_any_kind(dtype: pl.DataType, names: Sequence[str]) -> bool:
    """Whether the dtype may be called by any of these names."""
    found, unknown = False, 0
    for name in names:
        try:
            found = is_kind(dtype, name) or found
        except SettingError:
            unknown += 1
    if names and unknown == len(names):
        raise SettingError(f"No recognized numpy/python type in list: {list(names)}")
    return found
