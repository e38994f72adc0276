"""Which table of a database is meant: a query, a table's name, or the only one there is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autoprep.errors import InputError, did_you_mean

_SHOWN = 20


def as_query(query: str | None, tables: Sequence[str], where: str) -> tuple[str, str, tuple[str, ...]]:
    """The statement to run.

    Args:
        query: a statement, the name of a table, or None.
        tables: the tables and views that there are.
        where: the database, for error messages.

    Returns:
        the statement (without a semicolon at its end), the table's name when it is the whole of one, notes.

    Raises:
        InputError: no table is named and there is not just one, or there is none of that name.

    Example:
        >>> as_query("orders", ["orders", "people"], "shop.sqlite")
        ('SELECT * FROM "orders"', 'orders', ())
        >>> as_query("SELECT 1;", [], "shop.sqlite")
        ('SELECT 1', '', ())
    """
    if query is None or not query.strip():
        if not tables:
            raise InputError("this database holds no table", where=where)
        if len(tables) > 1:
            shown = ", ".join(tables[:_SHOWN]) + (", ..." if len(tables) > _SHOWN else "")
            hint = f"name one with --query {tables[0]}, or run a query with --query 'SELECT ...'"
            raise InputError(f"this database holds {len(tables)} tables ({shown})", where=where, hint=hint)
        return f"SELECT * FROM {quoted(tables[0])}", tables[0], (f"Read '{tables[0]}', the only table.",)
    text = query.strip().rstrip(";").strip()
    if text in tables:
        return f"SELECT * FROM {quoted(text)}", text, ()
    if re.fullmatch(r"[^\s();]+", text):
        known = {t.casefold(): t for t in tables}
        if text.strip('"').casefold() in known:
            found = known[text.strip('"').casefold()]
            return f"SELECT * FROM {quoted(found)}", found, ()
        raise InputError(
            f"there is no table '{text}'", where=where, hint=did_you_mean(text, tables) if tables else None
        )
    return text, "", ()


def quoted(name: str) -> str:
    """A table's name, its schema before a dot, as SQL.

    Example:
        >>> quoted("sales.orders 2024")
        '"sales"."orders 2024"'
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
