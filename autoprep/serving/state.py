"""Learnt state as files that run no code when read: JSON for structure, one Arrow table for arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import ArtifactError

LIMIT_BYTES = 1 << 30
_ARRAY, _FRAME, _SERIES, _FLOAT = "$array", "$frame", "$series", "$float"


def write_state(folder: Path, name: str, state: Mapping[str, Any]) -> None:
    """Write a mapping of plain values, NumPy arrays and Polars series and frames to ``name``.json and ``name``.arrow.

    Arrays keep dtype and shape; floats that JSON does not know (NaN, infinities) are kept. The Arrow file is only
    written when there are arrays.

    Raises:
        TypeError: a value that is neither plain nor an array.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_state(folder, "s", {"mean": float("nan"), "levels": np.array(["a", "b"])})
        >>> read_state(folder, "s")
        {'mean': nan, 'levels': array(['a', 'b'], dtype=object)}
    """
    columns: dict[str, pl.Series] = {}
    plain = _take_out(state, columns)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    if columns:
        table = pl.DataFrame([pl.Series(key, [values]) for key, values in columns.items()])
        table.write_ipc(folder / f"{name}.arrow", compression="zstd", compat_level=pl.CompatLevel.oldest())


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """Read what ``write_state`` wrote.

    Raises:
        ArtifactError: a file is missing, too large, or not what was written.
    """
    file, arrays = folder / f"{name}.json", folder / f"{name}.arrow"
    plain = read_json(file)
    if not isinstance(plain, dict):
        raise ArtifactError("is not a mapping", where=str(file))
    table = pl.DataFrame()
    if arrays.is_file():
        try:
            table = pl.read_ipc(arrays.read_bytes())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ArtifactError(f"not an Arrow file ({error})", where=str(arrays)) from error
    try:
        found = _put_back(plain, table)
    except (pl.exceptions.PolarsError, KeyError, ValueError, TypeError) as error:
        raise ArtifactError(f"does not fit its arrays ({error})", where=str(file)) from error
    return dict(found)


def read_json(file: Path, limit_bytes: int = LIMIT_BYTES) -> Any:
    """Read a JSON file of bounded size.

    Raises:
        ArtifactError: missing, too large, or not JSON.
    """
    try:
        if file.stat().st_size > limit_bytes:
            raise ArtifactError(f"is larger than {limit_bytes:,} bytes", where=str(file))
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError("is missing", where=str(file), hint="the folder is damaged; fit or copy it again") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ArtifactError(f"cannot be read ({error})", where=str(file), hint="fit or copy it again") from error


def _take_out(value: Any, columns: dict[str, pl.Series]) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _take_out(held, columns) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_take_out(held, columns) for held in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    key = f"a{len(columns)}"
    if isinstance(value, np.ndarray):
        flat = value.ravel()
        columns[key] = pl.Series(flat.tolist(), dtype=pl.String) if flat.dtype.kind in "OUS" else pl.Series(flat)
        return {
            _ARRAY: key,
            "shape": list(value.shape),
            "dtype": "object" if flat.dtype.kind in "OUS" else value.dtype.str,
        }
    if isinstance(value, pl.Series):
        columns[key] = value
        return {_SERIES: key, "name": value.name}
    if isinstance(value, pl.DataFrame):
        return {_FRAME: [_take_out(column, columns) for column in value.get_columns()]}
    raise TypeError(f"{type(value).__name__} is neither plain nor an array")


def _put_back(value: Any, table: pl.DataFrame) -> Any:
    if isinstance(value, list):
        return [_put_back(held, table) for held in value]
    if not isinstance(value, dict):
        return value
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _ARRAY in value:
        held = table.get_column(value[_ARRAY])[0]
        array = np.array(held.to_list(), dtype=object) if value["dtype"] == "object" else held.to_numpy()
        kind = np.dtype(value["dtype"])
        return array.astype(kind, copy=True).reshape(value["shape"])
    if _SERIES in value:
        return table.get_column(value[_SERIES])[0].rename(value["name"])
    if _FRAME in value:
        return pl.DataFrame([_put_back(column, table) for column in value[_FRAME]])
    return {key: _put_back(held, table) for key, held in value.items()}
