"""What a profile finds beside what a manifest says of each set's dirt, in words.

    python benchmarks/profile_recall.py --data FOLDER

FOLDER holds ``MANIFEST.json`` (a list of {name, kind, files, target, dirt}: ``dirt`` is a list of phrases). Each phrase
that speaks of something a profile can say is turned into a question by its words ("null", "duplicate", "LEAK", a quoted
word, ...); the table says which were answered with yes, by the profile of any of the set's tables that are laid out
alike (its test table is compared with the first where a phrase says that files differ). Phrases without such a word are
counted apart. What was found in the first table beyond the phrases is listed by rule, for a person to judge.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

import autoprep as ap
from autoprep import api
from autoprep.errors import AutoprepError

HERE = Path(__file__).resolve().parent


def _any(*words: str) -> Callable[[Any], bool]:
    return lambda p: any(p.columns.filter(pl.col(w).cast(pl.Float64).fill_null(0) > 0).height for w in words)


def _semantic(*kinds: str) -> Callable[[Any], bool]:
    return lambda p: p.columns["semantic"].is_in(kinds).any()


def _names(p: Any) -> bool:
    """Whether a column names rows, or numbers them in an order that goes with the target."""
    return _semantic("identifier", "code", "uuid")(p) or bool(p.columns["row_number"].fill_null(False).any())


def _leak(p: Any) -> bool:
    return bool(p.columns["target_leak"].fill_null(False).any())


def _duplicates(p: Any) -> bool:
    row = p.tables.row(0, named=True)
    return bool(row["duplicate_rows"] or p.columns["duplicate_of"].is_not_null().any() or p.dependencies.height)


#: Words of a phrase -> what a profile must say.
QUESTIONS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    (r"LEAK", _leak),
    (r"differ between files", lambda p: "other spellings" in p.against),
    (r"LABEL DIRT|label vocab", lambda p: bool(p.tables["target_variant_rate"].fill_null(0).item())),
    (r"sentinel|placeholder|missing code|99 code", _any("sentinel_rate", "spike_rate", "unknown_rate", "outlier_rate")),
    (r"\bID\b|identifier|index\b|_id\b|customerID", _names),
    (r"duplicat|repeats date|one variable", _duplicates),
    (r"los(e|es|t) leading zeros", _any("lost_zero_rate")),
    (r"leading zero|start with 0", _any("leading_zero_rate")),
    (r"leading space|blank|edge|'\\\\t|\\\\tno", _any("padded_rate", "blank_rate")),
    (r"constant", _any("is_constant")),
    (r"all null|entirely null|all-null", _semantic("empty")),
    (r"null together", lambda p: bool((p.pairs["kind"] == "missing_together").any())),
    (r"HTML", _any("html_rate")),
    (r"case variant|differ only in case|differ by case|dirty text|free answer|dirty names", _any("variant_rate")),
    (r"pipe-separated|list in a cell|packs", _any("packed_rate", "list_rate")),
    (r"code and text", _any("code_and_text_rate")),
    (r"dates?\b.*(DD|MM)|'January|date format", _semantic("date", "datetime")),
    (r"time split over", lambda p: p.tables["time_parts"].item() is not None),
    (r"time split|series", lambda p: p.tables["time_column"].item() is not None or _semantic("date", "datetime")(p)),
    (r"names? end with a blank|names with", _any("header_padded", "header_odd", "header_blank")),
    (r"'\$|Salary Estimate", _any("amount_rate", "range_rate")),
    (r"sq|Yards|'19M'|units", _any("unit_rate", "magnitude_rate", "suffix_rate")),
    (r"negative", _any("negative_rate")),
    (r"outlier|salary 99|experience 383|max 773454|price 9000|up to", _any("outlier_rate", "impossible_rate")),
    (r"ordinal", _semantic("ordinal")),
    (r"number words", _any("number_word_rate", "boolean_rate")),
    (r"'3\+'|'10,000\+'", _any("inequality_rate")),
    (r"rare classes|of 937 positive", lambda p: (p.tables["target_imbalance"].item() or 0) > 5),
    (r"free-text|Job Description", _semantic("text")),
    (
        r"'(\?|NA|N/A|#N/A|NULL|None|nan|NaN|-|unknown|Unknown)'| \?",
        _any("disguised_null_rate", "none_rate", "unknown_rate", "junk_rate"),
    ),
    (r"null", _any("missing_rate")),
)


class Asked:
    """A profile, and what a comparison with the set's test table said."""

    def __init__(self, profile: Any, against: str) -> None:
        self.profile, self.against = profile, against

    def __getattr__(self, name: str) -> Any:
        return getattr(self.profile, name)


def profiled(file: Path, words: str, rows: int) -> tuple[Any, str | None]:
    """The profile of a table's first rows, and the target that a manifest's words name, where the table has it."""
    frame = ap.read(file).frame.head(rows).collect()
    named = [*re.findall(r"'([^']+)'", words), re.sub(r"\s*\(.*$", "", words), re.sub(r"^'|'.*$", "", words)]
    known = [c for c in frame.columns if c.strip() and c.strip() in {n.strip() for n in named}]
    place = re.match(r"column (\d+)", words)
    if place and int(place.group(1)) <= frame.width:
        known.append(frame.columns[int(place.group(1)) - 1])
    target = known[0] if known else frame.columns[-1] if words.startswith("last column") else None
    return ap.profile(frame, target=target), target


def main() -> None:
    """Print the table, write ``results/profile_recall/table.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("AUTOPREP_DATA"))
    parser.add_argument("--max-rows", type=int, default=2_000, help="Rows of a table that are profiled.")
    parser.add_argument("--max-files", type=int, default=10, help="Tables of a set that are profiled.")
    said = parser.parse_args()
    data = Path(said.data)
    lines = ["| set | asked | found | not found | not asked | rules that fired |", "|---|---|---|---|---|---|"]
    asked_all = found_all = 0
    for entry in json.loads((data / "MANIFEST.json").read_text()):
        if entry["kind"] not in ("supervised", "profile", "error-repair") or "clean" in entry["name"]:
            continue
        files = [
            f
            for f in entry["files"]
            if re.search(r"\.(csv|tsv)(\.gz)?$", f) and not re.search(r"(?<!un)clean|test", f.lower())
        ]
        files = files or [f for f in entry["files"] if re.search(r"\.(csv|tsv|dat|parquet)(\.gz)?$", f)]
        try:
            made = [
                profiled(data / file, str(entry["target"] or ""), said.max_rows) for file in files[: said.max_files]
            ]
            findings = api.find(made[0][0])
            asked = [Asked(profile, "") for profile, _ in made]
            others = [f for f in entry["files"] if re.search(r"test\.(csv|data|tsv)|\.test$", f.lower())]
            if others and any("differ between files" in phrase for phrase in entry["dirt"]):
                frame = ap.read(data / others[0]).frame.head(said.max_rows).collect()
                if frame.width == made[0][0].columns.height:
                    frame.columns = made[0][0].columns["column"].to_list()
                drifts = made[0][0].compare(ap.profile(frame)).drifts["sentence"].to_list()
                asked[0] = Asked(asked[0].profile, "\n".join(drifts))
        except AutoprepError as error:
            lines.append(f"| {entry['name']} | | | {error} | | |")
            continue
        target = made[0][1]
        yes, no, silent = [], [], 0
        for phrase in entry["dirt"]:
            question = next((q for pattern, q in QUESTIONS if re.search(pattern, phrase)), None)
            if question is None or (target is None and re.match("LEAK|LABEL", phrase)):
                silent += 1
            else:
                (yes if any(question(one) for one in asked) else no).append(phrase)
        asked_all, found_all = asked_all + len(yes) + len(no), found_all + len(yes)
        rules = ", ".join(sorted({f.rule for f in findings if f.severity != "info"}))
        missed = "; ".join(no).replace("|", "/")
        sys.stderr.write(f"{entry['name']}: {len(yes)} of {len(yes) + len(no)}, not found: {no}\n")
        lines.append(f"| {entry['name']} | {len(yes) + len(no)} | {len(yes)} | {missed} | {silent} | {rules} |")
    share = found_all / asked_all if asked_all else 0.0
    text = "\n".join([*lines, f"\nfound {found_all} of {asked_all} ({share:.0%})"]) + "\n"
    sys.stdout.write(text)
    folder = HERE / "results" / "profile_recall"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(text)


if __name__ == "__main__":
    main()
