"""A text that is too large for memory is read exactly as a small one, and within bounded memory."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep.errors import InputError
from autoprep.reading import content, places, splice

ROWS = [f"{i},2024-01-{i % 28 + 1:02},caf\u00e9 {i},{i * 1.5}" for i in range(1, 200)]
HEADER = "id,day,name,price"


def text(*lines: str, newline: str = "\n") -> str:
    return newline.join([HEADER, *lines, ""])


QUOTED = [f'{i},2024-01-01,"a, ""b""\nc {i}",1.5' for i in range(60)]
CASES = {
    "plain": text(*ROWS).encode(),
    "mark": text(*ROWS).encode("utf-8-sig"),
    "mark, no header": "\n".join(ROWS).encode("utf-8-sig"),
    "latin": text(*ROWS).encode("cp1252"),
    "wide": text(*ROWS).encode("utf-16"),
    "a byte that is no utf-8": text(*ROWS).encode() + "200,2024-01-01,caf\u00e9,1.5\n".encode("cp1252"),
    "returns": text(*ROWS, newline="\r").encode(),
    "both": text(*ROWS, newline="\r\n").encode(),
    "mixed": (text(*ROWS[:90]) + "\r".join([*ROWS[90:], ""])).encode(),
    "ragged": text(*ROWS[:50], "a stray line", "", "51,2024-01-09,x,,1.5", HEADER, *ROWS[50:], "1,2").encode(),
    "quoted": text(*QUOTED, '61,2024-01-01,"x" y,1.5', *QUOTED).encode(),
    "long delimiter": text(*ROWS[:30], "oops", *ROWS[30:]).replace(",", "||").encode(),
    "escapes": text(*(f'{i},2024-01-01,"say \\"hi\\", {i}",1.5' for i in range(80))).encode(),
    "wide header": ("id,day,name,price,more,and\n" + "\n".join([*ROWS, "300,2024-01-01,x,1.5,y,z"])).encode(),
    "preamble and footer": ("Report\n\n" + text(*ROWS) + "\nSource: us\n").encode(),
}


@pytest.mark.parametrize("case", CASES)
def test_large_files_are_read_like_small_ones(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CASES[case])
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CASES[case]))
    small = ap.read(path)
    frame = small.collect()
    changed = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 7 == 3).then(pl.lit("x")).otherwise(pl.nth(3)).alias(frame.columns[3])
    )
    splice(small.layout, frame, changed, tmp_path / "small.csv")
    for module in (content, places):
        monkeypatch.setattr(module, "LARGE", 100)
    monkeypatch.setattr(content, "_PIECE", 1000)
    for source in (path, tmp_path / "a.csv.gz"):
        large = ap.read(source)
        splice(large.layout, frame, changed, tmp_path / "large.csv")
        assert (tmp_path / "large.csv").read_bytes() == (tmp_path / "small.csv").read_bytes()
        assert large.collect().equals(small.collect()), case
        assert large.rejected.equals(small.rejected) and large.realigned.equals(small.realigned)
        assert large.headers == small.headers and large.notes == small.notes
        assert large.dialect is not None and small.dialect is not None
        assert large.dialect.to_dict() | {"evidence": 0} == small.dialect.to_dict() | {"evidence": 0}


def test_blanks_alone_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LARGE", 10)
    (tmp_path / "a.csv").write_bytes(b" \n" * 50)
    with pytest.raises(InputError, match="nothing but blanks"):
        ap.read(tmp_path / "a.csv")


MEASURE = """
import resource, sys
import polars as pl
import autoprep.reading
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
table = autoprep.reading.read(sys.argv[1])
seen = table.frame.select(pl.len(), pl.col("price").cast(pl.Float64).sum()).collect(engine="streaming").row(0)
print(seen[0], peak() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    block = "".join(f"{i},2024-01-{i % 28 + 1:02},some text of row {i},{i % 100}.5\n" for i in range(100_000))
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for _ in range(32):
            file.write(block)
            file.write("a stray line\n")
    size = path.stat().st_size / 2**20
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, env=None
    )
    rows, grown = done.stdout.split()
    assert int(rows) == 3_200_000
    assert size > 110 and float(grown) < 420, f"{size:.0f} MB, {grown} MB more"
    assert pl.__version__
