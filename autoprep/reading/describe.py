"""What a person is told of a table that was read, and a dialect kept in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autoprep.errors import InputError, SettingError
from autoprep.types import Dialect, Table

FIRST_ROWS = 5
MOST_REJECTED = 100


def describe(table: Table) -> dict[str, Any]:
    """Plain values of a table: source, dialect with its evidence, columns, first rows, rejected lines, notes."""
    head = table.frame.head(FIRST_ROWS).collect()
    source = table.source
    return {
        "source": {"uri": source.uri, "kind": source.kind, "size_bytes": source.size_bytes, "sha256": source.sha256},
        "dialect": table.dialect.to_dict() if table.dialect else None,
        "columns": head.columns,
        "headers": dict(table.headers),
        "dtypes": [str(dtype) for dtype in head.dtypes],
        "first_rows": [[None if v is None else str(v) for v in row] for row in head.rows()],
        "rejected_count": table.rejected.height,
        "rejected": table.rejected.head(MOST_REJECTED).to_dicts(),
        "realigned_count": table.realigned.height,
        "realigned": table.realigned.head(MOST_REJECTED).to_dicts(),
        "drift": table.drift.to_dicts(),
        "notes": list(table.notes),
    }


def load_dialect(path: str | Path) -> Dialect:
    """Read a dialect from JSON: its own keys, or what ``autoprep read --json`` printed.

    Raises:
        InputError: no such file. SettingError: not JSON, or an unknown key.
    """
    file = Path(path)
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such dialect file", where=str(file)) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"is not JSON ({error})", where=str(file)) from error
    if isinstance(said, dict) and isinstance(said.get("dialect"), dict):
        said = said["dialect"]
    return Dialect.from_dict(said)
