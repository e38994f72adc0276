"""Turn the bytes of a text file into a frame of String columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from autoprep.reading.cells import Record, records
from autoprep.reading.dialect import Guess, guess_dialects
from autoprep.reading.encodings import decode, detect_encoding
from autoprep.reading.layout import LOOK, find_layout
from autoprep.reading.names import column_names, generated, merged_headers
from autoprep.types import Dialect, empty_rejected


@dataclass(frozen=True)
class TextTable:
    """What reading a text gives: see ``Table`` for the meaning of the fields."""

    frame: pl.LazyFrame
    dialect: Dialect
    headers: dict[str, str]
    rejected: pl.DataFrame = field(default_factory=empty_rejected)
    notes: tuple[str, ...] = ()


def read_text(data: bytes, given: Dialect | None = None) -> TextTable:
    """Read text bytes; with a dialect given, nothing is guessed.

    Example:
        >>> table = read_text(b"a;b\\n1,5;x\\n2,5;\\n")
        >>> table.frame.collect().rows(), table.dialect.delimiter
        ([('1,5', 'x'), ('2,5', None)], ';')
    """
    encoding = detect_encoding(data)
    text = decode(data, given.encoding if given else encoding.name)
    newline = _newline(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    guesses = guess_dialects(text)
    best = guesses[0] if guesses else Guess(",", "", "", 0.0, 1, 1.0, 0)
    found = list(records(text, best.delimiter, best.quote, best.escape))
    layout = find_layout(found[: 2 * LOOK], best.width)
    head = found[layout.start : layout.start + layout.header_rows]
    body = found[layout.start + layout.header_rows + layout.units_row :]
    body = [r for r in body if any(c.strip() for c in r.cells)]
    if layout.names:
        names, headers = column_names(layout.names)
    elif head:
        names, headers = column_names(merged_headers([r.cells for r in head], best.width))
    else:
        names, headers = generated(best.width)
    good = [r for r in body if len(r.cells) == len(names)]
    bad = [r for r in body if len(r.cells) != len(names)]
    dialect = Dialect(
        encoding=encoding.name,
        delimiter=best.delimiter,
        quote=best.quote if any(r.quoted for r in found) else "",
        escape=best.escape,
        newline=newline,
        preamble_lines=found[layout.start].line - 1 if layout.start < len(found) else 0,
        header_rows=layout.header_rows,
        units_row=layout.units_row,
        confidence=_confidence(guesses),
        evidence=_evidence(guesses),
    )
    return TextTable(_frame(good, names).lazy(), dialect, headers, _rejected(bad, len(names)))


def _newline(text: str) -> str:
    pairs = text.count("\r\n")
    lone, feeds = text.count("\r") - pairs, text.count("\n") - pairs
    kinds = [(pairs, "\r\n"), (feeds, "\n"), (lone, "\r")]
    most = max(kinds, key=lambda k: k[0])
    return most[1] if most[0] >= 0.9 * (pairs + lone + feeds) else "mixed"


def _frame(rows: Sequence[Record], names: Sequence[str]) -> pl.DataFrame:
    columns = {name: [r.cells[i] or None for r in rows] for i, name in enumerate(names)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))


def _rejected(rows: Sequence[Record], width: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "line": [r.line for r in rows],
            "text": [r.text for r in rows],
            "reason": [f"{len(r.cells)} cells where {width} are expected" for r in rows],
        },
        schema={"line": pl.Int64, "text": pl.String, "reason": pl.String},
    )


def _confidence(guesses: Sequence[Guess]) -> float:
    if len(guesses) < 2 or guesses[0].score <= 0:
        return 0.5
    rivals = [g.score for g in guesses[1:] if g.delimiter != guesses[0].delimiter]
    return round(1.0 - (rivals[0] / guesses[0].score if rivals else 0.0), 3)


def _evidence(guesses: Sequence[Guess]) -> dict[str, object]:
    shown = [
        {"delimiter": g.delimiter, "quote": g.quote, "escape": g.escape, "score": round(g.score, 3), "width": g.width}
        for g in guesses[:3]
    ]
    return {"best": shown[0] if shown else {}, "runner_up": shown[1] if len(shown) > 1 else {}}
