"""Whether a text column holds lengths of time of several parts or units, and the one unit that all can be told in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from autoprep.parsing import duration

#: Share of content that must be lengths; and of it those of several parts, where all others have one unit.
LEAST, SEVERAL = 0.8, 0.02


@dataclass(frozen=True)
class Spans:
    """What was decided.

    Attributes:
        count: cells that are lengths of time; 0 where the column is none of them.
        unit: the unit that they are told in, one of ``duration.UNITS``.
        months: a lone "m" is a month.
    """

    count: float = 0.0
    unit: str = ""
    months: bool = False


#: Masks that ``marks`` gives.
NAMES: tuple[str, ...] = (*(f"span_{name}" for name in duration.PARTS), "span_clock", "span_several", "span_word")


def marks() -> dict[str, pl.Expr]:
    """Masks over cells ``t`` that are lengths of time: which parts they have, and how they are written.

    Example:
        >>> frame = pl.DataFrame({"t": ["1h 30m", "12D"]}).with_columns(**marks())
        >>> frame.select("span_h", "span_d", "span_several", "span_word").rows()
        [(True, False, True, True), (False, True, False, False)]
    """
    found = pl.col("t").str.extract_groups(duration.regex())
    parts = {f"span_{name}": found.struct.field(str(i)).is_not_null() for i, name in enumerate(duration.PARTS, 1)}
    clock = found.struct.field(str(len(parts) + 1)).is_not_null()
    several = pl.sum_horizontal(part.cast(pl.Int8) for part in parts.values()) > 1
    worded = pl.col("t").str.contains(r"\d\s*-?(?:[a-z]|[A-Za-z]{2})")
    return parts | {"span_clock": clock, "span_several": several, "span_word": worded}


#: Headers of lengths of time.
_LENGTH = re.compile(
    r"duration|length|run(?:ning)?.?time|elapsed|dauer|durée|duracion|duración|(?:^|[_ ])laps?(?:$|[_ ])", re.I
)
#: Headers of times of day.
_CLOCK = re.compile(r"open|clos|start|begin|end|depart|arriv|hour|from$|until|to$|time.of.day|uhrzeit|hora|heure", re.I)
#: Share of content that must be of one digit before the colon, of so many cells, for the clock to be doubtful; and the
#: share of its values that may stand at full five minutes, as people's plans do.
_SHORT, _MANY, _ROUND = 0.98, 20, 0.5


def length_not_clock(name: str, e: Mapping[str, Any]) -> bool:
    """Whether two numbers with a colon may be minutes and seconds: the header says a length, or no hour has two digits
    and few stand at full five minutes.

    Args:
        name: the header.
        e: what ``evidence.collect`` gives.

    Example:
        >>> songs = {"content": 40, "shapes": {"9:99": 40}, "top": {"4:22": 20, "3:57": 20}}
        >>> length_not_clock("track", songs), length_not_clock("opens", songs)
        (True, False)
        >>> length_not_clock("bus", {"content": 40, "shapes": {"9:99": 40}, "top": {"7:05": 20, "8:30": 20}})
        False
        >>> length_not_clock("Duration", {"content": 4, "shapes": {"9:99": 3, "99:99": 1}, "top": {}})
        True
    """
    short, long = e["shapes"].get("9:99", 0.0), e["shapes"].get("99:99", 0.0)
    if short + long < _SHORT * e["content"]:
        return False
    if _LENGTH.search(name):
        return True
    if _CLOCK.search(name) or short < max(_MANY, _SHORT * e["content"]):
        return False
    values = [value.strip() for value in e["top"]]
    return sum(value[-1:] in ("0", "5") for value in values) < _ROUND * len(values)


def decide(e: Mapping[str, Any]) -> Spans:
    """Whether the cells of a column are lengths of time, and their unit: the smallest that stands in a cell.

    Cells of one part and one unit ("79 min") are quantities like others; a lone capital ("12D", "4H") may be a code.

    Args:
        e: what ``evidence.collect`` gives.

    Example:
        >>> seen = dict.fromkeys(NAMES, 0.0) | {"content": 9, "duration": 9, "span_h": 9, "span_min": 8}
        >>> decide(seen | {"span_several": 8}).unit, decide(seen | {"span_word": 9}).unit, decide(seen).unit
        ('min', 'min', '')
    """
    content, count = e["content"], e["duration"]
    if not content or count < LEAST * content:
        return Spans()
    present = [name for name in duration.PARTS if e[f"span_{name}"]]
    lone = count - e["span_several"] - e["span_clock"]
    mixed = len(present) > 1 and e["span_word"] >= 0.95 * (count - e["span_clock"])
    if lone > 0 and not mixed and e["span_several"] < SEVERAL * content and e["span_clock"] < SEVERAL * content:
        return Spans()
    months = bool(e["span_yr"] or e["span_mo"]) and not e["span_h"]
    has = {name: bool(e[f"span_{name}"]) for name in duration.PARTS}
    if has["s"] or e["span_clock"]:
        return Spans(count, "s", months)
    if has["min"] and not months:
        return Spans(count, "min", months)
    return Spans(count, "h" if has["h"] else "d" if has["d"] or has["wk"] else "mo", months)
