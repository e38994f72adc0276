"""Definitions written for other engines: SQL and plain Polars code, each to be verified equal."""

from autoprep.synthesis.export.code import polars_code
from autoprep.synthesis.export.query import sql
from autoprep.synthesis.export.rows import rows_code, rows_sql
from autoprep.synthesis.export.written import Written

__all__ = ["Written", "polars_code", "rows_code", "rows_sql", "sql"]
