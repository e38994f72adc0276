"""The page of a drift check: one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import escape

_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .5rem;vertical-align:top;"
    "border-bottom:1px solid #8884;overflow-wrap:anywhere}.error{color:#c33}.warning{color:#b70}"
)


def drift_html(title: str, rows: Sequence[int], changes: Sequence[Mapping[str, Any]]) -> str:
    """The page: every change with its severity, part, sentence, statistic and threshold.

    Example:
        >>> "nothing drifted" in drift_html("A <b>", (10, 20), [])
        True
    """
    lines = [
        f"<tr><td class={escape(c['severity'])}>{escape(c['severity'])}</td><td>{escape(c['part'])}</td>"
        f"<td>{escape(c['sentence'])}</td><td>{_figure(c['statistic'])}</td><td>{_figure(c['threshold'])}</td></tr>"
        for c in changes
    ]
    heads = "".join(f"<th>{h}</th>" for h in ("severity", "part", "what", "statistic", "threshold"))
    body = f"<table><tr>{heads}</tr>{''.join(lines)}</table>" if lines else "<p>nothing drifted</p>"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"<p>{rows[0]:,} rows in training, {rows[1]:,} new rows</p>{body}</html>\n"
    )


def _figure(value: Any) -> str:
    return "" if value is None else f"{value:.3g}"
