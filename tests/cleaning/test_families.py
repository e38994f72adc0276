"""Repair families write only where they prove themselves."""

from __future__ import annotations

import random

import polars as pl

from autoprep.cleaning import apply, plan

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
