"""A primitive from a file: offered, computed, exported and verified like those that ship."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autoprep.errors import InputError, SettingError
from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.primitives.near import ELSEWHERE
from autoprep.primitives.own import load
from autoprep.synthesis.feature import parse

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


OWN = """
from autoprep.primitives.primitive import aggregation

@aggregation("SPAN_OF", "number")
def span(x):
    return x.max() - x.min()
"""


def test_a_primitive_without_docstring_or_sql_says_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    for name, rows in (("c", "k,at\n1,2024-02-01\n2,2024-02-02\n"), ("o", "k,t,x\n1,2024-01-01,5\n1,2024-01-03,9\n")):
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop" / f"{name}.csv").write_text(rows)
    schema = tmp_path / "s.yaml"
    schema.write_text("tables: {c: {key: [k], time: at}, o: {time: t}}\nreferences: [{from: o(k), to: c(k)}]\n")
    line = "SPAN_OF(o.x) BEFORE cutoff BY k"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "autoprep", "features", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    made = run("shop", "--table", "c", "--schema", "s.yaml", "--cutoff", "at", "--feature", line, "--save", "f.json",
               "--primitives", "mine.py")  # fmt: skip
    assert made.returncode == 0, made.stderr
    told = run("export", "f.json", "--to", "sql", "--primitives", "mine.py")
    assert told.returncode == 0 and f"left out: {line}" in told.stderr
    assert "SPAN_OF is declared without SQL" in told.stderr
    bare = run("export", "f.json", "--to", "sql")
    assert bare.returncode == 2 and "unknown primitive 'SPAN_OF'" in bare.stderr and "--primitives FILE" in bare.stderr


def test_another_name_is_answered_with_the_one_that_is_meant():
    assert set(ELSEWHERE.values()) <= {*AGGREGATIONS, *TRANSFORMS}
    with pytest.raises(SettingError, match="did you mean 'QUANTILE_25' or 'QUANTILE_75'"):
        parse("QUANTILE(o.x) BY k")
    with pytest.raises(SettingError, match="did you mean 'MEAN'"):
        parse("mean(o.x) BY k")
    with pytest.raises(SettingError, match="did you mean 'NATURAL_LOG'"):
        parse("LOG(o.x) BY k")
