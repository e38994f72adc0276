"""What a target is, and which columns give it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import plural
from autoprep.parsing import null, number, quantity, text
from autoprep.profiling import arithmetic, columns, encode, leaks, together, variants
from autoprep.profiling.columns import Column
from autoprep.profiling.hurry import Hurry
from autoprep.types import Task

#: Up to this many distinct integers a numeric target may be a set of classes.
MAX_CLASSES = 20
#: Semantic types of text that cleaning reads as one number a cell.
READ = ("integer", "number", "amount", "percent", "quantity")
#: Share of a profile's time after which columns are held against the target on few rows, and how many these are.
ALL_ROWS_END, SHORT_ROWS = 0.5, 2_000
#: Share of it, more than all, after which columns are no longer held against it: a leak costs more than some seconds.
LEAKS_END = 1.7


def _words_for_nothing(labels: pl.Series) -> Sequence[str]:
    """Words that stand for a missing label; "None" is a class where it is frequent among few words, "no answer" too."""
    cells = labels.drop_nulls().str.strip_chars()
    level = cells.str.to_lowercase().is_in([*null.LEVEL_WORDS, *null.ANSWERS])
    rest = cells.filter(~level)
    if not level.any() or not 1 <= rest.n_unique() <= 50 or rest.str.contains(r"\d").sum() > 0.5 * rest.len():
        return null.NULL_WORDS
    nothing = cells.str.to_lowercase().is_in(list(null.LEVEL_WORDS)).sum()
    kept = null.ANSWERS | (null.LEVEL_WORDS if nothing >= null.LEVEL_SHARE * cells.len() else frozenset())
    return [w for w in null.NULL_WORDS if w not in kept]


def answers(row: dict[str, Any], counts: dict[str, float], labels: pl.Series) -> None:
    """Leave words by which somebody declined to answer in a target of words: they are a class.

    Args:
        row: of the target's column; what counts as nothing is set anew.
        counts: its words for nothing -> cells.
        labels: its cells.
    """
    if row["dtype"] != "text" or not any(w.strip().lower() in null.ANSWERS for w in counts):
        return
    nothing = set(_words_for_nothing(labels.cast(pl.String)))
    said = [w for w in row["null_words"] if w.strip().lower() in null.ANSWERS and w.strip().lower() not in nothing]
    row["null_words"] = [w for w in row["null_words"] if w not in said]
    gone = sum(counts[w] for w in said) / max(1, labels.len() - labels.null_count())
    row["disguised_null_rate"] = max(0.0, row["disguised_null_rate"] - gone) if row["null_words"] else 0.0


def infer_task(series: pl.Series, name: str | None = None, read: pl.Series | None = None) -> tuple[Task, str]:
    """What kind of target a column is, and why.

    Two values make it binary. Words make it multiclass. Numbers make it a regression unless they are few whole numbers
    (more under a header that speaks of classes) that start at 0 or 1, end there below 0, or lie on both sides of it,
    and each occurs often, or few sizes with a unit ("5 kg").

    Args:
        series: its cells. name: its header.
        read: text cells as the numbers that cleaning makes of them; worked out here when None.

    Example:
        >>> infer_task(pl.Series("y", ["a", "b", "a"]))[0], infer_task(pl.Series("y", [1.5, 2.5, 3.5, 4.0]))[0]
        ('binary', 'regression')
        >>> infer_task(pl.Series("y", [-1, 0, 1] * 10))[0]
        'multiclass'
        >>> infer_task(pl.Series("y", ["65.7 kg", "71.2 kg", "1 204.5 kg"]))
        ('regression', 'numbers with decimals')
    """
    name = name or series.name
    filled = series.drop_nulls()
    if filled.dtype in (pl.String, pl.Categorical, pl.Enum):
        words = filled.cast(pl.String)
        words = words.filter(
            words.to_frame("v").select(~null.is_null_word(pl.col("v"), _words_for_nothing(words))).to_series()
        )
        keys = words.to_frame("v").select(text.fold(pl.col("v"))).to_series()
        distinct = keys.n_unique()
        if distinct <= 2:
            return "binary", f"{distinct} different values"
        values = as_numbers(words) if read is None else read
        if (read is None or distinct <= MAX_CLASSES) and values.null_count() > 0.1 * values.len():
            return "multiclass", f"{distinct} different words"
        filled = values.drop_nulls()
        if distinct <= MAX_CLASSES and words.len() >= 10 * distinct and _dressed(words):
            return "multiclass", f"{distinct} different sizes, each some {words.len() / distinct:,.0f} times"
    elif filled.dtype == pl.Boolean:
        return "binary", "true and false"
    if filled.dtype.is_temporal():
        return "regression", "a moment in time"
    if not filled.dtype.is_numeric():
        return "multiclass", f"values of type {filled.dtype}"
    filled = filled.cast(pl.Float64).drop_nans()
    distinct = filled.n_unique()
    if distinct <= 2:
        return "binary", f"{distinct} different values"
    values_np = filled.unique().sort().to_numpy()
    whole = bool((values_np == np.floor(values_np)).all())
    if not whole:
        return "regression", "numbers with decimals"
    often = filled.len() / distinct >= 10
    least, most = float(values_np[0]), float(values_np[-1])
    dense = least <= 1.0 and most >= -1.0 and most - least + 1 <= 2 * distinct
    if any(w in name.lower() for w in ("rating", "score", "count", "price", "amount", "quality")):
        return "regression", f"{distinct:,} different whole numbers, and the header speaks of a quantity"
    spoken = any(w in name.lower() for w in ("class", "label", "categor", "type", "species", "target"))
    if distinct <= (MAX_CLASSES if spoken else 6) and often and dense:
        return "multiclass", f"{distinct} different whole numbers, each some {filled.len() / distinct:,.0f} times"
    return "regression", f"{distinct:,} different whole numbers"


def as_numbers(words: pl.Series) -> pl.Series:
    """Float64 of a text target that may carry currency, percent, thousands separators, magnitudes or a unit.

    Example:
        >>> as_numbers(pl.Series(["$1,200", "x"])).to_list(), as_numbers(pl.Series(["1 200 kg", "1.5k"])).to_list()
        ([1200.0, None], [1200.0, 1500.0])
    """
    frame = words.cast(pl.String).to_frame("v")
    best: pl.Series | None = None
    for rich in (False, True):
        for decimal, thousands in ((".", ","), (",", "."), (".", " "), (",", " ")):
            fmt = number.NumberFormat(decimal, thousands, magnitude=rich)
            made = frame.select(columns.parsed("quantity" if rich else "number", fmt).cast(pl.Float64)).to_series()
            if best is None or made.null_count() < best.null_count():
                best = made
        if best is not None and best.null_count() <= 0.1 * best.len():
            break
    assert best is not None
    return best


def _dressed(words: pl.Series) -> bool:
    """Whether most cells end in a unit or a magnitude, as sizes of packs do."""
    unit = quantity.split(pl.col("v"))[1]
    return bool((words.to_frame("v").select(unit.is_not_null().mean()).item() or 0.0) > 0.5)


def _as_cleaned(series: pl.Series, own: Column) -> pl.Series | None:
    """The numbers that cleaning makes of the cells of a text column; None where it leaves them words."""
    if own.row["dtype"] != "text" or own.row["semantic"] not in READ:
        return None
    fmt = number.NumberFormat(**own.details["number_format"])
    return series.cast(pl.String).to_frame("v").select(columns.parsed(own.row["semantic"], fmt)).to_series()


def diagnose(
    frame: pl.DataFrame, target: str, task: Task | None, found: Sequence[Column], hurry: Hurry | None = None
) -> tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]]:
    """Diagnostics of the target: its own facts, words for ``tables``, and words per column.

    Args:
        frame: the rows.
        target: its column.
        task: what kind it is; found out when None.
        found: the described columns.
        hurry: a clock; what it leaves no time for is told to it.
    """
    series = frame.get_column(target)
    own = next(c for c in found if c.name == target)
    said, why = (task, "as asked for") if task else infer_task(series, target, _as_cleaned(series, own))
    raw = series.cast(pl.String) if own.row["dtype"] == "text" else None
    words = raw
    table: dict[str, Any] = {"target": target, "task": said}
    facts: dict[str, Any] = {"column": target, "task": said, "why": why}
    if own.row["dtype"] in ("other", "time", "duration"):
        table["target_missing_rate"] = series.null_count() / frame.height if frame.height else 0.0
        return facts, table, {}
    if words is not None:
        words = (
            words.to_frame("v")
            .select(
                pl.when(null.is_null_word(pl.col("v"), _words_for_nothing(words)))
                .then(None)
                .otherwise(text.trim(pl.col("v")))
            )
            .to_series()
            .alias(target)
        )
    gone = int((words if words is not None else series).null_count())
    if series.dtype.is_float():
        gone += int(series.is_nan().sum())
    table["target_missing_rate"] = gone / frame.height if frame.height else 0.0
    if said != "regression":
        # labels as they are written: a label with a tab behind it is a variant of the label
        spelled = raw.filter(words.is_not_null()) if raw is not None and words is not None else series.cast(pl.String)
        _labels(spelled, table, facts)
    short = hurry is not None and hurry.late(ALL_ROWS_END)
    part = encode.sample(frame, SHORT_ROWS if short else encode.SAMPLE_ROWS)
    if hurry is not None and short and part.height < frame.height:
        hurry.left_out.append(f"rows beyond {part.height:,} when columns are held against the target")
    made = encode.encode(part, found)
    if target not in made or not frame.height:
        return facts, table, {}
    y, keep = _labels_of(made[target], part.get_column(target), said, words is not None)
    table["target_numeric_text"] = said == "regression" and words is not None and own.row["plain_number_rate"] < 1.0
    if keep.sum() < 20 or np.unique(y[keep]).size < 2:
        return facts, table, {}
    rows = np.flatnonzero(keep)
    others = [_take(one, rows) for name, one in made.items() if name != target]
    label = part.get_column(target)[rows]
    per = leaks.diagnose(others, y[rows], said, part[rows], label, (lambda: hurry.late(LEAKS_END)) if hurry else None)
    if hurry is not None and len(per) < len(others):
        hurry.left_out.append(f"whether {plural(len(others) - len(per), 'column')} would give the target away")
        others = [one for one in others if one.name in per]
    if said == "regression":
        for one in others:
            if one.values is None and not per[one.name]["target_leak"] and one.levels > 10:
                share = leaks.number_inside(part.get_column(one.name)[rows], y[rows].astype(np.float64))
                if share > 0.9:
                    per[one.name] |= {
                        "target_leak": True,
                        "target_copy": share >= SAID_AGAIN,
                        "leak_reason": f"{share:.0%} of its cells end in the target's value",
                    }
        _sums(target, y[rows].astype(np.float64), others, per)
        if hurry is None or not hurry.late(LEAKS_END):
            _together(y[rows].astype(np.float64), others, per)
    if hurry is not None and hurry.late():
        hurry.left_out.append("times that are written after the outcome")
    else:
        for name, (told, why) in leaks.after_outcome(others, y[rows], said).items():
            per[name] |= {"after_outcome": why, "after_outcome_score": told}
    numbering = {c.name for c in found if c.row["semantic"] == "identifier" and c.row["role"] == "identifier"}
    for name, why in leaks.telling_numbers(others, numbering, y[rows], said).items():
        per[name] |= {"row_number": True, "row_number_reason": why}
    table["sorted_by_target"], table["row_order_score"] = leaks.order_faults(y[rows], said)
    table["conflicting_label_rate"] = _conflicts(frame, target, found)
    table["sampled_rows"] = int(rows.size)
    facts["scores"] = leaks.summary(per)[:50]
    facts["leaks"] = [name for name, row in per.items() if row["target_leak"]]
    return facts, table, per


def _sums(target: str, y: Any, others: Sequence[encode.Encoded], per: dict[str, dict[str, Any]]) -> None:
    """Mark columns that add up to the target together, or leave it when one is taken from the other."""
    numbers = {target: y} | {o.name: o.values for o in others if o.values is not None and o.kind == "number"}
    for one in arithmetic.find(numbers, [target]):
        if one.kind != "sum":
            continue
        for name in (one.total, *one.parts):
            if name != target:
                reason = f"{one} in {one.share:.1%} of the rows"
                per[name] |= {"target_leak": True, "target_part": True}
                per[name]["leak_reason"] = per[name].get("leak_reason") or reason


def _together(y: Any, others: Sequence[encode.Encoded], per: dict[str, dict[str, Any]]) -> None:
    """Say of columns that give the target away only with others how they do; none that does so alone is among them."""
    left = [one for one in others if not per[one.name]["target_leak"]]
    names, share = together.explained(left, y)
    for name in names:
        rest = ", ".join(f"'{n}'" for n in names if n != name)
        per[name]["target_together"] = f"a sum of it and {rest} explains {share:.1%} of the target, it alone does not"
    for name, (group, share) in together.factors(left, y).items():
        said = f"it is the target times one factor for each value of {group} in {share:.0%} of the rows"
        per[name]["target_together"] = said


def _labels(words: pl.Series, table: dict[str, Any], facts: dict[str, Any]) -> None:
    counts = words.drop_nulls().alias("v").value_counts(sort=True, name="c")
    values = {v: float(c) for v, c in counts.head(2000).iter_rows()}
    spelled = variants.find(values, typos=False)
    heads = {v: spelled["variants"].get(v, v) for v in values}
    classes: dict[str, float] = {}
    for v, c in values.items():
        classes[heads[v]] = classes.get(heads[v], 0.0) + c
    total = sum(values.values()) or 1.0
    table["target_variants"] = list(spelled["variants"])
    table["target_variant_rate"] = spelled["any"] / total
    table["target_classes"] = len(classes)
    if classes:
        least, most = min(classes.values()), max(classes.values())
        table |= {
            "target_min_class": int(least),
            "target_min_class_rate": least / total,
            "target_imbalance": most / least,
            "target_rare_classes": _rare(classes, total),
        }
    facts["classes"] = dict(sorted(classes.items(), key=lambda kv: (-kv[1], kv[0]))[:100])
    facts["variants"] = spelled["variants"]


#: Share of cells that end in the target's value from which they are the target said again.
SAID_AGAIN = 0.99
#: A class is rare below this share of the rows, and of an even share of them.
RARE, OF_EVEN = 0.05, 0.5


def _rare(classes: dict[str, float], total: float) -> list[str]:
    limit = min(RARE, OF_EVEN / len(classes)) * total
    return [v for v, c in sorted(classes.items(), key=lambda kv: (kv[1], kv[0])) if c < limit][:20]


def _labels_of(one: encode.Encoded, raw: pl.Series, task: Task, words: bool) -> tuple[Any, Any]:
    if task == "regression" and one.values is None:
        values = as_numbers(raw.cast(pl.String)).fill_null(float("nan")).to_numpy()
        return values, np.isfinite(values)
    if task == "regression" and one.values is not None:
        return one.values, ~one.missing
    if not words:
        return one.codes, ~one.missing
    keys = (
        raw.cast(pl.String)
        .to_frame("v")
        .select(
            pl.when(null.is_null_word(pl.col("v"), _words_for_nothing(raw.cast(pl.String))))
            .then(None)
            .otherwise(text.fold(pl.col("v")))
        )
        .to_series()
    )
    codes = keys.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    return codes, codes >= 0


def _take(one: encode.Encoded, rows: Any) -> encode.Encoded:
    """Those rows; levels that none of them has are gone."""
    values = None if one.values is None else one.values[rows]
    kept, codes = np.unique(one.codes[rows], return_inverse=True)
    gap = int(kept.size > 0 and kept[0] < 0)
    return encode.Encoded(one.name, codes - gap, int(kept.size) - gap, values, one.kind, one.missing[rows])


def _conflicts(frame: pl.DataFrame, target: str, found: Sequence[Column]) -> float:
    """Share of rows whose features, identifiers aside, equal another row's but not its label."""
    features = [
        c.name for c in found if c.name != target and c.row["semantic"] != "identifier" and c.row["dtype"] != "other"
    ]
    if not features or frame.height < 2:
        return 0.0
    groups = frame.lazy().group_by(features).agg(pl.len().alias("\0n"), pl.col(target).n_unique().alias("\0k"))
    found_rows = groups.filter(pl.col("\0k") > 1).select(pl.col("\0n").sum()).collect().item()
    return float(found_rows or 0) / frame.height
