"""Memory and time of reading a CSV file that is larger than the memory that it may take.

    python benchmarks/large_csv.py --megabytes 500 --out benchmarks/results/large_csv

Writes files of that size (regular; with a stray line, a missing cell and a blank line in every 100,000; in UTF-16; the
first one compressed), each read in a fresh process by ``autoprep.read`` and summed up in one streaming query. Memory is
the process's peak above what it took before reading. Beside it: ``polars.scan_csv`` on the regular file, which is told
the dialect.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

READ = """
import resource, sys, time
import polars as pl
import autoprep.reading
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.process_time()
if sys.argv[2] == "polars":
    frame, rejected = pl.scan_csv(sys.argv[1], infer_schema=False), 0
else:
    table = autoprep.reading.read(sys.argv[1])
    frame, rejected = table.frame, table.rejected.height
seen = frame.select(pl.len(), pl.col("price").cast(pl.Float64).sum()).collect(engine="streaming").row(0)
print(seen[0], rejected, peak() - before, time.process_time() - start)
"""


def block(first: int, odd: bool) -> str:
    """100,000 lines, some of them malformed."""
    lines = [f"{i},2024-01-{i % 28 + 1:02},text of row {i},{i % 100}.5" for i in range(first, first + 100_000)]
    if odd:
        lines[10] = "a stray line"
        lines[20] = f"{first + 20},,text of row {first + 20},1.5"
        lines[30] = ""
        lines[40] = f"{first + 40},2024-01-09,text, more text,1.5"
    return "\n".join([*lines, ""])


def write(path: Path, megabytes: float, *, odd: bool = False, encoding: str = "utf-8") -> int:
    """Write a file; returns its lines without the header."""
    written = lines = 0
    with path.open("w", encoding=encoding, newline="") as file:
        file.write("id,day,name,price\n")
        while written < megabytes * 2**20:
            piece = block(lines, odd)
            file.write(piece)
            written += len(piece.encode(encoding))
            lines += 100_000
    return lines


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=500)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/large_csv"))
    args = parser.parse_args()
    rows = ["| file | MB | lines | rows | rejected | peak MB | CPU s |", "|---|---:|---:|---:|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.csv"
        of_plain = 0
        for name, options in (
            ("plain", {}),
            ("malformed records", {"odd": True}),
            ("UTF-16", {"encoding": "utf-16"}),
            ("gzip", {}),
            ("polars.scan_csv, told the dialect", {}),
        ):
            path = plain
            if options:
                path = Path(folder) / "other.csv"
            if options or name == "plain":
                lines = write(path, args.megabytes, **options)  # type: ignore[arg-type]
            if name == "gzip":
                path, lines = Path(folder) / "plain.csv.gz", of_plain
                with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as target:
                    shutil.copyfileobj(source, target)
            if name == "plain":
                of_plain = lines
            if name.startswith("polars"):
                lines = of_plain
            done = subprocess.run(
                [sys.executable, "-c", READ, str(path), name.split(".")[0]], capture_output=True, text=True, check=True
            )
            seen, rejected, peak, seconds = done.stdout.split()
            size = path.stat().st_size / 2**20
            rows.append(
                f"| {name} | {size:.0f} | {lines} | {seen} | {rejected} | {float(peak):.0f} | {float(seconds):.1f} |"
            )
            print(rows[-1], flush=True)
            if path != plain:
                path.unlink()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "table.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
