"""Iris, with the split of TPOT's own example: a model within ten seconds.

python examples/iris.py
"""

from __future__ import annotations

import time

import polars as pl
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

import autoprep as ap


def main() -> tuple[int, int]:
    """Fit on 112 flowers, predict 38; how many were named rightly, and of how many."""
    iris = load_iris(as_frame=True)
    names = [str(n) for n in iris.target_names]
    train, test = train_test_split(iris.frame, train_size=0.75, test_size=0.25, random_state=42)

    def table(rows: object) -> pl.DataFrame:
        frame = pl.DataFrame({str(c): rows[c].to_list() for c in iris.frame.columns})  # type: ignore[index]
        return frame.with_columns(pl.col("target").replace_strict(dict(enumerate(names))).alias("species")).drop(
            "target"
        )

    started = time.perf_counter()
    model = ap.fit(table(train), "species", time_budget_s=8, metric="accuracy")
    fresh = table(test)
    said = model.predict_frame(fresh.drop("species"))["prediction"]
    right = int((said == fresh["species"]).sum())
    print(f"{right} of {fresh.height} right in {time.perf_counter() - started:.1f} s")
    return right, fresh.height


if __name__ == "__main__":
    main()
