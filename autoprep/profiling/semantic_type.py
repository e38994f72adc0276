"""What the cells of a text column are: the semantic type that most of them bear out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autoprep.parsing import boolean
from autoprep.parsing.unit import header_unit
from autoprep.profiling import behind, dates, exponents, names, numbers, versions

Row = dict[str, Any]


def decide(
    name: str, e: Mapping[str, Any], row: Row, number: numbers.Numbers, day: dates.Dates, scale: float
) -> tuple[str, float, float]:
    """Semantic type, confidence, and the share of content that fits it.

    Args:
        name: the header.
        e: what ``evidence.collect`` gives, plus ``distinct``, ``top`` and ``exact`` (see ``semantics.describe_text``).
        row: the column's row as far as it stands; words that only some types have are set.
        number: how its numbers are written. day: how its dates are. scale: cells like dates, to those read.
    """
    content = e["content"]
    if not content:
        return "empty", 1.0, 1.0
    share = {k: e[k] / content for k in ("uuid", "email", "url", "ip", "phone", "json", "list", "key_value", "time")}
    for kind in ("uuid", "email", "url", "ip", "json"):
        if share[kind] >= 0.8:
            return kind, share[kind], share[kind]
    distinct = e["distinct_content"]
    dated = row["date_rate"]
    compact = bool(e["date_cells"]) and all(f.startswith("%Y%m%d") for f in day.formats)
    if (
        distinct == 1
        and e["null_word"] == 0
        and not (dated == 1.0 and not day.ambiguous and (not compact or names.says_day(name)))
    ):
        return "constant", 1.0, 1.0  # one day, plainly written, is a day all the same
    status = 0 < e["distinct_words"] <= 12 and distinct - e["distinct_words"] >= 4 * e["distinct_words"]
    if dated >= (0.95 if compact else 0.15 if status else 0.5) and (
        not compact or names.says(name, "date") or distinct >= 3
    ):
        return "datetime" if day.has_time else "date", dated * (0.6 if day.ambiguous else 1.0), dated
    clock = max(("time", "duration"), key=lambda kind: row[f"{kind}_rate"])  # no clock shows 26:10:00
    if row[f"{clock}_rate"] >= 0.8:
        return clock, row[f"{clock}_rate"], row[f"{clock}_rate"]
    if share["phone"] >= 0.8 and (e["plain"] < 0.5 * content):
        return "phone", share["phone"], share["phone"]
    dialled = _dialled(name, e)
    if dialled >= 0.8 * content:
        return "phone", dialled / content, 1.0
    words = _boolean_words(name, e)
    if words is not None:
        return "boolean", words, words
    if names.says(name, "postal") and (e["digits"] + e["postal"]) >= 0.5 * content:
        return "postal_code", 0.95, 1.0
    if e["postal"] >= 0.8 * content and not behind.few_words(e):
        return "postal_code", 0.8, 1.0
    if _is_code(e) or versions.are(name, e) or exponents.are_codes(name, e):
        return "code", 0.95, 1.0
    spellings, counted = behind.counted(name, e)
    if spellings:
        row["counted_words"], row["counted_rate"] = spellings, min(1.0, counted / content)
        row["thousands"] = row["thousands"] or ("," if row["decimal"] == "." and e["comma_group"] else "")
        return "quantity", row["counted_rate"], row["counted_rate"]
    family = number.family / content
    odd = max(0.0, e["digit"] - number.family) / content
    mixed = family < 0.9 and (odd >= 0.08 or distinct - e["distinct_words"] <= e["distinct_words"])
    if _numbered_months(e):
        return _wordy(name, e, row, share)
    if (family >= 0.5 and not mixed) or (status and family >= 0.15 and family >= 0.95 * e["digit"] / content):
        return _numeric(name, e, row, number, family)
    return _wordy(name, e, row, share)


#: Digits that a telephone number has at least and at most, and by how many those of a column differ at most.
FEWEST_DIGITS, MOST_DIGITS, APART = 7, 15, 3
#: Headers about telephones that hold amounts.
_AMOUNTS = re.compile(r"revenue|bytes|count|cost|price|sales|usage|amount|minutes|seconds|charge", re.I)


def _dialled(name: str, e: Mapping[str, Any]) -> float:
    """Cells that are telephone numbers of digits alone: with a plus throughout, or under a header that says so."""
    if e["plus_digits"] and e["plus_digits"] >= e["integer"]:
        return float(e["plus_digits"])
    low, high = e["min_digits"] or 0, e["max_digits"] or 0
    if not names.says(name, "phone") or _AMOUNTS.search(name):
        return 0.0
    return float(e["digits"]) if low >= FEWEST_DIGITS and high <= MOST_DIGITS and high - low <= APART else 0.0


def _numbered_months(e: Mapping[str, Any]) -> bool:
    """Whether cells such as 1-01, 1-02, ... 3-12 number months, a zero before the single ones: no range has it so."""
    content = e["content"]
    return bool(e["numbered"] >= 0.95 * content and e["zero_behind"] >= 0.25 * content)


#: Cells beyond which a word beside yes and no is an answer of its own.
HANDFUL = 5


def _other_words(e: Mapping[str, Any]) -> dict[str, float]:
    """Content that is neither yes nor no, nor says that nothing is known: word -> cells."""
    known = {*e["boolean_words"], *(w.lower() for w in (*e["null_words"], *e["unknown_words"])), ""}
    out: dict[str, float] = {}
    for value, cells in e["top"].items():
        word = value.strip().lower()
        if word not in known:
            out[word] = out.get(word, 0.0) + cells
    return out


#: Headers of counts, of which these rows happen to hold none or one.
_COUNTS = re.compile(
    r"(?i:^(?:n|num|number)[_ .](?!.*(?:verified|valid|flag))|^(?:qty|quantity|counts?)$|[_ .](?:counts?|qty)$)"
    r"|[a-z]Count$"
)


def _boolean_words(name: str, e: Mapping[str, Any]) -> float | None:
    """Share of content that is yes or no when the column is a boolean, else None."""
    content, distinct = e["content"], e["distinct_content"]
    spoken = e["boolean_words"]
    if not spoken or distinct > len(spoken) + 25:
        return None
    known = (e["true"] + e["false"]) / content
    if known < 0.85:
        pair = boolean.pair_of(list(e["top"])) if e.get("exact") and distinct == 2 else None
        return 1.0 if pair else None
    if any(cells > HANDFUL for cells in _other_words(e).values()):
        return None  # "Partial" in a hundred rows is an answer, no slip of the pen
    if set(spoken) <= {"0", "1", "0.0", "1.0"}:
        return 1.0 if len(spoken) == 2 and known == 1.0 and not _COUNTS.search(name) else None
    return known if boolean.pair_of(list(spoken)) is not None else None


def _is_code(e: Mapping[str, Any]) -> bool:
    zero, digits = e["leading_zero"], e["digits"]
    if not zero or digits < 0.5 * e["content"]:
        return False
    same_length = e["min_digits"] == e["max_digits"] and e["min_digits"] > 1
    return bool(same_length or zero >= max(2.0, 0.01 * digits))


def _lettered_numbers(e: Mapping[str, Any]) -> bool:
    """Whether cells are running numbers behind letters (rs10907175, kr20931), not amounts: unlike, long, undivided."""
    content = e["content"]
    if content < 20 or e["distinct_content"] < 0.95 * content or not all(c.isalpha() for c in e["currencies"]):
        return False
    lettered = sum(n for shape, n in e["shapes"].items() if re.fullmatch("[Aa]+9{4,}", shape))
    return bool(lettered >= 0.9 * sum(e["shapes"].values()))


#: Ranges and limits from which a column of numbers is one of ranges: cells, and share of content.
FEW_ENDS, SOME_ENDS = 3, 0.1
#: Share of content with the header's unit from which a column of numbers is one of that unit.
SOME_UNITS = 0.02


def _numeric(
    name: str, e: Mapping[str, Any], row: Row, number: numbers.Numbers, family: float
) -> tuple[str, float, float]:
    content = e["content"]
    confidence = family * (0.6 if number.ambiguous else 1.0)
    rates = {
        "quantity": number.unit / content,
        "range": (e["range"] + e["inequality"]) / content,
        "percent": e["percent"] / content,
        "amount": e["currency_at"] / content,
    }
    kind = max(rates, key=lambda k: rates[k])
    ends = e["range"] + e["inequality"]
    if kind == "range" and ends >= max(FEW_ENDS, SOME_ENDS * content):
        return "range", confidence, family  # a single number is a range too: none of either is lost
    if number.unit >= max(FEW_ENDS, SOME_UNITS * content) and list(e["units"]) == [header_unit(name)]:
        return "quantity", confidence, family  # "7 yrs" under "min_years": the others are years as well
    if kind == "amount" and _lettered_numbers(e):
        return "identifier", 0.8, 1.0
    if rates[kind] >= 0.3 * min(1.0, family):  # words that stand for no number have no say in what numbers are
        if kind == "range" and row["amount_rate"] > 0.3:
            row["currency"] = next(iter(e["currencies"]), None)
        return kind, confidence, family
    if names.says(name, "latitude") or names.says(name, "longitude"):
        which = "latitude" if names.says(name, "latitude") else "longitude"
        if e["plain"] >= 0.9 * content:
            return which, 0.9, family
    decimals = e["plain_dot"] + e["dot_proof"] + e["comma_proof"]
    if e["integer"] >= 0.5 * content and not decimals and not number.cr:
        return "integer", confidence, family
    return "number", confidence, family


def _wordy(name: str, e: Mapping[str, Any], row: Row, share: Mapping[str, float]) -> tuple[str, float, float]:
    content, distinct = e["content"], max(1, e["distinct"])
    rate = distinct / content
    mean_words, mean_length = row["mean_words"] or 0.0, row["mean_length"] or 0.0
    if share["key_value"] >= 0.8:
        return "packed", share["key_value"], 1.0
    if share["list"] >= 0.8:
        return "list", share["list"], 1.0
    if row["packed_separator"] in ("|", ";", "\n") and distinct > 2 and mean_length <= 200:
        return "packed", row["packed_rate"], 1.0
    top = {k: v for k, v in e["top"].items() if k.strip() and k.strip().lower() not in ("na", "n/a", "?", "nan")}
    if e.get("exact"):
        if names.scale_of(list(top)):
            return "ordinal", 0.9, 1.0
        known = sum(v for k, v in top.items() if k.strip().lower() in names.COUNTRIES)
        if top and known >= 0.7 * sum(top.values()) and len(top) >= 3:
            return "country", known / sum(top.values()), 1.0
    unique = rate >= 0.95 and content >= 10
    says_id = names.says(name, "id") or names.says(name, "code")
    money = e["currency_at"] >= 0.5 * content and not _lettered_numbers(e)  # amounts among words name nobody
    if unique and mean_words < 1.5 and (e["digit"] >= 0.5 * content or says_id) and not money:
        return "identifier", 0.95 if says_id else 0.8, 1.0
    if says_id and rate >= 0.9 and mean_words < 2:
        return "identifier", 0.8, 1.0
    if (mean_words >= 6 and rate > 0.1) or (rate > 0.5 and (mean_words >= 3 or mean_length >= 30)):
        return "text", 0.9, 1.0
    if rate > 0.9 and content >= 30 and distinct > 100:
        return "text", 0.6, 1.0
    if names.says(name, "code") or (
        (row["pattern_rate"] or 0) > 0.9 and "9" in (row["pattern"] or "") and mean_words < 1.2
    ):
        return "code", 0.7, 1.0
    return "category", 0.9 if distinct <= 50 else 0.75, 1.0
