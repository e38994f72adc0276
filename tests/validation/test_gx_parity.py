"""Our compiler says what Great Expectations' pandas engine says, in all four formats."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import importlib.util
import json
import math
import os
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from autoprep.validation import evaluate
from autoprep.validation.evaluate import native
from autoprep.validation.expectation import EXPECTATIONS

_spec = importlib.util.spec_from_file_location("gx_frames", Path(__file__).with_name("gx_frames.py"))
assert _spec is not None
assert _spec.loader is not None
gx_frames = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(gx_frames)
FRAMES: dict[str, pl.DataFrame] = gx_frames.frames()

#: Where GX's own answer is an artefact of pandas' dtypes, and ours is meant to differ.
KNOWN = {
    (
        "dates",
        "expect_column_most_common_value_to_be_in_set",
    ): "GX compares numpy.datetime64 with datetime: never equal",
}
#: Where GX raises on values and we answer. (On a column without values it raises for some dtypes, and we answer.)
ANSWERED = {
    ("dates", "expect_column_quantile_values_to_be_between"),
    ("days", "expect_column_quantile_values_to_be_between"),
    ("categoricals", "expect_column_pair_values_a_to_be_greater_than_b"),
}


#: What GX's pandas engine cannot be asked; GX's SQL engine is asked instead.
SQL_ONLY = {
    *(f"expect_column_values_to_{n}match_like_pattern{many}" for n in ("", "not_") for many in ("", "_list")),
    "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
    "unexpected_rows_expectation",
}


FORMATS = ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE")
#: What the pandas engine answered, so that it need not be asked each time; write anew by running this file.
RECORD = Path(__file__).with_name("gx_answers.json.gz")


class PandasEngine:
    """Great Expectations on pandas frames."""

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("p").add_dataframe_asset("t")
        self.definition = asset.add_batch_definition_whole_dataframe("all")

    def ask(self, kind: str, result_format: Any) -> list[dict[str, Any]]:
        """Per expectation, in order: {success, result, raised}."""
        import great_expectations as gx
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        asked = gx_frames.expectations(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            objects = [ExpectationConfiguration(**e, meta={"n": n}).to_domain_obj() for n, e in enumerate(asked)]
            batch = self.definition.get_batch(batch_parameters={"dataframe": FRAMES[kind].to_pandas()})
            suite = gx.ExpectationSuite(name=kind + result_format, expectations=objects)
            results = batch.validate(suite, result_format=result_format).results
        answers = {
            r.expectation_config.meta["n"]: {
                "success": bool(r.success),
                "result": plain(r.result),
                "raised": raised(r.exception_info),
            }
            for r in results
        }
        return [answers[n] for n in range(len(asked))]


@pytest.fixture(scope="session")
def engine() -> PandasEngine:
    return PandasEngine()


@pytest.fixture(scope="session")
def record() -> dict[str, Any]:
    """What was recorded; nothing when it is of another version of Great Expectations or of other questions."""
    known = json.loads(gzip.decompress(RECORD.read_bytes()))
    return known if known.pop("made for") == made_for() else {}


def made_for() -> str:
    """The version of Great Expectations, and a digest of the questions."""
    asked = repr(
        [(kind, frame.to_dict(as_series=False), gx_frames.expectations(kind)) for kind, frame in FRAMES.items()]
    )
    return f"{version('great_expectations')} {hashlib.sha256(asked.encode()).hexdigest()[:16]}"


def plain(value: Any) -> Any:
    """Values of either side, comparable: NaN and NaT are None, dates are text, numbers have twelve digits."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | set | pl.Series):
        return [plain(v) for v in value]
    if hasattr(value, "tolist") and not isinstance(value, dt.date):
        if type(value).__name__ == "datetime64":
            return None if str(value) == "NaT" else str(value)[:19]
        return plain(value.tolist())
    if value is None or type(value).__name__ == "NaTType":
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat()[:19]
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if math.isnan(value) else float(f"{float(value):.12g}")
    return value


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what GX leaves to chance: counts of values that hold nulls, the order of sets and categories."""
    made = plain(result)
    failing = made.get("partial_unexpected_list") or []
    if any(
        v is None or (isinstance(v, list) and None in v) or (isinstance(v, dict) and None in v.values())
        for v in failing
    ):
        made.pop("partial_unexpected_counts", None)
    if "partial_missing_list" in made:
        made["partial_missing_list"].sort()
    for partition in (made.get("details") or {}).values():
        if isinstance(partition, dict) and "values" in partition:
            partition.update(sorted(zip(partition.pop("values"), partition.pop("weights"), strict=True)))
    return made


def raised(info: dict[str, Any]) -> bool:
    """Whether GX could not evaluate."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(part.get("raised_exception") for part in info.values())


def empty(kind: str) -> bool:
    """Whether the column under test holds no value."""
    return kind.startswith(("empty_", "all_"))


@pytest.mark.parametrize("result_format", FORMATS)
@pytest.mark.parametrize("kind", list(FRAMES))
def test_parity(kind: str, result_format: Any, engine: PandasEngine, record: dict[str, Any]) -> None:
    asked = gx_frames.expectations(kind)
    live = list(FRAMES).index(kind) % 4 == FORMATS.index(result_format)
    theirs = engine.ask(kind, result_format) if live or not record else record[f"{kind} {result_format}"]
    compared, differ = 0, []
    for config, their, ours in zip(asked, theirs, evaluate(FRAMES[kind], asked), strict=True):
        if their["raised"]:
            if not ours.error and not empty(kind) and (kind, config["type"]) not in ANSWERED:
                differ.append(f"GX raises, we answer: {config}")
            continue
        if (kind, config["type"]) in KNOWN:
            continue
        compared += 1
        pair = (comparable(their["result"]), comparable(ours.result(result_format)))
        if ours.error or their["success"] != ours.success or pair[0] != pair[1]:
            differ.append(f"{config}: {ours.error or pair}")
    assert differ == []
    assert compared >= 50


def test_the_catalogue_is_great_expectations_own() -> None:
    import great_expectations.expectations as gxe
    from great_expectations.expectations import registry

    assert gxe.ExpectColumnValuesToBeBetween
    assert sorted(registry.list_registered_expectation_implementations()) == sorted(EXPECTATIONS)
    common = {"column", "column_A", "column_B", "column_list"}
    for name in EXPECTATIONS:
        fields = registry.get_expectation_impl(name).__fields__
        for argument in EXPECTATIONS[name].arguments:
            assert argument in fields, (name, argument)
        required = {key for key, field in fields.items() if field.required} - common
        assert required - set(EXPECTATIONS[name].required) <= {"column"}, name


def test_how_many_are_native() -> None:
    assert native() == set(EXPECTATIONS)
    covered = {e["type"] for kind in FRAMES for e in gx_frames.expectations(kind)}
    assert set(EXPECTATIONS) - covered == SQL_ONLY


if __name__ == "__main__":
    pandas = PandasEngine()
    answers = {f"{kind} {how}": pandas.ask(kind, how) for kind in FRAMES for how in FORMATS}
    text = json.dumps({"made for": made_for(), **answers}, separators=(",", ":"))
    RECORD.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
