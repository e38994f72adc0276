"""Several values in one cell."""

from __future__ import annotations

import polars as pl

from autoprep.parsing.text import trim

#: Separators that pack values, the likelier first.
SEPARATORS: tuple[str, ...] = ("|", ";", ",", " / ", "/", "\n", "\t", " - ", ":", "&", "+")


def split(expr: pl.Expr, separator: str = "|") -> pl.Expr:
    """List(String) of the trimmed parts of a cell; an empty cell gives an empty list.

    Example:
        >>> pl.select(split(pl.lit("Action| Drama |"))).item().to_list()
        ['Action', 'Drama']
    """
    bare = trim(expr).str.strip_prefix("[").str.strip_suffix("]") if separator == "," else trim(expr)
    parts = bare.str.split(separator).list.eval(trim(pl.element()).str.strip_chars("'\""))
    return parts.list.eval(pl.element().filter(pl.element() != ""))


def part(expr: pl.Expr, index: int, separator: str = ",") -> pl.Expr:
    """One trimmed part of a cell (negative counts from the end); null where there are fewer.

    Example:
        >>> pl.select(part(pl.lit("Boston, MA"), 1)).item()
        'MA'
    """
    return trim(expr.str.split(separator).list.get(index, null_on_oob=True))


def keys(expr: pl.Expr, separator: str = ";", equals: str = "=") -> pl.Expr:
    """List(String) of the keys of ``k=v;k=v``.

    Example:
        >>> pl.select(keys(pl.lit("a=1; b=2"))).item().to_list()
        ['a', 'b']
    """
    return split(expr, separator).list.eval(trim(pl.element().str.split(equals).list.first()))


def value(expr: pl.Expr, key: str, separator: str = ";", equals: str = "=") -> pl.Expr:
    """The value under one key of ``k=v;k=v``; null where the key is not there.

    Example:
        >>> pl.select(value(pl.lit("a=1; b=2"), "b")).item()
        '2'
    """
    pairs = split(expr, separator)
    found = pairs.list.eval(
        pl.element()
        .filter(trim(pl.element().str.split(equals).list.first()) == key)
        .str.split(equals)
        .list.get(1, null_on_oob=True)
    )
    return trim(found.list.first())
