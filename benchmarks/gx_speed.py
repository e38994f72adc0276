"""Eight expectations on a tall table and 800 on a wide one: autoprep beside Great Expectations and Polars validators.

    python benchmarks/gx_speed.py

Every tool answers the same eight questions of the same frame, in one process, one after another. CPU seconds and wall
seconds are medians; a tool that is not installed is said and left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import numpy as np
import polars as pl

STATES = ["open", "paid", "sent", "lost"]
EIGHT: list[dict[str, Any]] = [
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id"}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount", "mostly": 0.9}},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "min_value": 0, "max_value": 900}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "state", "value_set": STATES[:3]}},
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "code", "regex": "^[A-Z]{2}-[0-9]+$"}},
    {"type": "expect_column_value_lengths_to_be_between", "kwargs": {"column": "code", "min_value": 4, "max_value": 9}},
    {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "rate", "min_value": 0.4, "max_value": 0.6}},
]


def tall(rows: int) -> pl.DataFrame:
    """Five columns; a few cells of each break an expectation."""
    rng = np.random.default_rng(7)
    amount = rng.uniform(0, 1000, rows)
    codes = pl.Series([f"AB-{i}" for i in range(5000)] + ["ab-1"])
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "amount": pl.Series(amount).scatter(np.arange(0, rows, 50), None),
            "state": pl.Series(STATES).gather(rng.choice(4, rows, p=[0.4, 0.4, 0.199, 0.001])),
            "code": codes.gather(rng.integers(0, codes.len(), rows)),
            "rate": rng.uniform(0, 1, rows),
        }
    )


def wide() -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """100 rows by 200 columns, four expectations for each column."""
    rng = np.random.default_rng(7)
    frame = pl.DataFrame({f"c{i}": rng.integers(0, 100, 100) for i in range(200)})
    asked = []
    for column in frame.columns:
        asked += [
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}},
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": column, "min_value": 0, "max_value": 90},
            },
            {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": column, "value_set": list(range(95))}},
            {"type": "expect_column_mean_to_be_between", "kwargs": {"column": column, "min_value": 0, "max_value": 60}},
        ]
    return frame, asked


def with_autoprep(frame: pl.DataFrame, asked: list[dict[str, Any]]) -> Callable[[], Any]:
    from autoprep.validation import validate

    return lambda: validate(frame, asked).to_gx("SUMMARY").success


def _suite(asked: list[dict[str, Any]]) -> Any:
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    objects = [ExpectationConfiguration(**e).to_domain_obj() for e in asked]
    return gx.ExpectationSuite(name="s", expectations=objects)


def with_gx(frame: Any, asked: list[dict[str, Any]], kind: str) -> Callable[[], Any]:
    import great_expectations as gx

    import autoprep.validation.gx  # noqa: F401

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    if kind == "polars":
        made = context.data_sources.add_polars("p").add_frame_asset("t").add_batch_definition_whole_frame("all")
    else:
        asset = context.data_sources.add_pandas("p").add_dataframe_asset("t")
        made = asset.add_batch_definition_whole_dataframe("all")
    suite = _suite(asked)

    def run() -> Any:
        batch = made.get_batch(batch_parameters={"dataframe": frame})
        return batch.validate(suite, result_format="SUMMARY").success

    return run


def with_pandera(frame: pl.DataFrame) -> Callable[[], Any]:
    import pandera.polars as pa

    schema = pa.DataFrameSchema(
        {
            "id": pa.Column(pl.Int64, unique=True),
            "amount": pa.Column(pl.Float64, pa.Check.in_range(0, 900), nullable=True),
            "state": pa.Column(pl.String, pa.Check.isin(STATES[:3])),
            "code": pa.Column(pl.String, [pa.Check.str_matches("^[A-Z]{2}-[0-9]+$"), pa.Check.str_length(4, 9)]),
            "rate": pa.Column(
                pl.Float64, pa.Check(lambda d: d.lazyframe.select(pl.col(d.key).mean().is_between(0.4, 0.6)))
            ),
        }
    )

    def run() -> Any:
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            return error.failure_cases.height
        return 0

    return run


def with_pointblank(frame: pl.DataFrame) -> Callable[[], Any]:
    import pointblank as pb

    return lambda: (
        pb.Validate(frame)
        .col_vals_not_null("id")
        .rows_distinct("id")
        .col_vals_not_null("amount")
        .col_vals_between("amount", 0, 900, na_pass=True)
        .col_vals_in_set("state", STATES[:3])
        .col_vals_regex("code", "^[A-Z]{2}-[0-9]+$")
        .col_vals_expr(pl.col("code").str.len_chars().is_between(4, 9))
        .col_vals_expr(pl.col("rate").mean().is_between(0.4, 0.6))
        .interrogate()
        .all_passed()
    )


def with_dataframely(frame: pl.DataFrame) -> Callable[[], Any]:
    import dataframely as dy

    class Orders(dy.Schema):
        id = dy.Int64(nullable=False, primary_key=True)
        amount = dy.Float64(nullable=True, min=0, max=900)
        state = dy.String(nullable=False, check=lambda cell: cell.is_in(STATES[:3]))
        code = dy.String(nullable=False, regex="^[A-Z]{2}-[0-9]+$", min_length=4, max_length=9)
        rate = dy.Float64(nullable=False, check=lambda cell: cell.mean().is_between(0.4, 0.6))

    return lambda: Orders.filter(frame)[1].counts()


def timed(run: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Median CPU and wall seconds, after one run that is not counted where it is repeated."""
    if repeat > 1:
        run()
    cpu, wall = [], []
    for _ in range(repeat):
        before = time.process_time(), time.perf_counter()
        run()
        cpu.append(time.process_time() - before[0])
        wall.append(time.perf_counter() - before[1])
    return statistics.median(cpu), statistics.median(wall)


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument(
        "--gx-repeat", type=int, default=1, help="runs of Great Expectations' own engine, which is slow"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results") / "gx_speed" / "table.md")
    said = parser.parse_args()
    warnings.simplefilter("ignore")
    frame, (small, many) = tall(said.rows), wide()
    title = f"8 expectations on {said.rows:,} x {frame.width}"
    jobs: list[tuple[str, str, Callable[[], Callable[[], Any]], int, str]] = [
        (title, "autoprep, GX result objects", lambda: with_autoprep(frame, EIGHT), said.repeat, ""),
        (title, "stock GX on our Polars engine", lambda: with_gx(frame, EIGHT, "polars"), said.repeat, ""),
        (title, "pandera-polars", lambda: with_pandera(frame), said.repeat, "pandera"),
        (title, "pointblank", lambda: with_pointblank(frame), said.repeat, "pointblank"),
        (title, "dataframely", lambda: with_dataframely(frame), said.repeat, "dataframely"),
        (title, "GX, pandas engine", lambda: with_gx(frame.to_pandas(), EIGHT, "pandas"), said.gx_repeat, ""),
        (
            "800 expectations on 100 x 200",
            "autoprep, GX result objects",
            lambda: with_autoprep(small, many),
            said.repeat,
            "",
        ),
        (
            "800 expectations on 100 x 200",
            "GX, pandas engine",
            lambda: with_gx(small.to_pandas(), many, "pandas"),
            said.gx_repeat,
            "",
        ),
    ]
    lines = ["| task | tool | CPU s | wall s | runs | CPU against autoprep |", "|---|---|---|---|---|---|"]
    own: dict[str, float] = {}
    for task, tool, make, repeat, module in jobs:
        if module and find_spec(module) is None:
            lines.append(f"| {task} | {tool} | not installed | | | |")
        else:
            try:
                cpu, wall = timed(make(), repeat)
            except ImportError as error:
                lines.append(f"| {task} | {tool} | cannot be imported ({error}) | | | |")
                print(lines[-1], flush=True)
                continue
            own.setdefault(task, cpu)
            lines.append(f"| {task} | {tool} | {cpu:.2f} | {wall:.2f} | {repeat} | {cpu / own[task]:.1f} |")
        print(lines[-1], flush=True)
    said.output.parent.mkdir(parents=True, exist_ok=True)
    said.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
