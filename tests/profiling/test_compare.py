"""Two profiles: what changed is told, what two samples of one source show is not."""

import numpy as np
import polars as pl
import pytest

from autoprep.profiling import compare, profile


def _frame(seed, rows=1500):
    rng = np.random.default_rng(seed)
    zips = rng.integers(0, 40, rows)
    return pl.DataFrame(
        {
            "id": [f"k{seed}-{i}" for i in range(rows)],
            "amount": [f"{v:.2f}" for v in rng.gamma(2, 50, rows)],
            "plan": rng.choice(["basic", "plus", "pro"], rows, p=[0.6, 0.3, 0.1]),
            "weight": [f"{v:.1f} kg" for v in rng.normal(70, 9, rows)],
            "day": [f"2024-{1 + d // 28:02}-{1 + d % 28:02}" for d in rng.integers(0, 300, rows)],
            "zip": [f"{10200 + z}" for z in zips],
            "town": [f"town{'abcdefg'[z % 7]}" for z in zips],
        }
    )


@pytest.fixture(scope="module")
def before():
    return profile(_frame(0))


def _drifts(before, frame):
    return {(r["column"], r["kind"]): r for r in before.compare(profile(frame)).drifts.iter_rows(named=True)}


@pytest.mark.parametrize(("seed", "rows"), [(1, 1500), (2, 400), (3, 4000), (4, 60)])
def test_two_samples_of_one_source_do_not_drift(before, seed, rows):
    found = _drifts(before, _frame(seed, rows))
    assert set(found) <= {(None, "rows")}


def test_nothing_drifts_from_itself(before):
    assert compare(before, before).drifts.height == 0
    assert compare(before, before).worst is None


def _some(column, share, value, seed=9):
    hit = pl.Series(np.random.default_rng(seed).random(1500) < share)
    return pl.when(hit).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_some("amount", 0.1, None), ("amount", "missing_rate")),
        (_some("amount", 0.1, "N/A"), ("amount", "missing_rate")),
        (_some("amount", 0.05, "see note"), ("amount", "junk_rate")),
        (_some("weight", 0.3, "154 lb"), ("weight", "units")),
        (_some("day", 0.3, "31/12/2024"), ("day", "date_formats")),
        (_some("plan", 0.1, "gold"), ("plan", "new_values")),
        (_some("plan", 0.4, "pro"), ("plan", "distribution")),
        (_some("town", 0.08, "townz"), ("zip + town", "dependency")),
        ((pl.col("amount").cast(pl.Float64) * 1.5).round(2).cast(pl.String), ("amount", "distribution")),
        (pl.col("amount").str.replace(".", ",", literal=True), ("amount", "decimal")),
        (pl.lit("k").alias("id") + (pl.int_range(pl.len()) % 900).cast(pl.String), ("id", "unique")),
        (pl.lit("yes").alias("extra"), ("extra", "added")),
        (_some("town", 0.2, "MÃ¼nchen"), ("town", "mojibake_rate")),
        (_some("plan", 0.2, " basic "), ("plan", "padded_rate")),
    ],
    ids=lambda v: "/".join(v) if isinstance(v, tuple) else "",
)
def test_each_kind_of_change_is_told(before, change, expected):
    found = _drifts(before, _frame(1).with_columns(change))
    assert expected in found
    assert expected[0].split(" + ")[0] in found[expected]["sentence"]


def test_a_lost_column_comes_first(before):
    found = before.compare(profile(_frame(1).drop("zip"))).drifts
    assert found.row(0, named=True)["kind"] == "lost"
    assert found["severity"][0] == "error"


def test_thresholds_know_the_size(before):
    one = pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("see note")).otherwise("amount").alias("amount")
    small = _frame(1).head(30).with_columns(one)
    assert ("amount", "junk_rate") not in _drifts(before, small)
    whole = _frame(1).with_columns(_some("amount", 0.03, "see note"))
    assert ("amount", "junk_rate") in _drifts(before, whole)


def test_plain_values(before):
    said = before.compare(profile(_frame(1).drop("zip"))).to_dict()
    assert said["worst"] == "error"
    assert said["drifts"][0]["sentence"] == "'zip' is gone"
