"""The profile: frames in the words of the vocabulary, JSON in and out, SQL over them."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from autoprep.errors import InputError, plural
from autoprep.lineage import whole_file
from autoprep.profiling import vocabulary

if TYPE_CHECKING:
    from autoprep.profiling.compare import Comparison

FORMAT = 1
KEYS = vocabulary.KEYS


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
        left_out: what a deadline left no time for, in words.
    """

    columns: pl.DataFrame
    tables: pl.DataFrame
    pairs: pl.DataFrame
    keys: pl.DataFrame
    target: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

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

    def merge(self, other: Profile) -> Profile:
        """The profile of this part of a table and another as one, without the rows (see ``profiling.states``).

        Raises:
            InputError: a part was profiled without ``mergeable=True``.

        Example:
            >>> from autoprep.profiling import profile
            >>> parts = [profile(pl.DataFrame({"x": x}), mergeable=True) for x in ([1, 2], [3, 10])]
            >>> parts[0].merge(parts[1]).column("x")["mean"]
            4.0
        """
        from autoprep.profiling.states import merge

        for one in (self, other):
            if one.columns.height and not one.states:
                raise InputError("a profile without states cannot be merged", hint="profile with mergeable=True")
        made: Profile = merge(self, other)
        return made

    def compare(self, other: Profile) -> Comparison:
        """What differs in another profile, taken later: schema, missingness, dirt, distributions, dependencies.

        Example:
            >>> from autoprep.profiling import profile
            >>> profile(pl.DataFrame({"a": [1]})).compare(profile(pl.DataFrame({"b": [1]}))).drifts["kind"].to_list()
            ['lost', 'added']
        """
        from autoprep.profiling.compare import compare

        return compare(self, other)

    def masked(self) -> Self:
        """The same with the values of personal columns replaced by their shapes, for reports that leave the house.

        Example:
            >>> from autoprep.profiling import profile
            >>> found = profile(pl.DataFrame({"mail": ["ada@x.org", "bob@y.org", "eve@z.org"]})).masked()
            >>> list(found.details["mail"]["top"]), found.column("mail")["top_value"]
            (['aaa@a.aaa'], 'aaa@a.aaa')
        """
        personal = self.columns.filter(pl.col("pii").is_not_null())["column"].to_list()
        if not personal:
            return self
        hit = pl.col("column").is_in(personal)
        figures = [n for n in _VALUES if n in self.columns.columns]
        hidden = self.columns.with_columns(
            pl.when(hit).then(_shaped(pl.col("top_value"))).otherwise(pl.col("top_value")).alias("top_value"),
            pl.when(hit).then(pl.col("junk_values").list.eval(_shaped(pl.element()))).otherwise(pl.col("junk_values")),
            *(pl.when(hit).then(None).otherwise(pl.col(n)).alias(n) for n in figures),
        )
        details = {n: _without_values(d) if n in personal else d for n, d in self.details.items()}
        states = {n: s for n, s in self.states.items() if n not in personal}
        return replace(self, columns=hidden, details=details, states=states)

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
            **({"left_out": list(self.left_out)} if self.left_out else {}),
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
            vocabulary.kept(data["columns"], vocabulary.COLUMNS),
            vocabulary.kept(data["tables"], vocabulary.TABLES),
            vocabulary.kept(data["pairs"], vocabulary.PAIRS),
            pl.DataFrame(data["keys"], schema=KEYS),
            data["target"],
            data["details"],
            data["states"],
            data["source"],
            tuple(data.get("left_out") or ()),
        )

    def __repr__(self) -> str:
        row = self.tables.row(0, named=True)
        kinds = self.columns["semantic"].value_counts(sort=True).head(4).rows()
        said = ", ".join(f"{n} {k}" for k, n in kinds)
        return f"Profile({plural(row['rows'], 'row')}, {plural(row['columns'], 'column')}: {said})"

    def _repr_html_(self) -> str:
        shown = self.columns.select("column", "dtype", "semantic", "role", "null_rate", "distinct", "top_value")
        return f"<p>{html.escape(repr(self))}</p>" + shown._repr_html_()


#: Words of a column that are values of cells.
_VALUES = ("min", "max", "mean", "median", "q01", "q05", "q25", "q75", "q95", "q99")
_TEXTS = ("top", "junk", "variants", "typos", "heavy")


def _shaped(value: pl.Expr) -> pl.Expr:
    """Capitals as A, small and other letters as a, digits as 9."""
    small = value.str.replace_all(r"\p{Lu}", "A").str.replace_all(r"[^\P{L}A]", "a")
    return small.str.replace_all(r"\p{N}", "9")


def _without_values(details: Mapping[str, Any]) -> dict[str, Any]:
    out = {k: v for k, v in details.items() if k not in (*_TEXTS, "histogram")}
    for key in _TEXTS:
        said = details.get(key)
        if isinstance(said, Mapping) and said:
            shapes = pl.Series(list(said)).cast(pl.String).to_frame("v").select(_shaped(pl.col("v"))).to_series()
            merged: dict[str, Any] = {}
            for shape, count in zip(shapes, said.values(), strict=True):
                merged[shape] = merged.get(shape, 0.0) + count if isinstance(count, int | float) else ""
            out[key] = merged
    return out


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
