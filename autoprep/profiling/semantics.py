"""What the values of a column are: from counts of evidence to a semantic type, rates and a role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autoprep.parsing import boolean, null, pattern
from autoprep.parsing.unit import header_unit
from autoprep.profiling import dates, money, months, names, numbers, regions, semantic_type, spans, titles

Row = dict[str, Any]


def describe_text(name: str, e: Mapping[str, Any], rows: int, nulls: int, hints: Mapping[str, str]) -> tuple[Row, Row]:
    """The vocabulary's words for a text column, and its details (lists and counts).

    Args:
        name: the header.
        e: what ``evidence.collect`` gives, plus ``distinct``, ``top`` (value -> cells) and ``exact`` (whether ``top``
            holds every distinct value).
        rows: rows of the table.
        nulls: null cells.
        hints: what neighbours prove: ``decimal`` and ``order``.
    """
    content, filled = e["content"], max(1.0, rows - nulls)
    per = 1.0 / content if content else 0.0
    number = numbers.decide(e, name, hints.get("decimal", ""))
    day = e.get("dates")
    if day is None or (day.ambiguous and hints.get("order")):  # what neighbours prove matters only where nothing else
        day = dates.decide(e["date_cells"], hints.get("order", ""))
    scale = e["date_like"] / max(1.0, sum(e["date_cells"].values()))
    if not day.formats and day.partial:
        day = months.decide(e["date_cells"], content / scale, name) or day
    if e["days"] and not names.says(name, "id") and (found := dates.compact(e["days"], content)):
        day, scale = found, 1.0
    fmt, span = number.format, spans.decide(e)
    row: Row = {
        "content": round(content),
        "blank_rate": (e["blank"]) / max(1, rows),
        "disguised_null_rate": e["null_word"] / filled,
        "null_words": list(e["null_words"]),
        "unknown_rate": e["unknown"] * per,
        "unknown_words": list(e["unknown_words"]),
        "number_rate": min(1.0, number.count * per),
        "integer_rate": e["integer"] / content if content else 0.0,
        "plain_number_rate": e["plain"] * per,
        "number_word_rate": e["number_word"] * per,
        "amount_rate": e["currency_at"] * per,
        "currency": next(iter(e["currencies"]), None),
        "currencies": list(e["currencies"]),
        "several_currencies": money.several(e["currencies"]),
        "percent_rate": e["percent"] * per,
        "thousands_rate": max(0.0, e[_key(fmt.decimal, fmt.thousands)] - e[_key(fmt.decimal, "")]) * per,
        "magnitude_rate": number.magnitude * per,
        "decimal_comma_rate": (e["comma_proof"] + e["dot_groups"]) * per,
        "decimal_dot_rate": (e["dot_proof"] + e["plain_dot"] - e["plain_one_dot"] + e["comma_groups"]) * per,
        "number_ambiguous_rate": (e["one_comma"] + e["one_dot"] + e["plain_one_dot"]) * per
        if number.ambiguous
        else 0.0,
        "decimal_ambiguous": number.ambiguous,
        "decimal": fmt.decimal,
        "thousands": fmt.thousands,
        "decimal_why": number.why,
        "unit_rate": number.unit * per,
        "unit": next(iter(e["units"]), None) if number.unit else None,
        "units": list(e["units"]) if number.unit else [],
        "suffix_rate": e["suffix"] * per,
        "range_rate": e["range"] * per,
        "inequality_rate": e["inequality"] * per,
        "accounting_rate": (e["accounting"] + (e["cr"] if number.cr == "credit" else 0.0)) * per,
        "credit": number.cr == "credit",
        "crore_open": number.cr == "open",
        "note_rate": e["note"] * per,
        "notes": e["note"] > 0,
        "boolean_rate": (e["true"] + e["false"]) * per,
        "date_rate": min(1.0, day.count * scale * per),
        "date_format": next(iter(day.formats), None),
        "date_formats": list(day.formats),
        "offset_rate": dates.offset_rate(e["date_cells"]) if any("%z" in f for f in day.formats) else 0.0,
        "date_order": day.order,
        "date_pivot": day.pivot,
        "date_century_open": day.century_open,
        "date_ambiguous": day.ambiguous,
        "date_order_why": day.why,
        "partial_date_rate": day.partial * scale * per,
        "time_rate": e["time"] * per,
        "duration_rate": span.count * per,
        "leading_zero_rate": e["leading_zero"] * per,
        "padded_rate": e["padded"] / filled,
        "inner_space_rate": e["inner_space"] * per,
        "mojibake_rate": e["mojibake"] * per,
        "lost_character_rate": e["lost"] * per,
        "control_rate": e["control"] * per,
        "html_rate": e["html"] * per,
        "fullwidth_rate": e["fullwidth"] * per,
        **{f"{k}_rate": e[k] * per for k in ("email", "url", "phone", "ip", "uuid", "json", "list", "key_value")},
        "code_and_text_rate": e["code_text"] * per,
        "text_and_number_rate": e["text_number"] * per,
        "year_inside_rate": e["year_inside"] * per,
        "min_length": e["min_length"],
        "max_length": e["max_length"],
        "mean_length": e["length_sum"] / e["cells"] if e["cells"] else None,
        "mean_words": e["word_sum"] * per if content else None,
        "header_unit": header_unit(name),
    }
    row["pattern"], row["pattern_rate"] = _pattern(e, per)
    row["packed_separator"], row["packed_rate"] = _packed(e, per)
    semantic, confidence, fits = semantic_type.decide(name, e, row, number, day, scale)
    row["semantic"], row["semantic_confidence"] = semantic, round(max(0.0, min(1.0, confidence)), 4)
    row["junk_rate"] = max(0.0, 1.0 - fits) if content and fits < 1 else 0.0
    if row["junk_rate"] < 1e-9:
        row["junk_rate"] = 0.0
    if semantic in ("category", "ordinal") and e["distinct_content"] <= MAX_LEVELS:
        _apart(row, e, filled, null.levels(e["null_words"], filled))
    if semantic in ("category", "ordinal", "code", "country", "text", "identifier"):
        _apart(row, e, filled, [w for w in titles.words_that_title(name, e, e["null_words"]) if w in row["null_words"]])
    if semantic in ("category", "code", "country", "text"):
        _apart(row, e, filled, regions.words_that_name(e, e["null_words"]))
        if known := regions.words_that_name(e, e["unknown_words"]):
            row["unknown_words"] = [w for w in row["unknown_words"] if w not in known]
            row["unknown_rate"] = max(0.0, row["unknown_rate"] - sum(e["unknown_words"][w] for w in known) * per)
    _quiet(row, e, semantic)
    if semantic == "duration":
        row |= {"duration_unit": span.unit, "duration_months": span.months, "unit": span.unit}
    if semantic == "boolean":
        words = e["boolean_words"]
        pair = boolean.pair_of(list(words)) or (["1"], ["0"])
        row["true_words"] = [w for w in words if w in pair[0]] or pair[0]
        row["false_words"] = [w for w in words if w in pair[1]] or pair[1]
    coded = e["plus_digits"] or e["leading_zero"] or any(names.says(name, w) for w in ("id", "code", "postal", "phone"))
    row["constant_number"] = semantic == "constant" and e["integer"] == content and not coded
    row["clock_open"] = semantic == "time" and spans.length_not_clock(name, e)
    row["pii"] = _pii(name, e, row, semantic)
    details = {k: e[k] for k in ("null_words", "unknown_words", "currencies", "units", "unit_spellings", "suffixes")}
    details = {k: v for k, v in details.items() if v} | {"patterns": e["shapes"], "date_formats": day.formats}
    if day.proofs != (0.0, 0.0):
        details["date_proofs"] = {"dmy": day.proofs[0], "mdy": day.proofs[1]}
    details["number_format"] = fmt.to_dict()
    return row, details


#: Values that a category may have at most for a word for nothing to be one of its levels.
MAX_LEVELS = 50


def _apart(row: Row, e: Mapping[str, Any], filled: float, words: list[str]) -> None:
    """Set apart words for nothing that may be values: "None" is missing, or "there is none"; "NA" may be Namibia."""
    if not words:
        return
    rate = sum(e["null_words"][w] for w in words) / filled
    row["none_words"], row["none_rate"] = [*row.get("none_words", []), *words], row.get("none_rate", 0.0) + rate
    row["null_words"] = [w for w in row["null_words"] if w not in words]
    row["disguised_null_rate"] = max(0.0, row["disguised_null_rate"] - rate) if row["null_words"] else 0.0


def _quiet(row: Row, e: Mapping[str, Any], semantic: str) -> None:
    """Drop readings that make no sense beside the semantic type."""
    if semantic != "boolean" and set(e["boolean_words"]) <= {"0", "1", "0.0", "1.0"}:
        row["boolean_rate"] = 0.0
    if semantic != "duration":
        row["duration_rate"] = 0.0
    if semantic not in ("packed", "list", "category", "text", "code") or (semantic == "text" and row["mean_words"] > 8):
        row["packed_rate"], row["packed_separator"] = 0.0, None
    wordy = semantic in (
        "category",
        "text",
        "code",
        "identifier",
        "packed",
        "list",
        "ordinal",
        "country",
        "postal_code",
    )
    if wordy:
        for key in (
            "amount_rate",
            "unit_rate",
            "percent_rate",
            "range_rate",
            "inequality_rate",
            "magnitude_rate",
            "date_rate",
        ):
            if row[key] < 0.2:
                row[key] = 0.0
        if not row["amount_rate"]:
            row["currency"], row["currencies"], row["several_currencies"] = None, [], False
        if not row["unit_rate"]:
            row["unit"], row["units"] = None, []
        row["number_ambiguous_rate"], row["decimal_ambiguous"] = 0.0, False
    compact = bool(row["date_formats"]) and all(f.startswith("%Y%m%d") for f in row["date_formats"])
    if semantic not in ("date", "datetime", "constant") and compact:
        # eight digits among numbers are numbers
        row["date_rate"] = 0.0
    if not row["date_rate"]:
        row |= {
            "date_format": None,
            "date_formats": [],
            "date_order": "",
            "date_ambiguous": False,
            "date_century_open": False,
            "date_order_why": "",
        }
    if semantic not in ("number", "integer", "amount", "percent", "quantity", "range"):
        row["decimal_comma_rate"] = row["decimal_dot_rate"] = row["thousands_rate"] = 0.0


def _key(decimal: str, thousands: str) -> str:
    mark = {"": "", ",": "_comma", ".": "_dot", " ": "_space", "'": "_apostrophe"}[thousands]
    return f"number_{'dot' if decimal == '.' else 'comma'}{mark}"


def _pattern(e: Mapping[str, Any], per: float) -> tuple[str | None, float | None]:
    for shapes, least in ((e["shapes"], 0.5), (e["run_shapes"], 0.0)):
        if shapes:
            shape, count = next(iter(shapes.items()))
            if count * per >= least:
                return shape, min(1.0, count * per)
    return None, None


def _packed(e: Mapping[str, Any], per: float) -> tuple[str | None, float]:
    for sep, least in (
        ("|", 0.2),
        ("; ", 0.3),
        (";", 0.3),
        ("\n", 0.3),
        (", ", 0.5),
        (" - ", 0.8),
        ("/", 0.8),
        ("~", 0.5),
        ("(", 0.9),
    ):
        share = e.get(f"sep:{sep}", 0.0) * per
        short = not e["content"] or e["word_sum"] * per <= 8
        if share >= least and (short or sep in "|;\n"):
            return sep.strip(" ") or sep, share
    return None, 0.0


def _checked(values: Mapping[str, float]) -> bool:
    """Whether the check digits of most of what looks like an IBAN are right."""
    told = [pattern.is_iban(value) for value in values if re.match(pattern.IBAN, value.strip())]
    return 2 * sum(told) > len(told)


def _pii(name: str, e: Mapping[str, Any], row: Row, semantic: str) -> str | None:
    content = e["content"] or 1.0
    accounts = e["iban"] > 0.05 * content and _checked(e["top"])
    for kind in ("email", "ssn", "iban", "card", "phone", "ip"):
        if (kind != "iban" or accounts) and e[kind] >= (0.5 if kind not in ("phone", "card") else 0.8) * content:
            return kind
    if e["email"] or accounts:
        return "email" if e["email"] else "iban"
    if semantic == "phone" or (
        names.says(name, "phone") and (row["number_rate"] or 0) + (row["phone_rate"] or 0) > 0.5
    ):
        return "phone"
    if (
        names.says(name, "name")
        and semantic in ("text", "category")
        and (row["mean_words"] or 0) <= 5
        and e["distinct"] > 20
        and e["digit"] <= 0.2 * content  # who has figures in the name is a model or a product
    ):
        return "name"
    if names.says(name, "address") and semantic in ("text", "category") and e["digit"] > 0.3 * content:
        return "address"
    return None
