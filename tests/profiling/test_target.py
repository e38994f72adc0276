"""What is said of a target, and which columns give it away."""

import numpy as np
import polars as pl
import pytest

from autoprep.profiling import Hurry, infer_task, profile

RNG = np.random.default_rng(7)


def _leaks(frame, target):
    found = profile(frame, target=target).columns
    return set(found.filter(pl.col("target_leak").fill_null(False))["column"])


def test_a_label_with_a_tab_is_a_variant_of_the_label():
    found = profile(pl.DataFrame({"y": ["ckd", "ckd\t", "notckd"] * 20, "x": range(60)}), target="y").tables
    assert found["target_variants"].to_list() == [["ckd\t"]]
    assert found["target_variant_rate"].item() == pytest.approx(1 / 3)
    assert found["target_classes"].item() == 2


@pytest.mark.parametrize("kind", [pl.String, pl.Int64])
def test_an_identifier_sorted_by_class_gives_it_away(kind):
    frame = pl.DataFrame({"id": pl.Series(range(400)).cast(kind), "y": ["a"] * 250 + ["b"] * 150})
    assert _leaks(frame, "y") == {"id"}


def test_an_identifier_in_no_order_gives_nothing_away():
    frame = pl.DataFrame({"id": [str(i) for i in range(400)], "y": RNG.choice(["a", "b"], 400)})
    assert _leaks(frame, "y") == set()


def test_parts_of_the_target_give_it_away():
    casual, registered = RNG.integers(0, 300, 500), RNG.integers(0, 900, 500)
    frame = pl.DataFrame(
        {"casual": casual, "registered": registered, "temp": RNG.random(500), "y": casual + registered}
    )
    found = profile(frame, target="y").columns
    assert _leaks(frame, "y") == {"casual", "registered"}
    assert (
        found.filter(pl.col("column") == "casual")["leak_reason"].item()
        == "y = casual + registered in 100.0% of the rows"
    )
    assert found.filter("target_part")["column"].to_list() == ["casual", "registered"]


def test_the_target_as_a_part_of_a_total_is_given_away():
    rest, y = RNG.normal(50, 9, 500), RNG.normal(80, 30, 500)
    assert _leaks(pl.DataFrame({"rest": rest, "total": rest + y, "y": y}), "y") == {"rest", "total"}


def test_a_noisy_sum_is_no_leak():
    a, b = RNG.normal(0, 1, 500), RNG.normal(0, 1, 500)
    assert _leaks(pl.DataFrame({"a": a, "b": b, "y": a + b + RNG.normal(0, 0.5, 500)}), "y") == set()


def test_a_word_for_nothing_that_goes_with_the_target_gives_it_away():
    won = RNG.random(400) < 0.4
    status = pl.Series(["On the list" if w else "None" for w in won])
    frame = pl.DataFrame({"status": status, "blank": status.replace("None", None), "y": pl.Series(won).cast(pl.Int8)})
    found = profile(frame, target="y").columns
    assert _leaks(frame, "y") == {"status", "blank"}
    assert found.filter("target_leak")["target_score"].min() > 0.995
    frame = frame.with_columns(pl.col("status", "blank").shuffle(seed=1))
    assert _leaks(frame, "y") == set()


@pytest.mark.parametrize("change", [np.log, lambda t: -np.sqrt(t), lambda t: np.round(np.log(t), 2), lambda t: 1 / t])
def test_a_number_in_the_order_of_the_target_is_a_copy(change):
    wage = np.exp(RNG.normal(3, 1.2, 600))
    x = np.where(RNG.random(600) < 0.05, np.nan, change(wage))
    found = profile(pl.DataFrame({"x": x, "age": RNG.random(600), "wage": wage}), target="wage").columns
    assert found.filter("target_copy")["column"].to_list() == ["x"]
    assert "in the same order as the target" in found.filter("target_copy")["leak_reason"].item()


def test_another_measure_and_a_count_of_days_are_no_copies():
    rng = np.random.default_rng(0)
    size = rng.normal(0, 1, 600)
    near = pl.DataFrame({"x": size + rng.normal(0, 0.1, 600), "y": np.exp(size)})
    assert np.corrcoef(size, near["x"])[0, 1] > 0.99
    assert _leaks(near, "y") == set()
    grown = pl.DataFrame({"day": range(1, 401), "y": np.cumsum(rng.exponential(1, 400)) ** 3})
    for days in (grown.sample(fraction=1.0, shuffle=True, seed=0), grown.filter(pl.col("day") % 7 < 5)):
        assert not profile(days, target="y").columns["target_copy"].any()


def _told(frame, target):
    found = profile(frame, target=target).columns
    assert not found["target_leak"].any()
    return dict(found.select("column", "target_together").drop_nulls().iter_rows())


def test_a_total_with_an_unlisted_part_gives_the_target_away_with_its_other_parts():
    fare, tolls, tip = RNG.gamma(3, 5, 800), RNG.gamma(1, 2, 800), RNG.gamma(2, 2, 800)
    total = fare + tolls + tip + RNG.choice([0.0, 0.3], 800)
    frame = pl.DataFrame({"fare": fare, "tolls": tolls, "total": total, "miles": RNG.random(800), "tip": tip})
    said = _told(frame, "tip")
    assert set(said) == {"fare", "tolls", "total"} and "of the target" in said["total"]
    assert _told(frame.with_columns(total=pl.col("total").shuffle(seed=1)), "tip") == {}


def test_numbers_that_explain_much_of_the_target_are_not_said_to_give_it_away():
    x = RNG.normal(size=(600, 5))
    y = x @ [1, 2, 3, 1, 1] + RNG.normal(0, 1, 600)
    assert _told(pl.DataFrame({f"x{i}": x[:, i] for i in range(5)} | {"y": y}), "y") == {}


@pytest.mark.parametrize("by_year", [False, True])
def test_an_amount_in_local_money_is_the_target_times_a_rate_of_its_currency(by_year):
    dollars, money = RNG.gamma(3, 20_000, 900), RNG.integers(0, 4, 900)
    year = RNG.integers(2020, 2023, 900)
    rate = np.array([1.0, 0.9, 83.0, 150.0])[money] * (1 + 0.07 * (year - 2020) * by_year)
    frame = pl.DataFrame(
        {
            "local": np.round(dollars * rate),
            "currency": np.array(["USD", "EUR", "INR", "JPY"])[money],
            "year": year,
            "level": RNG.choice(["a", "b", "c"], 900),
            "dollars": np.round(dollars),
        }
    )
    said = _told(frame, "dollars")
    assert list(said) == ["local"] and "currency" in said["local"] and ("year" in said["local"]) == by_year
    assert _told(frame.with_columns(pl.col("currency").shuffle(seed=1)), "dollars") == {}


def test_shuffled_columns_give_nothing_away():
    frame = pl.DataFrame({f"x{i}": RNG.normal(size=300) for i in range(8)} | {"y": RNG.choice(["a", "b", "c"], 300)})
    assert _leaks(frame, "y") == set()


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no", "yes"], "binary"),
        ([True, False, True], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([0, 1, 2] * 40, "multiclass"),
        ([-1, 0, 1] * 40, "multiclass"),
        ([-2, -1, 0] * 40, "multiclass"),
        ([-3, -2, -1] * 40, "multiclass"),
        ([-40, 0, 40] * 40, "regression"),
        ([-7, -6, -5] * 40, "regression"),
        ([5, 6, 7] * 40, "regression"),
        ([1.5, 2.25, 3.75], "regression"),
        (["$1,200", "$80", "$75", "$12"], "regression"),
        (list(range(100)), "regression"),
        (["65.7 kg", "71.2 kg", "68.0 kg"], "regression"),
        (["1.2k", "850", "0.93k", "2.25k"], "regression"),
        (["57 689", "104 002", "98 761", "1 204"], "regression"),
        (["5 kg", "10 kg", "20 kg"] * 20, "multiclass"),
        (["12th street", "3 apples", "nothing"], "multiclass"),
    ],
)
def test_kinds_of_target(values, task):
    assert infer_task(pl.Series("y", values))[0] == task


@pytest.mark.parametrize("write", ["{:.1f} kg", "{:.1f} km", "{:.4f}k", "{:,.0f}"])
def test_a_target_that_cleaning_reads_as_numbers_is_a_regression(write):
    x = np.random.default_rng(4).normal(size=300)
    cells = [write.format(1000 * v + 5000).replace(",", " ") for v in x]
    made = profile(pl.DataFrame({"x": x, "y": cells}), target="y")
    assert made.target["task"] == "regression"
    assert made.target["scores"][0]["target_score"] > 0.9


def test_a_time_that_is_written_after_the_outcome_is_told():
    y = RNG.integers(0, 2, 600)
    opened = np.datetime64("2024-01-01") + RNG.integers(0, 900, 600).astype("timedelta64[D]")
    took = np.where(y == 1, 40, 4) + RNG.integers(0, 20, 600)
    frame = pl.DataFrame(
        {
            "opened": opened.astype(str),
            "closed": (opened + took.astype("timedelta64[D]")).astype(str),
            "due": (opened + np.timedelta64(30, "D") + RNG.integers(0, 9, 600).astype("timedelta64[D]")).astype(str),
            "y": np.array(["late", "fine"])[y],
        }
    )
    found = profile(frame, target="y").columns
    said = dict(found.select("column", "after_outcome").drop_nulls().rows())
    assert list(said) == ["closed"] and "'opened'" in said["closed"]


def _leaky(rows: int = 400) -> pl.DataFrame:
    r = np.random.default_rng(0)
    y = r.integers(0, 2, rows)
    town = np.where(r.random(rows) < 0.05, "oslo ", "Oslo")
    return pl.DataFrame({"town": town, "copy": y * 3 + 1, "x": r.normal(size=rows), "y": np.where(y == 1, "yes", "no")})


def test_a_profile_with_time_enough_is_the_profile_without_a_deadline() -> None:
    plain = profile(_leaky(), target="y")
    timed = profile(_leaky(), target="y", hurry=Hurry(1e6))
    assert timed.to_json() == plain.to_json() and not timed.left_out


def test_a_profile_that_is_late_says_what_it_leaves_out_and_keeps_its_words() -> None:
    late = profile(_leaky(), target="y", hurry=Hurry(-1.0))
    plain = profile(_leaky(), target="y")
    assert late.columns.columns == plain.columns.columns
    assert late.columns["semantic"].to_list() == plain.columns["semantic"].to_list()
    said = "; ".join(late.left_out)
    assert "spellings and misspellings in 2 columns" in said and "3 columns would give the target away" in said
    assert "after the outcome" in said and not late.column("copy")["target_leak"]
    assert type(late).from_json(late.to_json()).left_out == late.left_out


def test_columns_are_held_against_the_target_on_few_rows_before_they_are_left_out() -> None:
    ticks = iter([0.0, *[0.55] * 5, *[0.9] * 50])
    found = profile(_leaky(6_000), target="y", hurry=Hurry(1.0, clock=lambda: next(ticks)))
    assert found.left_out == ("rows beyond 2,000 when columns are held against the target",)
    assert found.column("copy")["target_leak"] and found.column("town")["variant_rate"] > 0


def test_a_number_that_leaves_its_usual_value_with_the_target_only_is_doubted():
    rng = np.random.default_rng(0)
    y = (rng.random(6_000) < 0.02).astype(int)
    told = (y == 1) & (rng.random(6_000) < 0.9)
    cost = np.where(told, rng.lognormal(9, 1, 6_000).round(), 0)
    frame = pl.DataFrame({"cost": cost, "age": rng.integers(18, 80, 6_000), "y": y})
    found = profile(frame, target="y").columns
    doubted = found.filter(pl.col("target_leak").fill_null(False))
    assert doubted["column"].to_list() == ["cost"]
    assert "where it is not 0 the target is of one class" in doubted["leak_reason"].item()
    assert found.filter(pl.col("column") == "cost")["target_score"].item() > 0.9


def test_levels_of_rows_without_a_target_do_not_count():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "role": np.where(np.arange(600) % 9 == 0, "editor", "writer"),
            "x": rng.normal(size=600),
            "y": np.where(np.arange(600) % 3 == 0, None, rng.choice(["local", "foreign"], 600)),
        }
    )
    assert _leaks(frame, "y") == set()


def test_one_column_that_nearly_tells_two_classes_alone_is_doubted_and_stays():
    rng = np.random.default_rng(2)
    y = rng.random(1_000) < 0.5
    frame = pl.DataFrame({"level": rng.normal(size=1_000) + 3.4 * y, "z": rng.normal(size=1_000), "y": y})
    found = profile(frame, target="y").columns.filter(pl.col("column") == "level")
    assert "AUC of 0.9" in found["leak_reason"].item() and found["target_score"].item() < 0.995
