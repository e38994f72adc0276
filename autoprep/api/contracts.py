"""The verbs about contracts: derive one, check data against one, write one in other tools' words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from autoprep import validation
from autoprep.api.data import PathLike, read
from autoprep.cleaning.given import Given
from autoprep.engines import local
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.validation.contract import Exported

FORMS = ("sql", "polars", "gx")


def validate(source: Any, contract: Any) -> validation.ValidationReport:
    """Check data against a contract: a model folder, a Model, a plan, or an expectation suite (object or JSON).

    Rows for a model are held against its contract as it reads them: typed values as training wrote them, and the other
    way round. The contract of a model over several tables is about their rows with their features, made first.
    """
    from autoprep.api.model import Model
    from autoprep.api.training import load

    held = load(contract) if isinstance(contract, str | Path) and Path(contract).is_dir() else contract
    if not isinstance(held, Model):
        return validation.validate(read(source), _contract(held))
    if held.tables is not None:
        return validation.validate(held.rows(source), held.contract)
    table = read(source)
    return validation.validate(replace(table, frame=Given(held.plan).rows(table.frame)), held.contract)


def _contract(contract: Any) -> Any:
    if isinstance(contract, str | Path):
        return validation.Contract.load(Path(contract))
    return getattr(contract, "contract", contract)


def write_validation(
    report: validation.ValidationReport,
    *,
    data_docs: PathLike | None = None,
    junit: PathLike | None = None,
    failing_rows: PathLike | None = None,
) -> None:
    """Write a validation report's other forms: Data Docs folder, JUnit XML, failing rows with their reasons."""
    if data_docs is not None:
        report.data_docs(data_docs)
    if junit is not None:
        write_text(report.junit(), junit)
    if failing_rows is not None:
        local.write(report.failing_rows(), failing_rows)


def contract(source: Any) -> validation.Contract:
    """Derive a contract from good data: each check with its evidence."""
    return validation.derive(read(source))


def save_contract(suite: validation.Contract, path: PathLike) -> Path:
    """Write a contract: YAML that a person edits, or Great Expectations' JSON, by the suffix."""
    text = suite.to_yaml() if Path(path).suffix.lower() in (".yaml", ".yml") else suite.to_json()
    return write_text(text, path)


def export_contract(contract: Any, to: str, *, table: str = "", dialect: str = "duckdb", like: Any = None) -> Exported:
    """Write a contract as one SQL statement ("sql"), a module of plain Polars ("polars"), or a GX suite ("gx").

    Args:
        contract: what ``validate`` takes.
        to: one of ``FORMS``.
        table: with "sql", the name of the table, or of a file as DuckDB reads one.
        dialect: with "sql", a dialect of sqlglot.
        like: data whose dtypes decide how literals are written.

    Raises:
        InputError: sqlglot is not installed. SettingError: an unknown form or dialect.

    Example:
        >>> made = export_contract({"expect": [{"column": "age", "min": 0}]}, "sql", table="people")
        >>> made.declined
        ()
    """
    if to not in FORMS:
        raise SettingError(f"a contract is not written as '{to}'", hint=did_you_mean(to, FORMS))
    suite = validation.as_contract(contract)
    if to == "gx":
        return Exported(suite.to_json() + "\n")
    try:
        from autoprep.validation.export import to_polars, to_sql
    except ModuleNotFoundError:
        raise InputError("writing contracts needs sqlglot", hint="pip install 'autoprep[sql]'") from None
    schema = None if like is None else dict(read(like).frame.collect_schema())
    if to == "polars":
        return to_polars(suite, schema=schema)
    named = f"'{table}'" if Path(table).suffix and "'" not in table else table
    return to_sql(suite, table=named or "data_to_check", schema=schema, dialect=dialect)


def write_text(text: str, path: PathLike) -> Path:
    """Write text whole or not at all."""
    from autoprep.lineage import whole_file

    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")
    return Path(path)
