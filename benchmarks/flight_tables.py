"""The flights that left New York in 2013, read into frames: shared by the benchmarks of several tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl

SCHEMA = Path(__file__).parent / "flights.yaml"
NAMES = ("flights", "planes", "airports", "airlines", "weather")


def flight_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Five tables; flights with ``leaves`` (as scheduled), ``landed`` (when it was over) and ``late`` (over 30 min).

    A flight without a recorded air time is taken to be over 180 minutes after it left; 30 minutes are added for taxis.
    """
    tables = {
        name: pl.read_csv(folder / f"{name}.csv.gz", null_values=["NA"], infer_schema_length=None, try_parse_dates=True)
        for name in NAMES
    }
    for name in ("flights", "weather"):
        moment = pl.col("time_hour")
        if tables[name].schema["time_hour"] == pl.String:
            moment = moment.str.to_datetime(time_zone="UTC")
        tables[name] = tables[name].with_columns(time_hour=moment.dt.replace_time_zone(None).dt.cast_time_unit("us"))
    spent = pl.col("dep_delay").clip(0).fill_null(0) + pl.col("air_time").fill_null(180) + 30
    tables["flights"] = (
        tables["flights"]
        .with_columns(leaves=pl.col("time_hour") + pl.duration(minutes=pl.col("minute")))
        .with_columns(landed=pl.col("leaves") + pl.duration(minutes=spent), late=pl.col("arr_delay") > 30)
    )
    return tables
