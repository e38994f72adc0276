"""What a family is: a function from the table so far to proposals, each with a measured precision or a refusal."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import polars as pl

from autoprep.registry import Catalogue
from autoprep.types import Gate


def never() -> bool:
    """No clock runs."""
    return False


@dataclass(frozen=True)
class State:
    """The table as it stands when a family looks at it.

    Attributes:
        frame: rows, mended by the earlier steps of the plan.
        columns: the profile's row of each column, by name.
        target: name of the target, or None.
        protected: columns that no rule may write.
        parameters: the rule's parameters.
        raw: the same rows as they came; None when they are only a part of the table.
        remembered: a judgement of some columns alone: read where it was made before (what, columns, make), or None.
        probe: what a repair must show before it may write: ``precision``, ``cells``, ``max_harm``.
        late: says when a search over pairs of columns must stop with what it has found.
    """

    frame: pl.DataFrame
    columns: Mapping[str, Mapping[str, Any]]
    target: str | None = None
    protected: frozenset[str] = frozenset()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    probe: Mapping[str, float] = field(default_factory=dict)
    raw: pl.DataFrame | None = None
    late: Callable[[], bool] = never
    remembered: Callable[[str, Sequence[str], Callable[[], Any]], Any] | None = None

    def judged(self, what: str, columns: Sequence[str], make: Callable[[], Any]) -> Any:
        """A judgement that hangs on nothing but these columns' cells: proposals, or None."""
        return make() if self.remembered is None else self.remembered(what, columns, make)

    def texts(self) -> list[str]:
        """Columns of text that may be written, the target left out."""
        return [
            name
            for name, dtype in self.frame.schema.items()
            if dtype == pl.String() and name != self.target and name not in self.protected
        ]


@dataclass(frozen=True)
class Proposal:
    """One action that a family proposes.

    Attributes:
        columns: what it writes (and, for some verbs, reads).
        parameters: the verb's, as plain constants.
        confidence: measured precision, in [0, 1].
        evidence: figures.
        declined: why it must not write; "" when it may.
        gate: stricter than the rule's, or None.
        verb: another verb than the rule's, or "".
        why: one sentence that replaces the rule's, or "".
    """

    columns: tuple[str, ...]
    parameters: Mapping[str, Any]
    confidence: float = 1.0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    declined: str = ""
    gate: Gate | None = None
    verb: str = ""
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``Proposal(**values)`` gives it back."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def distinct_words(state: State, column: str, most: int) -> pl.DataFrame | None:
    """Distinct values ``v`` of a text column and their cells ``n``, in order of the values.

    None for the target, for what is no text column, and where there are fewer than two values or more than ``most``.
    """
    frame = state.frame
    if column not in frame.columns or frame.schema[column] != pl.String() or column == state.target:
        return None
    counted = frame.select(pl.col(column).alias("v")).drop_nulls().group_by("v").len("n").sort("v")
    return counted if 2 <= counted.height <= most else None


def lower_bound(right: int, tried: int, z: float = 1.645) -> float:
    """A share that is at least so high in 19 of 20 cases: the lower end of Wilson's interval (1927); 0 when untried.

    Example:
        >>> round(lower_bound(200, 200), 3), round(lower_bound(19, 20), 3), lower_bound(0, 0)
        (0.987, 0.804, 0.0)
    """
    if not tried:
        return 0.0
    share, room = right / tried, z * z / tried
    middle = share + room / 2
    spread = z * ((share * (1 - share) + room / 4) / tried) ** 0.5
    return float((middle - spread) / (1 + room))


Learner = Callable[[State, Mapping[str, Any], Mapping[str, Any]], list[Proposal]]
#: Verb -> how its parameters are learnt: function(state, the profile's row, parameters given by the rule).
LEARNERS: Catalogue[Learner] = Catalogue("repair family", group="autoprep.families")


_CLASSES = str.maketrans(
    string.ascii_lowercase + string.ascii_uppercase + string.digits, "a" * 26 + "A" * 26 + "9" * 10
)


def shape(value: str) -> str:
    """Letters and digits by their class.

    Example:
        >>> shape("AB-12a")
        'AA-99a'
    """
    return value.translate(_CLASSES)
