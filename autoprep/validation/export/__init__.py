"""A contract written in other words: one SQL statement, or a module of plain Polars."""

from autoprep.validation.export.code import to_polars
from autoprep.validation.export.sql import to_sql

__all__ = ["to_polars", "to_sql"]
