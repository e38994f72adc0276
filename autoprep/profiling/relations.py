"""Foreign keys between tables: by inclusion of values and by names, with the rows that point nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from autoprep.errors import plural
from autoprep.parsing import null, text
from autoprep.profiling import keys as candidate
from autoprep.profiling.names import says
from autoprep.types import Table

#: Share of child rows that must find their parent: where names agree, and where only values speak.
NAMED, UNNAMED = 0.6, 0.9
#: Columns of a composite foreign key at most.
COMPOSITE = 4
PROBE = 500
_IDENTITY = frozenset(("id", "key", "code", "no", "nr", "num", "number", "uuid", "guid", "ref", "fk", "pk"))
_ITSELF = frozenset(("parent", "manager", "supervisor", "boss", "reports", "mentor", "predecessor", "previous"))
#: Names that a reader gives where a file has none.
_MADE_UP = re.compile(r"(?i)(?:unnamed|_?column|field|v|x)?[: _]*\d*")
_KINDS: dict[str, pl.DataType] = {
    "child": pl.String(),
    "child_columns": pl.String(),
    "parent": pl.String(),
    "parent_columns": pl.String(),
}
_FIGURES: dict[str, pl.DataType] = {
    "support": pl.Int64(),
    "orphans": pl.Int64(),
    "orphan_rate": pl.Float64(),
    "coverage": pl.Float64(),
}
_REST: dict[str, pl.DataType] = {"one_to_one": pl.Boolean(), "confidence": pl.Float64(), "sentence": pl.String()}


@dataclass(frozen=True)
class Link:
    """A foreign key.

    Attributes:
        child: table that points.
        child_columns: its columns.
        parent: table pointed at.
        parent_columns: its key, in the same order.
        support: child rows without a null there.
        orphans: such rows that find no parent.
        coverage: share of parent rows that some child row points at.
        one_to_one: no two child rows share a parent.
        confidence: in [0, 1].
        missing: child rows that point at nothing.
    """

    child: str
    child_columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    support: int
    orphans: int
    coverage: float
    one_to_one: bool
    confidence: float
    missing: int = 0

    @property
    def orphan_rate(self) -> float:
        """Share of the supporting rows that find no parent."""
        return self.orphans / self.support if self.support else 0.0

    def __str__(self) -> str:
        left, right = ", ".join(self.child_columns), ", ".join(self.parent_columns)
        many = "one row each" if self.one_to_one else "many rows to one"
        lost = f"{self.orphans:,} of {self.support:,} rows find none" if self.orphans else "every row finds one"
        if self.missing:
            all_found = f"{self.support:,} rows find one" if not self.orphans else lost
            lost = f"{all_found}, {plural(self.missing, 'row')} {'has' if self.missing == 1 else 'have'} no value"
        return f"{self.child}({left}) points at {self.parent}({right}): {many}, {lost}"


@dataclass(frozen=True)
class Relations:
    """How tables hang together.

    Attributes:
        rows: table -> rows.
        keys: table -> its candidate keys, the primary one first.
        links: foreign keys, by child and parent.
    """

    rows: Mapping[str, int]
    keys: Mapping[str, tuple[tuple[str, ...], ...]]
    links: tuple[Link, ...]

    def primary(self, table: str) -> tuple[str, ...]:
        """The columns of a table's primary key; empty where none was found."""
        found = self.keys.get(table, ())
        return found[0] if found else ()

    @property
    def frame(self) -> pl.DataFrame:
        """One row per link; composite columns are joined by " + "."""
        rows = [
            {
                **{name: value for name, value in asdict(one).items() if name != "missing"},
                "child_columns": " + ".join(one.child_columns),
                "parent_columns": " + ".join(one.parent_columns),
                "orphan_rate": one.orphan_rate,
                "sentence": str(one),
            }
            for one in self.links
        ]
        return pl.DataFrame(rows, schema=_KINDS | _FIGURES | _REST)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "rows": dict(self.rows),
            "keys": {t: [list(k) for k in found] for t, found in self.keys.items()},
            "links": [asdict(one) | {"orphan_rate": one.orphan_rate, "sentence": str(one)} for one in self.links],
        }

    def __repr__(self) -> str:
        return f"Relations({len(self.rows)} tables, {len(self.links)} links)"


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    series: pl.Series
    counts: pl.DataFrame
    support: int
    unique: bool

    @property
    def distinct(self) -> int:
        return self.counts.height


def relate(tables: Mapping[str, Table | pl.DataFrame | pl.LazyFrame]) -> Relations:
    """Find the keys of tables and the foreign keys between them.

    A column points at another table's key when nearly all its values stand there and either the names agree or the
    values could not agree by chance: words do not, whole numbers that count from one do. Columns that together form a
    key are matched by name.

    Args:
        tables: name -> rows.

    Example:
        >>> orders = pl.DataFrame({"order": range(60), "customer_id": [i % 20 for i in range(60)]})
        >>> customers = pl.DataFrame({"id": range(25), "city": ["Rome", "Oslo", "Bern", "Kyiv", "Riga"] * 5})
        >>> [str(link) for link in relate({"orders": orders, "customers": customers}).links]
        ['orders(customer_id) points at customers(id): many rows to one, every row finds one']
    """
    frames = {name: _frame(source) for name, source in tables.items()}
    columns = {name: _columns(frame) for name, frame in frames.items()}
    made = {name: _keys(name, frames[name], columns[name]) for name in frames}
    links: list[Link] = []
    for child, own in columns.items():
        for parent, theirs in columns.items():
            single = _single(child, own, parent, theirs)
            links += single
            if child != parent:
                done = {link.parent_columns[0] for link in single}
                links += _composite(child, own, parent, theirs, frames[parent].height, done)
    ordered = sorted(_one_way(links), key=lambda k: (k.child, k.parent, k.child_columns))
    return Relations({n: f.height for n, f in frames.items()}, made, tuple(ordered))


def _frame(source: Table | pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    lazy = source.frame if isinstance(source, Table) else source
    return lazy.collect() if isinstance(lazy, pl.LazyFrame) else lazy


def _columns(frame: pl.DataFrame) -> dict[str, _Column]:
    out = {}
    for name in frame.columns:
        made = _normal(frame.get_column(name))
        if made is None:
            continue
        kind, series = made
        counts = series.drop_nulls().alias("v").value_counts(name="c")
        support = series.len() - series.null_count()
        if support:
            unique = counts.height == support == frame.height
            out[name] = _Column(name, kind, series, counts, support, unique)
    return out


def _normal(column: pl.Series) -> tuple[str, pl.Series] | None:
    """Values that compare across files: whole numbers, moments, trimmed words; None for what is no key."""
    dtype = column.dtype
    if dtype.is_integer():
        return "integer", column.cast(pl.Int64, strict=False)
    if dtype.is_float():
        whole = column.drop_nulls().drop_nans()
        if not whole.len() or not (whole == whole.floor()).all():
            return None
        return "integer", column.fill_nan(None).cast(pl.Int64, strict=False)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        plain = column.dt.replace_time_zone(None) if isinstance(dtype, pl.Datetime) else column
        return "moment", plain.cast(pl.Datetime("us"))
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    v = pl.col("v")
    bare = pl.when(null.is_null_word(v) | (text.trim(v) == "")).then(None).otherwise(text.trim(v))
    words = column.cast(pl.String).to_frame("v").select(bare).to_series()
    some = words.drop_nulls().head(2000)
    if not some.len() or float(some.str.len_chars().mean() or 0) > 64:  # type: ignore[arg-type]
        return None
    if some.str.contains(r"^[+-]?(?:0|[1-9]\d{0,17})$").all():
        numbers = words.cast(pl.Int64, strict=False)
        if numbers.null_count() == words.null_count():
            return "integer", numbers
    if some.str.contains(r"^[+-]?\d*[.,]\d+$").mean() > 0.5:  # type: ignore[operator]
        return None
    return "text", words


def _keys(table: str, frame: pl.DataFrame, own: Mapping[str, _Column]) -> tuple[tuple[str, ...], ...]:
    singles = [c.name for c in own.values() if c.unique]
    if singles:
        ranked = sorted(singles, key=lambda n: (-_identity(n, table), frame.columns.index(n)))
        return tuple((n,) for n in ranked)
    whole = pl.DataFrame({n: c.series for n, c in own.items()})
    found = candidate.find(whole, list(own), size=COMPOSITE)
    named = {n: max(_identity(n, table), 0.5 if says(n, "date") else 0.0) for n in own}
    ranked_keys = sorted(found, key=lambda k: (len(k.columns), -sum(named[c] for c in k.columns) / len(k.columns)))
    return tuple(k.columns for k in ranked_keys)


def _identity(name: str, table: str) -> float:
    """How far a header speaks of the identity of its table's rows."""
    words = _words(name)
    if says(name, "id") or words & _IDENTITY:
        return 1.0 if words <= _IDENTITY | _words(table) else 0.7
    return 0.3 if words & _words(table) else 0.0


def _words(name: str) -> frozenset[str]:
    """Words of a name, small, singular.

    Example:
        >>> sorted(_words("customerIds")), sorted(_words("order_details"))
        (['customer', 'id'], ['detail', 'order'])
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"\.\w+$", "", name))
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    return frozenset(_singular(w) for w in re.findall(r"[^\W\d_]+|\d+", spaced.lower()))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word


def _agree(child: str, column: str, parent: str, key: str) -> float:
    """How far two names speak of the same thing, in [0, 1]."""
    if _MADE_UP.fullmatch(column) or _MADE_UP.fullmatch(key):
        return 0.0
    own, theirs, table = _words(column), _words(key), _words(parent)
    if own == theirs:
        bare = own <= _IDENTITY
        # "id" in both tables is each table's own id
        return 0.3 if bare else 1.0
    if own - _IDENTITY and own - _IDENTITY == (table | theirs) - _IDENTITY:
        return 0.95
    said = (own & (theirs | table)) - _IDENTITY
    if said and theirs <= own | table:
        return 0.9
    if child == parent:
        return 0.9 if own & _ITSELF else 0.0
    return 0.5 if said else 0.0


def _single(child: str, own: Mapping[str, _Column], parent: str, theirs: Mapping[str, _Column]) -> list[Link]:
    out = []
    for column in own.values():
        best: Link | None = None
        for key in theirs.values():
            if not key.unique or key.kind != column.kind or (child == parent and key.name == column.name):
                continue
            link = _link(child, column, parent, key)
            if link and (best is None or link.confidence > best.confidence):
                best = link
        if best:
            out.append(best)
    return out


def _link(child: str, column: _Column, parent: str, key: _Column) -> Link | None:
    named = _agree(child, column.name, parent, key.name)
    itself = child == parent and named < 0.9
    if column.distinct < 2 or key.distinct < 2 or (itself and (key.kind != "text" or column.unique)):
        return None
    if key.kind == "moment" and named < 0.9:
        return None
    least = NAMED if named >= 0.9 else UNNAMED
    probe = column.counts.head(PROBE)
    if probe["v"].is_in(key.counts["v"].implode()).mean() < least - 0.3:  # type: ignore[operator]
        return None
    held = column.counts.join(key.counts.select("v"), on="v", how="semi")
    inside = int(held["c"].sum())
    share, kinds = inside / column.support, held.height / column.distinct
    coverage = held.height / key.distinct
    if share < least or kinds < (0.5 if named >= 0.9 else UNNAMED):
        return None
    if named < 0.9 and not _telling(column, key, coverage, named):
        return None
    if itself and (inside < column.support or int((column.series == key.series).sum()) > 0.5 * column.support):
        return None
    if column.unique and named < 0.9 and coverage < 0.5:
        return None
    confidence = round(share * (0.6 + 0.4 * max(named, 0.5 if key.kind == "text" else 0.3)), 4)
    one = column.distinct == column.support
    return Link(
        child, (column.name,), parent, (key.name,), column.support, column.support - inside, coverage, one, confidence,
        column.series.len() - column.support,
    )  # fmt: skip


def _telling(column: _Column, key: _Column, coverage: float, named: float) -> bool:
    """Whether values alone say that a column points at a key."""
    if key.kind == "text":
        letters = float(column.counts["v"].str.len_chars().mean() or 0)  # type: ignore[arg-type]
        return column.distinct >= 3 and letters >= 2 and column.counts["v"].str.contains(r"\p{L}").any()
    low, high = key.counts.select(low=pl.col("v").min(), high=pl.col("v").max()).row(0)
    dense = key.distinct > 0.1 * (high - low + 1)
    if not dense:
        return column.distinct >= 20 or named >= 0.5
    if column.unique or column.distinct < 50:
        return False
    ends = (column.counts["v"].min(), column.counts["v"].max()) == (low, high)
    return coverage >= 0.98 and ends


def _composite(
    child: str, own: Mapping[str, _Column], parent: str, theirs: Mapping[str, _Column], rows: int, done: set[str]
) -> Iterator[Link]:
    """A key of several columns whose names both tables have."""
    shared = [n for n, c in theirs.items() if n in own and c.kind == own[n].kind and not c.unique]
    shared = [n for n in shared if theirs[n].distinct > 1 and theirs[n].support == rows and not own[n].unique]
    if len(shared) < 2 or rows < 10:
        return
    right = pl.DataFrame({n: theirs[n].series for n in shared})
    keys = [k for k in candidate.find(right, shared, size=COMPOSITE) if len(k.columns) > 1]
    fewest = min((len(k.columns) for k in keys), default=0)
    for key in keys:
        names = list(key.columns)
        if len(names) > fewest or done & set(names):
            continue
        left = pl.DataFrame({n: own[n].series for n in names}).drop_nulls()
        both = right.select(names).drop_nulls()
        counts = left.group_by(names).len("c")
        held = counts.join(both, on=names, how="semi")
        inside = int(held["c"].sum())
        if not left.height or inside < 0.8 * left.height or (counts.height == left.height == inside and rows < 50):
            continue
        one = counts.height == left.height
        share = inside / left.height
        coverage = held.height / both.height
        missing = own[names[0]].series.len() - left.height
        yield Link(
            child, tuple(names), parent, tuple(names), left.height, left.height - inside, coverage, one, share, missing
        )  # fmt: skip


def _one_way(links: list[Link]) -> list[Link]:
    """Of two links between the same columns, the one from the table that has fewer of the other's rows."""
    kept = {(k.child, k.child_columns, k.parent, k.parent_columns): k for k in links}
    out = []
    for one in links:
        back = kept.get((one.parent, one.parent_columns, one.child, one.child_columns))
        if back is not None:
            mine = (one.orphan_rate, one.coverage, -_identity(one.parent_columns[0], one.parent), one.child)
            other = (back.orphan_rate, back.coverage, -_identity(back.parent_columns[0], back.parent), back.child)
            if mine > other:
                continue
        out.append(one)
    return out
