"""Stock Great Expectations on Polars frames: the engine as a plugin says what GX's pandas engine says."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest

os.environ["GX_ANALYTICS_ENABLED"] = "false"

_here = Path(__file__).parent


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, _here / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


parity = _load("test_gx_parity")
#: Asked of the pandas engine only through our compiler: its answers here differ by dtype, not by engine.
SKIPPED = {"expect_column_most_common_value_to_be_in_set"}


def definition(context: Any) -> Any:
    context.variables.progress_bars = {"globally": False}
    return context.data_sources.add_polars("p").add_frame_asset("t").add_batch_definition_whole_frame("all")


@pytest.fixture(scope="module")
def whole_frame() -> Any:
    import great_expectations as gx

    import autoprep.validation.gx  # noqa: F401

    return definition(gx.get_context(mode="ephemeral"))


@pytest.mark.parametrize("how", ["SUMMARY", "COMPLETE"])
@pytest.mark.parametrize("kind", ["ints", "floats", "strings", "dates", "categoricals", "all_null", "empty_ints"])
def test_equals_the_pandas_engine(kind: str, how: Any, whole_frame: Any) -> None:
    import gzip
    import json

    import great_expectations as gx

    from autoprep.validation.gx.internals import ExpectationConfiguration

    recorded = json.loads(gzip.decompress(parity.RECORD.read_bytes()))
    if recorded["made for"] != parity.made_for():
        pytest.skip("recorded with another version of Great Expectations")
    asked, frame = parity.gx_frames.expectations(kind), parity.FRAMES[kind]
    objects = [ExpectationConfiguration(**e, meta={"n": n}).to_domain_obj() for n, e in enumerate(asked)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = whole_frame.get_batch(batch_parameters={"dataframe": frame.lazy() if how == "SUMMARY" else frame})
        results = batch.validate(gx.ExpectationSuite(name=kind + how, expectations=objects), result_format=how).results
    ours = {r.expectation_config.meta["n"]: r for r in results}
    differ, compared = [], 0
    for n, (config, theirs) in enumerate(zip(asked, recorded[f"{kind} {how}"], strict=True)):
        if theirs["raised"] or config["type"] in SKIPPED:
            continue
        compared += 1
        made = parity.comparable(parity.plain(ours[n].result))
        expected = parity.comparable(theirs["result"])
        if bool(ours[n].success) != theirs["success"] or made != expected:
            differ.append(f"{config}: {expected} / {made} {ours[n].exception_info}")
    assert differ == []
    assert compared >= 50


ORDERS = pl.DataFrame({"id": [1, 2, 3, 4], "paid": [5.0, float("nan"), -1.0, None], "state": ["ok", "ok", "no", None]})


def _suite(gx: Any) -> Any:
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="orders",
        expectations=[
            gxe.ExpectColumnValuesToNotBeNull(column="id"),
            gxe.ExpectColumnValuesToBeBetween(column="paid", min_value=0, mostly=0.9),
            gxe.ExpectColumnValuesToMatchLikePattern(column="state", like_pattern="o_"),
            gxe.UnexpectedRowsExpectation(unexpected_rows_query="SELECT * FROM {batch} WHERE paid < 0"),
        ],
    )


@pytest.mark.parametrize("lazy", [False, True])
def test_checkpoint_in_a_file_context_that_is_opened_again(lazy: bool, tmp_path: Path) -> None:
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    import autoprep.validation.gx  # noqa: F401

    context = gx.get_context(mode="file", project_root_dir=tmp_path)
    made = definition(context)
    suite = context.suites.add(_suite(gx))
    check = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=made, suite=suite))
    context.checkpoints.add(
        gx.Checkpoint(
            name="c",
            validation_definitions=[check],
            actions=[UpdateDataDocsAction(name="docs")],
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]},
        )
    )

    again = gx.get_context(mode="file", project_root_dir=tmp_path)
    again.variables.progress_bars = {"globally": False}
    checkpoint = again.checkpoints.get("c")
    frame = ORDERS.lazy() if lazy else ORDERS
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    (result,) = outcome.run_results.values()
    assert not outcome.success
    assert [r.success for r in result.results] == [True, False, False, False]
    assert result.results[1].result["unexpected_index_list"] == [{"paid": -1.0, "id": 3}]
    assert result.results[1].result["missing_count"] == 2
    assert result.results[3].result["details"]["unexpected_rows"][0]["id"] == 3
    engine = again.data_sources.get("p").get_execution_engine()
    assert engine.converted == set()
    pages = list((tmp_path / "gx" / "uncommitted" / "data_docs").rglob("*.html"))
    assert any("validations" in str(page) for page in pages)


def test_a_new_frame_of_the_same_name_is_looked_at_anew(whole_frame: Any) -> None:
    import great_expectations.expectations as gxe

    expectation = gxe.ExpectColumnMaxToBeBetween(column="a", max_value=2)
    seen = [
        whole_frame.get_batch(batch_parameters={"dataframe": pl.DataFrame({"a": [value]})})
        .validate(expectation)
        .success
        for value in (1, 3, 2)
    ]
    assert seen == [True, False, True]


def test_what_cannot_be_answered_does_not_spoil_the_rest(whole_frame: Any) -> None:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    asked = [
        gxe.ExpectColumnMaxToBeBetween(column="nowhere", max_value=2),
        gxe.ExpectColumnMeanToBeBetween(column="state", min_value=0),
        gxe.ExpectColumnValuesToBeUnique(column="id"),
    ]
    batch = whole_frame.get_batch(batch_parameters={"dataframe": ORDERS})
    results = batch.validate(gx.ExpectationSuite(name="mixed", expectations=asked)).results
    by_type = {r.expectation_config.type: r for r in results}
    assert by_type["expect_column_values_to_be_unique"].success
    assert "column 'nowhere' is not there" in str(by_type["expect_column_max_to_be_between"].exception_info)
    assert parity.raised(by_type["expect_column_mean_to_be_between"].exception_info)


def test_only_polars_frames_are_taken(whole_frame: Any) -> None:
    from autoprep.validation.gx.internals import BuildBatchRequestError

    with pytest.raises(BuildBatchRequestError, match=r"polars\.DataFrame"):
        whole_frame.get_batch(batch_parameters={"dataframe": [1, 2]})


def test_the_installed_version_is_one_that_was_tested() -> None:
    from importlib.metadata import version

    from autoprep.validation.gx.internals import TESTED

    installed = tuple(map(int, version("great_expectations").split(".")[:2]))
    assert tuple(map(int, TESTED[0].split("."))) <= installed < tuple(map(int, TESTED[1].split(".")))
