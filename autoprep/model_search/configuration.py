"""A point of the search, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autoprep.model_search.encode import Kind
from autoprep.model_search.models import MODELS
from autoprep.model_search.variants import Flips


@dataclass(frozen=True)
class Configuration:
    """A point of the search: a family of models, its parameters, and the feature set it sees.

    Attributes:
        family: name in ``MODELS``.
        parameters: hyper-parameters and the search's own ("encoding", "knots", "target", "rounds", "patience").
        features: name of a synthesizer; "" for the frame itself.
        label: short readable name.
        cleaning: lossy steps of the cleaning that are flipped, sorted.
    """

    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    features: str = ""
    label: str = ""
    cleaning: Flips = ()

    @property
    def key(self) -> str:
        """The same text for equal configurations."""
        said = ",".join(f"{k}={self.parameters[k]}" for k in sorted(self.parameters))
        flipped = f"#{'+'.join(self.cleaning)}" if self.cleaning else ""
        return f"{self.family}({said})@{self.features}{flipped}"

    @property
    def encoding(self) -> tuple[Kind, int]:
        """Kind of matrix and number of hinges."""
        kind: Kind = self.parameters.get("encoding", MODELS[self.family].encoding)
        return kind, int(self.parameters.get("knots", 0)) if kind == "linear" else 0
