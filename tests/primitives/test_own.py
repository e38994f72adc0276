"""A primitive from a file: offered, computed, exported and verified like those that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autoprep.errors import InputError
from autoprep.primitives.own import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "primitives.py"
SCRIPT = """
import sys
from pathlib import Path
import polars as pl
from datetime import datetime, timedelta
from autoprep import synthesize
from autoprep.pipeline.verifying import verify_features
from autoprep.primitives.own import load
assert load(sys.argv[1]) == ["MEAN_OF_TOP"] and load(sys.argv[1]) == []
day = [datetime(2024, 1, 1 + i) for i in range(20)]
frames = {
    "customers": pl.DataFrame({"k": [1, 2, 3], "at": day[9:12]}),
    "orders": pl.DataFrame({"k": [1, 2, 3, 1] * 5, "t": day, "x": [float(i % 7) for i in range(20)]}),
}
schema = "tables: {customers: {key: [k], time: at}, orders: {time: t}}\\n"
schema += "references: [{from: orders(k), to: customers(k)}]"
made = synthesize(frames, table="customers", schema=schema, cutoff="at", windows=["2d"], max_features=60)
mine = [f.definition for f in made.definitions if "MEAN_OF_TOP" in f.definition]
path = made.save(Path(sys.argv[2]) / "f.json")
done = verify_features(path, frames, rows=20)
assert mine and done.ok and not done.without["sql"], (mine, done)
"""


def test_the_example_is_offered_and_verified(tmp_path):
    root = EXAMPLE.parents[1]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(EXAMPLE), str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]


def test_a_missing_file_or_module_is_one_line():
    with pytest.raises(InputError, match="no such file"):
        load("none.py")
    with pytest.raises(InputError, match="no module"):
        load("no.such.module")
