"""What differs between two profiles, beyond what two samples of the same source would."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

#: Standard errors, and least change of a rate, that count as drift.
SIGMAS, LEAST = 5.0, 0.01
#: Least distance of two distributions (of Kolmogorov, or total variation) that counts.
APART = 0.05
#: Rates of dirt, and what is told of them.
RATES: dict[str, str] = {
    "missing_rate": "missing",
    "null_rate": "null",
    "blank_rate": "blank",
    "disguised_null_rate": "a word for nothing",
    "unknown_rate": "a word for unknown",
    "junk_rate": "not of the column's type",
    "number_rate": "a number",
    "date_rate": "a date",
    "boolean_rate": "yes or no",
    "decimal_comma_rate": "written with a decimal comma",
    "decimal_dot_rate": "written with a decimal point",
    "thousands_rate": "written with a thousands separator",
    "amount_rate": "written with a currency",
    "percent_rate": "written with a percent sign",
    "unit_rate": "written with a unit",
    "range_rate": "a range",
    "leading_zero_rate": "digits with a leading zero",
    "padded_rate": "padded",
    "inner_space_rate": "written with odd spaces inside",
    "variant_rate": "a variant spelling",
    "typo_rate": "a misspelling",
    "mojibake_rate": "text in a wrong encoding",
    "lost_character_rate": "text with lost characters",
    "control_rate": "text with control characters",
    "html_rate": "text with HTML",
    "sentinel_rate": "a number that stands for missing",
    "outlier_rate": "an outlier",
    "negative_rate": "negative",
    "zero_rate": "zero",
}
_DIRT = frozenset(("junk_rate", "mojibake_rate", "lost_character_rate", "sentinel_rate", "missing_rate"))
#: Lists whose new members are told: what the members are called.
MIXES = {"units": "unit", "currencies": "currency", "date_formats": "date format", "null_words": "word for nothing"}
SCHEMA: dict[str, pl.DataType] = {
    **{"column": pl.String(), "kind": pl.String(), "before": pl.String(), "after": pl.String()},
    **{"statistic": pl.Float64(), "threshold": pl.Float64(), "severity": pl.String(), "sentence": pl.String()},
}
_RANK = {"error": 0, "warning": 1, "info": 2}
Drift = dict[str, Any]


class Profiled(Protocol):
    """What is compared: a ``Profile``."""

    @property
    def columns(self) -> pl.DataFrame: ...
    @property
    def tables(self) -> pl.DataFrame: ...
    @property
    def pairs(self) -> pl.DataFrame: ...
    @property
    def dependencies(self) -> pl.DataFrame: ...
    @property
    def details(self) -> Mapping[str, Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Comparison:
    """What changed from one profile to another.

    Attributes:
        drifts: one row per change, the gravest first: ``column`` (null for the table), ``kind`` (added, lost, type,
            rows, unique, distribution, new_values, dependency, a rate's name, or a list's name), ``before``, ``after``,
            ``statistic``, ``threshold`` (of the statistic, for these sizes), ``severity``, ``sentence``.
        rows: rows before and after.
    """

    drifts: pl.DataFrame
    rows: tuple[int, int]

    @property
    def frame(self) -> pl.DataFrame:
        """The changes as people read them: severity, column, kind, sentence."""
        return self.drifts.select("severity", "column", "kind", "sentence")

    @property
    def worst(self) -> str | None:
        """The gravest severity, or None."""
        return None if self.drifts.is_empty() else str(self.drifts["severity"][0])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"rows": list(self.rows), "worst": self.worst, "drifts": self.drifts.to_dicts()}

    def __repr__(self) -> str:
        return f"Comparison({self.drifts.height} changes, {self.rows[0]:,} rows before, {self.rows[1]:,} after)"


def compare(before: Profiled, after: Profiled) -> Comparison:
    """Compare two profiles: schema, missingness, dirt, distributions, dependencies.

    A rate drifts when it moves by a hundredth and by five standard errors of two samples; a distribution when its
    distance exceeds 0.05 and what two samples of these sizes would show (Kolmogorov's bound at 1 in 10,000 for numbers,
    chi-squared with five sigmas for words).

    Example:
        >>> from autoprep.profiling import profile
        >>> one = profile(pl.DataFrame({"x": list(range(200))}))
        >>> two = profile(pl.DataFrame({"x": [None] * 100 + list(range(100)), "y": [1] * 200}))
        >>> compare(one, two).drifts["sentence"].to_list()[:2]
        ["'x': 50.0% is missing, before 0.0%", "'y' is new"]
    """
    old = {r["column"]: r for r in before.columns.iter_rows(named=True)}
    new = {r["column"]: r for r in after.columns.iter_rows(named=True)}
    n, m = (int(p.tables["rows"][0] or 0) for p in (before, after))
    drifts = _schema(old, new) + _rows(n, m)
    for name, was in old.items():
        now = new.get(name)
        if now is None:
            continue
        drifts += _rates(name, was, now) + _mixes(name, was, now) + _uniqueness(name, was, now)
        drifts += _distribution(name, was, now, before.details.get(name, {}), after.details.get(name, {}))
    drifts += _dependencies(before, after, set(old) & set(new))
    drifts.sort(key=lambda d: (_RANK[d["severity"]], -(d["statistic"] or 0.0) / (d["threshold"] or 1.0)))
    return Comparison(pl.DataFrame(drifts, schema=SCHEMA), (n, m))


def _drift(
    column: str | None,
    kind: str,
    before: object,
    after: object,
    sentence: str,
    severity: str = "warning",
    statistic: float | None = None,
    threshold: float | None = None,
) -> Drift:
    shown = [None if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in (before, after)]
    figures = {"statistic": statistic, "threshold": threshold, "severity": severity, "sentence": sentence}
    return {"column": column, "kind": kind, "before": shown[0], "after": shown[1], **figures}


def _schema(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Drift]:
    out = [_drift(c, "lost", r["semantic"], None, f"'{c}' is gone", "error") for c, r in old.items() if c not in new]
    out += [_drift(c, "added", None, r["semantic"], f"'{c}' is new", "info") for c, r in new.items() if c not in old]
    for c in old:
        if c not in new:
            continue
        was, now = old[c]["semantic"], new[c]["semantic"]
        if was != now and "empty" not in (was, now):
            alike = (
                {was, now} <= {"integer", "number"} or "constant" in (was, now) or {was, now} <= {"date", "datetime"}
            )
            severity = "info" if alike else "warning" if {was, now} <= {"category", "text", "ordinal"} else "error"
            out.append(_drift(c, "type", was, now, f"'{c}' was {_a(was)} and is {_a(now)}", severity))
    return out


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word.replace('_', ' ')}" if word != "empty" else "empty"


def _rows(n: int, m: int) -> list[Drift]:
    if not n or not m or 0.5 <= m / n <= 2:
        return [] if m or not n else [_drift(None, "rows", n, m, "no rows are left", "error")]
    return [_drift(None, "rows", n, m, f"{m:,} rows, before {n:,}", "info", m / n, 2.0)]


def _rates(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Drift]:
    out = []
    same = was["semantic"] == now["semantic"]
    for word, said in RATES.items():
        p, q = was[word], now[word]
        if p is None and q is None:
            continue
        p, q = p or 0.0, q or 0.0
        if word in ("null_rate", "blank_rate", "disguised_null_rate") and p <= q:
            continue  # told as missing
        if (
            word in ("number_rate", "date_rate", "boolean_rate", "outlier_rate", "zero_rate", "negative_rate")
            and not same
        ):
            continue
        per = "rows" if word in ("missing_rate", "null_rate", "blank_rate") else "content"
        n, m = (float(r[per] or r["rows"] or 0) for r in (was, now))
        z = _z(p, n, q, m)
        if z >= SIGMAS and abs(p - q) >= LEAST:
            grave = word in _DIRT and q - p >= 0.1
            sentence = f"'{name}': {q:.1%} is {said}, before {p:.1%}"
            out.append(
                _drift(name, word, p, q, sentence, "error" if grave else "warning" if q > p else "info", z, SIGMAS)
            )
    return out


def _z(p: float, n: float, q: float, m: float) -> float:
    """Standard errors between two shares, with one case and one other added to each (Agresti and Caffo 2000)."""
    if not n or not m:
        return 0.0
    p, q = (p * n + 1) / (n + 2), (q * m + 1) / (m + 2)
    return abs(p - q) / math.sqrt(p * (1 - p) / (n + 2) + q * (1 - q) / (m + 2))


def _mixes(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Drift]:
    out = []
    for word, said in MIXES.items():
        old, new = was[word] or [], now[word] or []
        more = [v for v in new if v not in old]
        if more and (old or word == "null_words"):
            sentence = f"'{name}' has a new {said}: {', '.join(repr(v) for v in more[:5])}"
            out.append(_drift(name, word, ", ".join(old), ", ".join(new), sentence))
    for word in ("decimal", "date_order", "unit", "currency"):
        if was["semantic"] == now["semantic"] and was[word] and now[word] and was[word] != now[word]:
            if word == "decimal" and not (was["decimal_comma_rate"] or now["decimal_comma_rate"]):
                continue
            what = {"decimal": "decimal separator", "date_order": "order of day and month"}.get(word, f"main {word}")
            sentence = f"the {what} of '{name}' was '{was[word]}' and is '{now[word]}'"
            out.append(_drift(name, word, was[word], now[word], sentence, "error"))
    return out


def _uniqueness(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Drift]:
    keyed = was["is_unique"] and was["semantic"] in ("identifier", "code", "uuid") and (was["rows"] or 0) >= 20
    if keyed and now["is_unique"] is False:
        sentence = f"'{name}' told rows apart and no longer does"
        return [_drift(name, "unique", True, False, sentence, "error")]
    return []


def _distribution(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Drift]:
    if was["semantic"] in ("identifier", "uuid", "text", "email", "url", "json") or not was["content"]:
        return []
    n, m = float(was["content"] or 0), float(now["content"] or 0)
    if n < 20 or m < 20:
        return []
    if old.get("histogram") and new.get("histogram") and (was["distinct"] or 0) > 12:
        if was["is_sequence"] or now["is_sequence"]:
            return []
        return _numbers(name, was, now, old["histogram"], new["histogram"], n, m)
    if old.get("top") and new.get("top"):
        return _words(name, old["top"], new["top"], n, m, was["distinct"] or 0)
    return []


def _numbers(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], old: Any, new: Any, n: float, m: float
) -> list[Drift]:
    if len(old["edges"]) < 2 or len(new["edges"]) < 2:
        return []
    at = np.union1d(old["edges"], new["edges"])
    apart = float(np.abs(_cumulated(old, at) - _cumulated(new, at)).max())
    # 1 in 10,000 by chance, and what interpolation inside bins may add
    threshold = max(APART, 2.23 * math.sqrt((n + m) / (n * m)) + 0.02)
    if apart <= threshold:
        return []
    middle = (was["min_date"], now["min_date"]) if was["min_date"] else (was["median"], now["median"])
    if was["min_date"]:
        said = f"from {was['min_date']} to {was['max_date']} before, from {now['min_date']} to {now['max_date']} now"
    else:
        said = f"{middle[0]:.6g} in the middle before, {middle[1]:.6g} now"
    grave = "warning" if apart < 0.3 or was["min_date"] else "error"
    return [
        _drift(
            name,
            "distribution",
            middle[0],
            middle[1],
            f"'{name}' is distributed otherwise: {said}",
            grave,
            apart,
            threshold,
        )
    ]


def _cumulated(histogram: Mapping[str, Any], at: Any) -> Any:
    counts = np.cumsum([0.0, *histogram["counts"]])
    edges = np.asarray(histogram["edges"], dtype=np.float64)
    if counts.size != edges.size:  # one value only
        return (at >= edges[-1]).astype(np.float64)
    return np.interp(at, edges, counts / (counts[-1] or 1.0))


def _words(
    name: str, old: Mapping[str, float], new: Mapping[str, float], n: float, m: float, distinct: int
) -> list[Drift]:
    words = list(dict.fromkeys([*old, *new]))
    whole = distinct <= len(old)
    if not whole:
        words = [w for w in words if w in old and w in new] or words
    a = np.array([float(old.get(w, 0.0)) for w in words])
    b = np.array([float(new.get(w, 0.0)) for w in words])
    a, b = np.append(a, max(0.0, n - a.sum())), np.append(b, max(0.0, m - b.sum()))
    out = []
    both = a + b > 0
    a, b = a[both], b[both]
    total, other = a.sum(), b.sum()
    if total and other and a.size > 1:
        chi = float(((a * math.sqrt(other / total) - b * math.sqrt(total / other)) ** 2 / (a + b)).sum())
        df = a.size - 1
        limit = df + SIGMAS * math.sqrt(2 * df)
        apart = float(np.abs(a / total - b / other).sum()) / 2
        if chi > limit and apart > APART:
            rise = max(words, key=lambda w: new.get(w, 0.0) / m - old.get(w, 0.0) / n)
            p, q = old.get(rise, 0.0) / n, new.get(rise, 0.0) / m
            sentence = f"'{name}' is distributed otherwise: {rise!r} is {q:.1%}, before {p:.1%}"
            grave = "warning" if apart < 0.3 else "error"
            out.append(_drift(name, "distribution", p, q, sentence, grave, chi, limit))
    more = [w for w in new if w not in old] if whole and distinct <= 20 else []
    share = sum(new[w] for w in more) / m
    if more and share >= LEAST and n >= 100:
        shown = ", ".join(repr(w) for w in more[:5])
        sentence = f"'{name}' has values it did not have: {shown} ({share:.1%})"
        out.append(_drift(name, "new_values", 0.0, share, sentence, "warning", share, LEAST))
    return out


def _dependencies(before: Profiled, after: Profiled, shared: set[str]) -> list[Drift]:
    now = {(r["left"], r["right"]): r for r in after.dependencies.iter_rows(named=True)}
    out = []
    for r in before.dependencies.iter_rows(named=True):
        left, right = r["left"], r["right"]
        if left not in shared or right not in shared or not after.pairs.height:
            continue
        held = now.get((left, right))
        if held is None:
            constant = after.columns.filter(pl.col("column").is_in([left, right]))["is_constant"].any()
            if not constant and (after.tables["rows"][0] or 0) >= 100:
                sentence = f"each '{left}' had one '{right}'; now it has several"
                out.append(_drift(f"{left} + {right}", "dependency", r["strength"], None, sentence))
            continue
        p, q = r["violation_rate"], held["violation_rate"]
        z = _z(p, r["support"], q, held["support"])
        if q > p and z >= SIGMAS and q - p >= LEAST:
            sentence = f"each '{left}' had one '{right}' but for {p:.1%} of rows; now for {q:.1%}"
            out.append(_drift(f"{left} + {right}", "dependency", p, q, sentence, "warning", z, SIGMAS))
    return out
