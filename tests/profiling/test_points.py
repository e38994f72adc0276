"""A point before three digits: thousands where money says so, asked about where nothing does."""

import autoprep as ap

RNG_PRICES = [f"€ {thousand}.{rest:03d}" for thousand, rest in zip(range(8, 48), range(17, 977, 24), strict=True)]


def _asked(frame: dict[str, list[str]]) -> dict[str, tuple[str, str]]:
    return {a.columns[0]: (a.rule, a.gate) for a in ap.plan(frame).actions}


def test_points_of_money_group_thousands_and_tell_the_neighbours():
    frame = {"price": RNG_PRICES, "way": [p.removeprefix("€ ") + " km" for p in reversed(RNG_PRICES)]}
    done = ap.clean(frame).frame
    assert done["price"][0] == 8017 and done["price"][-1] == 47953
    assert done["way"][-1] == 8017
    assert {gate for _, gate in _asked(frame).values()} == {"auto"}


def test_prices_of_fuel_have_three_decimals_and_are_asked_about():
    frame = {"price": [f"€ 1.{rest}" for rest in range(409, 609, 5)]}
    assert _asked(frame)["price"] == ("number.ambiguous_amount", "review")
    (step,) = (a for a in ap.plan(frame).actions if a.rule == "number.ambiguous_amount")
    assert step.verb == "parse_amount" and dict(step.parameters)["decimal"] == "."
    assert ap.clean(frame).frame["price"].to_list() == frame["price"]  # until a person says which it is


def test_a_quantity_that_nothing_decides_is_asked_about():
    frame = {"way": [p.removeprefix("€ ") + " km" for p in RNG_PRICES]}
    assert _asked(frame)["way"] == ("number.ambiguous_quantity", "review")
    assert ap.clean(frame).frame["way"].to_list() == frame["way"]
