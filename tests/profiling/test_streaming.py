"""A long table profiled batch by batch says what it says as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autoprep.errors import InputError
from autoprep.profiling import profile, streaming

ROWS = 3000


def table() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(5, 2, ROWS)
    return pl.DataFrame(
        {
            "x": x,
            "y": x + 1,
            "n": pl.Series([None if k % 7 == 0 else k % 40 for k in range(ROWS)]),
            "word": [f"level {'abcde'[k % 5]}" for k in range(ROWS)],
            "money": [f"${k % 90}.50" for k in range(ROWS)],
            "sold": (x > 5).astype(int),
        }
    )


def test_batches_give_back_the_rows(tmp_path: Path) -> None:
    frame = table()
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=370)
    parts = list(streaming.batches(pl.scan_parquet(tmp_path / "a.parquet"), 800))
    assert [p.height for p in parts] == [800, 800, 800, 600]
    assert pl.concat(parts).equals(frame)


def test_figures_are_those_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = table()
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=500)
    whole = profile(frame, target="sold")
    monkeypatch.setattr(streaming, "LONG", 1000)
    monkeypatch.setattr(streaming, "BATCH_ROWS", 700)
    found = profile(pl.scan_parquet(tmp_path / "a.parquet"), target="sold")
    assert found.tables["rows"].item() == ROWS
    for name in frame.columns:
        a, b = found.column(name), whole.column(name)
        for word in ("rows", "null_count", "semantic", "min", "max", "role"):
            assert a[word] == b[word], (name, word)
        assert a["distinct"] == pytest.approx(b["distinct"], rel=0.12)
        for word in ("mean", "std", "skew", "kurtosis", "null_rate", "amount_rate"):
            same = a[word] == b[word] or a[word] == pytest.approx(b[word], rel=1e-9, abs=1e-12)
            assert same, (name, word)
        assert a["median"] == b["median"] or a["median"] == pytest.approx(b["median"], rel=0.02)
    assert found.column("x")["target_leak"] == whole.column("x")["target_leak"]
    assert set(found.pairs["kind"]) >= {"order"} or found.pairs.height == whole.pairs.height


def test_no_such_target_is_said_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LONG", 10)
    with pytest.raises(InputError, match="no column 'sol'"):
        profile(table().lazy(), target="sol")
