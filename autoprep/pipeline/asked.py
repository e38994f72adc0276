"""What is asked for, refused in one line where it cannot be: settings before anything is read, targets once clean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import polars as pl

from autoprep.errors import InputError, SettingError
from autoprep.types import Task

#: Share of rows, and number, beyond which classes are too many for the rows to teach any.
MOST_CLASSES, MANY = 0.5, 20
#: Share of rows that may be kept for a test.
MOST_HOLDOUT = 0.9
#: A tail is heavy where this share of the rows, the largest, makes up more than that of the squares about the mean.
TAIL_ROWS, TAIL_SQUARES = 0.02, 0.5
#: Metrics that know nothing below 0.
FROM_ZERO = ("rmsle", "poisson")
#: Seconds of a fit where nobody says how many.
USUAL_S = 60
#: Two classes hold nearly all rows from this share on, where no other has more than that of them.
NEARLY_ALL, MOST_REST = 0.9, 0.03
#: Classes with a single row that are named.
MOST_NAMED = 5


def number(name: str, value: Any, low: float, high: float = float("inf"), *, above: bool = False) -> None:
    """Refuse a setting that is no number, or outside its bounds; ``above``: the low one is outside too.

    Raises:
        SettingError: names the setting, the value and the bounds.

    Example:
        >>> number("holdout", 0.2, 0, 0.9)
    """
    known = isinstance(value, Real) and not isinstance(value, bool)
    if known and (low < value if above else low <= value) and value <= high:
        return
    least = f"above {low:g}" if above else f"from {low:g}"
    most = "" if high == float("inf") else f" to {high:g}"
    raise SettingError(f"{name} is {value!r}", hint=f"write a number {least}{most}")


def whole(name: str, value: Any, low: int, high: float = float("inf")) -> None:
    """Refuse a setting that is no whole number, or outside its bounds.

    Raises:
        SettingError: names the setting, the value and the bounds.

    Example:
        >>> whole("depth", 2, 1, 2)
    """
    known = isinstance(value, Integral) and not isinstance(value, bool)
    if known and low <= value <= high:
        return
    most = "" if high == float("inf") else f" to {high:g}"
    raise SettingError(f"{name} is {value!r}", hint=f"write a whole number from {low}{most}")


def one_name(name: str, value: Any) -> None:
    """Refuse what is not the name of one column.

    Raises:
        SettingError: a list of names, a number, or another thing.

    Example:
        >>> one_name("target", "price")
    """
    if isinstance(value, str):
        return
    hint = "write the name of one column"
    if isinstance(value, Sequence) and len(value) == 1 and isinstance(value[0], str):
        hint = f"write {name}={value[0]!r}"
    raise SettingError(f"{name} is {value!r}, which is no column's name", hint=hint)


def counted(time_budget_s: float | None, work_budget: float | None) -> float | None:
    """Seconds that count: the usual ones give way to a budget of work.

    Example:
        >>> counted(60, None), counted(60, 30), counted(20, None)
        (60, None, 20)
    """
    return None if work_budget is not None and time_budget_s == USUAL_S else time_budget_s


def budgets(time_budget_s: Any, work_budget: Any) -> None:
    """Refuse a budget that is no number above 0, and two at once (see ``counted``).

    Raises:
        SettingError: says which.

    Example:
        >>> budgets(60, None)
    """
    for name, value in (("time_budget_s", time_budget_s), ("work_budget", work_budget)):
        if value is not None:
            number(name, value, 0, above=True)
    if time_budget_s is not None and work_budget is not None:
        raise SettingError("time_budget_s and work_budget are both given", hint="give one of them")


def refuse_settings(target: Any, time_budget_s: Any, work_budget: Any, holdout: Any, seed: Any) -> None:
    """Refuse in one line, before anything is read, what no run can be made with.

    Raises:
        SettingError: names the setting, its value and what to write.

    Example:
        >>> refuse_settings("price", 60, None, 0.2, 0)
    """
    one_name("target", target)
    budgets(time_budget_s, work_budget)
    number("holdout", holdout, 0, MOST_HOLDOUT)
    whole("seed", seed, 0)


def of_target(target: str, asked: str | None, metric: Any, where: str) -> Callable[[pl.Series, Task], None]:
    """What refuses the values of a target (as cleaned, with no null among them) that cannot be what is asked for.

    Args:
        target: its name. asked: the task or goal that a person named, if one did. metric: a name, or what else judges.
        where: the source.

    Example:
        >>> of_target("sold", "count", "poisson", "shop.csv")(pl.Series([0, 3, 1]), "regression")
    """

    def refuse(y: pl.Series, task: Task) -> None:
        if task == "regression":
            _refuse_values(y.cast(pl.Float64, strict=False), target, asked, metric, where)
        else:
            _refuse_labels(y, target, asked, where)

    return refuse


def _refuse_values(y: pl.Series, target: str, asked: str | None, metric: Any, where: str) -> None:
    low = float(np.min(y.to_numpy(), initial=0.0))
    below = low < 0
    if asked == "count" and (below or not (y == y.round(0)).all()):
        odd = low if below else y.filter(y != y.round(0))[0]
        raise InputError(
            f"'{target}' holds {odd:g}, and a count is a whole number from 0 on",
            where=where,
            hint="ask for a regression (--task regression)",
        )
    if below and metric in FROM_ZERO:
        raise InputError(
            f"'{target}' holds {low:g}, and {metric} knows no values below 0", where=where, hint="choose rmse or mae"
        )
    if metric == "mape" and (y == 0).any():
        raise InputError(f"'{target}' holds 0, and mape divides by it", where=where, hint="choose mae or rmsle")


def _refuse_labels(y: pl.Series, target: str, asked: str | None, where: str) -> None:
    labels = y.cast(pl.String)
    distinct = labels.n_unique()
    if asked == "binary" and distinct > 2:
        raise InputError(f"'{target}' has {distinct:,} classes, not two", where=where, hint="ask for --task multiclass")
    if asked is not None and distinct > max(MANY, MOST_CLASSES * len(y)):
        numbers = labels.cast(pl.Float64, strict=False).null_count() == 0
        hint = "ask for --task regression" if numbers else "choose a target whose values come again"
        raise InputError(
            f"'{target}' has {distinct:,} different values in {len(y):,} rows, too many for classes",
            where=where,
            hint=hint,
        )
    if asked == "ordinal" and not ranked(labels):
        some = ", ".join(f"'{label}'" for label in labels.unique().sort().head(3))
        raise InputError(
            f"nothing says in which order the classes of '{target}' stand ({some})",
            where=where,
            hint="write them as numbers (1, 2, 3), or ask for --task multiclass",
        )


def ranked(labels: pl.Series) -> bool:
    """Whether labels have an order that is known: numbers, words of a scale, or single letters.

    Example:
        >>> ranked(pl.Series(["low", "high"])), ranked(pl.Series(["10", "2"])), ranked(pl.Series(["Rome", "Oslo"]))
        (True, True, False)
    """
    from autoprep.profiling.names import scale_of

    found = labels.unique()
    if not found.cast(pl.Float64, strict=False).null_count() or (found.str.len_chars() == 1).all():
        return True
    return scale_of(found.to_list()) is not None


def single(y: pl.Series) -> str:
    """A sentence on the classes of one row only; "" without any.

    Example:
        >>> single(pl.Series(["a", "a", "b"]))
        "'b' has a single row: no fold can both learn it and judge it"
    """
    counts = y.cast(pl.String).rename("label").value_counts()
    alone = counts.filter(pl.col("count") == 1)["label"].sort().to_list()
    if not alone:
        return ""
    named = ", ".join(f"'{label}'" for label in alone[:MOST_NAMED]) + (", ..." if len(alone) > MOST_NAMED else "")
    have = "has a single row" if len(alone) == 1 else "have a single row each"
    return f"{named} {have}: no fold can both learn it and judge it"


def nearly_two(y: pl.Series) -> str:
    """A sentence on several classes of which two hold nearly all rows: the others may be slips of these; "" for others.

    Example:
        >>> nearly_two(pl.Series(["yes"] * 60 + ["no"] * 39 + ["yess"]))
        "'yes' and 'no' hold 99.0% of the rows; the rest ('yess') is a class of its own: mend it if it is a slip"
        >>> nearly_two(pl.Series(["a", "b", "c"] * 9))
        ''
    """
    counts = y.cast(pl.String).rename("label").value_counts().sort(["count", "label"], descending=[True, False])
    if counts.height < 3 or counts["count"][:2].sum() < NEARLY_ALL * len(y) or counts["count"][1] < MOST_REST * len(y):
        return ""
    first, second, *rest = counts["label"].to_list()
    if counts["count"][2] > MOST_REST * len(y):
        return ""
    named = ", ".join(f"'{label}'" for label in rest[:MOST_NAMED]) + (", ..." if len(rest) > MOST_NAMED else "")
    share = counts["count"][:2].sum() / len(y)
    own = (
        "is a class of its own: mend it if it is a slip"
        if len(rest) == 1
        else ("are classes of their own: mend them if they are slips")
    )
    return f"'{first}' and '{second}' hold {share:.1%} of the rows; the rest ({named}) {own}"


def amounts(y: pl.Series) -> str:
    """A sentence on classes that are whole numbers in a row, which may be counts, or end in numbers; "" for others.

    Example:
        >>> amounts(pl.Series(["0", "1", "2", "3"]))
        'the classes are the numbers 0 to 3: --task count or regression if they are amounts, ordinal if they are ranks'
        >>> amounts(pl.Series(["a", "1"])), amounts(pl.Series([f"Sample {n}.5" for n in range(30)]))
        ('', "30 classes end in numbers ('Sample 0.5'): write the numbers alone for a regression")
    """
    labels = y.cast(pl.String)
    if labels.n_unique() > MANY and labels.str.contains(r"\d$").mean() > NEARLY_ALL:  # type: ignore[operator]
        some = labels.unique().sort()[0]
        return f"{labels.n_unique():,} classes end in numbers ('{some}'): write the numbers alone for a regression"
    values = y.cast(pl.Float64, strict=False)
    if values.null_count() or values.n_unique() < 3 or bool((values != values.floor()).any()):
        return ""
    low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
    task = "count or regression" if low >= 0 else "regression"
    return f"the classes are the numbers {low} to {high}: --task {task} if they are amounts, ordinal if they are ranks"


def heavy_tailed(y: pl.Series) -> str:
    """A sentence on a target of which few large values decide the squared errors; "" for another.

    The logarithm must take the tail away, so that a single slip is not what is spoken of.

    Example:
        >>> price = pl.Series("price", np.exp(1.2 * np.random.default_rng(0).normal(size=500)))
        >>> heavy_tailed(price)
        "a few large values of 'price' decide rmse: --metric mae or rmsle weighs all rows more alike"
        >>> heavy_tailed(price.log())
        ''
    """
    values = np.sort(y.cast(pl.Float64).to_numpy())
    if not len(values) or values[0] < 0 or not np.isfinite(values[-1]):
        return ""

    def share(of: np.ndarray) -> float:
        squares = (of - of.mean()) ** 2
        return float(squares[-max(1, round(TAIL_ROWS * len(of))) :].sum() / max(squares.sum(), 1e-300))

    raw = share(values)
    if raw <= TAIL_SQUARES or share(np.log1p(values / max(np.median(values), 1e-300))) > raw / 2:
        return ""
    return f"a few large values of '{y.name}' decide rmse: --metric mae or rmsle weighs all rows more alike"
