"""Features of one table in a file: saved, computed for other rows, written for other engines, and proved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep import cleaning, reading
from autoprep.errors import ArtifactError, InputError
from autoprep.lineage import whole_file
from autoprep.synthesis import Synthesizer
from autoprep.synthesis.export import Written, rows_code, rows_sql
from autoprep.synthesis.steps import Step
from autoprep.types import Event, Feature, Listener, Plan, Table, silent


@dataclass(frozen=True)
class SavedRows:
    """Features of one table.

    Attributes:
        synthesizer: computes them from cleaned rows. names: which of its columns, in order. plan: cleans raw rows.
        table: what the table is called in a query.
    """

    synthesizer: Synthesizer
    names: tuple[str, ...]
    plan: Plan
    table: str = "rows"

    @property
    def definitions(self) -> tuple[Feature, ...]:
        """What the features are."""
        known = {f.name: f for f in self.synthesizer.features}
        return tuple(known[name] for name in self.names)

    @property
    def steps(self) -> list[Step]:
        """The steps that make at least one of them."""
        names = set(self.names)
        return [s for s in self.synthesizer.steps_ if names & {f.name for f in s.features()}]

    def save(self, path: str | Path) -> Path:
        """Write plan, steps and names as JSON."""
        said = {"rows": self.synthesizer.to_dict(), "names": list(self.names), "plan": self.plan.to_dict(),
                "table": self.table}  # fmt: skip
        with whole_file(path) as beside:
            beside.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> SavedRows | None:
        """Read them; None where the file is of several tables.

        Raises:
            ArtifactError: the file is no saved features.
        """
        try:
            said = json.loads(Path(path).read_text(encoding="utf-8"))
            if "rows" not in said:
                return None
            return cls(
                Synthesizer.from_dict(said["rows"]), tuple(said["names"]), Plan.from_dict(said["plan"]),
                str(said["table"]),
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"is no file of saved features ({error})", where=str(path)) from error

    def cleaned(self, source: Table) -> pl.DataFrame:
        """Raw rows as the features take them."""
        return cleaning.transform(source.collect(), self.plan)[0]

    def export(self, to: str, dialect: str = "duckdb") -> Written:
        """As text, JSON, one SQL query or Polars code, each over the cleaned table."""
        if to == "text":
            return Written("".join(f"{f.definition}\n" for f in self.definitions))
        if to == "json":
            said = [{"name": f.name, "definition": f.definition, "columns": list(f.inputs), "dtype": f.dtype}
                    for f in self.definitions]  # fmt: skip
            return Written(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
        return rows_sql(self.steps, self.table, dialect) if to == "sql" else rows_code(self.steps)


def compared_rows(
    saved: SavedRows, source: Any, rows: int, forms: Sequence[str], same: Callable[[Any, Any], bool],
    by_duckdb: bool, listener: Listener = silent,
) -> tuple[int, dict[str, int], dict[str, Mapping[str, str]], pl.DataFrame]:  # fmt: skip
    """Features of some rows, each row by itself, beside those of all rows at once and of every export.

    Returns:
        Rows of the sample; form -> features compared; form -> definition -> why it has none; differences.
    """
    table = source if isinstance(source, Table) else reading.read(source, listener=listener)
    frame = saved.cleaned(table)
    if not frame.height:
        raise InputError("holds no row", where=table.source.uri)
    place = np.unique(np.linspace(0, frame.height - 1, min(rows, frame.height)).astype(np.int64))
    listener(Event("verify", f"{len(saved.names)} features, {place.size} rows each by itself"))
    names = list(saved.names)
    alone = pl.concat(saved.synthesizer.transform(frame[int(i) : int(i) + 1]).select(names) for i in place)
    asked = saved.synthesizer.aligned(frame)[place]
    ways: dict[str, Callable[[], tuple[pl.DataFrame, Mapping[str, str]]]] = {
        "autoprep": lambda: (saved.synthesizer.transform(frame)[place].select(names), {}),
        "sql": lambda: _by_sql(saved, asked),
        "polars": lambda: _by_code(saved, asked),
    }
    compared: dict[str, int] = {}
    without: dict[str, Mapping[str, str]] = {}
    found: list[tuple[str, str, int, str, str]] = []
    for form in ("autoprep", *(f for f in forms if f != "text")):
        if form == "sql" and not by_duckdb:
            without[form] = {"*": "DuckDB is not installed (pip install 'autoprep[sql]')"}
            continue
        listener(Event("verify", f"{form}: computed and compared"))
        got, left = ways[form]()
        wanted = [c for c in got.columns if c in alone.columns]
        compared[form], without[form] = len(wanted), {k: v for k, v in left.items() if k in alone.columns}
        for name in wanted:
            for i, (a, b) in enumerate(zip(got[name].to_list(), alone[name].to_list(), strict=True)):
                if not same(a, b):
                    found.append((form, name, int(place[i]), str(a), str(b)))
                    break
    columns = {"form": pl.String, "feature": pl.String, "row": pl.Int64, "got": pl.String, "brute": pl.String}
    return place.size, compared, without, pl.DataFrame(found, schema=columns, orient="row")


def _by_sql(saved: SavedRows, asked: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[str, str]]:
    import duckdb

    said = rows_sql(saved.steps, "__asked")
    with duckdb.connect() as connection:
        connection.register("__asked", asked.to_arrow())
        frame = pl.DataFrame(connection.sql(said.text).to_arrow_table())
    names = [f.name for s in saved.steps for f in s.features() if f.name not in said.without]
    return frame.select(pl.nth(i).alias(n) for i, n in enumerate(names)), said.without


def _by_code(saved: SavedRows, asked: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[str, str]]:
    said = rows_code(saved.steps)
    space: dict[str, Any] = {}
    exec(compile(said.text, "<features>", "exec"), space)  # the very text that export writes, made here
    return space["features"](asked), said.without
