"""How featuretools' primitives answer to ours: their parameters, their units, and where the values differ by design."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autoprep.primitives.learnt import LEARNT
from autoprep.primitives.primitive import AGGREGATIONS, TRANSFORMS

DAY_S = 86_400.0
MILE_KM = 1.609344


@dataclass(frozen=True)
class Equal:
    """One primitive of featuretools 1.31 beside ours.

    Attributes:
        parameters: our parameter -> theirs. fixed: what theirs is given besides. ours: what ours is.
        times: factor that turns their unit into ours.
        swapped: whether the inputs stand the other way round.
        differs: where the values are not the same, by design; "" where they always are.
    """

    parameters: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    times: float = 1.0
    swapped: bool = False
    differs: str = ""


_VALUE = {"by": "value"}
_THAN = {"than": "value"}
_NULL_OF_INFINITE = "null, not infinity or NaN, where nothing can be said"
_KNOWN = "a comparison with a missing value is missing, not false"
#: Holds for every aggregation but those that count.
EMPTY_GROUP = "a group without known values is null; theirs often 0 or false"
#: Holds for all.
STRICT = "rows strictly before the cutoff; theirs up to and with it, unless include_cutoff_time=False"
_MOVES = {"rows": "window_length", "gap": "gap"}
_LOGIC = "three-valued: false and missing is false, true or missing is true"
_NO_URL = "null where the text is no web address"
_PER_DAY = (
    "per day, from two moments on, null where there is one; theirs per day, hour, minute or second, by how round the "
    "first moment is, from three on, 0 where there is one"
)
_OWN_TIMES = "each value at its own moment; theirs at that of the row `gap` rows later; and as TREND"
_SAMPLE = "the sample's deviation (n - 1); theirs the population's"
_NEITHER = "a missing value is neither true nor false"

#: Primitives whose parameters, units or values want a word; the others are equal as they stand.
EQUALS: dict[str, Equal] = {
    "entropy": Equal(fixed={"dropna": True}),
    "skew": Equal(differs="null without spread, not 0"),
    "kurtosis": Equal(fixed={"nan_policy": "omit"}, differs="null without spread, not NaN"),
    "trend": Equal(differs=_PER_DAY),
    "percent_true": Equal(differs="missing values are left out; theirs count as false"),
    "count_greater_than": Equal({"than": "threshold"}), "count_less_than": Equal({"than": "threshold"}),
    "count_inside_range": Equal({"low": "lower", "high": "upper"}),
    "count_outside_range": Equal({"low": "lower", "high": "upper"}),
    "count_inside_nth_std": Equal({"n": "n"}, differs=_SAMPLE),
    "count_outside_nth_std": Equal({"n": "n"}, differs=_SAMPLE),
    "percent_unique": Equal(differs="over known values; theirs over all rows"),
    "average_count_per_unique": Equal(differs="over the values of the group; theirs over all categories of the column"),
    "num_peaks": Equal(differs="missing values are left out; theirs stand between and hide a peak"),
    "n_most_common": Equal({"rank": "n"}, differs="one rank a feature, the smaller value first at a tie"),
    "n_most_common_frequency": Equal({"rank": "n"}, differs="one rank a feature"),
    "time_since_last": Equal(fixed={"unit": "days"}), "time_since_first": Equal(fixed={"unit": "days"}),
    "avg_time_between": Equal(fixed={"unit": "days"}),
    "time_since_last_true": Equal(times=1 / DAY_S), "time_since_last_false": Equal(times=1 / DAY_S),
    "time_since_last_max": Equal(times=1 / DAY_S), "time_since_last_min": Equal(times=1 / DAY_S),
    "first_last_time_delta": Equal(times=1 / DAY_S),
    "time_since": Equal(fixed={"unit": "days"}, differs="to a moment that is named, not to the cutoff"),
    "age": Equal(
        differs="years of 365.25 days to a moment that is named; theirs of 365 to the cutoff", times=365 / 365.25
    ),
    "time_since_previous": Equal(fixed={"unit": "days"}),
    "diff_datetime": Equal(times=1 / DAY_S, fixed={"periods": 0}),
    "cumulative_time_since_last_true": Equal(times=1 / DAY_S, swapped=True, differs=_NEITHER),
    "cumulative_time_since_last_false": Equal(times=1 / DAY_S, swapped=True, differs=_NEITHER),
    "add_numeric_scalar": Equal(_VALUE), "subtract_numeric_scalar": Equal(_VALUE),
    "scalar_subtract_numeric_feature": Equal(_VALUE), "multiply_numeric_scalar": Equal(_VALUE),
    "divide_numeric_scalar": Equal(_VALUE), "divide_by_feature": Equal(_VALUE, differs=_NULL_OF_INFINITE),
    "divide_numeric": Equal(differs=_NULL_OF_INFINITE), "modulo_numeric": Equal(differs=_NULL_OF_INFINITE),
    "modulo_numeric_scalar": Equal(_VALUE), "modulo_by_feature": Equal(_VALUE, differs=_NULL_OF_INFINITE),
    "square_root": Equal(differs=_NULL_OF_INFINITE), "natural_logarithm": Equal(differs=_NULL_OF_INFINITE),
    "percent_change": Equal(differs=_NULL_OF_INFINITE), "rate_of_change": Equal(times=DAY_S, differs=_NULL_OF_INFINITE),
    "less_than_scalar": Equal(_THAN, differs=_KNOWN), "less_than_equal_to_scalar": Equal(_THAN, differs=_KNOWN),
    "greater_than_scalar": Equal(_THAN, differs=_KNOWN), "greater_than_equal_to_scalar": Equal(_THAN, differs=_KNOWN),
    "equal_scalar": Equal(_THAN, differs=_KNOWN), "not_equal_scalar": Equal(_THAN, differs=_KNOWN),
    "less_than": Equal(differs=_KNOWN), "less_than_equal_to": Equal(differs=_KNOWN),
    "greater_than": Equal(differs=_KNOWN), "greater_than_equal_to": Equal(differs=_KNOWN),
    "equal": Equal(differs=_KNOWN), "not_equal": Equal(differs=_KNOWN),
    "isin": Equal({"values": "list_of_outputs"}, differs=_KNOWN),
    "is_lunch_time": Equal({"hour": "lunch_hour"}),
    "is_working_hours": Equal({"start": "start_hour", "end": "end_hour"}),
    "lag": Equal({"periods": "periods"}), "numeric_lag": Equal({"periods": "periods"}, swapped=True),
    "diff": Equal(fixed={"periods": 0}),
    "rolling_mean": Equal(_MOVES), "rolling_std": Equal(_MOVES), "rolling_min": Equal(_MOVES),
    "rolling_max": Equal(_MOVES), "rolling_trend": Equal(_MOVES, differs=_OWN_TIMES),
    "expanding_trend": Equal(differs=_OWN_TIMES),
    "exponential_weighted_average": Equal({"com": "com"}), "exponential_weighted_std": Equal({"com": "com"}),
    "exponential_weighted_variance": Equal({"com": "com"}),
    "count_string": Equal({"pattern": "string"}),
    "number_of_unique_words": Equal(fixed={"case_insensitive": True}),
    "nth_week_of_month": Equal(ours={"begins": "sunday"}), "is_first_week_of_month": Equal(ours={"begins": "sunday"}),
    "num_unique_separators": Equal(ours={"of": " .,!?;\n"}),
    "date_to_holiday": Equal({"country": "country"}, differs="days observed in lieu are named too"),
    "distance_to_holiday": Equal({"holiday": "holiday", "country": "country"}),
    "is_federal_holiday": Equal(differs="the day itself, not the day observed in lieu"),
    "and": Equal(differs=_LOGIC), "or": Equal(differs=_LOGIC),
    "cum_mean": Equal(differs="missing values are no rows to divide by"),
    "is_free_email_domain": Equal(differs="some forty providers, outer space ignored"),
    "mean_characters_per_word": Equal(differs="words are what stands between white space, with their punctuation"),
    "total_word_length": Equal(differs="punctuation counts"),
    "number_of_common_words": Equal(differs="the sixty most frequent English words; theirs a thousand, case kept"),
    "upper_case_word_count": Equal(differs="a word of digits alone is not in upper case"),
    "rolling_count": Equal(_MOVES, differs="known values among the rows; theirs all rows"),
    "season": Equal(differs="by whole months; theirs changes on about the 21st"),
    "url_to_domain": Equal(differs=_NO_URL), "url_to_tld": Equal(differs=_NO_URL),
    "url_to_protocol": Equal(differs="every scheme, not http alone"),
    "geomidpoint": Equal(differs="one coordinate a feature"),
    "latitude": Equal(differs="of text; theirs of a column of pairs"),
    "longitude": Equal(differs="of text; theirs of a column of pairs"),
    "is_in_geobox": Equal(differs="four borders; theirs two corners"),
    "haversine": Equal(fixed={"unit": "kilometers"}), "cityblock_distance": Equal(
        fixed={"unit": "kilometers"}, differs="along the middle parallel; theirs great circles from the first point"
    ),
}  # fmt: skip

#: Primitives of featuretools that ours has no equal of, and why.
WITHOUT: dict[str, str] = {
    "date_to_time_zone": "the zone is part of the column's type here: one for the whole column, so no feature",
    "savgol_filter": "smooths with the rows after the row: it reads the future",
    "rolling_outlier_count": "outliers by a box plot of three rows; ROLLING_STD and COUNT_OUTSIDE_STDS tell more",
}


def pairs() -> dict[str, tuple[str, Equal]]:
    """Each primitive of featuretools that has an equal: its name -> (our name, how).

    Example:
        >>> pairs()["time_since_last"][0]
        'DAYS_SINCE_LAST'
    """
    ours = {
        theirs: p.name for catalogue in (TRANSFORMS, AGGREGATIONS) for p in catalogue.values() for theirs in p.equals
    }
    return {theirs: (name, EQUALS.get(theirs, Equal())) for theirs, name in sorted(ours.items())}


def page() -> str:
    """The catalogue of primitives and what featuretools has beside it, as Markdown."""
    said = [
        "# Primitives",
        "",
        "Written by `python -m autoprep.primitives --write`; a test keeps it fresh. A primitive of one's own is one",
        "small function: see [CONTRIBUTING](../../CONTRIBUTING.md).",
        "",
    ]
    for title, catalogue in (("Aggregations", AGGREGATIONS), ("Transforms", TRANSFORMS)):
        said += [
            f"## {title} ({len(catalogue)})",
            "",
            "| name | of | gives | what it is | SQL |",
            "|---|---|---|---|---|",
        ]
        for name in catalogue:
            p: Any = catalogue[name]
            told = ", ".join([*p.inputs, *(f"{k}={v!r}" for k, v in p.parameters.items())])
            said.append(
                f"| `{name}` | {told.replace('|', chr(92) + '|')} | {p.output} | {p.about} | {'yes' if p.sql else ''} |"
            )
        said.append("")
    said += [
        f"## Learnt of training rows ({len(LEARNT)})",
        "",
        "Of one table's own columns, each with the constants that training rows gave it: one row gets the numbers of a",
        "million. `autoprep features FILE --feature 'GROUP_RANK(price, city)'` makes any of them, and any transform.",
        "",
        "| name | of | gives | what it is |",
        "|---|---|---|---|",
    ]
    for name in LEARNT:
        one = LEARNT[name]
        parameters = [f"{k}={v!r}" for k, v in one.parameters.items()]
        told = ", ".join([*one.inputs, *(["..."] if one.many else []), *parameters])
        said.append(f"| `{name}` | {told} | {one.output} | {one.about} |")
    said.append("")
    theirs = pairs()
    said += [
        f"## featuretools 1.31: {len(theirs) + len(WITHOUT)} primitives",
        "",
        "Each is compared with ours value by value in `tests/primitives/test_equals.py` and on random EntitySets in",
        "`tests/synthesis/test_entity_sets.py`. Of all aggregations:",
        "",
        f"- {STRICT};",
        f"- {EMPTY_GROUP}.",
        "",
        "| featuretools | ours | unit or parameters | differs by design |",
        "|---|---|---|---|",
    ]
    for name in sorted({*theirs, *WITHOUT}):
        if name in WITHOUT:
            said.append(f"| `{name}` | none | | {WITHOUT[name]} |")
            continue
        ours, how = theirs[name]
        words = [f"{b}: {a}" for a, b in how.parameters.items()] + [f"{k}={v!r}" for k, v in how.ours.items()]
        if how.times != 1.0:
            words.append(f"theirs x {how.times:.6g}")
        said.append(f"| `{name}` | `{ours}` | {', '.join(words)} | {how.differs} |")
    return "\n".join(said) + "\n"
