"""The evaluator of single rows says what Polars says, bit by bit, or nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autoprep as ap
from autoprep.checks import VERBS
from autoprep.model_search.linear_model import LinearModel
from autoprep.model_search.predictor import Predictor
from autoprep.primitives import TRANSFORMS
from autoprep.serving.desk import AUDITED, Desk
from autoprep.serving.limits import Limits
from autoprep.serving.rowwise import Compiler, Declined, RowScorer, endings, patterns

from .shop import orders

pytestmark = pytest.mark.slow

PIECES = (
    *("1", "12", "1,234.50", "1.234,5", "-7", "(3)", "15-", "$", "€ ", "EUR", "kg", " lbs", "%", "k", "5'11\"", "1e3"),
    *("2024-02-31", "3/8/2023", "03.12.21", "12 Mar 2020", "10:30", "-999", "N/A", "n.a.", " ", "\u00a0", "\t", ""),
    *("Yes", "no", "é", "ß", "Ünï", "&amp;", "cafÃ©", "１２", "～", "−", "a-b", "10-20", "<5", "3+", "to", "million"),
    *("Ω", "Σ", "\u200b", "\u0301", "🙂", "m²", "½", "forty-two", "x" * 40, "NaN", "inf", "+", ".5", "_1", "\x1f", "#"),
    *("2h", " 45 min", "2:05:09", "3 years ", " (about)", "[3]", "(million)"),
)
CELLS = st.lists(st.sampled_from(PIECES), min_size=0, max_size=4).map("".join) | st.text(max_size=12)
NUMBERS = st.floats(allow_nan=False, width=64) | st.integers(-(2**40), 2**40).map(float)
#: Verbs on text with the parameters that plans give them.
ASKED: dict[str, tuple[dict[str, Any], ...]] = {
    "trim": ({},),
    "squeeze": ({},),
    "strip_control": ({},),
    "narrow_width": ({},),
    "straighten_quotes": ({},),
    "fix_mojibake": ({},),
    "unescape_html": ({},),
    "strip_tags": ({},),
    "nullify": ({"words": ["n/a", "N.A.", "#"]}, {"words": ["no"], "status": ["no"]}),
    "nullify_blank": ({},),
    "nullify_sentinel": ({"values": ["-999"]},),
    "nullify_pattern": ({"pattern": "^#[A-Z]*$"},),
    "map_values": ({"mapping": {"Yes": "yes", "é": None}},),
    "case": ({"to": "lower"}, {"to": "upper"}),
    "take_part": ({"pattern": r"(\d+)"},),
    "split_packed": ({"separator": "-", "names": ["a", "b"]},),
    "take_year": ({},),
    "keep_code": ({},),
    "parse_integer": ({}, {"thousands": ","}, {"notes": True}),
    "parse_number": ({}, {"decimal": ",", "thousands": "."}, {"accounting": True, "magnitude": True, "notes": True}),
    "parse_amount": ({}, {"magnitude": True}, {"notes": True}),
    "parse_percent": ({}, {"scale": 0.01}, {"notes": True}),
    "parse_quantity": ({}, {"to": "kg"}, {"units": ["kg", "lbs"]}, {"to": "cm"}),
    "parse_range": ({},),
    "parse_number_words": ({},),
    "parse_date": ({"formats": ["%d/%m/%Y", "%d.%m.%y", "%d %b %Y"]},),
    "parse_datetime": (
        {"formats": ["%Y-%m-%d", "%d/%m/%Y %H:%M"]},
        {"formats": ["%Y-%m-%d %H:%M%z"], "clock": "local"},
    ),
    "parse_boolean": ({}, {"true": ["Yes"], "false": ["no"]}),
    "parse_duration": ({}, {"unit": "min"}, {"unit": "mo", "months": True}),
    "mask_email": ({},),
}
#: Verbs whose expressions are left to Polars: they are rare in plans, and a row that needs them is still predicted.
LEFT = {"parse_time", "parse_epoch", "parse_excel_date", "mask"}


def differences(expression: pl.Expr, cells: list[Any], dtype: pl.DataType) -> tuple[int, list[Any]]:
    """How many cells were evaluated, and those that came out otherwise than from Polars."""
    compiler = Compiler({"a": dtype})
    code = compiler.compile(expression)
    frame = pl.DataFrame({"a": pl.Series([*cells, None, None], dtype=dtype)})
    said = frame.select(expression.alias("v")).to_series()
    evaluated, wrong = 0, []
    for cell, wanted in zip(cells, said.to_physical().to_list(), strict=False):
        try:
            found = code.evaluate(compiler.row([cell]))
        except Declined:
            continue
        evaluated += 1
        same = found == wanted or (found != found and wanted != wanted)
        if not same or type(found) is not type(wanted):
            wrong.append((cell, found, wanted))
    return evaluated, wrong


@pytest.mark.parametrize("name", ASKED)
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=st.lists(CELLS, min_size=60, max_size=120))
def test_verbs_on_text(name: str, cells: list[str]) -> None:
    for parameters in ASKED[name]:
        repair = VERBS[name].function(pl.col("a"), **parameters)
        made = {"value": repair.value, **repair.extra, **repair.notes}
        if repair.residue is not None:
            made["residue"] = repair.residue
        for what, expression in made.items():
            evaluated, wrong = differences(expression, [*cells, "1"], pl.String())
            assert not wrong, (name, what, parameters)
            assert evaluated


def test_verbs_that_are_left_to_polars_are_named() -> None:
    """A verb of cells that is neither evaluated nor named here is a gap."""
    cell_verbs = {n for n in VERBS if VERBS[n].level == "cell" and not VERBS[n].columns and not VERBS[n].typed}
    learnt = {"merge_variants", "fix_typos", "mend_shape", "drop_strays", "turn_round", "keep_text", "move_spill"}
    assert cell_verbs - set(ASKED) - LEFT - learnt == set()


@settings(max_examples=4, deadline=None)
@given(cells=st.lists(NUMBERS, min_size=1, max_size=60))
def test_features_of_numbers(cells: list[float]) -> None:
    done = 0
    for transform in TRANSFORMS.values():
        if set(transform.inputs) != {"number"} or transform.order != "none":
            continue
        try:
            expression = transform.build(*[pl.col("a")] * len(transform.inputs))
            evaluated, wrong = differences(expression, cells, pl.Float64())
        except Declined:
            continue
        assert not wrong, transform.name
        done += evaluated > 0
    assert done > 20


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells=st.lists(CELLS, min_size=1, max_size=60), days=st.lists(st.dates(), min_size=1, max_size=30))
def test_features_of_texts_and_dates(cells: list[str], days: list[Any]) -> None:
    physical = pl.Series(days).to_physical().to_list()
    done = set()
    for transform in TRANSFORMS.values():
        if transform.inputs not in (("text",), ("time",)):
            continue
        expression = transform.build(pl.col("a"))
        try:
            if transform.inputs == ("text",):
                wrong = differences(expression, [*cells, "a b"], pl.String())[1]
            else:
                wrong = differences(expression, physical, pl.Date())[1]
        except Declined:
            continue
        assert not wrong, transform.name
        done.add(transform.name)
    assert {"YEAR", "WEEK", "WEEKDAY", "EPOCH_DAYS", "LENGTH", "WORDS", "DIGITS", "PREFIX_NUMBER"} <= done


@pytest.fixture(scope="module")
def scorer(shop_model: Path) -> Any:
    return ap.load(shop_model).scorer()


@pytest.fixture(scope="module")
def single(scorer: Any) -> RowScorer:
    return RowScorer(scorer)


JSON_CELLS = CELLS | st.none() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | st.booleans()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_of_a_model(scorer: Any, single: RowScorer, data: st.DataObject) -> None:
    """Any dirt in any cell, cells of other types, cells that are not there."""
    record = orders(20, seed=3).drop("bought").to_dicts()[data.draw(st.integers(0, 19))]
    for name in data.draw(st.lists(st.sampled_from(list(record)), max_size=3, unique=True)):
        record[name] = data.draw(JSON_CELLS)
    for name in data.draw(st.lists(st.sampled_from(list(record)), max_size=2, unique=True)):
        record.pop(name, None)
    try:
        said = single.predict(record)
    except Declined:
        return
    frame = pl.DataFrame([record, record], strict=False)
    assert single.frame([said]).equals(scorer.predict(frame).head(1))


def test_usual_rows_are_evaluated_singly(scorer: Any, single: RowScorer) -> None:
    rows = orders(200, seed=11).drop("bought")
    assert single.check(scorer, rows) == rows.height


def test_policies_hold_for_single_rows(scorer: Any) -> None:
    from dataclasses import replace

    strict = replace(scorer, policies={"contract.new_category": "reject", "number.*": "quarantine"})
    record = {**orders(1).drop("bought").to_dicts()[0], "city": "Atlantis"}
    said = RowScorer(strict).predict(record)
    assert said["prediction"] is None and said["reasons"] == "contract.new_category:city"
    assert RowScorer(strict).frame([said]).equals(strict.predict(pl.DataFrame([record])))


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(a+)+$", "exponential"), (r"[a-z&&[^b]]", "set"), (r"a(?i)b", "flags"), (r"\p{Greek}", "property")],
)
def test_patterns_that_python_reads_otherwise_are_declined(pattern: str, reason: str) -> None:
    with pytest.raises(Declined, match=reason):
        patterns.translate(pattern)


def test_a_difference_turns_the_evaluator_off(scorer: Any) -> None:
    """What is compared is compared: an answer that is off by one bit is found, and Polars takes over."""
    rows = orders(5, seed=2).drop("bought")
    desk = Desk(scorer, Limits(), rows)
    assert not desk.slow
    honest = desk._single.predict

    def lies(record: dict[str, Any]) -> dict[str, Any]:
        said = honest(record)
        return {**said, "probability_yes": said["probability_yes"] + 2**-50}

    async def ask() -> None:
        for _ in range(AUDITED):
            assert desk.quick([rows.to_dicts()[0]]) is not None
        await asyncio.gather(*desk._checks)

    asyncio.run(ask())
    assert not desk.slow
    desk._single.predict = lies
    asyncio.run(ask())
    assert "otherwise" in desk.slow and desk.quick([rows.to_dicts()[0]]) is None
    desk.close()


@pytest.mark.parametrize("to", ["", "kg", "cm"])
def test_a_quantity_alone_is_that_among_many(to: str) -> None:
    """Polars divides a long column by a constant by way of its reciprocal, and a single row truly."""
    cells = [f"{i * 1.37:.2f} lb" for i in range(60)] + [f"{i % 7}'{i % 12}\"" for i in range(40)]
    value = VERBS["parse_quantity"].function(pl.col("a"), to=to).value
    many = pl.DataFrame({"a": cells}).select(value).to_series().to_list()
    assert many == [pl.DataFrame({"a": [cell]}).select(value).item() for cell in cells]
    assert not differences(value, cells, pl.String())[1]


@pytest.mark.parametrize("bound", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_are_not_finite_are_left_to_polars(bound: float) -> None:
    within = pl.when(pl.col("a") < pl.lit(bound)).then(pl.col("a"))
    with pytest.raises(Declined, match="JSON does not hold"):
        Compiler({"a": pl.Float64()}).compile(within)


@pytest.mark.parametrize("mix", [0.0, 0.13])
@pytest.mark.parametrize("curve", [[], [[0.0, 0.2, 0.7, 1.0], [0.01, 0.3, 0.6, 0.99]]])
def test_shares_of_two_classes_end_as_arrays_do(mix: float, curve: list[list[float]]) -> None:
    made = Predictor("binary", ["no", True], "log_loss", [0.37, 0.63], mix=mix, curve=curve, threshold=0.41)
    total = np.random.default_rng(0).random((500, 2)) * 0.97
    shares = made.probabilities(total)
    end = endings.two_classes(made)
    assert end is not None
    assert [end(row) for row in total.tolist()] == list(
        zip(shares.tolist(), map(str, made.labels(shares)), strict=True)
    )


def test_sums_of_a_linear_model_are_those_of_arrays() -> None:
    rng = np.random.default_rng(1)
    model = LinearModel(rng.normal(size=(31, 1)) * 20, classes=2, rounds=1)
    rows = rng.normal(size=(400, 30)) * rng.choice([0.01, 1.0, 30.0], size=(400, 1))
    assert list(map(endings.linear_shares(model, list), rows.tolist())) == model.predict(rows).tolist()
