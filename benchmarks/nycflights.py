"""Some 500 features of five related tables at depth 2: for every flight as of its own cutoff, and for 2,000 of them.

    python benchmarks/nycflights.py --data FOLDER [--peer-rows 40]

CPU seconds are medians; the peak of memory is that of a process of its own. featuretools, where it is installed, runs
the same five tables: with a cutoff per row on a few rows (it filters anew for each cutoff), told as such.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from flight_tables import SCHEMA, flight_tables

RESULTS = Path(__file__).parent / "results" / "nycflights"


def ours(folder: Path, rows: int, repeats: int) -> dict[str, float]:
    """Median CPU seconds after one warm-up on 50 rows, features, and the peak of memory."""
    from autoprep.synthesis.schema import Schema
    from autoprep.synthesis.tables import TableSynthesizer

    schema = Schema.from_yaml(SCHEMA, flight_tables(folder))
    flights = schema.table("flights").frame
    made = TableSynthesizer("flights", cutoff="leaves - 1h", most=500).fit(schema)
    begun = time.process_time()
    made.transform(flights.head(50), schema, single=True)
    warm = time.process_time() - begun
    asked = flights if rows == 0 else flights.sample(rows, seed=1)
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        frame = made.transform(asked, schema, single=True)
        spent.append(time.process_time() - begun)
        shape = frame.shape
        del frame
    return {
        "rows": shape[0], "features": shape[1], "cpu": statistics.median(spent), "warm_up": warm,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def peer(folder: Path, rows: int) -> dict[str, float]:
    """featuretools on the same tables: default primitives, depth 2; a cutoff per row when ``rows`` is not 0."""
    import featuretools as ft
    import pandas as pd

    tables = {name: frame.to_pandas() for name, frame in flight_tables(folder).items()}
    flights = tables["flights"].reset_index(names="flight_id").drop(columns=["landed"])
    for frame in (flights, tables["weather"]):
        frame["hour_key"] = frame["origin"] + "_" + frame["time_hour"].astype(str)
    weather = tables["weather"].drop_duplicates("hour_key").drop(columns=["year", "month", "day", "hour", "origin"])
    es = ft.EntitySet("flights")
    es.add_dataframe(dataframe_name="flights", dataframe=flights.drop(columns=["time_hour"]), index="flight_id",
                     time_index="leaves")  # fmt: skip
    es.add_dataframe(dataframe_name="weather", dataframe=weather, index="hour_key", time_index="time_hour")
    for name, key in (("planes", "tailnum"), ("airports", "faa"), ("airlines", "carrier")):
        es.add_dataframe(dataframe_name=name, dataframe=tables[name], index=key)
    ties = (("airlines", "carrier", "carrier"), ("planes", "tailnum", "tailnum"), ("airports", "faa", "origin"),
            ("airports", "faa", "dest"), ("weather", "hour_key", "hour_key"))  # fmt: skip
    for parent, key, column in ties:
        es.add_relationship(parent, key, "flights", column)
    cutoff = None
    if rows:
        some = flights.sample(rows, random_state=1)
        cutoff = pd.DataFrame({"flight_id": some["flight_id"], "time": some["leaves"] - pd.Timedelta(hours=1)})
    begun = time.process_time()
    matrix, _ = ft.dfs(entityset=es, target_dataframe_name="flights", max_depth=2, cutoff_time=cutoff)
    return {
        "rows": matrix.shape[0], "features": matrix.shape[1], "cpu": time.process_time() - begun,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def apart(folder: Path, what: str, rows: int, repeats: int = 1) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--data", str(folder), "--only", what, "--rows", str(rows)]
    done = subprocess.run([*command, "--repeats", str(repeats)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"), required=False)
    parser.add_argument("--only", choices=("ours", "peer"))
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-rows", type=int, default=40)
    parser.add_argument("--peer-whole", action="store_true", help="featuretools over all rows without cutoff too")
    said = parser.parse_args()
    folder = Path(said.data)
    folder = folder / "nycflights13" if (folder / "nycflights13").is_dir() else folder
    if said.only == "ours":
        print(json.dumps(ours(folder, said.rows, said.repeats)))
        return
    if said.only == "peer":
        print(json.dumps(peer(folder, said.rows)))
        return
    told = [("autoprep, every flight as of its own cutoff", apart(folder, "ours", 0, said.repeats))]
    told.append(("autoprep, 2,000 flights as of their own cutoffs", apart(folder, "ours", 2000, said.repeats)))
    notes = [f"Cold compile and warm start, once: {told[0][1]['warm_up']:.1f} CPU s before the medians."]
    if find_spec("featuretools") is None:
        notes.append("featuretools is not installed and left out.")
    else:
        told.append((f"featuretools, {said.peer_rows} cutoffs only", apart(folder, "peer", said.peer_rows)))
        each = told[-1][1]["cpu"] / said.peer_rows
        notes.append(f"featuretools takes {each:.2f} CPU s per cutoff: 2,000 would take some {each * 2000:,.0f}.")
        if said.peer_whole:
            told.append(("featuretools, every flight, NO cutoff", apart(folder, "peer", 0)))
    lines = ["| what | rows | features | CPU s | peak MB |", "|---|---:|---:|---:|---:|"]
    for name, m in told:
        lines.append(f"| {name} | {m['rows']:,.0f} | {m['features']:.0f} | {m['cpu']:.2f} | {m['peak_mb']:,.0f} |")
    text = "\n".join([*lines, "", *notes, f"Medians of {said.repeats}; numbers in single precision."]) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
