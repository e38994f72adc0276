"""What differs between two profiles, beyond what two samples of the same source would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from autoprep.profiling.chance import share_p
from autoprep.profiling.spread import numbers_apart, strange, words_apart

#: Chance that two samples of one source are told apart at all, over everything that is compared.
FALSE_ALARMS = 0.01
#: Least change of a rate that counts as drift.
LEAST = 0.01
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
#: Rates that the rows' own spread or vocabulary decides: another sample may differ without another source.
_RELATIVE = frozenset(("outlier_rate", "variant_rate", "typo_rate"))
#: Rates that say nothing beside another type, and such as count numbers only: not those that stand for missing.
_TYPED = frozenset(
    ("number_rate", "date_rate", "boolean_rate", "outlier_rate", "zero_rate", "negative_rate", "junk_rate")
)
_NUMERIC = frozenset(("outlier_rate", "zero_rate", "negative_rate"))
#: Semantic type -> the rate of cells that can be read as it; all others are words.
_READINGS = {
    **dict.fromkeys(("integer", "number", "amount", "percent", "ordinal"), "number_rate"),
    **dict.fromkeys(("date", "datetime"), "date_rate"),
    "boolean": "boolean_rate",
    "quantity": "unit_rate",
    **{name: f"{name}_rate" for name in ("time", "duration", "range", "email", "url", "phone", "ip", "uuid", "json")},
    **{name: f"{name}_rate" for name in ("list", "packed", "key_value")},
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
            ``statistic`` (how surprising: -log10 of the chance that two samples of one source differ as much; null for
            what needs no chance), ``threshold`` (of it, for as many comparisons), ``severity``, ``sentence``.
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


def compare(before: Profiled, after: Profiled, *, false_alarms: float = FALSE_ALARMS) -> Comparison:
    """Compare two profiles: schema, missingness, dirt, distributions, dependencies.

    A difference is told when it is large enough to matter (a rate by a hundredth, a distribution by a distance of 0.05)
    and when two samples of one source of these sizes would hardly show it: exact hypergeometric tails for shares,
    Kolmogorov's bound for numbers, exact counts and chi-squared for words, and for all comparisons together a chance
    of ``false_alarms`` (Bonferroni), whatever the sizes and the number of columns.

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
        details = before.details.get(name, {}), after.details.get(name, {})
        drifts += _type(name, was, now) + _rates(name, was, now) + _mixes(name, was, now, *details)
        drifts += _uniqueness(name, was, now) + _distribution(name, was, now, *details)
    drifts += _dependencies(before, after, set(old) & set(new))
    drifts = _beyond_chance(drifts, false_alarms)
    drifts.sort(key=lambda d: (_RANK[d["severity"]], -(d["statistic"] or 0.0) / (d["threshold"] or 1.0)))
    return Comparison(pl.DataFrame(drifts, schema=SCHEMA), (n, m))


def _beyond_chance(drifts: list[Drift], false_alarms: float) -> list[Drift]:
    """The differences that chance does not explain, where as many were looked for as are listed with a chance."""
    looked_for = sum(d["p"] is not None for d in drifts)
    limit = false_alarms / max(1, looked_for)
    out = []
    for d in drifts:
        p = d.pop("p")
        if p is not None:
            d["statistic"], d["threshold"] = -math.log10(max(p, 1e-300)), -math.log10(limit)
        if d["kind"] == "type" and p is not None and p > limit:
            d["severity"] = "info"
        elif p is not None and p > limit:
            continue
        if d["kind"]:
            out.append(d)
    return out


def _drift(
    column: str | None,
    kind: str,
    before: object,
    after: object,
    sentence: str,
    severity: str = "warning",
    p: float | None = None,
) -> Drift:
    """A difference; ``p``: the chance of one as large, None where none is possible."""
    shown = [None if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in (before, after)]
    figures = {"statistic": None, "threshold": None, "severity": severity, "sentence": sentence, "p": p}
    return {"column": column, "kind": kind, "before": shown[0], "after": shown[1], **figures}


def _nothing(p: float) -> Drift:
    """A comparison that found nothing: it counts among those that were made."""
    return _drift(None, "", None, None, "", "info", p)


def _schema(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Drift]:
    out = [_drift(c, "lost", r["semantic"], None, f"'{c}' is gone", "error") for c, r in old.items() if c not in new]
    return out + [
        _drift(c, "added", None, r["semantic"], f"'{c}' is new", "info") for c, r in new.items() if c not in old
    ]


def _type(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Drift]:
    """Another semantic type: grave where the share of cells that can be read as the former one moved too."""
    one, other = was["semantic"], now["semantic"]
    if one == other or "empty" in (one, other):
        return []
    alike = {one, other} <= {"integer", "number"} or "constant" in (one, other) or {one, other} <= {"date", "datetime"}
    reading = _READINGS.get(one) or _READINGS.get(other)  # what can still be read as before is no other type
    sentence = f"'{name}' was {_a(one)} and is {_a(other)}"
    if alike or reading is None:
        return [_drift(name, "type", one, other, sentence, "info")]
    n, m = (float(r["content"] or r["rows"] or 0) for r in (was, now))
    p = share_p(_reads(was, reading) * n, n, _reads(now, reading) * m, m)
    return [_drift(name, "type", one, other, sentence, "error", p)]


def _reads(row: Mapping[str, Any], reading: str) -> float:
    """Share of cells that can be read so; a typed column is all of its type."""
    said = row.get(reading)
    return float(_READINGS.get(row["semantic"]) == reading) if said is None else float(said)


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word.replace('_', ' ')}" if word != "empty" else "empty"


def _rows(n: int, m: int) -> list[Drift]:
    if not n or not m or 0.5 <= m / n <= 2:
        return [] if m or not n else [_drift(None, "rows", n, m, "no rows are left", "error")]
    return [_drift(None, "rows", n, m, f"{m:,} rows, before {n:,}", "info")]


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
        if (word in _TYPED and not same) or (word in _NUMERIC and was["sentinel_values"] != now["sentinel_values"]):
            continue
        per = "rows" if word in ("missing_rate", "null_rate", "blank_rate") else "content"
        n, m = (float(r[per] or r["rows"] or 0) for r in (was, now))
        if word in _NUMERIC:  # of the numbers that do not stand for missing
            n, m = (c * (1.0 - (r["sentinel_rate"] or 0.0)) for c, r in ((n, was), (m, now)))
        chance = share_p(p * n, n, q * m, m)
        if abs(p - q) < LEAST:
            out += [_nothing(chance)] if p or q else []
            continue
        grave = "error" if word in _DIRT and q - p >= 0.1 else "warning" if q > p else "info"
        sentence = f"'{name}': {q:.1%} is {said}, before {p:.1%}"
        out.append(_drift(name, word, p, q, sentence, "info" if word in _RELATIVE else grave, chance))
    return out


def _mixes(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Drift]:
    out = []
    n, m = (float(r["content"] or r["rows"] or 0) for r in (was, now))
    for word, said in MIXES.items():
        more = [v for v in now[word] or [] if v not in (was[word] or [])]
        if more and (was[word] or word == "null_words"):
            counted = old.get(word), new.get(word)
            p = strange(counted[0] or {}, counted[1], n, m)[2] if counted[1] else None
            sentence = f"'{name}' has a new {said}: {', '.join(repr(v) for v in more[:5])}"
            out.append(_drift(name, word, ", ".join(was[word] or []), ", ".join(now[word]), sentence, "warning", p))
    for word in ("decimal", "date_order", "unit", "currency"):
        if was["semantic"] == now["semantic"] and was[word] and now[word] and was[word] != now[word]:
            what = {"decimal": "decimal separator", "date_order": "order of day and month"}.get(word, f"main {word}")
            sentence = f"the {what} of '{name}' was '{was[word]}' and is '{now[word]}'"
            p = _main_p(word, was, now, old, new)
            out.append(_drift(name, word, was[word], now[word], sentence, "error", p))
    return out


def _main_p(
    word: str, was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> float | None:
    """Chance that the most frequent separator, unit or currency is another one; None where it is not counted."""
    n, m = (float(r["content"] or r["rows"] or 0) for r in (was, now))
    if word == "decimal":
        rates = ("decimal_comma_rate", "decimal_dot_rate")
        return min(1.0, 2 * min(share_p((was[r] or 0.0) * n, n, (now[r] or 0.0) * m, m) for r in rates))
    counts = {"unit": "units", "currency": "currencies"}.get(word)
    if counts is None or not old.get(counts) or not new.get(counts):
        return None
    a, b = old[counts], new[counts]
    return min(
        1.0,
        2
        * min(share_p(a.get(u, 0.0), sum(a.values()), b.get(u, 0.0), sum(b.values())) for u in (was[word], now[word])),
    )


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
    if old.get("histogram") and new.get("histogram") and (was["distinct"] or 0) > 12:
        if was["is_sequence"] or now["is_sequence"]:
            return []
        return _numbers(name, was, now, *(_whole_numbers(r, d) for r, d in ((was, old), (now, new))))
    if old.get("top") and new.get("top"):
        return _words(name, old["top"], new["top"], n, m, was["distinct"] or 0, now["distinct"] or 0)
    return []


def _whole_numbers(row: Mapping[str, Any], details: Mapping[str, Any]) -> Any:
    """A histogram with the numbers that stand for missing put back: another sample may not tell them apart."""
    values, content = row["sentinel_values"] or [], float(row["content"] or 0) * (row["sentinel_rate"] or 0.0)
    held = details["histogram"]
    if len(values) != 1 or not content or len(held["edges"]) < 2:
        return held
    try:
        at = float(values[0])
    except ValueError:
        return held
    edges, counts = list(held["edges"]), list(held["counts"])
    if at > edges[-1]:
        edges[-1] = math.nextafter(edges[-1], math.inf)
        return {"edges": [*edges, math.nextafter(at, math.inf)], "counts": [*counts, content]}
    if at < edges[0]:
        return {"edges": [at, *edges], "counts": [content, *counts]}
    counts[min(int(np.searchsorted(edges, at, side="right")) - 1, len(counts) - 1)] += content
    return {"edges": edges, "counts": counts}


def _numbers(name: str, was: Mapping[str, Any], now: Mapping[str, Any], old: Any, new: Any) -> list[Drift]:
    if len(old["edges"]) < 2 or len(new["edges"]) < 2:
        return []
    apart, p = numbers_apart(old, new)
    middle = (was["min_date"], now["min_date"]) if was["min_date"] else (was["median"], now["median"])
    if apart <= APART or None in middle:
        return [_nothing(p)]
    if was["min_date"]:
        said = f"from {was['min_date']} to {was['max_date']} before, from {now['min_date']} to {now['max_date']} now"
    else:
        said = f"{middle[0]:.6g} in the middle before, {middle[1]:.6g} now"
    grave = "warning" if apart < 0.3 or was["min_date"] else "error"
    return [_drift(name, "distribution", *middle, f"'{name}' is distributed otherwise: {said}", grave, p)]


def _words(
    name: str, old: Mapping[str, float], new: Mapping[str, float], n: float, m: float, distinct: int, now: int
) -> list[Drift]:
    whole = distinct <= len(old)
    apart, p, rise = words_apart(old, new, n, m, whole=whole, new_whole=now <= len(new))
    out = []
    if apart > APART and rise is not None:
        before, after = old.get(rise, 0.0) / n, new.get(rise, 0.0) / m
        sentence = f"'{name}' is distributed otherwise: {rise!r} is {after:.1%}, before {before:.1%}"
        out.append(_drift(name, "distribution", before, after, sentence, "warning" if apart < 0.3 else "error", p))
    if whole and distinct <= 20 and n >= 100:
        more, share, p = strange(old, new, n, m)
        if more and share >= LEAST:
            shown = ", ".join(repr(w) for w in more[:5])
            sentence = f"'{name}' has values it did not have: {shown} ({share:.1%})"
            if spelled := respelled(more, old):
                said = ", ".join(f"{w!r} for {was!r}" for w, was in list(spelled.items())[:5])
                sentence += f"; other spellings of values it had: {said}"
            out.append(_drift(name, "new_values", 0.0, share, sentence, "warning", p))
    return out or [_nothing(p)]


def respelled(words: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Of words those that are known ones but for case, blanks and marks at their end, with the known one.

    Example:
        >>> respelled([" >50K.", "other"], ["<=50K", ">50K"])
        {' >50K.': '>50K'}
    """
    usual = {_spelled(word): word for word in known}
    return {word: usual[_spelled(word)] for word in words if _spelled(word) in usual}


def _spelled(word: str) -> str:
    return " ".join(word.split()).casefold().rstrip(".,;:!* ")


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
        if q - p >= LEAST:
            chance = share_p(p * r["support"], r["support"], q * held["support"], held["support"])
            sentence = f"each '{left}' had one '{right}' but for {p:.1%} of rows; now for {q:.1%}"
            out.append(_drift(f"{left} + {right}", "dependency", p, q, sentence, "warning", chance))
    return out
