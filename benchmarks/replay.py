"""Artefacts predict the same bytes after a copy, in a fresh process, by file, by stream and over HTTP.

    python benchmarks/replay.py --data FOLDER [--sets 10]

For each set: fit, save, copy; a fresh process replays and predicts the file; the same rows are streamed in odd chunks
and sent over HTTP (in process) as Arrow and as CSV. On the first set one bit is flipped in every file of the folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from supervised import sets as datasets

RESULTS = Path(__file__).parent / "results" / "replay"
FRESH = """
import sys, autoprep as ap, polars as pl
from autoprep.serving import artifact
found = artifact.replay(sys.argv[1])
assert found.identical, found
ap.load(sys.argv[1]).predict_frame(sys.argv[2]).write_ipc(sys.argv[3])
"""


def over_http(folder: Path, rows: pl.DataFrame, file: Path) -> list[pl.DataFrame]:
    """Predictions of the service for Arrow and for the bytes of the file."""
    from io import BytesIO

    from starlette.testclient import TestClient

    from autoprep.serving import app
    from autoprep.serving.bodies import ARROW, CSV

    made = []
    out = BytesIO()
    rows.write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    with TestClient(app.make(folder)) as client:
        for kind, body in ((ARROW, out.getvalue()), (CSV, file.read_bytes())):
            answer = client.post("/predict", content=body, headers={"content-type": kind, "accept": ARROW})
            assert answer.status_code == 200, answer.text[:300]
            made.append(pl.read_ipc_stream(answer.content))
    return made


def flipped(folder: Path) -> tuple[int, int]:
    """Files, and those in which a flipped bit was detected."""
    from autoprep.errors import ArtifactError
    from autoprep.serving import artifact

    files = [f for f in folder.rglob("*") if f.is_file() and f.stat().st_size]
    seen = 0
    for file in files:
        whole = file.read_bytes()
        spoilt = bytearray(whole)
        spoilt[len(whole) // 2] ^= 4
        file.write_bytes(bytes(spoilt))
        try:
            artifact.load(folder)
        except ArtifactError:
            seen += 1
        file.write_bytes(whole)
    artifact.load(folder)
    return len(files), seen


def named(entry: dict[str, object]) -> bool:
    """Whether the set names its target by a header."""
    import autoprep as ap

    table = ap.read(entry["source"])
    names = [*table.frame.collect_schema().names(), *table.headers.values()]
    return str(entry["target"]) in names


def judge(name: str, path: Path, target: str, work: Path, budget: float) -> dict[str, object]:
    """One set."""
    import autoprep as ap
    from autoprep.pipeline import resolve_column

    table = ap.read(path)
    frame = table.collect()
    column = resolve_column(target, table)
    frame = frame.sample(min(frame.height, 20_000), seed=0)
    model = ap.fit(frame, column, time_budget_s=None, work_budget=budget)
    model.save(work / "model")
    copy = Path(shutil.copytree(work / "model", work / "elsewhere" / "copy"))
    rows = frame.head(500).drop(column)
    file = work / "rows.csv"
    rows.write_csv(file)
    by_file = ap.load(copy).predict_frame(file)
    subprocess.run([sys.executable, "-c", FRESH, str(copy), str(file), str(work / "fresh.arrow")], check=True)
    read = ap.read(file).collect()
    scorer = ap.load(copy).scorer()
    streamed = pl.concat([part for _, part in scorer.stream(read.lazy(), 97)])
    alone = pl.concat([scorer.predict(read[i]) for i in range(0, min(100, read.height))])
    http = over_http(copy, read, file)
    return {
        "set": name,
        "rows": by_file.height,
        "model": model.leaderboard.trials[0].model if model.leaderboard.trials else "baseline",
        "fresh process": pl.read_ipc(work / "fresh.arrow").equals(by_file),
        "stream": streamed.equals(by_file),
        "row by row": alone.equals(by_file.head(alone.height)),
        "http arrow": http[0].equals(by_file),
        "http csv": http[1].equals(by_file),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--sets", type=int, default=10)
    parser.add_argument("--work-budget", type=float, default=5)
    asked = parser.parse_args()
    if asked.data is None:
        parser.error("give --data FOLDER or set AUTOPREP_DATA")
    entries = sorted(datasets(Path(asked.data)), key=lambda entry: int(entry["size_bytes"]))
    lines, bits = [], ""
    for entry in entries:
        if len(lines) >= asked.sets:
            break
        if not named(entry):
            continue
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            line = judge(
                str(entry["name"]), Path(entry["source"]), str(entry["target"]), Path(folder), asked.work_budget
            )
            if not bits:
                files, seen = flipped(Path(folder) / "model")
                bits = f"{seen} of {files} flipped bits detected (one in every file of the first set's folder)"
        line["CPU s"] = round(time.process_time() - began, 1)
        lines.append(line)
        print(line, flush=True)
    heads = list(lines[0])
    table = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    table += ["| " + " | ".join(str(line[h]) for h in heads) + " |" for line in lines]
    checks = [line[h] for line in lines for h in heads if isinstance(line[h], bool)]
    text = "\n".join([*table, "", f"{sum(checks)} of {len(checks)} comparisons identical; {bits}.", ""])
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text(text)
    print(text)
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
