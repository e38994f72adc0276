"""Aggregations of a group's rows. Missing values are left out; rows stand in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from autoprep.primitives.primitive import aggregation

TWO_PI = 6.283185307179586


def _known(x: pl.Expr) -> pl.Expr:
    return x.drop_nulls()


def _number(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Float64).drop_nulls()


@aggregation("ROWS", output="integer", sql="count(*)", kernel="size", equals=("count",), empty=0)
def rows() -> pl.Expr:
    """Number of rows, missing values or not."""
    return pl.len().cast(pl.Float64)


@aggregation("COUNT", "any", output="integer", sql="count({0})", kernel="count", empty=0)
def count(x: pl.Expr) -> pl.Expr:
    """Number of known values."""
    return x.count().cast(pl.Float64)


@aggregation("SUM", "number", sql="coalesce(sum({0}), 0)", kernel="sum", equals=("sum",), empty=0)
def total(x: pl.Expr) -> pl.Expr:
    """Sum; 0 without values."""
    return x.cast(pl.Float64).sum()


@aggregation("MEAN", "number", sql="avg({0})", kernel="mean", equals=("mean",))
def mean(x: pl.Expr) -> pl.Expr:
    """Arithmetic mean."""
    return x.cast(pl.Float64).mean()


@aggregation("STD", "number", sql="stddev_samp({0})", kernel="std", equals=("std",))
def std(x: pl.Expr) -> pl.Expr:
    """Sample standard deviation; null below two values."""
    return x.cast(pl.Float64).std()


@aggregation("VARIANCE", "number", sql="var_samp({0})", kernel="variance", equals=("variance",))
def variance(x: pl.Expr) -> pl.Expr:
    """Sample variance; null below two values."""
    return x.cast(pl.Float64).var()


@aggregation("MIN", "number", sql="min({0})", kernel="min", equals=("min",))
def smallest(x: pl.Expr) -> pl.Expr:
    """Smallest value."""
    return x.cast(pl.Float64).min()


@aggregation("MAX", "number", sql="max({0})", kernel="max", equals=("max",))
def largest(x: pl.Expr) -> pl.Expr:
    """Largest value."""
    return x.cast(pl.Float64).max()


@aggregation("RANGE", "number", sql="max({0}) - min({0})", equals=("max_min_delta",))
def spread(x: pl.Expr) -> pl.Expr:
    """Largest less smallest value."""
    return x.cast(pl.Float64).max() - x.cast(pl.Float64).min()


@aggregation("MEDIAN", "number", sql="median({0})", kernel="median", equals=("median",))
def median(x: pl.Expr) -> pl.Expr:
    """Middle value."""
    return x.cast(pl.Float64).median()


@aggregation("QUANTILE_25", "number", sql="quantile_cont({0}, 0.25)", kernel="quantile_25")
def quantile_25(x: pl.Expr) -> pl.Expr:
    """Lower quartile, interpolated."""
    return x.cast(pl.Float64).quantile(0.25, "linear")


@aggregation("QUANTILE_75", "number", sql="quantile_cont({0}, 0.75)", kernel="quantile_75")
def quantile_75(x: pl.Expr) -> pl.Expr:
    """Upper quartile, interpolated."""
    return x.cast(pl.Float64).quantile(0.75, "linear")


@aggregation("SKEW", "number", sql="skewness({0})", kernel="skew", equals=("skew",))
def skew(x: pl.Expr) -> pl.Expr:
    """Adjusted Fisher-Pearson skewness: corrected for the bias of few values; null below three or without spread."""
    made = _number(x).skew(bias=False)
    return pl.when(made.is_finite()).then(made)


@aggregation("KURTOSIS", "number", sql="kurtosis_pop({0})", kernel="kurtosis", equals=("kurtosis",))
def kurtosis(x: pl.Expr) -> pl.Expr:
    """Excess kurtosis of the values as a population: not corrected for the bias of few values; null without spread."""
    made = _number(x).kurtosis()
    return pl.when(made.is_finite()).then(made)


@aggregation("NUM_UNIQUE", "any", output="integer", sql="count(DISTINCT {0})", kernel="num_unique",
             equals=("num_unique",), empty=0)  # fmt: skip
def num_unique(x: pl.Expr) -> pl.Expr:
    """Number of different known values."""
    return _known(x).n_unique().cast(pl.Float64)


@aggregation("UNIQUE_SHARE", "any", sql="count(DISTINCT {0}) / nullif(count({0}), 0)", equals=("percent_unique",))
def unique_share(x: pl.Expr) -> pl.Expr:
    """Different known values over known values."""
    return pl.when(x.count() > 0).then(_known(x).n_unique() / x.count())


@aggregation("ROWS_PER_UNIQUE", "any", sql="count({0}) / nullif(count(DISTINCT {0}), 0)",
             equals=("average_count_per_unique",))  # fmt: skip
def rows_per_unique(x: pl.Expr) -> pl.Expr:
    """Known values per different value."""
    return pl.when(x.count() > 0).then(x.count() / _known(x).n_unique())


@aggregation("MODE", "any", output="same", kernel="mode", equals=("mode",))
def mode(x: pl.Expr) -> pl.Expr:
    """Most frequent value; the smallest of them at a tie."""
    return _known(x).mode().min()


@aggregation("MODE_SHARE", "any")
def mode_share(x: pl.Expr) -> pl.Expr:
    """Share of known values that are the most frequent one."""
    return pl.when(x.count() > 0).then(_known(x).unique_counts().max() / x.count())


@aggregation("ENTROPY", "any", sql="entropy({0}) * ln(2)", kernel="entropy", equals=("entropy",))
def entropy(x: pl.Expr) -> pl.Expr:
    """Entropy of the values' shares in nats."""
    counts = _known(x).unique_counts()
    share = counts / counts.sum()
    return pl.when(x.count() > 0).then((-(share * share.log()).sum()).clip(lower_bound=0.0))


@aggregation("FIRST", "any", output="same", kernel="first", timed=True, sql="arg_min({0}, {t})")
def first(x: pl.Expr) -> pl.Expr:
    """First known value in time."""
    return _known(x).first()


@aggregation("LAST", "any", output="same", kernel="last", timed=True, sql="arg_max({0}, {t})")
def last(x: pl.Expr) -> pl.Expr:
    """Last known value in time."""
    return _known(x).last()


@aggregation("FIRST_ROW", "any", output="same", kernel="first_row", timed=True, equals=("first",))
def first_row(x: pl.Expr) -> pl.Expr:
    """Value of the first row in time, missing or not."""
    return x.first()


@aggregation("LAST_ROW", "any", output="same", kernel="last_row", timed=True, equals=("last",))
def last_row(x: pl.Expr) -> pl.Expr:
    """Value of the last row in time, missing or not."""
    return x.last()


@aggregation("SHARE_TRUE", "boolean", kernel="mean", sql="avg(CAST({0} AS INT))", equals=("percent_true",))
def share_true(x: pl.Expr) -> pl.Expr:
    """Share of known values that are true."""
    return x.cast(pl.Float64).mean()


@aggregation("NUM_TRUE", "boolean", output="integer", kernel="sum", equals=("num_true",), empty=0,
             sql="coalesce(sum(CAST({0} AS INT)), 0)")  # fmt: skip
def num_true(x: pl.Expr) -> pl.Expr:
    """Number of true values."""
    return x.cast(pl.Float64).sum()


@aggregation("ANY", "boolean", kernel="max", output="boolean", sql="max(CAST({0} AS INT))", equals=("any",))
def any_true(x: pl.Expr) -> pl.Expr:
    """1 when some value is true, 0 when none is."""
    return x.cast(pl.Float64).max()


@aggregation("ALL", "boolean", kernel="min", output="boolean", sql="min(CAST({0} AS INT))", equals=("all",))
def all_true(x: pl.Expr) -> pl.Expr:
    """1 when every known value is true, 0 when one is not."""
    return x.cast(pl.Float64).min()


@aggregation(
    "TREND",
    "number",
    "time",
    kernel="trend",
    timed=True,
    equals=("trend",),
    sql=("regr_slope({0}, epoch({1}) / 86400.0)"),
)
def trend(x: pl.Expr, moment: pl.Expr) -> pl.Expr:
    """Least-squares slope per day; null when all values stand at one moment."""
    known = x.is_not_null()
    days = (moment.cast(pl.Datetime("us")).dt.timestamp("us").filter(known)) * (1 / 86_400e6)
    b = days - days.mean()
    y = x.cast(pl.Float64).drop_nulls()
    slope = (b * (y - y.mean())).sum() / (b * b).sum()
    return pl.when((days.max() > days.min()) & slope.is_finite()).then(slope)


@aggregation(
    "TIME_SPAN", "time", sql="(epoch(max({0})) - epoch(min({0}))) / 86400.0", equals=("first_last_time_delta",)
)
def time_span(x: pl.Expr) -> pl.Expr:
    """Days from the earliest to the latest moment."""
    stamp = x.cast(pl.Datetime("us")).dt.timestamp("us")
    return (stamp.max() - stamp.min()) * (1 / 86_400e6)


@aggregation("MEAN_GAP", "time", equals=("avg_time_between",),
             sql="(epoch(max({0})) - epoch(min({0}))) / 86400.0 / nullif(count({0}) - 1, 0)")  # fmt: skip
def mean_gap(x: pl.Expr) -> pl.Expr:
    """Mean days between one event and the next; null below two."""
    stamp = x.cast(pl.Datetime("us")).dt.timestamp("us")
    return pl.when(x.count() > 1).then((stamp.max() - stamp.min()) * (1 / 86_400e6) / (x.count() - 1))


@aggregation("MAX_GAP", "time")
def max_gap(x: pl.Expr) -> pl.Expr:
    """Most days between one event and the next; null below two."""
    return x.cast(pl.Datetime("us")).dt.timestamp("us").drop_nulls().sort().diff().max() * (1 / 86_400e6)


@aggregation("STD_GAP", "time")
def std_gap(x: pl.Expr) -> pl.Expr:
    """Standard deviation of the days between one event and the next; null below three."""
    return x.cast(pl.Datetime("us")).dt.timestamp("us").drop_nulls().sort().diff().std() * (1 / 86_400e6)


@aggregation("FIRST_TIME", "time", output="time", sql="min({0})", equals=("date_first_event",))
def first_time(x: pl.Expr) -> pl.Expr:
    """Earliest moment."""
    return x.min()


def _calendar(name: str, equal: str, sql: str, about: str, part: Callable[[pl.Expr], pl.Expr]) -> None:
    def function(x: pl.Expr) -> pl.Expr:
        return part(x.drop_nulls()).n_unique().cast(pl.Float64)

    function.__doc__ = about
    aggregation(name, "time", output="integer", sql=f"count(DISTINCT {sql})", equals=(equal,), empty=0)(function)


_calendar("UNIQUE_DAYS", "n_unique_days", "CAST({0} AS DATE)", "Number of different dates.", lambda x: x.dt.date())
_calendar("UNIQUE_DAYS_OF_YEAR", "n_unique_days_of_calendar_year", "month({0}) * 100 + day({0})",
          "Number of different days of the year, of whatever year.",
          lambda x: x.dt.month().cast(pl.Int32) * 100 + x.dt.day().cast(pl.Int32))  # fmt: skip
_calendar("UNIQUE_DAYS_OF_MONTH", "n_unique_days_of_month", "day({0})", "Number of different days of the month.",
          lambda x: x.dt.day())  # fmt: skip
_calendar("UNIQUE_MONTHS", "n_unique_months", "date_trunc('month', {0})", "Number of different months of the calendar.",
          lambda x: x.dt.month_start().dt.date())  # fmt: skip
_calendar("UNIQUE_WEEKS", "n_unique_weeks", "date_trunc('week', {0})", "Number of different weeks of the calendar.",
          lambda x: x.dt.date().dt.truncate("1w"))  # fmt: skip


def _counting(name: str, equal: str, sql: str, about: str, **parameters: Any) -> None:
    def function(x: pl.Expr, **given: float) -> pl.Expr:
        value = x.cast(pl.Float64)
        conditions = {
            "COUNT_GREATER_THAN": lambda: value > given["than"],
            "COUNT_LESS_THAN": lambda: value < given["than"],
            "COUNT_INSIDE_RANGE": lambda: value.is_between(given["low"], given["high"]),
            "COUNT_OUTSIDE_RANGE": lambda: (value < given["low"]) | (value > given["high"]),
            "COUNT_ABOVE_MEAN": lambda: value > value.mean(),
            "COUNT_BELOW_MEAN": lambda: value < value.mean(),
            "COUNT_INSIDE_STDS": lambda: (value - value.mean()).abs() <= given["n"] * value.std(),
            "COUNT_OUTSIDE_STDS": lambda: (value - value.mean()).abs() > given["n"] * value.std(),
            "MIN_COUNT": lambda: value == value.min(),
            "MAX_COUNT": lambda: value == value.max(),
            "MEDIAN_COUNT": lambda: value == value.median(),
        }
        made: pl.Expr = conditions[name]().sum().cast(pl.Float64)
        return made

    function.__doc__ = about
    aggregation(name, "number", output="integer", sql=sql, equals=(equal,), empty=0, **parameters)(function)


_counting("COUNT_GREATER_THAN", "count_greater_than", "count(*) FILTER ({0} > {than})",
          "Number of values above a constant.", than=10.0)  # fmt: skip
_counting("COUNT_LESS_THAN", "count_less_than", "count(*) FILTER ({0} < {than})",
          "Number of values below a constant.", than=10.0)  # fmt: skip
_counting("COUNT_INSIDE_RANGE", "count_inside_range", "count(*) FILTER ({0} BETWEEN {low} AND {high})",
          "Number of values within two constants, both included.", low=0.0, high=1.0)  # fmt: skip
_counting("COUNT_OUTSIDE_RANGE", "count_outside_range", "count(*) FILTER ({0} < {low} OR {0} > {high})",
          "Number of values outside two constants.", low=0.0, high=1.0)  # fmt: skip
_counting("COUNT_ABOVE_MEAN", "count_above_mean", "", "Number of values above their mean.")
_counting("COUNT_BELOW_MEAN", "count_below_mean", "", "Number of values below their mean.")
_counting("COUNT_INSIDE_STDS", "count_inside_nth_std", "", "Number of values within n deviations of the mean.", n=1.0)
_counting("COUNT_OUTSIDE_STDS", "count_outside_nth_std", "", "Number of values beyond n deviations.", n=1.0)
_counting("MIN_COUNT", "min_count", "", "Number of values equal to the smallest.")
_counting("MAX_COUNT", "max_count", "", "Number of values equal to the largest.")
_counting("MEDIAN_COUNT", "median_count", "", "Number of values equal to the median.")


@aggregation("IS_UNIQUE", "any", output="boolean", equals=("is_unique", "has_no_duplicates"),
             sql="CASE WHEN count({0}) > 0 THEN CAST(count({0}) = count(DISTINCT {0}) AS DOUBLE) END")  # fmt: skip
def is_unique(x: pl.Expr) -> pl.Expr:
    """1 when no known value comes twice; null without values."""
    return pl.when(x.count() > 0).then((_known(x).n_unique() == x.count()).cast(pl.Float64))


@aggregation("N_MOST_COMMON", "any", output="same", rank=1, equals=("n_most_common",))
def n_most_common(x: pl.Expr, rank: int) -> pl.Expr:
    """Value of a given rank by frequency; the smaller first at a tie."""
    runs = _known(x).sort().rle()
    ordered = runs.sort_by([runs.struct.field("len"), runs.struct.field("value")], descending=[True, False])
    return ordered.struct.field("value").get(int(rank) - 1, null_on_oob=True)


@aggregation("N_MOST_COMMON_COUNT", "any", output="integer", rank=1, equals=("n_most_common_frequency",))
def n_most_common_count(x: pl.Expr, rank: int) -> pl.Expr:
    """How often the value of a given rank by frequency comes."""
    return _known(x).unique_counts().sort(descending=True).get(int(rank) - 1, null_on_oob=True).cast(pl.Float64)


def _since(name: str, kind: str, equal: str, about: str, sql: str = "", kernel: str = "") -> None:
    def function(*given: pl.Expr) -> pl.Expr:
        moment, cutoff = given[-2], given[-1]
        stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
        now = cutoff.cast(pl.Datetime("us")).dt.timestamp("us").first()
        at = {
            "DAYS_SINCE_LAST": lambda: stamp.max(),
            "DAYS_SINCE_FIRST": lambda: stamp.min(),
            "DAYS_SINCE_TRUE": lambda: stamp.filter(given[0]).max(),
            "DAYS_SINCE_FALSE": lambda: stamp.filter(~given[0]).max(),
            "DAYS_SINCE_MAX": lambda: stamp.filter(given[0] == given[0].max()).first(),
            "DAYS_SINCE_MIN": lambda: stamp.filter(given[0] == given[0].min()).first(),
        }[name]()
        made: pl.Expr = (now - at) * (1 / 86_400e6)
        return made

    function.__doc__ = about
    kinds = ("time", "cutoff") if kind == "time" else (kind, "time", "cutoff")
    aggregation(name, *kinds, timed=True, equals=(equal,), sql=sql, kernel=kernel)(function)


_since("DAYS_SINCE_LAST", "time", "time_since_last", "Days from the last event to the cutoff.",
       "(epoch({c}) - epoch(max({0}))) / 86400.0", "since_last")  # fmt: skip
_since("DAYS_SINCE_FIRST", "time", "time_since_first", "Days from the first event to the cutoff.",
       "(epoch({c}) - epoch(min({0}))) / 86400.0", "since_first")  # fmt: skip
_since("DAYS_SINCE_TRUE", "boolean", "time_since_last_true", "Days from the last true value to the cutoff.")
_since("DAYS_SINCE_FALSE", "boolean", "time_since_last_false", "Days from the last false value to the cutoff.")
_since("DAYS_SINCE_MAX", "number", "time_since_last_max", "Days from the first largest value to the cutoff.")
_since("DAYS_SINCE_MIN", "number", "time_since_last_min", "Days from the first smallest value to the cutoff.")


def _days_until(moment: pl.Expr, cutoff: pl.Expr) -> pl.Expr:
    """Days from the earliest moment to the cutoff."""
    stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
    return (cutoff.cast(pl.Datetime("us")).dt.timestamp("us").first() - stamp.min()) * (1 / 86_400e6)


@aggregation("ROWS_PER_DAY", "time", "cutoff", timed=True,
             sql="count({0}) / nullif((epoch({c}) - epoch(min({0}))) / 86400.0, 0)")  # fmt: skip
def rows_per_day(moment: pl.Expr, cutoff: pl.Expr) -> pl.Expr:
    """Events per day from the first of them to the cutoff."""
    made = moment.count() / _days_until(moment, cutoff)
    return pl.when(made.is_finite()).then(made)


@aggregation("SUM_PER_DAY", "number", "time", "cutoff", timed=True,
             sql="coalesce(sum({0}), 0) / nullif((epoch({c}) - epoch(min({1}))) / 86400.0, 0)")  # fmt: skip
def sum_per_day(x: pl.Expr, moment: pl.Expr, cutoff: pl.Expr) -> pl.Expr:
    """Sum per day from the first event to the cutoff."""
    made = x.cast(pl.Float64).sum() / _days_until(moment, cutoff)
    return pl.when(made.is_finite()).then(made)
