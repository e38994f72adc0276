"""The matrix of one row for a model, and the directions of one text: the encoders' arithmetic without frames."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from autoprep.model_search.encode import Encoder
from autoprep.primitives.text import WORD
from autoprep.serving.rowwise import patterns
from autoprep.serving.rowwise.expression import Code, Compiler, Row
from autoprep.serving.rowwise.texts import Declined
from autoprep.synthesis.texts import LONGEST, TextDirections

Array = np.ndarray[Any, Any]
_NAN = float("nan")


def encoded(made: Encoder, columns: Mapping[str, Code], compiler: Compiler) -> Callable[[Row], list[float]]:
    """The row (one value per column) that ``Encoder.transform`` gives for a row.

    Raises:
        Declined: a number column is not there.
    """
    if missing := [name for name in made.numbers if name not in columns]:
        raise Declined(f"the column '{missing[0]}' is missing")
    numbers = [compiler.cast(columns[name], pl.Float64()).evaluate for name in made.numbers]
    levels = [_level(level.name, level.values, columns, compiler) for level in made.levels]

    def read(row: Row) -> tuple[list[float], list[int]]:
        values = [_NAN if (v := number(row)) is None or v - v != 0 else v for number in numbers]
        return values, [level(row) for level in levels]

    if made.kind == "native":
        sizes = [len(level.values) for level in made.levels]

        def native(row: Row) -> list[float]:
            values, codes = read(row)
            return values + [float(c) if c < size else _NAN for c, size in zip(codes, sizes, strict=True)]

        return native
    if made.kind == "target":

        def coded(row: Row) -> list[float]:
            values, codes = read(row)
            for table, code in zip(made.maps, codes, strict=True):
                values += table[code]
            return values

        return coded
    return _linear(made, read)


def _linear(made: Encoder, read: Callable[[Row], tuple[list[float], list[int]]]) -> Callable[[Row], list[float]]:
    bounds = list(zip(made.fill, made.low, made.high, strict=True))
    flagged, hinges = made.flagged, [(place, knots) for place, knots in enumerate(made.hinges) if knots]
    scales = list(zip(made.centre, made.spread, strict=True))
    tables = []
    for number, level in enumerate(made.levels):
        size = len(level.values)
        one_hot = np.eye(size + 2)[:, : size + 1].tolist()
        tables.append(one_hot if size <= made.most_one_hot else made.maps[number])

    def linear(row: Row) -> list[float]:
        values, codes = read(row)
        missing = [v != v for v in values]
        filled = [
            min(max(fill if gone else value, low), high)
            for value, gone, (fill, low, high) in zip(values, missing, bounds, strict=True)
        ]
        parts = filled + [float(missing[place]) for place in flagged]
        for place, knots in hinges:
            value = filled[place]
            parts += [max(value - knot, 0.0) for knot in knots]
        for table, code in zip(tables, codes, strict=True):
            parts += table[code]
        return [(part - centre) / spread for part, (centre, spread) in zip(parts, scales, strict=True)]

    return linear


def _level(name: str, values: list[str], columns: Mapping[str, Code], compiler: Compiler) -> Callable[[Row], int]:
    null, unknown = len(values), len(values) + 1
    if name not in columns:
        return lambda row: unknown
    text = compiler.cast(columns[name], pl.String()).evaluate
    codes = {value: code for code, value in enumerate(values)}

    def level(row: Row) -> int:
        value = text(row)
        return null if value is None else codes.get(value, unknown)

    return level


def text_directions(step: TextDirections, text: Code, compiler: Compiler) -> list[Code]:
    """One code per column that the step makes of a text."""
    places = {piece: place for place, piece in enumerate(step.vocabulary)}
    weights, directions = step.weights.astype(np.float64), step.directions.astype(np.float64)
    width = directions.shape[1]
    find = patterns.finder(WORD) if step.analyzer == "words" else _trigrams
    inner = text.evaluate

    def project(row: Row) -> list[float] | None:
        value = inner(row)
        if value is None:
            return None
        counts = Counter(find(value.lower()))
        known = sorted((places[piece], count) for piece, count in counts.items() if piece in places)
        if not known:
            return [0.0] * width
        rows = np.array([place for place, _ in known])
        weight = np.array([float(count) for _, count in known]) * weights[rows]
        # summed one after the other, in the order of the vocabulary
        length = np.sqrt(np.cumsum(weight**2)[-1])
        out = np.cumsum(weight[:, None] * directions[rows], axis=0)[-1]
        said: list[float] = (out / np.maximum(length, 1e-12)).astype(np.float32).astype(np.float64).tolist()
        return said

    whole = compiler.once(Code(project, pl.Null(), text.number))

    def one(at: int) -> Code:
        def evaluate(row: Row) -> Any:
            found = whole.evaluate(row)
            return None if found is None else found[at]

        return Code(evaluate, pl.Float64(), text.number)

    return [one(at) for at in range(width)]


_SPACE = re.compile(r"\A\s+|\s+\Z")


def _trigrams(text: str) -> list[str]:
    padded = f" {_SPACE.sub('', text)[:LONGEST]} "
    return [padded[i : i + 3] for i in range(len(padded) - 2)]
