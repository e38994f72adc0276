"""Nodes of an ONNX graph, written one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Graph:
    """Nodes in their order, each value known by its name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._count = 0

    def name(self, stem: str) -> str:
        """A name that no other value has."""
        self._count += 1
        return f"{stem}_{self._count}"

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """The name of a constant."""
        from onnx import numpy_helper

        name = self.name("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", out: str | None = None, **attributes: Any) -> str:
        """The name of a node's only output."""
        from onnx import helper

        name = out or self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def join(self, parts: Sequence[str]) -> str:
        """Columns side by side."""
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def columns(self, matrix: str, places: Sequence[int]) -> str:
        """Some columns of a matrix."""
        return self.add("Gather", matrix, self.constant(list(places), np.int64), axis=1)


def filled(graph: Graph, matrix: str, value: Any) -> str:
    """NaN replaced."""
    return graph.add("Where", graph.add("IsNaN", matrix), graph.constant(value), matrix)


def rows(graph: Graph, table: str, codes: str) -> str:
    """The rows (n, width) of a table that codes (n, 1) name."""
    return graph.add("Gather", table, graph.add("Squeeze", codes, graph.constant([1], np.int64)), axis=0)


def two(graph: Graph, positive: str) -> str:
    return graph.join([graph.add("Sub", graph.constant(1.0), positive), positive])
