"""Where features come from, as a picture: tables, their columns, paths and windows, and what is made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from autoprep.errors import SettingError, plural
from autoprep.reporting.figures import cell
from autoprep.synthesis.feature import Call, Column, parse, span_text
from autoprep.types import Feature

#: Nodes one above the other that are drawn each; the others are drawn as one.
MOST = 9
#: Left edge and width of tables, columns, ways and features; height of a node, and between two bands.
LEFT, WIDE, TALL, APART = (0, 166, 386, 702), (126, 160, 256, 258), 24, 22
HEADS = ("table", "columns read", "path and window", "features")
WIDTH, ROOF = 960, 30
ALWAYS = 1 << 62


@dataclass(frozen=True)
class Origin:
    """What one feature is made of.

    Attributes:
        table: whose rows are read. columns: of that table, or "table.column".
        path: how rows of the table are matched. window: which of them count, "" where there is but one.
        width_us: width of the window in microseconds, for the order of windows.
        primitive: what is computed ("MEAN", "MEAN of LENGTH"), or "as it is". body: that, applied to its columns.
    """

    table: str
    columns: tuple[str, ...]
    path: str
    window: str
    width_us: int
    primitive: str
    body: str

    @property
    def way(self) -> str:
        """Path and window in one line."""
        return f"{self.path}, {self.window}" if self.window else self.path


def origin_of(feature: Feature, own: str) -> Origin:
    """What a feature is made of, read from its definition.

    Args:
        feature: one whose definition is no line of the grammar is told by its inputs.
        own: name of the table that the features are of, which definitions over one table do not name.

    Example:
        >>> found = origin_of(Feature("f", "MEAN(orders.amount) OVER 30d BEFORE cutoff BY customer"), "customers")
        >>> found.table, found.columns, found.way, found.primitive
        ('orders', ('amount',), 'by customer, last 30d', 'MEAN')
    """
    try:
        read = parse(feature.definition)
    except SettingError:
        called = re.match(r"[A-Z][A-Z0-9_]*(?=\()", feature.definition)
        primitive = called.group() if called else "as it is"
        return Origin(own, tuple(feature.inputs), "the row itself", "", 0, primitive, feature.definition)
    table = read.source or own
    columns = dict.fromkeys(c.name if c.table in ("", table) else f"{c.table}.{c.name}" for c in read.columns())
    path = "the row itself"
    if read.by:
        keys = ", ".join(a if a == b else f"{a} = {b}" for a, b in read.by)
        path = f"by {keys}" if read.aggregates else f"looked up by {keys}"
    elif read.aggregates:
        path = "over all rows"
    path += f" via {', '.join(read.via)}" if read.via else ""
    path += f" where {' and '.join(str(c) for c in read.where)}" if read.where else ""
    window = "all before" if read.before else ""
    if read.over_us is not None:
        window = f"last {span_text(read.over_us)}"
    width = ALWAYS if read.over_us is None else read.over_us
    return Origin(table, tuple(columns), path, window, width, _called(read.body), str(read.body))


def origins_picture(features: Sequence[Feature], own: str, anchors: Mapping[str, str]) -> Markup:
    """Bands of one table each: its columns, the ways to its rows, and the features; lines as thick as their share.

    Few features of a table are drawn each, many by primitive; many windows are counted. What is rarer than
    the ``MOST`` commonest of a kind is drawn as one node.

    Args:
        features: in the order of the list. own: as of ``origin_of``.
        anchors: where the page lists a table's features: table -> id of the element.
    """
    bands: dict[str, list[tuple[Feature, Origin]]] = {}
    for feature in features:
        origin = origin_of(feature, own)
        bands.setdefault(origin.table, []).append((feature, origin))
    order = sorted(bands, key=lambda t: (t != own, -len(bands[t]), t))
    y, drawn = float(ROOF), []
    for table in order:
        band, height = _band(table, bands[table], y, anchors.get(table, ""))
        drawn.append(band)
        y += height + APART
    heads = "".join(f'<text class="head" x="{x}" y="14">{h}</text>' for x, h in zip(LEFT, HEADS, strict=True))
    said = f"{plural(len(features), 'feature')} of {plural(len(bands), 'table')}: {', '.join(order)}"
    return Markup(
        f'<svg class="origins" viewBox="0 0 {WIDTH} {y - APART + 1:.0f}" role="group" aria-label="{escape(said)}">'
        f"{heads}{''.join(drawn)}</svg>"
    )


def _band(table: str, made: Sequence[tuple[Feature, Origin]], top: float, anchor: str) -> tuple[str, float]:
    ways = _ways([o for _, o in made])
    place = {way: (o.path, o.width_us) for (_, o), way in zip(made, ways, strict=True)}
    last = [o.body if len(made) <= MOST else o.primitive for _, o in made]
    stacks = (
        _stack((c for _, o in made for c in o.columns or ("rows",)), "column"),
        _stack(ways, "way"),
        _stack(last, "primitive"),
    )
    height = max(TALL * max(len(set(s.values())) for s in stacks), 2 * TALL)
    placed: list[dict[str, float]] = []
    for level, stack in enumerate(stacks):
        shown = list(dict.fromkeys(stack.values()))
        if level == 1:
            shown.sort(key=lambda w: (w not in place, place.get(w, ("", 0))))
        else:
            shown.sort(key=lambda n: n not in stack)
        start = top + (height - TALL * len(shown)) / 2
        placed.append({name: start + TALL * (i + 0.5) for i, name in enumerate(shown)})
    lines: list[Counter[tuple[str, str]]] = [Counter(), Counter()]
    counts: list[Counter[str]] = [Counter(), Counter(), Counter()]
    for (_, o), way, end in zip(made, (stacks[1][w] for w in ways), (stacks[2][n] for n in last), strict=True):
        for column in {stacks[0][c] for c in o.columns or ("rows",)}:
            lines[0][column, way] += 1
            counts[0][column] += 1
        lines[1][way, end] += 1
        counts[1][way] += 1
        counts[2][end] += 1
    whole = len(made)
    parts = [_line(WIDE[0], at, LEFT[1], at, counts[0][n], whole, f"{table}, {n}") for n, at in placed[0].items()]
    for level, found in enumerate(lines):
        x, to = LEFT[level + 1] + WIDE[level + 1], LEFT[level + 2]
        for (a, b), count in found.items():
            parts.append(_line(x, placed[level][a], to, placed[level + 1][b], count, whole, f"{a}, {b}"))
    for level, names in enumerate(placed, start=1):
        for name, at in names.items():
            parts.append(_node(level, name, at, counts[level - 1][name], anchor if level == 3 else ""))
    middle = top + height / 2
    box = (
        f'<rect class="table" x="0.5" y="{top:.1f}" width="{WIDE[0]}" height="{height:.1f}" rx="6"/>'
        f'<text class="name" x="10" y="{middle - 3:.1f}">{escape(cell(table, 15))}<title>{escape(table)}</title></text>'
        f'<text class="count" x="10" y="{middle + 14:.1f}">{plural(len(made), "feature")}</text>'
    )
    return f"<g>{''.join(parts)}{box}</g>", height


def _ways(made: Sequence[Origin]) -> list[str]:
    """Path and window of each; where that is too many to draw, the path, and in how many windows."""
    if len({o.way for o in made}) <= MOST:
        return [o.way for o in made]
    windows: dict[str, dict[str, int]] = {}
    for o in made:
        windows.setdefault(o.path, {})[o.window] = o.width_us
    told = {}
    for path, found in windows.items():
        names = sorted(found, key=found.__getitem__)
        many = f"{len(names)} windows" if len(names) > 1 else names[0]
        told[path] = f"{path}, {many}" if many else path
    return [told[o.path] for o in made]


def _stack(names: Iterable[str], kind: str) -> dict[str, str]:
    """What each name is drawn as: itself, or, when it is not among the commonest, the node of the others."""
    common = Counter(names).most_common()
    kept = common if len(common) <= MOST else common[: MOST - 1]
    others = plural(len(common) - len(kept), f"more {kind}")
    return {name: name for name, _ in kept} | {name: others for name, _ in common[len(kept) :]}


def _line(x: float, y: float, to: float, end: float, count: int, whole: int, said: str) -> str:
    bend = (to - x) / 2
    path = f"M{x:.1f} {y:.1f}C{x + bend:.1f} {y:.1f} {to - bend:.1f} {end:.1f} {to:.1f} {end:.1f}"
    thick = max(0.9, 10 * count / whole)
    title = escape(f"{said}: {plural(count, 'feature')}")
    return f'<path d="{path}" stroke-width="{thick:.1f}"><title>{title}</title></path>'


def _node(level: int, name: str, at: float, count: int, anchor: str) -> str:
    x, wide = LEFT[level], WIDE[level]
    room = wide // 7 - (4 if count > 1 else 1)
    text = (
        f'<rect x="{x}" y="{at - 9.5:.1f}" width="{wide}" height="19" rx="4"/>'
        f'<text x="{x + 7}" y="{at + 4:.1f}">{escape(cell(name, room))}<title>{escape(name)}</title></text>'
    )
    if count > 1:
        text += f'<text class="count" x="{x + wide - 7}" y="{at + 4:.1f}" text-anchor="end">{count:,}</text>'
    return f'<a href="#{escape(anchor)}">{text}</a>' if anchor else text


def _called(body: Column | Call) -> str:
    said: list[str] = []
    inner: Column | Call | None = body
    while isinstance(inner, Call):
        said.append(inner.primitive)
        inner = next((a for a in inner.arguments if isinstance(a, Call)), None)
    return " of ".join(said) or "as it is"
