"""What fits and matrices are expected to take, corrected by what they have taken."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from autoprep.model_search.configuration import Configuration
from autoprep.model_search.encode import TARGET_CLASSES, Kind
from autoprep.model_search.models import MODELS

#: Seconds that making a matrix takes for one cell of a frame, by the kind of matrix; corrected by what is seen.
CELL_COST: Mapping[Kind, float] = {"native": 1e-7, "target": 5e-7, "linear": 1.2e-6}
#: Units of work for one cell that a synthesizer makes.
VIEW_UNITS = 2e-7


class Costs:
    """Expected seconds, or units of work where work is counted.

    Args:
        width: columns of the cleaned rows.
        classes: number of classes, 0 for regression.
        counted: whether work is counted instead of time: what is learnt then must be told in a fixed order, and
            matrices cost what ``CELL_COST`` says.

    Example:
        >>> costs, plain = Costs(10, 2, counted=False), Configuration("lightgbm")
        >>> first = costs.fit(plain, 1_000)
        >>> costs.learn(plain, rows=1_000, columns=10, spent=2 * first)
        >>> costs.fit(plain, 1_000) / first
        2.0
    """

    def __init__(self, width: int, classes: int, *, counted: bool) -> None:
        self.width, self.classes, self.counted = width, classes, counted
        self._lock = Lock()
        self._pace: dict[str, float] = {}
        self._per_row: dict[str, float] = {}
        self._per_cell: dict[Kind, float] = {}
        self._columns: dict[str, int] = {}
        self._categories: dict[str, int] = {}

    def fit(self, configuration: Configuration, rows: int) -> float:
        """Of a fit on so many rows whose matrices are there."""
        columns = self._columns.get(configuration.features, self.width)
        if configuration.encoding[0] == "target" and self.classes > 2:
            # A code for each class and one of how many.
            columns += self._categories.get(configuration.features, 0) * min(self.classes, TARGET_CLASSES)
        pace = self._pace.get(configuration.family, self._pace.get("", 1.0))
        return pace * self._unlearnt(configuration, rows, columns)

    def matrix(self, configuration: Configuration, rows: int) -> float:
        """Of a configuration's matrix of so many rows whose frame is there."""
        kind = configuration.encoding[0]
        cells = rows * self._columns.get(configuration.features, self.width)
        return self._per_cell.get(kind, CELL_COST[kind]) * cells

    def frame(self, features: str, rows: int) -> float:
        """Of so many rows as a synthesizer makes them."""
        return self._per_row.get(features, 0.0) * rows

    def learn(self, configuration: Configuration, *, rows: int, columns: int, spent: float) -> None:
        """What a fit has taken (seconds of one thread, or units) is half of what the next of its family will."""
        seen = spent / max(self._unlearnt(configuration, rows, columns), 1e-6)
        with self._lock:
            # Units of one family say nothing of another's; the machine's pace does.
            for name in (configuration.family,) if self.counted else (configuration.family, ""):
                old = self._pace.get(name)
                self._pace[name] = seen if old is None else 0.5 * (old + seen)

    def learn_matrix(self, kind: Kind, cells: int, seconds: float) -> None:
        """What a matrix of so many cells of its frame has taken."""
        if not self.counted:
            self._per_cell[kind] = seconds / max(cells, 1)

    def learn_frame(self, features: str, rows: int, spent: float) -> None:
        """What a synthesizer has taken for so many training rows, in seconds or units."""
        self._per_row[features] = spent / max(rows, 1)

    def learn_width(self, features: str, columns: int, categories: int) -> None:
        """How wide the frame of a feature set is, and how many of its columns are categories."""
        self._columns[features], self._categories[features] = columns, categories

    def _unlearnt(self, configuration: Configuration, rows: int, columns: int) -> float:
        return MODELS[configuration.family].cost(rows, columns, max(self.classes, 0), configuration.parameters)
