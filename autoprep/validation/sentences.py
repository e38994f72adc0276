"""Business sentences: short checks that a person writes into a contract, read as Great Expectations' expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autoprep.errors import SettingError, did_you_mean
from autoprep.validation.expectation import TO_GX_SEVERITY

Config = dict[str, Any]
_ABOUT = ("column", "columns", "severity", "mostly", "where", "why", "title", "meta")


def _column_range(prefix: str) -> Callable[[str, Any], list[Config]]:
    def made(column: str, said: Any) -> list[Config]:
        low, high = _limits(said)
        return [_made(f"expect_column_{prefix}_to_be_between", column=column, min_value=low, max_value=high)]

    return made


def _limits(said: Any) -> tuple[Any, Any]:
    if not isinstance(said, Sequence) or isinstance(said, str) or len(said) != 2:
        raise SettingError(f"{said!r} is no range", hint="write [low, high]; null leaves a side open")
    return said[0], said[1]


def _made(name: str, **kwargs: Any) -> Config:
    return {"type": name, "kwargs": {k: v for k, v in kwargs.items() if v is not None}}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _references(column: str, said: Any) -> list[Config]:
    table, _, key = str(said).partition(".")
    if not key:
        raise SettingError(f"'{said}' names no column of another table", hint="write table.column")
    own = _quoted(column)
    query = f"SELECT * FROM {{batch}} WHERE {own} IS NOT NULL AND {own} NOT IN (SELECT {_quoted(key)} FROM {table})"
    return [_made("unexpected_rows_expectation", unexpected_rows_query=query)]


def _fresh(column: str, said: Any) -> list[Config]:
    return [_made("expect_column_max_to_be_between", column=column, min_value={"$PARAMETER": f"now() - {said}"})]


def _single(name: str, argument: str) -> Callable[[str, Any], list[Config]]:
    return lambda column, said: [_made(name, column=column, **{argument: said})]


def _flag(name: str) -> Callable[[str, Any], list[Config]]:
    return lambda column, said: [_made(name, column=column)] if said else []


#: Words about one column (or each of several).
COLUMN_WORDS: Mapping[str, Callable[[str, Any], list[Config]]] = {
    "not_null": _flag("expect_column_values_to_not_be_null"),
    "unique": _flag("expect_column_values_to_be_unique"),
    "exists": _flag("expect_column_to_exist"),
    "increasing": _flag("expect_column_values_to_be_increasing"),
    "decreasing": _flag("expect_column_values_to_be_decreasing"),
    "between": _column_range("values"),
    "min": lambda column, said: [_made("expect_column_values_to_be_between", column=column, min_value=said)],
    "max": lambda column, said: [_made("expect_column_values_to_be_between", column=column, max_value=said)],
    "length": lambda column, said: [
        _made(
            "expect_column_value_lengths_to_be_between",
            column=column,
            min_value=_limits(said)[0],
            max_value=_limits(said)[1],
        )
    ],
    "in": _single("expect_column_values_to_be_in_set", "value_set"),
    "not_in": _single("expect_column_values_to_not_be_in_set", "value_set"),
    "matches": _single("expect_column_values_to_match_regex", "regex"),
    "not_matches": _single("expect_column_values_to_not_match_regex", "regex"),
    "like": _single("expect_column_values_to_match_like_pattern", "like_pattern"),
    "date_format": _single("expect_column_values_to_match_strftime_format", "strftime_format"),
    "type": _single("expect_column_values_to_be_of_type", "type_"),
    "references": _references,
    "within": _fresh,
    "mean": _column_range("mean"),
    "median": _column_range("median"),
    "sum": _column_range("sum"),
    "distinct": _column_range("unique_value_count"),
    "full": _column_range("proportion_of_non_null_values"),
}


def _key(said: Any) -> list[Config]:
    columns = [said] if isinstance(said, str) else list(said)
    checks = [_made("expect_column_values_to_not_be_null", column=c) for c in columns]
    if len(columns) == 1:
        return [*checks, _made("expect_column_values_to_be_unique", column=columns[0])]
    return [*checks, _made("expect_compound_columns_to_be_unique", column_list=columns)]


def _holds(said: Any) -> list[Config]:
    query = f"SELECT * FROM {{batch}} WHERE NOT ({said})"
    return [_made("unexpected_rows_expectation", unexpected_rows_query=query)]


def _rows(said: Any) -> list[Config]:
    if isinstance(said, int):
        return [_made("expect_table_row_count_to_equal", value=said)]
    low, high = _limits(said)
    return [_made("expect_table_row_count_to_be_between", min_value=low, max_value=high)]


#: Words about the table.
TABLE_WORDS: Mapping[str, Callable[[Any], list[Config]]] = {
    "key": _key,
    "holds": _holds,
    "rows": _rows,
    "has_columns": lambda said: [_made("expect_table_columns_to_match_set", column_set=list(said), exact_match=False)],
    "only_columns": lambda said: [_made("expect_table_columns_to_match_set", column_set=list(said))],
    "ordered_columns": lambda said: [_made("expect_table_columns_to_match_ordered_list", column_list=list(said))],
    "same_rows_as": lambda said: [_made("expect_table_row_count_to_equal_other_table", other_table_name=said)],
}
SENTENCE_KEYS = (*_ABOUT, *COLUMN_WORDS, *TABLE_WORDS)


def is_sentence(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a contract is written in these words."""
    return any(key in COLUMN_WORDS or key in TABLE_WORDS for key in entry)


def read_sentence(entry: Mapping[str, Any], where: str = "sentence") -> list[Mapping[str, Any]]:
    """One sentence as expectation configurations.

    Words about columns: ``not_null, unique, between, min, max, in, not_in, matches, like, length, type, date_format,
    references: table.column, within: 2 days`` (freshness), ``mean, median, sum, distinct, full, increasing,
    decreasing``.
    Words about the table: ``key, holds`` (SQL over the row: order and arithmetic between columns), ``rows`` (volume),
    ``has_columns, only_columns, ordered_columns, same_rows_as``. Any may add ``where, mostly, severity, why``.

    Raises:
        SettingError: a word is unknown; names the nearest one.

    Example:
        >>> [c["type"] for c in read_sentence({"column": "age", "between": [0, 120], "not_null": True})]
        ['expect_column_values_to_be_between', 'expect_column_values_to_not_be_null']
        >>> read_sentence({"holds": "start <= stop"})[0]["kwargs"]
        {'unexpected_rows_query': 'SELECT * FROM {batch} WHERE NOT (start <= stop)'}
    """
    for key in entry:
        if key not in SENTENCE_KEYS:
            raise SettingError(f"unknown word '{key}'", where=where, hint=did_you_mean(str(key), SENTENCE_KEYS))
    named = entry.get("columns") or ([entry["column"]] if "column" in entry else [])
    columns = [named] if isinstance(named, str) else list(named)
    configs: list[Config] = []
    for word, said in entry.items():
        try:
            if word in COLUMN_WORDS:
                if not columns:
                    raise SettingError(f"'{word}' is about a column, and none is named", hint="add column: ...")
                for column in columns:
                    configs += COLUMN_WORDS[word](str(column), said)
            elif word in TABLE_WORDS:
                configs += TABLE_WORDS[word](said)
        except SettingError as error:
            raise SettingError(error.what, where=where, hint=error.hint) from None
    severity = entry.get("severity", "error")
    if severity not in TO_GX_SEVERITY:
        raise SettingError(f"severity is '{severity}'", where=where, hint=did_you_mean(str(severity), TO_GX_SEVERITY))
    return [_finished(config, entry) for config in configs]


def _finished(config: Config, entry: Mapping[str, Any]) -> Config:
    kwargs = dict(config["kwargs"])
    query = kwargs.get("unexpected_rows_query")
    if entry.get("where") and query:
        kwargs["unexpected_rows_query"] = query.replace(" WHERE ", f" WHERE ({entry['where']}) AND ", 1)
    elif entry.get("where"):
        kwargs |= {"row_condition": entry["where"], "condition_parser": "sql"}
    if "mostly" in entry and not query:
        kwargs["mostly"] = entry["mostly"]
    meta = dict(entry.get("meta") or {})
    meta |= {key: entry[key] for key in ("title", "why") if entry.get(key)}
    return {"type": config["type"], "kwargs": kwargs, "severity": entry.get("severity", "error"), "meta": meta}
