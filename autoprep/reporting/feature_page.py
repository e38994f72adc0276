"""The page of generated features: what each is, where it comes from, and, once selected, what it adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.errors import plural
from autoprep.reporting import pictures
from autoprep.reporting.figures import number
from autoprep.reporting.html import render
from autoprep.reporting.origins import origin_of, origins_picture
from autoprep.types import Feature

if TYPE_CHECKING:
    from autoprep.selection import Selection


@dataclass(frozen=True)
class Group:
    """Features that read the rows of one table: ``anchor`` is the id of their list."""

    table: str
    anchor: str
    features: tuple[Feature, ...]


def features_html(
    features: Sequence[Feature],
    own: str,
    *,
    rows: int,
    cutoff: str | None = None,
    target: str | None = None,
    found: Selection | None = None,
) -> str:
    """The page of features.

    Args:
        features: in the order they are listed in. own: the table that they are of. rows: how many it has.
        cutoff: as of when they are. target: what they were selected for. found: the selection, when there was one.

    Example:
        >>> page = features_html([Feature("a<b", "RATIO(price, area)", ("price", "area"))], "houses", rows=3)
        >>> page.startswith("<!doctype html>"), "a&lt;b" in page, "http://" in page
        (True, True, False)
    """
    groups = _groups(features, own)
    measured: Mapping[str, Mapping[str, Any]] = {}
    if found is not None:
        measured = {row["feature"]: row for row in found.table.iter_rows(named=True)}
    facts = [("rows", number(rows)), ("features", number(len(features))), ("tables read", number(len(groups)))]
    facts += [] if cutoff is None else [("as of, strictly before", cutoff)]
    facts += [] if target is None else [("target", target)]
    facts += [] if found is None else [("candidates", number(found.table.height))]
    return render(
        "features.html.j2",
        title=f"Features of {own}",
        lead=_lead(features, found),
        facts=facts,
        groups=groups,
        measured=measured,
        top=max((measured[f.name]["high"] for f in features if f.name in measured), default=1.0),
        curve=_curve(found, len(features)),
        base=0 if found is None else found.curve["features"][0],
        reasons=_reasons(found),
        picture=origins_picture(features, own, {g.table: g.anchor for g in groups}) if features else "",
    )


def _groups(features: Sequence[Feature], own: str) -> list[Group]:
    held: dict[str, list[Feature]] = {}
    for feature in features:
        held.setdefault(origin_of(feature, own).table, []).append(feature)
    order = sorted(held, key=lambda t: (t != own, -len(held[t]), t))
    return [Group(table, f"from-{i}", tuple(held[table])) for i, table in enumerate(order, start=1)]


def _lead(features: Sequence[Feature], found: Selection | None) -> str:
    if found is None:
        return "Columns that were made, each by a definition that can be computed again."
    if not features:
        return f"None of {plural(found.table.height, 'candidate')} adds to the columns of the table."
    return f"{len(features):,} of {plural(found.table.height, 'candidate')} add to the columns of the table, held out."


def _curve(found: Selection | None, chosen: int) -> Any:
    """The held-out loss by number of features as a share of the loss without them, drawn; None where it is no curve."""
    if found is None or found.curve.height < 2 or found.curve["loss"][0] <= 0:
        return None
    whole = float(found.curve["loss"][0])
    points = [(n, g / whole, e / whole) for n, g, e in found.curve.select("features", "better", "se").iter_rows()]
    return pictures.gains(points, chosen, "held-out gain by number of features")


def _reasons(found: Selection | None) -> list[tuple[str, int]]:
    """Why candidates were not chosen, the commonest reason first."""
    if found is None:
        return []
    left = found.table.filter(~pl.col("chosen")).with_columns(pl.col("why").str.replace(r" of .*| \(.*", ""))
    return list(left.group_by("why").len().sort("len", "why", descending=[True, False]).iter_rows())
