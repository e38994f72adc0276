"""Repair families write only where they prove themselves."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep.cleaning import apply, plan
from autoprep.cleaning.families import majority, spared
from autoprep.cleaning.families.ballots import Ballot, Rows, tally
from autoprep.cleaning.families.base import LEARNERS, State
from autoprep.cleaning.families.near import says_number

CITIES = ["birmingham", "montgomery", "huntsville", "tuscaloosa", "gadsden"]


def _towns(noise: bool) -> pl.DataFrame:
    rng = random.Random(1)
    zips = [f"{350 + i}{j}1" for i in range(5) for j in range(4)]
    rows = [(z, CITIES[int(z[:3]) - 350]) for z in (rng.choice(zips) for _ in range(400))]
    frame = pl.DataFrame(rows, schema=["zip", "city"], orient="row")
    if not noise:
        return frame
    city = frame["city"].to_list()
    for i in range(0, 400, 40):
        at = i % len(city[i])
        city[i] = city[i][:at] + "q" + city[i][at + 1 :]
    return frame.with_columns(pl.Series("city", city))


def test_slips_are_mended() -> None:
    dirty, clean = _towns(True), _towns(False)
    done = apply(dirty, plan(dirty), same_shape=True)
    assert done.frame["city"].equals(clean["city"])


def test_clean_rows_stay() -> None:
    clean = _towns(False)
    assert apply(clean, plan(clean), same_shape=True).frame["city"].equals(clean["city"])


def test_a_vote_mends_slips_and_leaves_empty_cells_empty() -> None:
    hole = pl.int_range(pl.len()) % 11 == 3
    dirty, clean = (
        towns.with_columns(pl.when(~hole).then("city").alias("city")) for towns in (_towns(True), _towns(False))
    )
    assert apply(dirty, plan(dirty), same_shape=True).frame["city"].equals(clean["city"])


def _persons() -> pl.DataFrame:
    """Persons and their codes, four rows each; of some names there are two persons, one with fewer rows."""
    rows = []
    for i in range(150):
        name = f"{chr(97 + i % 26)}{chr(97 + i // 26)}{'nope'[i % 4]}{'arst'[i % 4]}{chr(97 + i * 7 % 26)}"
        rows += [(f"{name}01", name, f"t{i % 7}")] * 6
        if i % 10 == 0:
            rows += [(f"{name}02", name, f"t{i % 5}")] * (1 + i % 20 // 10)
    return pl.DataFrame(rows, schema=["code", "name", "team"], orient="row")


def test_codes_of_persons_of_one_name_are_not_merged() -> None:
    frame, probe = _persons(), {"precision": 0.95, "cells": 200}
    assert not majority.learn(State(frame, {}, probe=probe), {}, {})
    code = frame["code"].to_list()
    for at, letter in ((40, "0"), (200, "q"), (333, "x"), (500, "w"), (777, "z")):
        code[at] = code[at][:2] + letter + code[at][3:]
    dirty = frame.with_columns(pl.Series("code", code))
    (made,) = majority.learn(State(dirty, {}, probe=probe), {}, {})
    assert not made.declined and made.evidence["codes_left_alone"] <= 15
    assert all(value.endswith("02") for value in made.parameters["spared"])


def test_near_codes_are_no_slips() -> None:
    frame = pl.DataFrame({"code": [f"pn-{i % 9}" for i in range(300)] + ["pn-x9"]})
    done = apply(frame, plan(frame), same_shape=True)
    assert done.frame["code"].head(300).equals(frame["code"].head(300))


def test_spill_goes_back() -> None:
    known = [("Bend", "OR"), ("Gary", "IN"), ("Reno", "NV")] * 10
    frame = pl.DataFrame(
        [*known, ("Bend OR", None), ("Gary IN", None), ("Reno NV", None)], schema=["c", "s"], orient="row"
    )
    done = apply(frame, plan(frame), same_shape=True)
    assert done.frame.tail(3).rows() == [("Bend", "OR"), ("Gary", "IN"), ("Reno", "NV")]


def _reports(header: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Thirty sources report on sixty flights; some are often wrong or silent, and the wrong ones copy each other."""
    rng = random.Random(3)
    truth = {f"AA-{100 + i}": f"{rng.randrange(1, 13)}:{rng.randrange(60):02d} p.m." for i in range(60)}
    rumour = {flight: f"{rng.randrange(1, 13)}:{rng.randrange(60):02d} a.m." for flight in truth}
    dirty, clean = [], []
    for s in range(30):
        right = 0.95 if s % 3 else 0.45
        for flight, time in truth.items():
            said = time if rng.random() < right else rumour[flight]
            dirty.append((f"site-{chr(97 + s // 6)}{chr(110 + s % 6)}", flight, said if rng.random() > 0.05 else None))
            clean.append((dirty[-1][0], flight, time))
    schema = [header, "flight", "departs"]
    return pl.DataFrame(dirty, schema=schema, orient="row"), pl.DataFrame(clean, schema=schema, orient="row")


def test_reliable_sources_outvote_the_others() -> None:
    dirty, clean = _reports("src")
    done = apply(dirty, plan(dirty), same_shape=True)
    wrong = dirty["departs"].ne_missing(clean["departs"])
    mended = done.ledger.filter(pl.col("rule") == "table.source_vote")["row"].unique().len()
    assert mended >= 0.95 * int(wrong.sum())
    assert done.frame["departs"].cast(pl.String).n_unique() <= 60


def test_without_a_header_that_names_sources_the_vote_is_asked_about() -> None:
    dirty, _ = _reports("shop")
    steps = [a for a in plan(dirty).actions if a.rule == "table.source_vote"]
    assert [a.status for a in steps] == ["ask"]


def test_a_measured_number_is_never_a_misspelling_of_an_inequality() -> None:
    values = ["<5"] * 40 + ["normal"] * 60 + ["abnormal"] * 30 + ["abnormxl", "25", "45", "7%", ">9"]
    state = State(pl.DataFrame({"lab": values}), {}, probe={"precision": 0.95, "cells": 200, "max_harm": 0.15})
    proposed = LEARNERS["fix_typos"](state, {"column": "lab"}, {})
    assert any("abnormxl" in p.parameters["mapping"] for p in proposed)
    assert not {v: w for p in proposed for v, w in p.parameters["mapping"].items() if any(c.isdigit() for c in v)}
    assert says_number("25", "<5") and not says_number("b0ston", "boston")


@pytest.mark.parametrize(("rival", "meant"), [("MÜLLER", "Müller"), ("müller", "Müller")])
def test_of_two_spellings_as_frequent_the_usual_letter_case_wins(rival: str, meant: str) -> None:
    values = [rival] * 11 + [meant] * 10 + ["Schmidt"] * 40 + ["Weber"] * 30
    state = State(pl.DataFrame({"name": values}), {}, parameters={"fold": "spelling"})
    (proposal,) = LEARNERS["merge_variants"](state, {"column": "name"}, {})
    assert proposal.parameters["mapping"] == {rival: meant}


def test_a_capital_inside_a_word_is_asked_about() -> None:
    towns = ["Lafayette"] * 3 + ["LaFayette"] + ["Boston"] * 20 + ["BOSTON"] * 2 + ["Oslo"] * 14
    made = plan(pl.DataFrame({"town": towns, "n": [str(i % 7) for i in range(len(towns))]}))
    steps = {a.status: dict(a.parameters["mapping"]) for a in made.actions if a.verb == "merge_variants"}
    assert steps == {"apply": {"BOSTON": "Boston"}, "ask": {"LaFayette": "Lafayette"}}


def _spellings(values: list[str], **row: str) -> dict[str, dict[str, str]]:
    state = State(pl.DataFrame({"v": values}), {}, parameters={"fold": "spelling"})
    made = LEARNERS["merge_variants"](state, {"column": "v", **row}, {})
    return {p.gate or "auto": dict(p.parameters["mapping"]) for p in made}


def test_runs_of_blanks_are_counted_as_one_and_become_one() -> None:
    values = ["New  York"] * 9 + ["New York"] * 2 + ["NEW YORK"] * 2 + ["Las  Vegas"] * 3
    assert _spellings(values) == {"auto": {"New  York": "New York", "NEW YORK": "New York"}}
    shouted = ["NEW YORK"] * 5 + ["New  York"] * 4 + ["New York"] * 4 + ["Oslo"] * 9
    assert _spellings(shouted) == {"auto": {"NEW YORK": "New York", "New  York": "New York"}}


def test_the_spelling_with_the_accent_is_meant() -> None:
    assert _spellings(["Besancon"] * 9 + ["Besançon"] * 2) == {"auto": {"Besancon": "Besançon"}}
    assert _spellings(["Sao Tomé"] * 5 + ["São Tomé"] * 2) == {"auto": {"Sao Tomé": "São Tomé"}}
    assert _spellings(["Boston"] * 30 + ["Bostón"]) == {"review": {"Bostón": "Boston"}}
    assert _spellings(["Peña"] * 9 + ["Pená"] * 2) == {"review": {"Pená": "Peña"}}


def test_spellings_of_free_text_are_asked_about() -> None:
    told = ["He said that it was all very well", "He said THAT it was all very well", "Nobody has ever seen it there"]
    assert set(_spellings(told, role="text")) == {"review"}
    assert set(_spellings(told, role="category")) == {"auto"}


def test_latitudes_and_longitudes_are_numbers() -> None:
    places = {"latitude": ["52.3702", "-33.868", "48.85"] * 20, "lon": ["4.8952", "151.2093", "2.3"] * 20}
    frame = ap.clean({**places, "id": [str(i) for i in range(60)]}).frame
    assert frame["latitude"].to_list()[:3] == [52.3702, -33.868, 48.85]
    assert frame["lon"].to_list()[:3] == [4.8952, 151.2093, 2.3]


def test_a_value_that_no_key_ever_says_is_overruled() -> None:
    clean = _towns(False).with_columns(pl.col("zip").str.head(4).alias("area"))
    filler = pl.int_range(clean.height, eager=True) % 37 == 5
    dirty = clean.with_columns(pl.when(filler).then(pl.lit("Afghanistan")).otherwise("city").alias("city"))
    assert apply(dirty, plan(dirty), same_shape=True).frame["city"].equals(clean["city"])


def test_rows_of_another_kind_are_spared_and_scattered_slips_are_not() -> None:
    codes = [
        f"{kind}-{word}" for kind in ("scip", "hosp", "pneu") for word in ("inf", "card", "vte", "abx", "ldl", "ace")
    ]
    rows = [(code, "al", f"al_{code}") for code in codes * 30] + [(code, "ak", f"ak_{code}") for code in codes]
    table = Rows(pl.DataFrame(rows, schema=["code", "state", "mean"], orient="row"))
    own = table.of("mean")
    scattered = np.where(np.arange(len(own)) % 13 == 0, (own + 1) % table.width("mean"), own)
    scattered[540:] = own[540:]
    assert spared.elsewhere(table, "mean", scattered, ["code", "state"]) == frozenset()
    both = np.where(np.arange(len(own)) >= 540, own + len(codes), scattered)  # each "ak" code becomes its "al" code
    found = {table.values["mean"][code] for code in spared.elsewhere(table, "mean", both, ["code", "state"])}
    assert found == {f"ak_{code}" for code in codes}
    ballot = Ballot("mean", ("code",), (tally(table.of("code"), own, table.width("mean")),), (9.0,), 1.0)
    assert (ballot.cast(table) != own).sum() == len(codes)
    kept = replace(ballot, spared=spared.elsewhere(table, "mean", both, ["code", "state"]))
    assert (kept.cast(table) == own).all()


_SEEN = {"precision": 0.95, "cells": 200, "max_harm": 0.15}


def _spelt(values: list[str]) -> dict[str, dict[str, str]]:
    made = LEARNERS["fix_typos"](State(pl.DataFrame({"v": values}), {}, probe=_SEEN), {"column": "v"}, {})
    return {p.gate or "auto": dict(p.parameters["mapping"]) for p in made if not p.declined}


@pytest.mark.parametrize(
    ("often", "rare"),
    [
        (["Rush", "The Kinks", "Boston", "Santana", "Journey"], ["Bush", "The Kings"]),
        (["WCHA", "BCHL", "ECAC", "OHL", "Hockey East"], ["CCHA", "CCHL"]),
        (["Latino", "Asian", "White", "Black"], ["Latina"]),
        (["New York Mets", "Chicago Cubs", "Boston Red Sox"], ["New York Jets"] * 3),
        (["2040 PAC", "Victory Fund", "Citizens United", "Red Forum"], ["BIRD PAC", "MOSS PAC"]),
        (["Adrien", "Mara", "Martin", "Sophie"], ["Adrián", "María"]),
        (["Нина", "Иван", "Ольга"], ["Зина"]),
    ],
)
def test_another_name_a_letter_away_is_not_mended_unasked(often: list[str], rare: list[str]) -> None:
    found = _spelt(often * 30 + rare)
    assert not found.get("auto") and set(found.get("review", {})) <= set(rare)


def test_slips_inside_long_words_are_mended_and_other_names_asked_about() -> None:
    often = ["birmingham", "tuscaloosa", "New York Mets", "gadsden", "California"] * 40
    slips = {"birmxngham", "tuscalossa", "tuscalosa", "birmignham", "Califronia", "ga6sden"}
    found = _spelt([*often, *slips, "New York Jets"])
    assert set(found["auto"]) == slips and set(found["review"]) == {"New York Jets"}


def test_where_most_rare_values_are_slips_short_words_are_mended_too() -> None:
    often = ["boaz", "elba", "ozark", "dothan", "anniston", "sheffield", "opelika"]
    slips = [w[:i] + "x" + w[i + 1 :] for w in often for i in (1, 2, 3)]
    found = _spelt(often * 30 + slips)
    assert set(found["auto"]) == set(slips)


def test_among_many_rare_names_a_near_one_is_asked_about() -> None:
    rng = random.Random(2)
    often = ["".join(rng.choices("bcdfglmnprst", k=1) + rng.choices("aeiourl", k=7)) for _ in range(40)]
    names = ["".join(rng.choices("bcdfglmnprst", k=1) + rng.choices("aeiourl", k=7)) for _ in range(300)]
    one = often[0]
    near = one[:4] + ("n" if one[4] != "n" else "m") + one[5:]
    found = _spelt(often * 30 + names + [near])
    assert near not in found.get("auto", {})
