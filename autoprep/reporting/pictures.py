"""Pictures as inline SVG whose colours come from the page's style, so that light and dark both fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from autoprep.errors import plural
from autoprep.reporting.figures import cell, number


def bars(counts: Sequence[float], *, width: int = 120, height: int = 28, label: str = "", marked: int = -1) -> Markup:
    """A histogram as one path, stretched to the room it is given.

    Args:
        counts: heights, left to right.
        width: in user units.
        height: in user units.
        label: what a screen reader says.
        marked: index of a bar drawn apart, or -1.
    """
    if not counts or max(counts) <= 0:
        return Markup("")
    top, step = max(counts), width / len(counts)
    gap = min(1.0, step * 0.15)

    def path(indices: Sequence[int]) -> str:
        parts, most = [], (height - 1) / top
        across = f"h{step - gap:.1f}v"
        for i in indices:
            if counts[i] > 0:
                tall = f"{max(1.0, counts[i] * most):.1f}"
                parts.append(f"M{i * step:.1f} {height}v-{tall}{across}{tall}z")
        return "".join(parts)

    rest = [i for i in range(len(counts)) if i != marked]
    extra = f'<path class="mark" d="{path([marked])}"/>' if 0 <= marked < len(counts) else ""
    return Markup(
        f'<svg class="bars" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><path d="{path(rest)}"/>{extra}</svg>'
    )


def strip(parts: Sequence[tuple[str, float]], label: str = "") -> Markup:
    """Shares of a whole side by side: (class name, share in [0, 1])."""
    x, drawn = 0.0, []
    for name, held in parts:
        if held > 0:
            wide = max(held * 100, 0.8)
            drawn.append(
                f'<rect class="{escape(name)}" x="{x:.2f}" y="0" width="{min(wide, 100 - x):.2f}" height="6"/>'
            )
            x = min(100.0, x + wide)
    return Markup(
        f'<svg class="strip" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        + "".join(drawn)
        + "</svg>"
    )


def whisker(value: float, error: float, low: float, high: float, label: str = "") -> Markup:
    """A point with its standard error on a shared scale from ``low`` to ``high``."""
    span = (high - low) or 1.0

    def at(v: float) -> float:
        return 2 + 96 * min(1.0, max(0.0, (v - low) / span))

    return Markup(
        f'<svg class="whisker" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f'<path class="axis" d="M2 5h96"/>'
        f'<path class="reach" d="M{at(value - error):.2f} 5H{at(value + error):.2f}"/>'
        f'<rect class="dot" x="{at(value) - 0.7:.2f}" y="1" width="1.4" height="8"/></svg>'
    )


def calibration(points: Sequence[tuple[float, float, int]]) -> Markup:
    """Observed share over predicted probability, with the diagonal of a perfect model.

    Args:
        points: (mean predicted, observed share, rows), each share in [0, 1].
    """
    if not points:
        return Markup("")
    most = max(n for *_, n in points)

    def spot(p: float, o: float, n: int) -> str:
        r = 3 + 5 * (n / most) ** 0.5
        said = f"predicted {p:.0%}, observed {o:.0%}, {number(n)} rows"
        return f'<circle cx="{40 + 240 * p:.1f}" cy="{260 - 240 * o:.1f}" r="{r:.1f}"><title>{said}</title></circle>'

    line = "M" + "L".join(f"{40 + 240 * p:.1f} {260 - 240 * o:.1f}" for p, o, _ in points)
    ticks = "".join(
        f'<text x="{40 + 240 * t:.0f}" y="277" text-anchor="middle">{t:.0%}</text>'
        f'<text x="33" y="{264 - 240 * t:.0f}" text-anchor="end">{t:.0%}</text>'
        f'<path class="grid" d="M40 {260 - 240 * t:.0f}h240M{40 + 240 * t:.0f} 20v240"/>'
        for t in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return Markup(
        f'<svg class="calibration" viewBox="0 0 304 300" role="img" aria-label="calibration">{ticks}'
        f'<path class="ideal" d="M40 260L280 20"/><path class="line" d="{line}"/>'
        + "".join(spot(*p) for p in points)
        + '<text x="160" y="296" text-anchor="middle">predicted</text>'
        '<text transform="translate(9 140) rotate(-90)" text-anchor="middle">observed</text></svg>'
    )


def level(value: float, top: float, label: str = "") -> Markup:
    """One horizontal bar on a shared scale from 0 to ``top``."""
    wide = 0.0 if top <= 0 else max(0.5, 100 * min(1.0, max(0.0, value / top)))
    return Markup(
        f'<svg class="level" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f'<rect class="track" width="100" height="8"/><rect width="{wide:.2f}" height="8"/></svg>'
    )


def course(points: Sequence[tuple[str | float, float]], label: str = "") -> Markup:
    """A line over evenly spaced places, each with its label below and its figure above.

    Args:
        points: (label or number of the place, value), left to right.
        label: what a screen reader says.
    """
    values = [value for _, value in points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = 264 / max(1, len(points) - 1)
    at = [(20 + i * step, 96 - 70 * (value - low) / span) for i, value in enumerate(values)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    marks = []
    for place, ((x, y), (name, value)) in enumerate(zip(at, points, strict=True)):
        said = name if isinstance(name, str) else number(name)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{escape(f"{said}: {number(value)}")}</title>')
        marks.append("</circle>")
        if len(points) <= 5 or place % 2 == 0:
            marks.append(f'<text x="{x:.1f}" y="114" text-anchor="middle">{escape(cell(said, 9))}</text>')
        if place in (0, len(points) - 1):
            marks.append(f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle">{escape(number(value))}</text>')
    return Markup(
        f'<svg class="calibration" viewBox="0 0 304 120" role="img" aria-label="{escape(label)}">'
        f'<path class="line" d="{line}"/>{"".join(marks)}</svg>'
    )


def gains(points: Sequence[tuple[int, float, float]], chosen: int, label: str = "") -> Markup:
    """Gain over the number of features taken, each with a bar of one standard error, numbers on a logarithmic scale.

    Args:
        points: (features, gain as a share, standard error), by rising number.
        chosen: how many features were taken.
        label: what a screen reader says.
    """
    low = min(0.0, *(g - e for _, g, e in points))
    high = max(0.0, *(g + e for _, g, e in points))
    step = _step(high - low)
    low, high = step * math.floor(low / step), step * math.ceil(high / step)
    first, last = (math.log2(1 + n) for n in (points[0][0], points[-1][0]))

    def x(n: int) -> float:
        return 66 + 800 * (math.log2(1 + n) - first) / ((last - first) or 1.0)

    def y(g: float) -> float:
        return 214 - 196 * (g - low) / (high - low)

    grid = []
    for i in range(round((high - low) / step) + 1):
        at = low + i * step
        name = "ideal" if abs(at) < step / 2 else "grid"
        grid.append(f'<path class="{name}" d="M52 {y(at):.1f}h828"/>')
        grid.append(f'<text x="46" y="{y(at) + 4:.1f}" text-anchor="end">{number(round(100 * at, 6))}%</text>')
    bars, spots = [], []
    for n, g, e in points:
        bars.append(f'<path class="reach" d="M{x(n):.1f} {y(g - e):.1f}V{y(g + e):.1f}"/>')
        said = f"{plural(n, 'feature')}: {100 * g:.3g}% ± {100 * e:.2g}%" + (", taken" if n == chosen else "")
        name, r = (' class="chosen"', 6) if n == chosen else ("", 3.5)
        spots.append(f'<circle{name} cx="{x(n):.1f}" cy="{y(g):.1f}" r="{r}"><title>{said}</title></circle>')
        spots.append(f'<text x="{x(n):.1f}" y="234" text-anchor="middle">{number(n)}</text>')
    line = "M" + "L".join(f"{x(n):.1f} {y(g):.1f}" for n, g, _ in points)
    return Markup(
        f'<svg class="calibration gains" viewBox="0 0 900 258" role="img" aria-label="{escape(label)}">'
        f'{"".join(grid)}{"".join(bars)}<path class="line" d="{line}"/>{"".join(spots)}'
        '<text x="466" y="254" text-anchor="middle">features</text></svg>'
    )


def _step(span: float) -> float:
    """A round distance between four to eight grid lines."""
    if span <= 0:
        return 0.01
    unit = 10.0 ** math.floor(math.log10(span / 4))
    return unit * next((m for m in (5, 2) if span / (unit * m) >= 4), 1)
