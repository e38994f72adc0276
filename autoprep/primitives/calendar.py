"""Transforms of dates and times: calendar parts, cycles, distances in time."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import polars as pl

from autoprep.errors import SettingError, did_you_mean
from autoprep.primitives.primitive import transform

DAY_US = 86_400_000_000


def _microseconds(moment: pl.Expr) -> pl.Expr:
    return moment.cast(pl.Datetime("us")).dt.timestamp("us")


def _days(microseconds: pl.Expr) -> pl.Expr:
    """Whole days exactly, and the rest as a fraction.

    Polars divides a long column by a constant by way of its reciprocal and a single row truly, so a constant is only
    ever multiplied by: one row must give the numbers of a million.
    """
    return microseconds // DAY_US + (microseconds % DAY_US) * (1.0 / DAY_US)


@transform("YEAR", "time", output="integer", sql="year({0})", equals=("year",))
def year(moment: pl.Expr) -> pl.Expr:
    """Calendar year."""
    return moment.dt.year()


@transform("QUARTER", "time", output="integer", sql="quarter({0})", equals=("quarter",))
def quarter(moment: pl.Expr) -> pl.Expr:
    """Quarter of the year, 1 to 4."""
    return moment.dt.quarter()


@transform("MONTH", "time", output="integer", sql="month({0})", equals=("month",))
def month(moment: pl.Expr) -> pl.Expr:
    """Month of the year, 1 to 12."""
    return moment.dt.month()


@transform("WEEK", "time", output="integer", sql="weekofyear({0})", equals=("week",))
def week(moment: pl.Expr) -> pl.Expr:
    """ISO 8601 week of the year, 1 to 53."""
    return moment.dt.week()


@transform("DAY", "time", output="integer", sql="day({0})", equals=("day",))
def day(moment: pl.Expr) -> pl.Expr:
    """Day of the month, 1 to 31."""
    return moment.dt.day()


@transform("WEEKDAY", "time", output="integer", sql="isodow({0}) - 1", equals=("weekday",))
def weekday(moment: pl.Expr) -> pl.Expr:
    """Day of the week, Monday 0 to Sunday 6."""
    return moment.dt.weekday() - 1


@transform("DAY_OF_YEAR", "time", output="integer", sql="dayofyear({0})", equals=("day_of_year",))
def day_of_year(moment: pl.Expr) -> pl.Expr:
    """Day of the year, 1 to 366."""
    return moment.dt.ordinal_day()


@transform("DAYS_IN_MONTH", "time", output="integer", sql="day(last_day({0}))", equals=("days_in_month",))
def days_in_month(moment: pl.Expr) -> pl.Expr:
    """Number of days in the month."""
    return moment.dt.month_end().dt.day()


@transform("HOUR", "time", output="integer", sql="hour({0})", equals=("hour",))
def hour(moment: pl.Expr) -> pl.Expr:
    """Hour of the day, 0 to 23."""
    return moment.cast(pl.Datetime("us")).dt.hour()


@transform("MINUTE", "time", output="integer", sql="minute({0})", equals=("minute",))
def minute(moment: pl.Expr) -> pl.Expr:
    """Minute of the hour, 0 to 59."""
    return moment.cast(pl.Datetime("us")).dt.minute()


@transform("SECOND", "time", output="integer", sql="second({0})", equals=("second",))
def second(moment: pl.Expr) -> pl.Expr:
    """Second of the minute, 0 to 59."""
    return moment.cast(pl.Datetime("us")).dt.second()


@transform("IS_WEEKEND", "time", output="boolean", sql="isodow({0}) >= 6", equals=("is_weekend",))
def is_weekend(moment: pl.Expr) -> pl.Expr:
    """Whether the day is a Saturday or a Sunday."""
    return moment.dt.weekday() >= 6


@transform("IS_MONTH_START", "time", output="boolean", sql="day({0}) = 1", equals=("is_month_start",))
def is_month_start(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the first of its month."""
    return moment.dt.day() == 1


@transform("IS_MONTH_END", "time", output="boolean", sql="day({0}) = day(last_day({0}))", equals=("is_month_end",))
def is_month_end(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the last of its month."""
    return moment.dt.day() == moment.dt.month_end().dt.day()


@transform(
    "IS_QUARTER_START",
    "time",
    output="boolean",
    sql="day({0}) = 1 AND month({0}) % 3 = 1",
    equals=("is_quarter_start",),
)
def is_quarter_start(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the first of a quarter."""
    return (moment.dt.day() == 1) & (moment.dt.month() % 3 == 1)


@transform(
    "IS_QUARTER_END",
    "time",
    output="boolean",
    sql="day({0}) = day(last_day({0})) AND month({0}) % 3 = 0",
    equals=("is_quarter_end",),
)
def is_quarter_end(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the last of a quarter."""
    return (moment.dt.day() == moment.dt.month_end().dt.day()) & (moment.dt.month() % 3 == 0)


@transform("IS_YEAR_START", "time", output="boolean", sql="dayofyear({0}) = 1", equals=("is_year_start",))
def is_year_start(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the first of January."""
    return moment.dt.ordinal_day() == 1


@transform("IS_YEAR_END", "time", output="boolean", sql="day({0}) = 31 AND month({0}) = 12", equals=("is_year_end",))
def is_year_end(moment: pl.Expr) -> pl.Expr:
    """Whether the day is the 31st of December."""
    return (moment.dt.day() == 31) & (moment.dt.month() == 12)


@transform(
    "IS_LEAP_YEAR",
    "time",
    output="boolean",
    sql="day(last_day(make_date(year({0}), 2, 1))) = 29",
    equals=("is_leap_year",),
)
def is_leap_year(moment: pl.Expr) -> pl.Expr:
    """Whether the year has a 29th of February."""
    return moment.dt.is_leap_year()


@transform("IS_LUNCH_TIME", "time", output="boolean", sql="hour({0}) = {hour}", equals=("is_lunch_time",), hour=12)
def is_lunch_time(moment: pl.Expr, hour: int) -> pl.Expr:
    """Whether the hour of the day is the lunch hour."""
    return moment.cast(pl.Datetime("us")).dt.hour() == hour


@transform(
    "IS_WORKING_HOURS",
    "time",
    output="boolean",
    sql="hour({0}) >= {start} AND hour({0}) <= {end}",
    equals=("is_working_hours",),
    start=8,
    end=18,
)
def is_working_hours(moment: pl.Expr, start: int, end: int) -> pl.Expr:
    """Whether the hour of the day lies in working hours, both ends included."""
    return moment.cast(pl.Datetime("us")).dt.hour().is_between(start, end)


@transform(
    "PART_OF_DAY",
    "time",
    output="category",
    equals=("part_of_day",),
    sql=(
        "CASE WHEN hour({0}) BETWEEN 4 AND 5 THEN 'dawn' WHEN hour({0}) BETWEEN 6 AND 7 THEN 'early morning' "
        "WHEN hour({0}) BETWEEN 8 AND 10 THEN 'late morning' WHEN hour({0}) BETWEEN 11 AND 13 THEN 'noon' "
        "WHEN hour({0}) BETWEEN 14 AND 16 THEN 'afternoon' WHEN hour({0}) BETWEEN 17 AND 19 THEN 'evening' "
        "WHEN hour({0}) BETWEEN 20 AND 22 THEN 'night' WHEN hour({0}) IS NULL THEN NULL ELSE 'midnight' END"
    ),
)
def part_of_day(moment: pl.Expr) -> pl.Expr:
    """Part of the day in words, dawn to midnight."""
    hour_of = moment.cast(pl.Datetime("us")).dt.hour()
    chain: Any = pl.when(hour_of.is_null()).then(None)
    for low, high, word in (
        (4, 5, "dawn"), (6, 7, "early morning"), (8, 10, "late morning"), (11, 13, "noon"),
        (14, 16, "afternoon"), (17, 19, "evening"), (20, 22, "night"),
    ):  # fmt: skip
        chain = chain.when(hour_of.is_between(low, high)).then(pl.lit(word))
    made: pl.Expr = chain.otherwise(pl.lit("midnight"))
    return made


@transform(
    "SEASON",
    "time",
    output="category",
    equals=("season",),
    sql=(
        "CASE WHEN month({0}) IN (12, 1, 2) THEN 'winter' WHEN month({0}) IN (3, 4, 5) THEN 'spring' "
        "WHEN month({0}) IN (6, 7, 8) THEN 'summer' WHEN month({0}) IN (9, 10, 11) THEN 'fall' END"
    ),
)
def season(moment: pl.Expr) -> pl.Expr:
    """Season of the northern year by months."""
    number = moment.dt.month() % 12 // 3
    words = ("winter", "spring", "summer", "fall")
    return number.replace_strict(list(range(4)), list(words), default=None, return_dtype=pl.String)


@transform("MINUTE_OF_DAY", "time", sql="hour({0}) * 60 + minute({0})", output="integer")
def minute_of_day(moment: pl.Expr) -> pl.Expr:
    """Minutes since midnight, 0 to 1439."""
    stamp = moment.cast(pl.Datetime("us"))
    return stamp.dt.hour().cast(pl.Int32) * 60 + stamp.dt.minute().cast(pl.Int32)


@transform("EPOCH_DAYS", "time", sql="epoch({0}) / 86400.0")
def epoch_days(moment: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01, with the time of day as a fraction."""
    return _days(_microseconds(moment))


def _cycle(part: pl.Expr, period: float, function: str) -> pl.Expr:
    angle = part.cast(pl.Float64) * (2 * math.pi / period)
    return angle.sin() if function == "sin" else angle.cos()


@transform("MONTH_SIN", "time", sql="sin((month({0}) - 1) * pi() / 6)")
def month_sin(moment: pl.Expr) -> pl.Expr:
    """Sine of the month on the circle of the year."""
    return _cycle(moment.dt.month() - 1, 12, "sin")


@transform("MONTH_COS", "time", sql="cos((month({0}) - 1) * pi() / 6)")
def month_cos(moment: pl.Expr) -> pl.Expr:
    """Cosine of the month on the circle of the year."""
    return _cycle(moment.dt.month() - 1, 12, "cos")


@transform("WEEKDAY_SIN", "time", sql="sin((isodow({0}) - 1) * pi() / 3.5)")
def weekday_sin(moment: pl.Expr) -> pl.Expr:
    """Sine of the weekday on the circle of the week."""
    return _cycle(moment.dt.weekday() - 1, 7, "sin")


@transform("WEEKDAY_COS", "time", sql="cos((isodow({0}) - 1) * pi() / 3.5)")
def weekday_cos(moment: pl.Expr) -> pl.Expr:
    """Cosine of the weekday on the circle of the week."""
    return _cycle(moment.dt.weekday() - 1, 7, "cos")


@transform("HOUR_SIN", "time", sql="sin(hour({0}) * pi() / 12)")
def hour_sin(moment: pl.Expr) -> pl.Expr:
    """Sine of the hour on the circle of the day."""
    return _cycle(moment.cast(pl.Datetime("us")).dt.hour(), 24, "sin")


@transform("HOUR_COS", "time", sql="cos(hour({0}) * pi() / 12)")
def hour_cos(moment: pl.Expr) -> pl.Expr:
    """Cosine of the hour on the circle of the day."""
    return _cycle(moment.cast(pl.Datetime("us")).dt.hour(), 24, "cos")


@transform("DAYS_BETWEEN", "time", "time", sql="(epoch({0}) - epoch({1})) / 86400.0", equals=("time_since",))
def days_between(late: pl.Expr, early: pl.Expr) -> pl.Expr:
    """Days from the second moment to the first, negative when the first comes earlier."""
    return _days(_microseconds(late) - _microseconds(early))


@transform("AGE_YEARS", "time", "time", sql="(epoch({0}) - epoch({1})) / 31557600.0", equals=("age",))
def age_years(at: pl.Expr, birth: pl.Expr) -> pl.Expr:
    """Years of 365.25 days from the second moment (a birth) to the first (an event)."""
    return _days(_microseconds(at) - _microseconds(birth)) * (1 / 365.25)


def _easter(years: pl.Expr) -> pl.Expr:
    """Days from 1 March to Easter Sunday (anonymous Gregorian computus, Meeus 1991)."""
    a, b, c = years % 19, years // 100, years % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * rest) // 451
    return h + rest - 7 * m + 21


@transform("DAYS_FROM_EASTER", "time", output="integer")
def days_from_easter(moment: pl.Expr) -> pl.Expr:
    """Days from the year's Easter Sunday (Gregorian) to the date, negative before it."""
    years = moment.dt.year().cast(pl.Int32)
    march = pl.date(years, 3, 1)
    return (moment.cast(pl.Date).cast(pl.Int32) - march.cast(pl.Int32)) - _easter(years)


@transform("IS_FEDERAL_HOLIDAY", "time", output="boolean", equals=("is_federal_holiday",))
def is_federal_holiday(moment: pl.Expr) -> pl.Expr:
    """Whether the day is a federal holiday of the United States (5 U.S.C. 6103; days observed are not shifted)."""
    m, d, w = moment.dt.month(), moment.dt.day(), moment.dt.weekday()
    nth = (d - 1) // 7 + 1
    last_monday_of_may = (m == 5) & (w == 1) & (d >= 25)
    fixed = ((m == 1) & (d == 1)) | ((m == 7) & (d == 4)) | ((m == 11) & (d == 11)) | ((m == 12) & (d == 25))
    juneteenth = (m == 6) & (d == 19) & (moment.dt.year() >= 2021)
    king = (m == 1) & (w == 1) & (nth == 3)
    presidents = (m == 2) & (w == 1) & (nth == 3)
    labor = (m == 9) & (w == 1) & (nth == 1)
    columbus = (m == 10) & (w == 1) & (nth == 2)
    thanksgiving = (m == 11) & (w == 4) & (nth == 4)
    return fixed | juneteenth | king | presidents | last_monday_of_may | labor | columbus | thanksgiving


@transform("WEEK_OF_MONTH", "time", output="integer", equals=("nth_week_of_month",), begins="monday")
def week_of_month(moment: pl.Expr, begins: str) -> pl.Expr:
    """Week of the month, 1 to 6, weeks beginning on Monday or on Sunday."""
    weekday_of_first = moment.dt.month_start().dt.weekday()
    lead = weekday_of_first % 7 if begins == "sunday" else weekday_of_first - 1
    return (moment.dt.day() + lead - 1) // 7 + 1


@transform("IS_FIRST_WEEK_OF_MONTH", "time", output="boolean", equals=("is_first_week_of_month",), begins="monday")
def is_first_week_of_month(moment: pl.Expr, begins: str) -> pl.Expr:
    """Whether the date lies in the month's first week, weeks beginning on Monday or on Sunday."""
    return week_of_month(moment, begins) == 1


YEARS = range(1950, 2061)


def _holidays(country: str) -> dict[date, str]:
    """Public holidays of a country from 1950 to 2060, by the ``holidays`` package."""
    try:
        import holidays
    except ImportError:
        raise SettingError("public holidays need the package 'holidays'", hint="pip install holidays") from None
    try:
        return dict(holidays.country_holidays(country, years=YEARS))
    except NotImplementedError:
        raise SettingError(f"no public holidays are known for '{country}'", hint="write its ISO code: DE") from None


@transform("HOLIDAY", "time", output="category", equals=("date_to_holiday",), country="US")
def holiday(moment: pl.Expr, country: str) -> pl.Expr:
    """Name of the public holiday of a country, days observed included; null on other days."""
    known = _holidays(country)
    days = pl.Series(list(known), dtype=pl.Date)
    return moment.cast(pl.Date).replace_strict(
        days, pl.Series(list(known.values())), default=None, return_dtype=pl.String
    )


@transform("DAYS_TO_HOLIDAY", "time", output="integer", equals=("distance_to_holiday",), holiday="New Year's Day",
           country="US")  # fmt: skip
def days_to_holiday(moment: pl.Expr, holiday: str, country: str) -> pl.Expr:
    """Days from the date to the nearest holiday of that name, negative after it, the one before at a tie."""
    first: dict[int, date] = {}
    for when, name in sorted(_holidays(country).items()):
        if holiday in name.split("; "):
            first.setdefault(when.year, when)
    if not first:
        names = {n for said in _holidays(country).values() for n in said.split("; ")}
        raise SettingError(f"no holiday '{holiday}' in '{country}'", hint=did_you_mean(holiday, names))
    days = pl.Series(list(first.values()), dtype=pl.Date)

    def away(year: int) -> pl.Expr:
        at = (moment.dt.year().cast(pl.Int32) + year).replace_strict(
            list(first), days, default=None, return_dtype=pl.Date
        )
        return (at - moment.cast(pl.Date)).dt.total_days()

    before, here, after = away(-1), away(0), away(1)
    nearest = pl.when(here.is_null() | (before.abs() <= here.abs())).then(before).otherwise(here)
    nearest = pl.coalesce(nearest, here)
    return pl.when(nearest.is_null() | (after.abs() < nearest.abs())).then(pl.coalesce(after, nearest)).otherwise(
        nearest
    )  # fmt: skip
