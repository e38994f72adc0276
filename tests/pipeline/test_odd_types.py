"""Columns of durations, periods, lists, records and bytes: learnt from where they hold values, else left out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl

import autoprep as ap
from autoprep.engines import local

ROWS = 120
FRAME = pl.DataFrame({"a": [i % 7 * 1.5 for i in range(ROWS)], "y": ["p" if i % 3 else "q" for i in range(ROWS)]})
SECONDS = pl.int_range(ROWS, eager=True) * 37 % 1000
COLUMNS: dict[str, tuple[pl.Series, str]] = {
    "duration": ((SECONDS * 1000).cast(pl.Duration("ms")), "duration"),
    "list": (pl.Series([[1, 2]] * ROWS), "excluded"),
    "record": (pl.Series([{"q": i} for i in range(ROWS)]), "excluded"),
    "bytes": (pl.Series([bytes([200, i]) for i in range(ROWS)]), "excluded"),
}


def test_columns_of_odd_types_are_no_traceback(tmp_path: Path) -> None:
    frame, said = FRAME.with_columns(cells.alias(kind) for kind, (cells, _) in COLUMNS.items()), list[str]()
    model = ap.fit(frame, "y", work_budget=1, time_budget_s=None, listener=lambda event: said.append(event.message))
    roles = {spec.name: spec.role for spec in model.plan.outputs}
    assert {kind: roles[kind] for kind in COLUMNS} == {kind: role for kind, (_, role) in COLUMNS.items()}
    assert any("no model reads 'list' (list), 'record' (struct), 'bytes' (binary)" in line for line in said)
    before = model.predict_frame(frame)
    assert set(before["reasons"]) == {""}
    assert ap.load(model.save(tmp_path / "model")).predict_frame(frame).equals(before)
    written = local.write(ap.clean(frame).frame, tmp_path / "rows.csv")
    assert model.predict_frame(written).drop("reasons").equals(before.drop("reasons"))


def test_periods_are_read_as_their_starts(tmp_path: Path) -> None:
    frame = pd.DataFrame({"v": pd.period_range("2000-01", periods=3, freq="M")})
    frame.loc[1, "v"] = pd.NaT
    frame.to_parquet(tmp_path / "rows.parquet")
    for source in (frame, tmp_path / "rows.parquet"):
        table = ap.read(source)
        assert [v and v.isoformat()[:10] for v in table.collect()["v"]] == ["2000-01-01", None, "2000-03-01"]
        assert "periods" in table.notes[-1]


def test_the_contract_of_a_model_counts_an_empty_text_as_missing() -> None:
    frame = FRAME.with_columns(k=pl.Series(["", "b", "c"] * (ROWS // 3)))
    model = ap.fit(frame, "y", work_budget=1, time_budget_s=None)
    assert ap.validate(frame, model).success
    assert model.predict_frame(frame).equals(model.predict_frame(frame.with_columns(pl.col("k").replace({"": None}))))
