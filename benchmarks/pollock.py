"""The loading score of the Pollock benchmark (Vitagliano et al., PVLDB 16(8), 2023), no parameters given.

    python benchmarks/pollock.py --data FOLDER --odd FOLDER --out benchmarks/results/pollock

FOLDER of ``--data`` holds the benchmark's data sets (``polluted_files``, ``survey_sample``), each with ``csv``,
``clean`` and ``parameters``. Every reader gets the path of a file and nothing else. What it loaded is written as CSV
and compared with the clean version by the benchmark's ten measures: success, and precision, recall and F1 of the
header, of the records and of the cells (each as the multiset intersection; header and records after the benchmark's
normalisation of numbers, dates, times and prices). The score is the sum of the ten means (10 is perfect); the weighted
score weighs each polluted file by how many files of the benchmark's survey show its pollution.

- autoprep: ``autoprep.read(path)``. A file without a header gets the benchmark's neutral names (col_0, ...).
- DuckDB auto: the call of the benchmark's own ``duckdbauto`` runner (``strict_mode=False, ignore_errors=True,
  null_padding=True``), written with ``DataFrame.to_csv``.
- DuckDB auto, text: the same with ``all_varchar`` and the neutral names where its sniffer finds no header: the kindest
  reading of DuckDB that we know of.

``--odd`` names a folder of further files, on which a reader must only not crash. The normalisation of prices needs
``price-parser`` (``pip install price-parser``); without it prices are compared as text.
"""

from __future__ import annotations

import argparse
import csv
import gc
import io
import json
import os
import re
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

Rows = list[list[str]]

#: How many files of the benchmark's survey show a pollution, over the number of generated files that do (its
#: ``pollock_weights.json``).
WEIGHTS = {
    "source.csv": 1.0, "file_no_payload.csv": 15.0, "file_no_trailing_newline.csv": 184.0,
    "file_double_trailing_newline.csv": 5.0, "file_no_header.csv": 470.0, "file_header_multirow_2.csv": 47.0,
    "file_header_multirow_3.csv": 47.0, "file_preamble.csv": 282.0, "file_multitable_same.csv": 188 / 3,
    "file_multitable_more.csv": 188 / 3, "file_multitable_less.csv": 188 / 3, "file_header_only.csv": 3.0,
    "file_one_data_row.csv": 4.0, "file_record_delimiter_0xD.csv": 7.0, "file_record_delimiter_0xA.csv": 1691.0,
    "file_field_delimiter_0x9.csv": 4.0, "file_field_delimiter_0x3B.csv": 834.0, "file_field_delimiter_0x20.csv": 4.0,
    "file_field_delimiter_0x2C_0x20.csv": 101.0, "file_quotation_char_0x27.csv": 11.0, "file_escape_char_0x5C.csv": 1.0,
    "file_escape_char_0x00.csv": 7.0, "row_less_sep": 0.36775106082036774, "row_more_sep": 0.36775106082036774,
    "row_field_delimiter": 1 / 7, "row_extra_quote": 1 / 108,
}  # fmt: skip
MEASURES = (
    "success", "header_p", "header_r", "header_f1", "record_p", "record_r", "record_f1", "cell_p", "cell_r", "cell_f1",
)  # fmt: skip
PUBLISHED = (
    ("DuckDB 1.2, dialect handed over", 9.961, 9.599),
    ("CleverCSV", 9.193, 9.453),
    ("DuckDB auto", 9.075, 8.439),
)


# -------------------------------------------------------------------------------------------------- the readers


def with_autoprep(path: Path) -> tuple[Rows, dict[str, Any]]:
    """Rows of ``autoprep.read``, the header first, and the dialect it found."""
    from autoprep.reading import read

    table = read(path)
    frame = table.collect()
    dialect = table.dialect
    assert dialect is not None
    named = bool(dialect.header_rows) or any(table.headers.values())
    header = [table.headers.get(c, c) for c in frame.columns] if named else [f"col_{i}" for i in range(frame.width)]
    rows = [header, *[["" if v is None else v for v in row] for row in frame.rows()]]
    return rows, {
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "body": dialect.preamble_lines + dialect.header_rows,
        "header": dialect.header_rows > 0,
    }


def with_duckdb(path: Path) -> tuple[Rows, dict[str, Any]]:
    """Rows as the benchmark's runner of DuckDB's auto-detection writes them."""
    import duckdb

    connection = duckdb.connect()
    frame = connection.read_csv(str(path), strict_mode=False, ignore_errors=True, null_padding=True).df()
    text = frame.to_csv(index=False)
    return parsed(text), sniffed(duckdb.connect(), path)


def with_duckdb_text(path: Path) -> tuple[Rows, dict[str, Any]]:
    """Rows of DuckDB's auto-detection with every column as text and neutral names where there is no header."""
    import duckdb

    connection = duckdb.connect()
    relation = connection.read_csv(
        str(path), strict_mode=False, ignore_errors=True, null_padding=True, all_varchar=True
    )
    found = sniffed(duckdb.connect(), path)
    header = list(relation.columns) if found["header"] else [f"col_{i}" for i in range(len(relation.columns))]
    return [header, *[["" if v is None else v for v in row] for row in relation.fetchall()]], found


def sniffed(connection: Any, path: Path) -> dict[str, Any]:
    """The dialect that DuckDB's sniffer reports."""
    row = connection.execute(
        "SELECT Delimiter, Quote, SkipRows, HasHeader FROM sniff_csv(?, strict_mode=false, ignore_errors=true, "
        "null_padding=true)",
        [str(path)],
    ).fetchone()
    quote = "" if row[1] in ("(empty)", "\0") else row[1]
    return {"delimiter": row[0], "quote": quote, "body": row[2] + row[3], "header": bool(row[3])}


def parsed(text: str) -> Rows:
    """Cells of a text as the benchmark's evaluation reads them."""
    csv.field_size_limit(1 << 30)
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return list(csv.reader(io.StringIO(plain, newline=""), delimiter=",", quotechar='"', doublequote=True))


def written(rows: Rows) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------ the measures


def _price(value: str) -> str | None:
    try:
        from price_parser import Price
    except ImportError:
        return None
    price = Price.fromstring(value)
    return price.currency + str(price.amount_float) if price.currency and price.amount is not None else None


@lru_cache(maxsize=1 << 18)
def normal(cell: str) -> str:
    """A cell after the benchmark's normalisation: booleans, integers, floats, times, dates, prices, else lower case."""
    import dateutil.parser

    if not cell.split():
        return cell.lower()
    if cell in ("False", "false"):
        return "0"
    if cell in ("True", "true"):
        return "1"
    try:
        return str(int(cell))
    except ValueError:
        pass
    try:
        return str(float(cell))
    except ValueError:
        pass
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", cell)
    if clock:
        return ":".join(f"{int(part or 0):02}" for part in clock.groups())
    try:
        return str(dateutil.parser.parse(cell, parserinfo=_dates()))
    except (ValueError, OverflowError, TypeError):
        pass
    return _price(cell) or cell.lower()


@lru_cache(maxsize=1)
def _dates() -> Any:
    import dateutil.parser

    info = type("Dates", (dateutil.parser.parserinfo,), {"JUMP": [" ", ".", ",", ";", "-", "/", "'"]})
    return info()


def _prf(source: Sequence[str], loaded: Sequence[str]) -> tuple[float, float, float]:
    """Precision, recall, F1 of a multiset, named and divided as the benchmark does."""
    if not source:
        return 1.0, 1.0, 1.0
    common = sum((Counter(source) & Counter(loaded)).values())
    if not common:
        return 0.0, 0.0, 0.0
    first, second = common / len(source), common / len(loaded)
    return first, second, 2 * first * second / (first + second)


def measures(source: Rows, loaded: Rows) -> tuple[float, ...]:
    """The ten measures of one file that was loaded."""
    if not source:
        return (1.0,) * 10
    header = _prf([normal(c) for c in source[0]], [normal(c) for c in loaded[0]] if loaded else [])
    record = _prf(["".join(map(normal, r)) for r in source[1:]], ["".join(map(normal, r)) for r in loaded[1:]])
    cell = _prf([c for r in source for c in r], [c for r in loaded for c in r])
    return (1.0, *header, *record, *cell)


def weight(name: str) -> float:
    """The weight of a polluted file."""
    return WEIGHTS.get(name) or next(w for kind, w in WEIGHTS.items() if name.startswith(kind))


def as_truth(parameters: dict[str, Any]) -> dict[str, Any]:
    """The dialect that the benchmark states."""
    quote = parameters["quotechar"] or ""
    return {
        "delimiter": parameters["delimiter"] or "",
        "quote": quote,
        "body": int(parameters["preamble_lines"]) + int(parameters["header_lines"]),
        "header": int(parameters["header_lines"]) > 0,
    }


def right(found: dict[str, Any] | None, truth: dict[str, Any]) -> dict[str, bool]:
    """Which parts of a dialect are right; a quote that the file does not use cannot be wrong, nor a delimiter there."""
    if not found:
        return {"delimiter": False, "quote": False, "header": False, "all": False}
    said = {
        "delimiter": not truth["delimiter"] or found["delimiter"] == truth["delimiter"],
        "quote": not truth["quote"] or found["quote"] == truth["quote"],
        "header": found["header"] == truth["header"] and found["body"] == truth["body"],
    }
    return {**said, "all": all(said.values())}


# ---------------------------------------------------------------------------------------------------- the run

READERS: dict[str, Callable[[Path], tuple[Rows, dict[str, Any]]]] = {
    "autoprep": with_autoprep,
    "DuckDB auto": with_duckdb,
    "DuckDB auto, text": with_duckdb_text,
}


def attempt(reader: Callable[[Path], tuple[Rows, dict[str, Any]]], path: Path) -> tuple[Any, Any, float, str]:
    """Rows, dialect, CPU seconds and what went wrong.

    As in ``timeit``, the collector makes no rounds over what the benchmark keeps while a clock runs.
    """
    gc.disable()
    started = time.process_time()
    try:
        rows, dialect = reader(path)
        return rows, dialect, time.process_time() - started, ""
    except Exception as error:  # noqa: BLE001 - whatever a reader raises is its result here
        return None, None, time.process_time() - started, f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
    finally:
        gc.enable()


def run(
    data: Path, only: str = "", readers: Sequence[str] = tuple(READERS), most: int = 1 << 40
) -> list[dict[str, Any]]:
    """One row per reader and file of at most so many bytes."""
    out = []
    for folder in ("polluted_files", "survey_sample"):
        for path in sorted((data / folder / "csv").iterdir()):
            if (only and only not in path.name) or path.stat().st_size > most:
                continue
            clean = parsed((data / folder / "clean" / path.name).read_bytes().decode("utf-8-sig"))
            stated = json.loads((data / folder / "parameters" / f"{path.name}_parameters.json").read_text("utf-8"))
            truth = as_truth(stated)
            for name in readers:
                reader = READERS[name]
                rows, dialect, seconds, wrong = attempt(reader, path)
                ten = measures(clean, parsed(written(rows))) if rows is not None else (0.0,) * 10
                out.append(
                    {
                        "set": folder, "file": path.name, "reader": name, "cpu_s": seconds, "wrong": wrong,
                        "score": sum(ten), "weight": weight(path.name) if folder == "polluted_files" else 0.0,
                        "found": dialect, "truth": truth,
                    }
                    | dict(zip(MEASURES, ten, strict=True))
                    | {f"right_{k}": v for k, v in right(dialect, truth).items()}
                )  # fmt: skip
    return out


def odd_files(folder: Path) -> dict[str, list[str]]:
    """For each reader, the files on which it failed otherwise than by a refusal in words."""
    from autoprep.errors import AutoprepError

    failed: dict[str, list[str]] = {"autoprep": [], "refused": [], "files": []}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "LICENSE"):
        failed["files"].append(path.name)
        try:
            with_autoprep(path)
        except AutoprepError as error:
            failed["refused"].append(f"{path.name}: {error}")
        except Exception as error:  # noqa: BLE001 - a crash is what is looked for
            failed["autoprep"].append(f"{path.name}: {type(error).__name__}: {error}")
    return failed


def table(results: list[dict[str, Any]]) -> list[str]:
    """The summary as lines of Markdown."""
    lines = [
        "| reader | polluted, simple | polluted, weighted | survey, simple | both, simple | not loaded | delimiter "
        "| quote | header | all three | median CPU ms | 90 % below, CPU ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in READERS:
        mine = [r for r in results if r["reader"] == name]
        bad = [r for r in mine if r["set"] == "polluted_files"]
        survey = [r for r in mine if r["set"] == "survey_sample"]
        total = sum(r["weight"] for r in bad) or 1.0
        shown = [
            statistics.mean(r["score"] for r in bad) if bad else 0.0,
            sum(r["weight"] * r["score"] for r in bad) / total,
            statistics.mean(r["score"] for r in survey) if survey else 0.0,
            statistics.mean(r["score"] for r in mine),
        ]
        shares = [100 * statistics.mean(r[f"right_{k}"] for r in mine) for k in ("delimiter", "quote", "header", "all")]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{v:.3f}" for v in shown)
            + f" | {sum(bool(r['wrong']) for r in mine)} | "
            + " | ".join(f"{v:.1f} %" for v in shares)
            + f" | {1000 * statistics.median(r['cpu_s'] for r in mine):.1f}"
            + f" | {1000 * sorted(r['cpu_s'] for r in mine)[int(0.9 * len(mine))]:.1f} |"
        )
    return lines


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.environ.get("AUTOPREP_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(here) / "pollock")
    parser.add_argument("--odd", type=Path, default=Path(here) / "duckdb_csv")
    parser.add_argument("--only", default="", help="only files whose name holds this")
    parser.add_argument("--worst", type=int, default=12, help="how many of our worst files to list")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/pollock"))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if not args.data.is_dir():
        raise SystemExit(f"no folder {args.data}: give --data or set AUTOPREP_DATA")
    import duckdb

    import autoprep.reading  # noqa: F401 - imported before any clock runs

    results = run(args.data, args.only)
    files = len(results) // len(READERS)
    lines = [f"{files} files; DuckDB {duckdb.__version__}; `python benchmarks/pollock.py`", "", *table(results), ""]
    lines.append("Published for all 2,289 polluted files (simple / weighted): ")
    lines[-1] += "; ".join(f"{n} {a:.3f} / {b:.3f}" for n, a, b in PUBLISHED) + "."
    if args.odd.is_dir() and not args.only:
        odd = odd_files(args.odd)
        lines += [
            "",
            f"Odd files: {len(odd['files'])}; crashes {len(odd['autoprep'])}; refused in a line {len(odd['refused'])}.",
            *[f"- {said}" for said in odd["autoprep"]],
        ]
    print("\n".join(lines))
    if not args.only:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "table.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mine = sorted((r for r in results if r["reader"] == "autoprep"), key=lambda r: r["score"])
    print("\nOur worst files:")
    for r in mine[: args.worst]:
        print(f"{r['score']:.3f} {r['set'][:6]} {r['file'][:60]} {r['wrong']}")
        print("      " + " ".join(f"{k}={r[k]:.2f}" for k in MEASURES if r[k] < 0.9995))
    print("\nDialects that differ from the stated ones:")
    for r in mine:
        if not r["right_all"]:
            print(f"{r['file'][:60]}: found {r['found']} stated {r['truth']}")


if __name__ == "__main__":
    main()
