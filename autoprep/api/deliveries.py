"""The verb about two versions of the data: what differs, in rows, cells, profile and plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from autoprep import cleaning, pipeline, profiling
from autoprep.api.cleaning import plan
from autoprep.api.data import Settings, as_config, read
from autoprep.types import Listener, silent

if TYPE_CHECKING:
    from autoprep.cleaning.deliveries import Difference


@dataclass(frozen=True)
class DataDiff:
    """Two versions of the data beside each other.

    Attributes:
        table: rows and cells. drifts: what the profiles say differently, worst first: severity, column, sentence.
        plan: one line per difference of what would be cleaned.
    """

    table: Difference
    drifts: tuple[dict[str, Any], ...]
    plan: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether rows and cells are the same."""
        return not self.table.lines()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"same": self.same, **asdict(self)}

    def markdown(self) -> str:
        """The difference for a pull request."""
        parts = (
            ("Rows and cells", self.table.lines()),
            ("Profile", [f"{d['severity']}: {d['sentence']}" for d in self.drifts]),
            ("What would be cleaned differently", [f"`{line}`" for line in self.plan]),
        )
        told = [
            f"### {title}\n\n" + "\n".join(f"- {line}" for line in lines or ["no difference"]) for title, lines in parts
        ]
        return "\n\n".join(told) + "\n"


def data_diff(
    before: Any,
    after: Any,
    *,
    key: Sequence[str] = (),
    target: str | None = None,
    config: Settings = None,
    listener: Listener = silent,
) -> DataDiff:
    """Explain two versions of the data: rows, cells, profile, and what would be cleaned differently.

    Args:
        before, after: sources; ``PATH@REVISION`` names a file as a revision of the repository has it (git or DVC).
        key: columns that tell rows apart; found when not given.
        target: the column to predict. config: the project's settings. listener: hears what is done.

    Raises:
        InputError: a source cannot be read, or a column of the key is not in both.

    Example:
        >>> made = data_diff({"id": ["1", "2"], "x": ["5", "6"]}, {"id": ["1", "2"], "x": ["5", "N/A"]})
        >>> made.table.cells[0]["changed"], len(made.plan) > 0
        (1, True)
    """
    from autoprep.cleaning.deliveries import difference
    from autoprep.tracking.versions import at_revision

    settings = as_config(config)
    with _path(at_revision, before) as old, _path(at_revision, after) as new:
        tables = [read(source, listener=listener) for source in (old, new)]
        frames = [table.collect() for table in tables]
        table = difference(frames[0], frames[1], key=key)
        profiles = [profiling.profile(frame, target=target) for frame in frames]
        drifts = profiles[0].masked().compare(profiles[1].masked()).drifts
        plans = [plan(frame, target=target, config=settings, listener=listener) for frame in frames]
    personal = {name for found in profiles for name in pipeline.personal_columns(found)}
    table = replace(table, cells=tuple(_masked(cell, personal, table.key) for cell in table.cells))
    kept = tuple(drifts.select("severity", "column", "sentence").to_dicts())
    return DataDiff(table, kept, tuple(cleaning.diff(plans[0], plans[1])))


def _masked(cell: dict[str, Any], personal: set[str], key: Sequence[str]) -> dict[str, Any]:
    """A column's changes without samples where they would show personal data."""
    return {**cell, "samples": []} if personal & {cell["column"], *key} else cell


def _path(at_revision: Any, source: Any) -> Any:
    from contextlib import nullcontext

    return at_revision(source) if isinstance(source, str) else nullcontext(source)
