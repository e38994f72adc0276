"""Outcomes of our compiler as Great Expectations' own objects, suites in and out, and its Data Docs."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import great_expectations as gx
import polars as pl
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult

from autoprep.errors import InputError
from autoprep.validation.contract import Contract
from autoprep.validation.gx.internals import (
    ExpectationConfiguration,
    ExpectationSuiteIdentifier,
    ExpectationValidationResult,
    RunIdentifier,
    ValidationResultIdentifier,
)
from autoprep.validation.gx_words import for_gx
from autoprep.validation.outcome import Outcome, ResultFormat

SITE = "autoprep"


class Validated(Protocol):
    """What is told to Great Expectations: a ``ValidationReport``."""

    @property
    def results(self) -> Sequence[Outcome]: ...
    @property
    def broken(self) -> Sequence[Outcome]: ...
    @property
    def contract(self) -> str: ...
    @property
    def name(self) -> str: ...


def configuration(outcome: Outcome) -> ExpectationConfiguration:
    """The expectation of an outcome, as Great Expectations configures it."""
    return _configuration(outcome.type, outcome.kwargs, outcome.severity, outcome.meta)


def _configuration(
    name: str, kwargs: Mapping[str, Any], severity: str, meta: Mapping[str, Any]
) -> ExpectationConfiguration:
    said = for_gx({"type": name, "kwargs": _plain(kwargs), "severity": severity, "meta": _plain(meta)})
    return ExpectationConfiguration(**said)


def validation_result(outcome: Outcome, result_format: ResultFormat | Mapping[str, Any] = "SUMMARY") -> Any:
    """One outcome as a genuine ``ExpectationValidationResult``."""
    raised: dict[str, Any] = {
        "raised_exception": bool(outcome.error),
        "exception_message": None,
        "exception_traceback": None,
    }
    if outcome.error:
        raised |= {"exception_message": outcome.error, "exception_traceback": ""}
    return ExpectationValidationResult(
        success=outcome.success,
        expectation_config=configuration(outcome),
        result=outcome.result(result_format),
        exception_info=raised,
    )


def suite_result(
    report: Validated, result_format: ResultFormat | Mapping[str, Any] = "SUMMARY"
) -> ExpectationSuiteValidationResult:
    """A report as a genuine ``ExpectationSuiteValidationResult``, which stock renderers and Data Docs accept."""
    held = len(report.results) - len(report.broken)
    now = datetime.now(UTC)
    return ExpectationSuiteValidationResult(
        success=all(r.success for r in report.results),
        results=[validation_result(outcome, result_format) for outcome in report.results],
        suite_name=report.contract,
        statistics={
            "evaluated_expectations": len(report.results),
            "successful_expectations": held,
            "unsuccessful_expectations": len(report.results) - held,
            "success_percent": held / len(report.results) * 100 if report.results else None,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "batch_spec": {"batch_data": "Polars"},
            "batch_markers": {"ge_load_time": now.strftime("%Y%m%dT%H%M%S.%fZ")},
            "active_batch_definition": {
                "datasource_name": "autoprep",
                "data_connector_name": "fluent",
                "data_asset_name": report.name,
                "batch_identifiers": {},
            },
            "validation_time": now.isoformat(),
            "run_id": RunIdentifier(run_name=report.name, run_time=now),
        },
    )


def to_suite(contract: Contract) -> ExpectationSuite:
    """A contract as a genuine ``ExpectationSuite``."""
    configs = [
        _configuration(c["type"], c["kwargs"], c.get("severity", "error"), c.get("meta") or {})
        for c in contract.expectations
    ]
    return ExpectationSuite(
        name=contract.name, expectations=[c.to_domain_obj() for c in configs], meta=dict(contract.meta)
    )


def from_suite(suite: ExpectationSuite) -> Contract:
    """A genuine ``ExpectationSuite`` as a contract."""
    return Contract.from_dict(suite.to_json_dict(), where=f"suite {suite.name}")


def data_docs(report: Validated, folder: str | Path) -> Path:
    """Write Great Expectations' Data Docs of a report into a folder, by its own site builder.

    Returns:
        The index page.

    Raises:
        InputError: the folder cannot be written.
    """
    target = Path(folder).resolve()
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error})", where=str(target)) from error
    with tempfile.TemporaryDirectory() as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="file", project_root_dir=home)
        context.variables.progress_bars = {"globally": False}
        context.add_data_docs_site(
            site_name=SITE,
            site_config={
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(target)},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            },
        )
        made = suite_result(report)
        wanted = Contract(
            tuple({"type": r.type, "kwargs": r.kwargs, "severity": r.severity, "meta": r.meta} for r in report.results),
            report.contract,
        )
        context.suites.add(to_suite(wanted))
        key = ValidationResultIdentifier(
            expectation_suite_identifier=ExpectationSuiteIdentifier(report.contract),
            run_id=made.meta["run_id"],
            batch_identifier=report.name,
        )
        context.validation_results_store.set(key=key, value=made)
        context.build_data_docs(site_names=[SITE])
    return target / "index.html"


def _plain(value: Any) -> Any:
    if isinstance(value, pl.Series | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value
