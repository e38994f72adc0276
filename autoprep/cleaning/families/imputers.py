"""Ways to fill an empty cell, from the simplest on; each is learnt from rows and becomes a verb with constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from autoprep.cleaning.compile import JOINT
from autoprep.cleaning.forms import text_of

#: Keys that a plan may hold, keys that are looked at, rows that a group needs to speak for itself.
MAX_KEYS, MAX_BY, MIN_GROUP = 5_000, 12, 3
#: Rows that agree before a key tells a cell; share it must tell rightly; cells judged and values told at least.
MIN_AGREE, MIN_TOLD, MIN_JUDGED, MIN_VALUES = 2, 0.99, 20, 3
#: Rows a model is learnt from, columns it looks at, levels of a category, leaves of a tree.
MODEL_ROWS, MAX_INPUTS, MAX_LEVELS, MAX_LEAVES = 20_000, 20, 60, 24
#: A number counts in a linear way when its standardised weight is this share of the largest.
NOTABLE = 0.05
#: Share of the rows that time, or group and time together, must name.
MIN_NAMED = 0.98


@dataclass(frozen=True)
class Imputer:
    """A verb that fills, with its constants.

    Attributes:
        method: "constant", "key", "group", "previous", "interpolated", "linear" or "tree".
        verb: one of the verbs ``fill*``. parameters: its constants. by: the columns it reads.
    """

    method: str
    verb: str
    parameters: Mapping[str, Any]
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """What is to be filled, and from what.

    Attributes:
        frame: the rows.
        column: to be filled.
        others: columns that may be looked at.
    """

    frame: pl.DataFrame
    column: str
    others: tuple[str, ...]

    @property
    def dtype(self) -> pl.DataType:
        """The column's type."""
        return self.frame.schema[self.column]

    @property
    def numeric(self) -> bool:
        """Whether numbers are filled, not categories."""
        return self.dtype.is_numeric()

    @property
    def known(self) -> pl.DataFrame:
        """Rows with a value; NaN is none."""
        cell = pl.col(self.column)
        good = cell.is_not_null() & cell.is_finite() if self.dtype.is_float() else cell.is_not_null()
        return self.frame.filter(good)

    def plain(self, value: Any) -> Any:
        """A learnt value as the column holds such values."""
        if value is None or not self.numeric:
            return value
        return round(value) if self.dtype.is_integer() else float(f"{value:.6g}")

    def centre(self) -> pl.Expr:
        """Median of numbers, else the most frequent value (of equals the smallest)."""
        if self.numeric:
            return pl.col(self.column).median()
        return pl.col(self.column).mode().sort().first()


def key_of(frame: pl.DataFrame, names: Sequence[str]) -> pl.Expr:
    """The text by which a plan looks a row up."""
    texts = [text_of(pl.col(name), frame.schema[name]) for name in names]
    return texts[0] if len(texts) == 1 else pl.concat_str(texts, separator=JOINT)


def constant(job: Job) -> Imputer | None:
    """The median, or the most frequent value."""
    said = job.known.select(job.centre()).item() if job.known.height else None
    return None if said is None else Imputer("constant", "fill", {"value": job.plain(said), "indicator": True})


def told(job: Job, *, most: int = MAX_KEYS) -> tuple[Imputer, dict[str, Any]] | None:
    """The key of which all rows agree on the column, and how often hidden cells came back right; None without one.

    Method: with each known cell left out in turn, the other rows of its key, when two or more and all of one mind,
    say what should stand there. The key that is right in 99 of 100 and tells most empty cells is taken.
    """
    best: tuple[int, float, str, pl.DataFrame] | None = None
    known = job.known
    if known.height < MIN_JUDGED:
        return None
    base = int(known.select(pl.col(job.column).unique_counts().max()).item())
    for by in _keys(job, most_distinct=0.9):
        pairs = known.select(key_of(known, [by]).alias("key"), pl.col(job.column).alias("value")).drop_nulls("key")
        groups = (
            pairs.group_by("key", "value")
            .len("n")
            .group_by("key")
            .agg(pl.col("n"), pl.col("value"), pl.len().alias("k"))
        ).with_columns(pl.col("n").list.sum().alias("size"), pl.col("n").list.max().alias("top"))
        # a cell is told when the others of its key are two or more and agree
        right = int(groups.filter((pl.col("k") == 1) & (pl.col("size") > MIN_AGREE))["size"].sum() or 0)
        odd = groups.filter((pl.col("k") == 2) & (pl.col("n").list.min() == 1) & (pl.col("size") > MIN_AGREE))
        judged = right + odd.height
        if judged < MIN_JUDGED or right < MIN_TOLD * judged:
            continue
        if (right / judged - base / known.height) < 0.75 * (1 - base / known.height):
            continue
        unanimous = groups.filter((pl.col("k") == 1) & (pl.col("size") >= MIN_AGREE))
        if unanimous["value"].list.first().n_unique() < MIN_VALUES:
            continue
        empty = job.frame.filter(pl.col(job.column).is_null()).select(key_of(job.frame, [by]).alias("key"))
        tells = empty.join(unanimous, on="key", how="semi").height
        if tells and unanimous.height <= most and (best is None or (tells, right / judged) > best[:2]):
            table = unanimous.select("key", pl.col("value").list.first()).sort("key")
            best = (tells, right / judged, by, table)
    if best is None:
        return None
    tells, precision, by, table = best
    mapping = {key: job.plain(value) for key, value in table.rows()}
    made = Imputer("key", "fill_from", {"by": [by], "mappings": [mapping], "indicator": True}, (by,))
    return made, {"tells": tells, "precision": round(precision, 4)}


def by_key(job: Job) -> Imputer | None:
    """What the key tells, and the constant where it tells nothing."""
    found, rest = told(job), constant(job)
    if found is None or rest is None:
        return None
    parameters = {**found[0].parameters, "otherwise": rest.parameters["value"]}
    return Imputer("key", "fill_from", parameters, found[0].by)


def group(job: Job) -> Imputer | None:
    """The median or most frequent value of the group, by the column that explains most; else the constant."""
    known, rest = job.known, constant(job)
    best: tuple[float, str] | None = None
    for by in _keys(job, most_distinct=0.2, most=200):
        fit = _explained(known, by, job)
        if fit > 0.02 and (best is None or fit > best[0] + 1e-9):
            best = (fit, by)
    if best is None or rest is None:
        return None
    by = best[1]
    table = (
        known.select(key_of(known, [by]).alias("key"), pl.col(job.column))
        .drop_nulls()
        .group_by("key")
        .agg(job.centre().alias("value"), pl.len().alias("n"))
        .filter((pl.col("n") >= MIN_GROUP) & pl.col("value").is_not_null())
        .sort("key")
    )
    mapping = {key: job.plain(value) for key, value in table.select("key", "value").rows()}
    parameters = {"by": [by], "mappings": [mapping], "otherwise": rest.parameters["value"], "indicator": True}
    return Imputer("group", "fill_from", parameters, (by,)) if mapping else None


def _explained(known: pl.DataFrame, by: str, job: Job) -> float:
    """Share of what is to be explained that the groups explain, corrected for their number."""
    cell, key = pl.col(job.column), pl.col(by)
    groups = known.filter(key.is_not_null()).group_by(by)
    if job.numeric:
        sums = groups.agg(cell.cast(pl.Float64).var().alias("v"), pl.len().alias("n"))
        total = known.select(cell.cast(pl.Float64).var()).item()
        spare = int(sums["n"].sum()) - sums.height
        if not total or spare <= 0:
            return 0.0
        within = sums.select((pl.col("v").fill_null(0.0) * (pl.col("n") - 1)).sum()).item() / spare
        return float(1 - within / total)
    counts = known.filter(key.is_not_null()).group_by(by, job.column).len("n")
    tops = counts.group_by(by).agg(pl.col("n").max())["n"]
    base = known.select(cell.unique_counts().max()).item() / known.height
    right = (int(tops.sum()) - tops.len()) / max(1, int(counts["n"].sum()) - tops.len())
    return float((right - base) / (1 - base)) if base < 1 else 0.0


def _keys(job: Job, *, most_distinct: float, most: int | None = None) -> list[str]:
    """Columns by which rows can be grouped, the coarser first."""
    dtypes = job.frame.schema
    usable = [
        name
        for name in job.others
        if (dtype := dtypes[name]) == pl.String() or dtype.is_integer() or dtype == pl.Boolean()
    ]
    if not usable:
        return []
    counts = job.frame.select(pl.col(usable).n_unique()).row(0, named=True)
    limit = min(most_distinct * job.frame.height, most or np.inf)
    return sorted((n for n in usable if 2 <= counts[n] <= limit), key=lambda n: (counts[n], n))[:MAX_BY]


def previous(job: Job) -> Imputer | None:
    """The value before it in time, within its group when rows of one time belong to several."""
    return _series(job, linear=False)


def interpolated(job: Job) -> Imputer | None:
    """The straight line between the values before and after it in time."""
    return _series(job, linear=True) if job.numeric else None


def _series(job: Job, *, linear: bool) -> Imputer | None:
    axis, rest = time_axis(job), constant(job)
    empty = job.frame[job.column].null_count()
    if axis is None or rest is None or not empty or empty > MAX_KEYS:
        return None
    time, groups = axis
    rows = job.frame.filter(pl.col(time).is_not_null()).sort(*groups, time, maintain_order=True)
    cell = pl.col(job.column)
    said = cell.forward_fill()
    if linear:
        said = cell.cast(pl.Float64).interpolate_by(pl.col(time)).forward_fill()
    if groups:
        said = said.over(groups)
    told_of = rows.select(key_of(rows, [*groups, time]).alias("key"), cell.alias("cell"), said.alias("value"))
    gaps = told_of.filter(pl.col("cell").is_null() & pl.col("value").is_not_null() & pl.col("key").is_not_null())
    mapping = {key: job.plain(value) for key, value in gaps.select("key", "value").unique("key").sort("key").rows()}
    if not mapping:
        return None
    by, mappings = [JOINT.join([*groups, time])], [mapping]
    last = rows.filter(cell.is_not_null())
    otherwise = rest.parameters["value"]
    if groups:
        ends = last.group_by(key_of(last, groups).alias("key")).agg(cell.last()).drop_nulls().sort("key")
        by.append(JOINT.join(groups))
        mappings.append({key: job.plain(value) for key, value in ends.rows()})
    elif last.height:
        otherwise = job.plain(last[job.column][-1])
    parameters = {"by": by, "mappings": mappings, "otherwise": otherwise, "indicator": True}
    return Imputer("interpolated" if linear else "previous", "fill_from", parameters, (*groups, time))


def time_axis(job: Job) -> tuple[str, list[str]] | None:
    """The column that orders rows in time and those that, with it, name a row; None without such."""
    height, dtypes = job.frame.height, job.frame.schema
    for time in [n for n in job.others if dtypes[n].is_temporal() and dtypes[n] != pl.Time()]:
        if isinstance(dtypes[time], pl.Duration) or job.frame[time].null_count() > 0.02 * height:
            continue
        if job.frame[time].n_unique() >= MIN_NAMED * height:
            return time, []
        for name in _keys(job, most_distinct=0.34):
            if job.frame.select(pl.struct(name, time).n_unique()).item() >= MIN_NAMED * height:
                return time, [name]
    return None


def linear(job: Job) -> Imputer | None:
    """A ridge regression on the other numbers."""
    if not job.numeric:
        return None
    dtypes = job.frame.schema
    numbers = [n for n in job.others if dtypes[n].is_numeric()][:MAX_INPUTS]
    known = job.known.head(MODEL_ROWS)
    if not numbers or known.height < 30:
        return None
    y = known[job.column].cast(pl.Float64).to_numpy()
    x, means = _matrix(known, numbers)
    spread = x.std(axis=0)
    used = np.flatnonzero(spread > 0)
    if not len(used):
        return None
    z = (x[:, used] - x[:, used].mean(axis=0)) / spread[used]
    slope = np.linalg.solve(z.T @ z + np.eye(len(used)), z.T @ (y - y.mean()))
    kept_ones = np.abs(slope) >= NOTABLE * np.abs(slope).max()
    used, z = used[kept_ones], z[:, kept_ones]
    slope = np.linalg.solve(z.T @ z + np.eye(len(used)), z.T @ (y - y.mean()))
    weights = [float(f"{w:.6g}") for w in slope / spread[used]]
    kept = [float(f"{means[i]:.6g}") for i in used]
    intercept = float(y.mean() - np.dot(x[:, used].mean(axis=0), weights))
    by = [numbers[i] for i in used]
    parameters = {
        "by": by,
        "weights": weights,
        "means": kept,
        "intercept": float(f"{intercept:.6g}"),
        "low": float(y.min()),
        "high": float(y.max()),
        "whole": job.dtype.is_integer(),
        "indicator": True,
    }
    return Imputer("linear", "fill_linear", parameters, tuple(by))


def _matrix(frame: pl.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as a matrix, empty cells as the column's mean; and the means."""
    cells = frame.select(pl.col(n).cast(pl.Float64, strict=False).fill_nan(None) for n in names)
    x = cells.to_numpy().astype(np.float64)
    x[~np.isfinite(x)] = np.nan
    filled = ~np.isnan(x)
    means = np.where(filled, x, 0.0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
    return np.where(filled, x, means), means


def tree(job: Job) -> Imputer | None:
    """A small decision tree on the other columns."""
    known = job.known.head(MODEL_ROWS)
    if known.height < 50:
        return None
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    inputs = _inputs(job, known)
    if not inputs or (not job.numeric and known[job.column].n_unique() > MAX_LEVELS):
        return None
    x = np.column_stack([values for _, values, _ in inputs])
    made: Any = DecisionTreeRegressor if job.numeric else DecisionTreeClassifier
    model = made(max_leaf_nodes=MAX_LEAVES, min_samples_leaf=max(5, known.height // 200), random_state=0)
    y = known[job.column].cast(pl.Float64).to_numpy() if job.numeric else known[job.column].cast(pl.String).to_numpy()
    model.fit(x, y)
    used = sorted({int(f) for f in model.tree_.feature if f >= 0})
    if not used:
        return None
    places = {feature: place for place, feature in enumerate(used)}
    leaf = _leaf(job, model, y, model.apply(x))
    root = _branch(model.tree_, 0, inputs, places, leaf)
    by = [inputs[f][0] for f in used]
    return Imputer("tree", "fill_tree", {"by": by, "tree": root, "indicator": True}, tuple(by))


def _inputs(job: Job, known: pl.DataFrame) -> list[tuple[str, np.ndarray, list[str] | None]]:
    """Columns as numbers, empty cells below all others: (name, values, levels in order or None)."""
    found: list[tuple[str, np.ndarray, list[str] | None]] = []
    rank = pl.col(job.column).cast(pl.Float64) if job.numeric else pl.col(job.column).cast(pl.String).rank("dense")
    for name in job.others:
        dtype = known.schema[name]
        if dtype.is_numeric():
            x, _ = _matrix(known, [name])
            empty = known[name].is_null() | known[name].cast(pl.Float64).is_nan().fill_null(False)
            found.append((name, np.where(empty.to_numpy(), -np.inf, x[:, 0]), None))
        elif dtype in (pl.String(), pl.Boolean()) and 2 <= known[name].n_unique() <= MAX_LEVELS:
            cells = known.select(pl.col(name).cast(pl.String).alias("level"), rank.alias("rank"))
            means = cells.drop_nulls("level").group_by("level").agg(pl.col("rank").mean()).sort("rank", "level")
            levels = means["level"].to_list()
            codes = cells["level"].replace_strict(levels, list(range(len(levels))), default=-1, return_dtype=pl.Float64)
            found.append((name, codes.fill_null(-1.0).to_numpy(), levels))
        if len(found) == MAX_INPUTS:
            break
    low = np.finfo(np.float32).min / 2
    return [(name, np.maximum(values, low), levels) for name, values, levels in found]


def _leaf(job: Job, model: Any, y: np.ndarray, leaves: np.ndarray) -> Callable[[int], Any]:
    def value(node: int) -> Any:
        if job.numeric:
            return job.plain(float(np.median(y[leaves == node])))
        said = model.classes_[int(np.argmax(model.tree_.value[node]))]
        return {"true": True, "false": False}[str(said)] if job.dtype == pl.Boolean() else str(said)

    return value


def _branch(made: Any, node: int, inputs: Sequence[Any], places: Mapping[int, int], leaf: Callable[[int], Any]) -> Any:
    feature = int(made.feature[node])
    if feature < 0:
        return leaf(node)
    bound, levels = float(made.threshold[node]), inputs[feature][2]
    goes = {"at_most": float(f"{bound:.9g}")} if levels is None else {"one_of": levels[: int(np.floor(bound)) + 1]}
    then, otherwise = (
        _branch(made, int(child[node]), inputs, places, leaf) for child in (made.children_left, made.children_right)
    )
    return {"by": places[feature], **goes, "then": then, "otherwise": otherwise}


#: From the simplest on.
IMPUTERS: tuple[Callable[[Job], Imputer | None], ...] = (constant, by_key, group, previous, interpolated, linear, tree)
