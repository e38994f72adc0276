"""Aggregations and transforms of values in the order of time: streaks, turns, lags, moving and growing windows."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from autoprep.primitives.primitive import aggregation, transform


def _runs(condition: pl.Expr) -> pl.Expr:
    """Length of the longest run of true values; 0 without values."""
    runs = condition.fill_null(False).rle()
    longest = runs.struct.field("len").filter(runs.struct.field("value")).max()
    return longest.fill_null(0).cast(pl.Float64)


def _streak(name: str, kind: str, equal: str, about: str, holds: Callable[[pl.Expr], pl.Expr]) -> None:
    def function(x: pl.Expr) -> pl.Expr:
        return _runs(holds(x.drop_nulls()))

    function.__doc__ = about
    aggregation(name, kind, output="integer", timed=True, equals=(equal,), empty=0)(function)


_streak("LONGEST_TRUE", "boolean", "max_consecutive_true", "Longest run of true values.", lambda x: x)
_streak("LONGEST_FALSE", "boolean", "max_consecutive_false", "Longest run of false values.", lambda x: ~x)
_streak("LONGEST_POSITIVE", "number", "max_consecutive_positives", "Longest run above 0.", lambda x: x > 0)
_streak("LONGEST_NEGATIVE", "number", "max_consecutive_negatives", "Longest run below 0.", lambda x: x < 0)
_streak("LONGEST_ZERO", "number", "max_consecutive_zeros", "Longest run of zeros.", lambda x: x == 0)
_streak("LONGEST_ABOVE_MEAN", "number", "num_consecutive_greater_mean", "Longest run above the mean.",
        lambda x: x > x.mean())  # fmt: skip
_streak("LONGEST_BELOW_MEAN", "number", "num_consecutive_less_mean", "Longest run below the mean.",
        lambda x: x < x.mean())  # fmt: skip


@aggregation("ZERO_CROSSINGS", "number", output="integer", timed=True, equals=("num_zero_crossings",), empty=0)
def zero_crossings(x: pl.Expr) -> pl.Expr:
    """Number of changes of sign from one value to the next, zeros left out."""
    sign = x.cast(pl.Float64).filter(x != 0).sign()
    return (sign != sign.shift(1)).sum().cast(pl.Float64)


@aggregation("PEAKS", "number", output="integer", timed=True, equals=("num_peaks",), empty=0)
def peaks(x: pl.Expr) -> pl.Expr:
    """Number of values (or flat tops) above both neighbours."""
    value = x.cast(pl.Float64).drop_nulls().rle().struct.field("value")
    return ((value > value.shift(1)) & (value > value.shift(-1))).sum().cast(pl.Float64)


@aggregation("IS_INCREASING", "number", output="boolean", timed=True, equals=("is_monotonically_increasing",))
def is_increasing(x: pl.Expr) -> pl.Expr:
    """1 when no value is below the one before it; null without values."""
    least = x.cast(pl.Float64).drop_nulls().diff().min().fill_null(0.0)
    return pl.when(x.count() > 0).then((least >= 0).cast(pl.Float64))


@aggregation("IS_DECREASING", "number", output="boolean", timed=True, equals=("is_monotonically_decreasing",))
def is_decreasing(x: pl.Expr) -> pl.Expr:
    """1 when no value is above the one before it; null without values."""
    most = x.cast(pl.Float64).drop_nulls().diff().max().fill_null(0.0)
    return pl.when(x.count() > 0).then((most <= 0).cast(pl.Float64))


@aggregation(
    "TRUE_SINCE_FALSE", "boolean", output="integer", timed=True, equals=("num_true_since_last_false",), empty=0
)
def true_since_false(x: pl.Expr) -> pl.Expr:
    """Number of true values after the last false one; of all when there is none."""
    tail = x.drop_nulls().reverse().cum_min()
    return tail.sum().cast(pl.Float64)


@aggregation(
    "FALSE_SINCE_TRUE", "boolean", output="integer", timed=True, equals=("num_false_since_last_true",), empty=0
)
def false_since_true(x: pl.Expr) -> pl.Expr:
    """Number of false values after the last true one; of all when there is none."""
    return (~x.drop_nulls()).reverse().cum_min().sum().cast(pl.Float64)


@aggregation("MEAN_CHANGE", "number", timed=True)
def mean_change(x: pl.Expr) -> pl.Expr:
    """Mean step from one value to the next."""
    return x.cast(pl.Float64).drop_nulls().diff().mean()


@aggregation("MEAN_ABSOLUTE_CHANGE", "number", timed=True)
def mean_absolute_change(x: pl.Expr) -> pl.Expr:
    """Mean size of the step from one value to the next."""
    return x.cast(pl.Float64).drop_nulls().diff().abs().mean()


@aggregation("LAST_CHANGE", "number", timed=True)
def last_change(x: pl.Expr) -> pl.Expr:
    """Last value less the one before it."""
    return x.cast(pl.Float64).drop_nulls().diff().last()


@aggregation("EWMA", "number", "time", timed=True, kernel="ewma", half_life=7.0)
def ewma(x: pl.Expr, moment: pl.Expr, half_life: float) -> pl.Expr:
    """Mean weighted by age: the weight halves with every half-life (days) before the last known value."""
    known = x.is_not_null()
    days = moment.cast(pl.Datetime("us")).dt.timestamp("us").filter(known) * (1 / 86_400e6)
    weight = ((days - days.max()) * (0.6931471805599453 / half_life)).exp()
    value = x.cast(pl.Float64).drop_nulls()
    made = (value * weight).sum() / weight.sum()
    return pl.when(made.is_finite()).then(made)


# --- transforms: along the rows of a group in the order of time ---


def _float(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Float64)


@transform("LAG", "any", output="same", order="time", equals=("lag", "numeric_lag"), periods=1)
def lag(x: pl.Expr, periods: int) -> pl.Expr:
    """Value of an earlier row."""
    return x.shift(int(periods))


@transform("CHANGE", "number", order="time", equals=("diff",), periods=1)
def change(x: pl.Expr, periods: int) -> pl.Expr:
    """Value less that of an earlier row."""
    return _float(x) - _float(x).shift(int(periods))


@transform("ABSOLUTE_CHANGE", "number", order="time", equals=("absolute_diff",))
def absolute_change(x: pl.Expr) -> pl.Expr:
    """Size of the change from the row before; a missing value counts as unchanged."""
    return (_float(x).forward_fill() - _float(x).forward_fill().shift(1)).abs()


@transform("PERCENT_CHANGE", "number", order="time", equals=("percent_change",))
def percent_change(x: pl.Expr) -> pl.Expr:
    """Change from the row before as a share of it."""
    value = _float(x).forward_fill()
    made = value / value.shift(1) - 1
    return pl.when(made.is_finite()).then(made)


@transform("SAME_AS_PREVIOUS", "number", output="boolean", order="time", equals=("same_as_previous",))
def same_as_previous(x: pl.Expr) -> pl.Expr:
    """Whether the value is that of the row before; a missing value counts as unchanged."""
    return (x.forward_fill() == x.forward_fill().shift(1)).fill_null(False)


@transform("DAYS_SINCE_PREVIOUS", "time", order="time", equals=("time_since_previous", "diff_datetime"))
def days_since_previous(moment: pl.Expr) -> pl.Expr:
    """Days since the row before."""
    stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
    return (stamp - stamp.shift(1)) * (1 / 86_400e6)


@transform("RATE_OF_CHANGE", "number", "time", order="time", equals=("rate_of_change",))
def rate_of_change(x: pl.Expr, moment: pl.Expr) -> pl.Expr:
    """Change from the row before per day."""
    made = change(x, 1) / days_since_previous(moment)
    return pl.when(made.is_finite()).then(made)


@transform("RANK_SHARE", "number", order="time", equals=("percentile",))
def rank_share(x: pl.Expr) -> pl.Expr:
    """Mean rank as a share of the known values, in (0, 1]."""
    return _float(x).rank("average") / _float(x).count()


def _growing(name: str, equals: tuple[str, ...], about: str, made: Callable[[pl.Expr], pl.Expr]) -> None:
    def function(x: pl.Expr) -> pl.Expr:
        return made(_float(x))

    function.__doc__ = about
    transform(name, "number", order="time", equals=equals)(function)


_growing("CUM_SUM", ("cum_sum",), "Sum of the values up to the row.", lambda x: x.cum_sum())
_growing(
    "CUM_COUNT", ("cum_count",), "Number of rows up to the row.", lambda x: x.is_null().cum_count().cast(pl.Float64)
)
_growing("CUM_MIN", ("cum_min",), "Smallest value up to the row.", lambda x: x.cum_min())
_growing("CUM_MAX", ("cum_max",), "Largest value up to the row.", lambda x: x.cum_max())
_growing("CUM_MEAN", ("cum_mean",), "Mean of the values up to the row.", lambda x: x.cum_sum() / x.cum_count())
_growing("EXPANDING_COUNT", ("expanding_count",), "Number of rows before the row.",
         lambda x: x.is_null().cum_count().shift(1).cast(pl.Float64))  # fmt: skip
_growing(
    "EXPANDING_MIN", ("expanding_min",), "Smallest value before the row.", lambda x: x.cum_min().forward_fill().shift(1)
)
_growing(
    "EXPANDING_MAX", ("expanding_max",), "Largest value before the row.", lambda x: x.cum_max().forward_fill().shift(1)
)
_growing("EXPANDING_MEAN", ("expanding_mean",), "Mean of the values before the row.",
         lambda x: (x.cum_sum().forward_fill() / x.cum_count()).shift(1))  # fmt: skip
_growing("EXPANDING_STD", ("expanding_std",), "Standard deviation of the values before the row.",
         lambda x: x.rolling_std(1 << 30, min_samples=2).forward_fill().shift(1))  # fmt: skip


def _moving(name: str, equals: tuple[str, ...], about: str, made: Callable[[pl.Expr, int], pl.Expr]) -> None:
    def function(x: pl.Expr, rows: int, gap: int) -> pl.Expr:
        return made(_float(x).shift(int(gap)), int(rows))

    function.__doc__ = about
    transform(name, "number", order="time", equals=equals, rows=3, gap=1)(function)


_moving("ROLLING_MEAN", ("rolling_mean",), "Mean of the last rows before the row.",
        lambda x, n: x.rolling_mean(n, min_samples=1))  # fmt: skip
_moving("ROLLING_STD", ("rolling_std",), "Standard deviation of the last rows before the row.",
        lambda x, n: x.rolling_std(n, min_samples=2))  # fmt: skip
_moving("ROLLING_MIN", ("rolling_min",), "Smallest of the last rows before the row.",
        lambda x, n: x.rolling_min(n, min_samples=1))  # fmt: skip
_moving("ROLLING_MAX", ("rolling_max",), "Largest of the last rows before the row.",
        lambda x, n: x.rolling_max(n, min_samples=1))  # fmt: skip
_moving("ROLLING_SUM", (), "Sum of the last rows before the row.", lambda x, n: x.rolling_sum(n, min_samples=1))
_moving("ROLLING_COUNT", ("rolling_count",), "Number of known values among the last rows before the row.",
        lambda x, n: x.is_not_null().cast(pl.Float64).rolling_sum(n, min_samples=1))  # fmt: skip


def _slope(x: pl.Expr, moment: pl.Expr, gap: int, total: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Least-squares slope per day of the rows that ``total`` sums over, ``gap`` rows before the row."""
    stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
    known = x.is_not_null() & stamp.is_not_null()
    days = pl.when(known).then((stamp - stamp.min()) * (1 / 86_400e6)).shift(gap).fill_null(0.0)
    value = pl.when(known).then(_float(x) - _float(x).mean()).shift(gap).fill_null(0.0)
    n = total(known.cast(pl.Float64).shift(gap).fill_null(0.0))
    over = n * total(days * value) - total(days) * total(value)
    under = n * total(days * days) - total(days).pow(2)
    return pl.when((n > 1) & (under > 1e-9 * total(days * days))).then(over / under)


@transform("ROLLING_TREND", "number", "time", order="time", equals=("rolling_trend",), rows=3, gap=1)
def rolling_trend(x: pl.Expr, moment: pl.Expr, rows: int, gap: int) -> pl.Expr:
    """Least-squares slope per day of the last rows before the row; null below two moments."""
    return _slope(x, moment, int(gap), lambda v: v.rolling_sum(int(rows), min_samples=1))


@transform("EXPANDING_TREND", "number", "time", order="time", equals=("expanding_trend",))
def expanding_trend(x: pl.Expr, moment: pl.Expr) -> pl.Expr:
    """Least-squares slope per day of all rows before the row; null below two moments."""
    return _slope(x, moment, 1, lambda v: v.cum_sum())


@transform("EWM_MEAN", "number", order="time", equals=("exponential_weighted_average",), com=0.5)
def ewm_mean(x: pl.Expr, com: float) -> pl.Expr:
    """Exponentially weighted mean up to the row, by centre of mass."""
    return _float(x).ewm_mean(com=com, ignore_nulls=False).forward_fill()


@transform("EWM_STD", "number", order="time", equals=("exponential_weighted_std",), com=0.5)
def ewm_std(x: pl.Expr, com: float) -> pl.Expr:
    """Exponentially weighted standard deviation up to the row, by centre of mass."""
    return _float(x).ewm_std(com=com, ignore_nulls=False).forward_fill()


@transform("EWM_VARIANCE", "number", order="time", equals=("exponential_weighted_variance",), com=0.5)
def ewm_variance(x: pl.Expr, com: float) -> pl.Expr:
    """Exponentially weighted variance up to the row, by centre of mass."""
    return _float(x).ewm_var(com=com, ignore_nulls=False).forward_fill()


def _since(name: str, equal: str, about: str, wanted: bool) -> None:
    def function(x: pl.Expr, moment: pl.Expr) -> pl.Expr:
        stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
        at = pl.when(x if wanted else ~x).then(stamp).forward_fill()
        return (stamp - at) * (1 / 86_400e6)

    function.__doc__ = about
    transform(name, "boolean", "time", order="time", equals=(equal,))(function)


_since("DAYS_SINCE_TRUE", "cumulative_time_since_last_true", "Days since the last row that is true.", True)
_since("DAYS_SINCE_FALSE", "cumulative_time_since_last_false", "Days since the last row that is false.", False)


def _resampled(x: pl.Expr, moment: pl.Expr, hours: float) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Sums of the periods that have values, how many these are, and how many lie from the first to the last."""
    stamp = moment.cast(pl.Datetime("us")).dt.timestamp("us")
    known = x.is_not_null() & stamp.is_not_null()
    period = stamp.filter(known) // round(hours * 3_600_000_000)
    value = x.cast(pl.Float64).filter(known).sort_by(period, maintain_order=True)
    period = period.sort()
    ends = (period != period.shift(-1)).fill_null(True)
    total = value.cum_sum().filter(ends)
    return total - total.shift(1).fill_null(0.0), ends.sum(), period.last() - period.first() + 1


@aggregation("PERIOD_MEAN", "number", "time", timed=True, hours=24.0)
def period_mean(x: pl.Expr, moment: pl.Expr, hours: float) -> pl.Expr:
    """Mean of the sums of periods of some hours, from the first to the last with a value; empty ones are 0."""
    sums, _, periods = _resampled(x, moment, hours)
    return pl.when(periods.is_not_null()).then(sums.sum() / periods)


@aggregation("PERIOD_STD", "number", "time", timed=True, hours=24.0)
def period_std(x: pl.Expr, moment: pl.Expr, hours: float) -> pl.Expr:
    """Sample standard deviation of the sums of periods of some hours; empty ones are 0, null below two periods."""
    sums, held, periods = _resampled(x, moment, hours)
    mean = sums.sum() / periods
    square = ((sums - mean) ** 2).sum() + (periods - held) * mean**2
    return pl.when(periods > 1).then((square / (periods - 1)).sqrt())


@aggregation("PERIOD_MAX", "number", "time", timed=True, hours=24.0)
def period_max(x: pl.Expr, moment: pl.Expr, hours: float) -> pl.Expr:
    """Largest sum of a period of some hours, from the first to the last with a value; empty ones are 0."""
    sums, held, periods = _resampled(x, moment, hours)
    return pl.when(periods > held).then(pl.max_horizontal(sums.max(), pl.lit(0.0))).otherwise(sums.max())
