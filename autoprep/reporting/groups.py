"""Like things said once: findings and changes of one rule in one line, with the columns that they concern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autoprep.reporting.views import ChangeView, FindingView

_COUNT = re.compile(r" \(([\d,]+) of ([\d,]+) (cells|rows)\)$")


@dataclass(frozen=True)
class Told:
    """One line: what is said, the columns it is said of (each with its count), some samples, what it stands for."""

    sentence: str
    columns: tuple[str, ...]
    samples: tuple[str, ...] = ()
    members: tuple[FindingView, ...] = ()


def _bare(message: str, columns: Sequence[str]) -> str:
    """The sentence without its column and its count.

    Example:
        >>> _bare("price: Numbers in text are read (3 of 1,200 cells)", ["price"])
        'Numbers in text are read'
    """
    for column in columns:
        message = message.removeprefix(f"{column}: ")
    return _COUNT.sub("", message)


def _counted(column: str, message: str) -> str:
    """The column with its count, where it is not all of it.

    Example:
        >>> _counted("price", "price: Words (3 of 1,200 cells)"), _counted("price", "price: Words (5 of 5 cells)")
        ('price (3)', 'price')
    """
    found = _COUNT.search(message)
    return f"{column} ({found.group(1)})" if found and found.group(1) != found.group(2) else column


def findings_told(views: Sequence[FindingView]) -> list[tuple[FindingView, Told]]:
    """Findings grouped by severity, rule and sentence, in their order; the first of each group beside what is told."""
    groups: dict[tuple[str, str, str], list[FindingView]] = {}
    for view in views:
        groups.setdefault((view.severity, view.rule, _bare(view.message, view.columns)), []).append(view)
    told = []
    for (_, _, sentence), members in groups.items():
        if len(members) == 1:
            told.append((members[0], Told(members[0].message, (), members[0].samples, tuple(members))))
            continue
        columns = tuple(_counted(", ".join(m.columns), m.message) for m in members)
        samples = tuple(dict.fromkeys(s for m in members for s in m.samples))
        told.append((members[0], Told(sentence, columns, samples, tuple(members))))
    return told


def changes_told(views: Sequence[ChangeView]) -> list[tuple[list[ChangeView], Told]]:
    """Changes grouped by rule, status, reason of refusal and sentence, in their order."""
    groups: dict[tuple[str, str, str, str], list[ChangeView]] = {}
    for view in views:
        key = (view.rule, view.status, view.declined, _bare(view.why, view.columns))
        groups.setdefault(key, []).append(view)
    told = []
    for (_, _, _, sentence), members in groups.items():
        columns = tuple(_counted(", ".join(m.columns), m.why) for m in members) if len(members) > 1 else ()
        told.append((members, Told(sentence if columns else members[0].why or members[0].id, columns)))
    return told
