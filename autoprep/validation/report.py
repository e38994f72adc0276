"""The answer of a validation: success, one line per broken expectation, and forms for pipelines and people."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from autoprep.types import Finding, Severity
from autoprep.validation.outcome import Outcome, ResultFormat, describe
from autoprep.validation.plain import jsonable

_LEVEL: Mapping[str, str] = {"error": "error", "warning": "warning", "info": "notice"}


@dataclass(frozen=True)
class ValidationReport:
    """What became of a contract on a table.

    Attributes:
        results: one outcome per expectation.
        rows: rows of the table.
        name: what the table is called in messages.
        contract: what the contract is called.
        frame: the table that was looked at; failing rows are taken from it.
    """

    results: tuple[Outcome, ...]
    rows: int = 0
    name: str = "table"
    contract: str = "contract"
    frame: pl.DataFrame | pl.LazyFrame | None = field(default=None, repr=False, compare=False)

    @property
    def success(self) -> bool:
        """Whether no expectation of severity "error" is broken."""
        return not any(r.severity == "error" for r in self.broken)

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The expectations that do not hold, or could not be evaluated."""
        return tuple(r for r in self.results if not r.success)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The broken expectations as findings."""
        return tuple(_finding(r) for r in self.broken)

    def lines(self) -> list[str]:
        """One line per broken expectation: severity, column, count, share, first rows."""
        return [f"{r.severity}: {r.sentence()}" for r in self.broken]

    @property
    def notes(self) -> tuple[str, ...]:
        """What breaks nothing and should be known: columns that the contract does not speak of."""
        return tuple(note for r in self.results if r.success and (note := self._unknown(r)))

    def _unknown(self, outcome: Outcome) -> str | None:
        if outcome.type != "expect_table_columns_to_match_set" or self.frame is None:
            return None
        spared = outcome.meta.get("optional") or ()
        known = {*outcome.kwargs.get("column_set", ()), *spared, outcome.meta.get("target")}
        more = [name for name in self.frame.lazy().collect_schema().names() if name not in known]
        return f"not in the contract, not looked at: {', '.join(more)}" if more else None

    def summary(self) -> str:
        """One line for all."""
        failed = sum(r.severity == "error" for r in self.broken)
        warned = len(self.broken) - failed
        held = len(self.results) - len(self.broken)
        return f"{self.name}: {held} of {len(self.results)} expectations hold, {failed} errors, {warned} warnings"

    def failing_rows(self) -> pl.DataFrame:
        """The rows that break an expectation, with ``row`` (0-based) first and ``reasons`` (list of sentences) last."""
        masked = [r for r in self.broken if r.mask is not None and r.unexpected_count]
        if self.frame is None or not masked:
            return pl.DataFrame(schema={"row": pl.Int64, "reasons": pl.List(pl.String)})
        masks = pl.DataFrame([r.mask.alias(str(i)) for i, r in enumerate(masked) if r.mask is not None])
        failing = masks.select(pl.any_horizontal(pl.all())).to_series()
        reasons = masks.filter(failing).select(
            pl.concat_list(
                pl.when(pl.col(str(i))).then(pl.lit(describe(r.type, r.kwargs))) for i, r in enumerate(masked)
            )
            .list.drop_nulls()
            .alias("reasons")
        )
        frame = self.frame.lazy().collect()
        taken = {"row", "reasons"} & set(frame.columns)
        frame = frame.rename({name: f"{name}_" for name in taken})
        numbered = frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64)).filter(failing)
        return numbered.with_columns(reasons.to_series())

    def to_dict(self, result_format: ResultFormat = "SUMMARY") -> dict[str, Any]:
        """Plain values, in the layout of a Great Expectations' suite result."""
        return {
            "success": self.success,
            "name": self.name,
            "contract": self.contract,
            "rows": self.rows,
            "notes": list(self.notes),
            "statistics": {
                "evaluated_expectations": len(self.results),
                "successful_expectations": len(self.results) - len(self.broken),
                "unsuccessful_expectations": len(self.broken),
            },
            "results": [
                {
                    "success": r.success,
                    "expectation": {"type": r.type, "kwargs": dict(r.kwargs), "meta": dict(r.meta)},
                    "severity": r.severity,
                    "message": r.sentence(),
                    "result": r.result(result_format),
                    "error": r.error or None,
                }
                for r in self.results
            ],
        }

    def to_json(self, path: str | Path | None = None, result_format: ResultFormat = "SUMMARY") -> str:
        """JSON text; written to ``path`` when one is given."""
        text = json.dumps(self.to_dict(result_format), indent=1, default=jsonable, ensure_ascii=False)
        return _written(text, path)

    def junit(self, path: str | Path | None = None) -> str:
        """JUnit XML: one test case per expectation."""
        errors = sum(bool(r.error) for r in self.results)
        suite = ElementTree.Element(
            "testsuite",
            name=f"{self.contract} on {self.name}",
            tests=str(len(self.results)),
            failures=str(len([r for r in self.broken if r.severity == "error" and not r.error])),
            errors=str(errors),
            timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        for r in self.results:
            subject = ", ".join(r.columns) or "table"
            case = ElementTree.SubElement(suite, "testcase", classname=subject, name=describe(r.type, r.kwargs))
            if r.success:
                continue
            kind = "error" if r.error else ("failure" if r.severity == "error" else "system-out")
            node = ElementTree.SubElement(case, kind)
            node.text = _xml_safe(r.sentence())
            if kind != "system-out":
                node.set("message", _xml_safe(r.sentence()))
        return _written(ElementTree.tostring(suite, encoding="unicode"), path)

    def annotations(self, file: str | None = None) -> str:
        """GitHub workflow commands, one line per broken expectation."""
        where = f"file={_command(file)}," if file else ""
        return "\n".join(
            f"::{_LEVEL[r.severity]} {where}title={_command(', '.join(r.columns) or self.name)}::"
            + _message(r.sentence())
            for r in self.broken
        )

    def to_gx(self, result_format: ResultFormat = "SUMMARY") -> Any:
        """A genuine ``ExpectationSuiteValidationResult``."""
        from autoprep.validation.gx import suite_result

        return suite_result(self, result_format)

    def data_docs(self, folder: str | Path) -> Path:
        """Write Great Expectations' Data Docs of this result into a folder; returns the index page."""
        from autoprep.validation.gx import data_docs

        index: Path = data_docs(self, folder)
        return index

    def __str__(self) -> str:
        return "\n".join([self.summary(), *self.lines(), *(f"info: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(r.severity)}</td><td>{html.escape(r.sentence())}</td></tr>" for r in self.broken
        )
        return f"<p>{html.escape(self.summary())}</p><table>{rows}</table>"


def _finding(outcome: Outcome) -> Finding:
    severity: Severity = outcome.severity if outcome.severity in ("error", "warning") else "info"  # type: ignore[assignment]
    return Finding(
        rule=str(outcome.meta.get("rule") or outcome.type),
        columns=outcome.columns,
        severity=severity,
        message=outcome.sentence(),
        count=outcome.unexpected_count or 0,
        share=outcome.share,
        samples=tuple(str(v) for v in dict.fromkeys(map(str, outcome.failing_values(20))))[:5],
        evidence={"expectation": outcome.type, "rows": outcome.rows(5)},
    )


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        target = Path(path)
        beside = target.with_name(target.name + ".part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    return text


def _xml_safe(text: str) -> str:
    return "".join(c if c in "\t\n\r" or ord(c) >= 32 else "\ufffd" for c in text)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _command(text: str | None) -> str:
    return _message(text or "").replace(":", "%3A").replace(",", "%2C")
