"""The profile: frames in the words of the vocabulary, JSON in and out, SQL over them."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl

from autoprep.errors import InputError
from autoprep.lineage import whole_file
from autoprep.profiling import vocabulary

FORMAT = 1


@dataclass(frozen=True)
class Profile:
    """What a table is.

    Attributes:
        columns: one row per column, in the words of ``vocabulary.COLUMNS``.
        tables: one row, ``vocabulary.TABLES``.
        pairs: one row per pair of columns that matters, ``vocabulary.PAIRS``.
        keys: candidate keys: ``columns`` (joined by " + "), ``distinct_rate``, ``nulls``, ``primary``.
        target: diagnostics of the target (empty without one).
        details: column -> lists and counts behind its row (top values, histogram, patterns, variants, formats, junk).
        states: column -> what is needed to merge profiles.
        source: where the table came from.
    """

    columns: pl.DataFrame
    tables: pl.DataFrame
    pairs: pl.DataFrame
    keys: pl.DataFrame
    target: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dependencies(self) -> pl.DataFrame:
        """The functional dependencies among ``pairs``."""
        return self.pairs.filter(pl.col("kind") == "fd")

    def column(self, name: str) -> dict[str, Any]:
        """One column's row.

        Raises:
            InputError: no such column.
        """
        rows = self.columns.filter(pl.col("column") == name).to_dicts()
        if not rows:
            from autoprep.errors import did_you_mean

            raise InputError(f"no column '{name}'", hint=did_you_mean(name, self.columns["column"]))
        return rows[0]

    def sql(self, query: str) -> pl.DataFrame:
        """Ask the frames ``columns``, ``tables``, ``pairs`` and ``keys`` in Polars SQL.

        Raises:
            InputError: the query cannot be run; says why.

        Example:
            >>> from autoprep.profiling import profile
            >>> found = profile(pl.DataFrame({"a": [1, 2], "b": [None, "x"]}))
            >>> found.sql("SELECT \\"column\\" FROM columns WHERE null_rate > 0.4")["column"].to_list()
            ['b']
        """
        context = pl.SQLContext(columns=self.columns, tables=self.tables, pairs=self.pairs, keys=self.keys)
        try:
            return context.execute(_quoted(query), eager=True)
        except pl.exceptions.PolarsError as error:
            hint = "the tables are columns, tables, pairs and keys; the words are in profiling/vocabulary.py"
            raise InputError(f"the query cannot be run ({error})", where="sql", hint=hint) from error

    def to_json(self, path: str | Path | None = None) -> str:
        """JSON text, the same for equal profiles; also written to ``path`` when given."""
        said = {
            "format": FORMAT,
            "source": dict(self.source),
            **{k: getattr(self, k).to_dicts() for k in ("columns", "tables", "pairs", "keys")},
            **{k: dict(getattr(self, k)) for k in ("target", "details", "states")},
        }
        out = json.dumps(_finite(said), ensure_ascii=False, separators=(",", ":"), default=str)
        if path is not None:
            with whole_file(path) as beside:
                beside.write_text(out, encoding="utf-8")
        return out

    @classmethod
    def from_json(cls, source: str | Path) -> Self:
        """Read what ``to_json`` wrote: a path, or the text itself.

        Raises:
            InputError: no such file, or no profile of this format.
        """
        said = str(source)
        if not said.lstrip().startswith("{"):
            try:
                said = Path(source).read_text(encoding="utf-8")
            except OSError as error:
                raise InputError("cannot be read", where=str(source), hint="check the path") from error
        try:
            data = json.loads(said)
        except json.JSONDecodeError as error:
            raise InputError(f"not JSON ({error})", where="profile") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT or "columns" not in data:
            raise InputError("not a profile of this version", where="profile", hint="make it again")
        return cls(
            vocabulary.frame(data["columns"], vocabulary.COLUMNS),
            vocabulary.frame(data["tables"], vocabulary.TABLES),
            vocabulary.frame(data["pairs"], vocabulary.PAIRS),
            pl.DataFrame(data["keys"], schema=KEYS),
            data["target"],
            data["details"],
            data["states"],
            data["source"],
        )

    def __repr__(self) -> str:
        row = self.tables.row(0, named=True)
        kinds = self.columns["semantic"].value_counts(sort=True).head(4).rows()
        said = ", ".join(f"{n} {k}" for k, n in kinds)
        return f"Profile({row['rows']:,} rows, {row['columns']} columns: {said})"

    def _repr_html_(self) -> str:
        shown = self.columns.select("column", "dtype", "semantic", "role", "null_rate", "distinct", "top_value")
        return f"<p>{html.escape(repr(self))}</p>" + shown._repr_html_()


KEYS: dict[str, pl.DataType] = {
    "columns": pl.String(),
    "distinct_rate": pl.Float64(),
    "nulls": pl.Int64(),
    "primary": pl.Boolean(),
}


def _quoted(query: str) -> str:
    """``column`` is a word of SQL: quote it where it stands alone."""
    import re

    return re.sub(r'(?<!["\w.])column(?!["\w(])', '"column"', query)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value.item() if hasattr(value, "item") else value
