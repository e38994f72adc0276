"""Characters that slipped in, cells written backwards, constants that mean nothing: mended where the column says so."""

from __future__ import annotations

import random

import polars as pl
import pytest

from autoprep.cleaning import apply, plan

BEERS = [
    "Brown Ale",
    "Pale Ale",
    "Amber Lager",
    "Golden Stout",
    "Dry Porter",
    "Red Wheat",
    "Black Saison",
    "Old Tripel",
]


def _names(rows: int = 300) -> list[str]:
    rng = random.Random(4)
    heads = ["Harbor", "Mountain", "Silver", "Crooked", "Lucky", "Winter", "Sunset", "Rambling", "Iron", "Velvet"]
    return [f"{rng.choice(heads)} {rng.choice(heads)} {rng.choice(BEERS)}" for _ in range(rows)]


def _mended(dirty: list[str], clean: list[str]) -> tuple[int, int]:
    """Errors that came out right, and right cells that were changed."""
    frame = pl.DataFrame({"name": dirty, "n": [i % 7 for i in range(len(dirty))]})
    out = apply(frame, plan(frame), same_shape=True, notation="own").frame["name"].to_list()
    right = sum(a != c and b == c for a, b, c in zip(dirty, out, clean, strict=True))
    return right, sum(a == c and b != c for a, b, c in zip(dirty, out, clean, strict=True))


def test_letters_of_another_script_are_taken_out() -> None:
    clean = _names()
    dirty = [f"{v[:5]}{'ش' if i % 2 else 'ক'}{v[5:]}" if i % 25 == 0 else v for i, v in enumerate(clean)]
    assert _mended(dirty, clean) == (12, 0)


def test_signs_among_digits_are_taken_out_and_fractions_stay() -> None:
    clean = [str(10_000 + i * 13) for i in range(200)]
    dirty = [f"{v[:2]}ö{v[2:]}" if i % 40 == 0 else v for i, v in enumerate(clean)]
    assert _mended(dirty, clean) == (5, 0)
    sizes = ["3", "4", "5"] * 60 + ["3½", "4½"]
    assert _mended(sizes, sizes) == (0, 0)


def test_names_with_accents_and_other_scripts_stay() -> None:
    rng = random.Random(1)
    names = [
        "Rene",
        "Renée",
        "Zoë",
        "Zoe",
        "Jörg",
        "Jorg",
        "Køb",
        "Anaïs",
        "β-carotene",
        "carotene",
        "Наталья",
        "naïve",
    ]
    cells = [rng.choice(names) for _ in range(300)]
    made = plan(pl.DataFrame({"name": cells}))
    assert not [a for a in made.applied() if a.rule in ("text.stray_character", "text.backwards")]


def test_a_letter_that_looks_like_another_is_written_as_that() -> None:
    clean = ["Boston", "Oslo", "Chicago"] * 40
    dirty = [*clean[:-1], "Chi\u0441ago"]
    assert _mended(dirty, clean) == (1, 0)


def test_cells_written_backwards_are_turned() -> None:
    clean = _names()
    dirty = [v[::-1] if i % 30 == 0 else v for i, v in enumerate(clean)]
    assert _mended(dirty, clean) == (10, 0)
    rates = [f"0.0{40 + i % 50}" for i in range(300)]
    assert _mended([v[::-1] if i % 60 == 0 else v for i, v in enumerate(rates)], rates) == (5, 0)


@pytest.mark.parametrize("seed", range(3))
def test_codes_that_are_each_others_mirror_stay(seed: int) -> None:
    rng = random.Random(seed)
    codes = ["SAN", "NAS", "LAX", "ABC", "CBA", "ORD", "ATL", "SEA", "DEN", "MIA", "LTA", "12", "21"]
    cells = [rng.choice(codes[:6] if rng.random() < 0.9 else codes) for _ in range(400)]
    assert _mended(cells, cells)[1] == 0


def test_a_code_of_the_usual_shape_is_never_turned() -> None:
    codes = [f"{name}{100 + i}" for name in ("ankel", "smitj", "wilsk", "moorp") for i in range(8)] * 5
    codes += ["lekna101"] * 2
    assert _mended(codes, codes)[1] == 0


def _places(filler: str) -> pl.DataFrame:
    rng = random.Random(9)
    codes, zips = ["AL", "NY", "TX", "CA", "OH"], [str(10_000 + 77 * i) for i in range(40)]
    rows = [
        (rng.choice(codes), rng.choice(zips), f"{rng.randrange(100, 999)}-{rng.randrange(1000, 9999)}")
        for _ in range(300)
    ]
    for i in range(0, 300, 30):
        rows[i] = (filler, rows[i][1], rows[i][2])
        rows[i + 7] = (rows[i + 7][0], filler, rows[i + 7][2])
        rows[i + 14] = (*rows[i + 14][:2], filler)
    return pl.DataFrame(rows, schema=["state", "zip", "phone"], orient="row")


def test_a_constant_that_is_alien_to_several_columns_is_asked_about() -> None:
    made = plan(_places("Alabama"))
    steps = {a.columns[0]: a for a in made.actions if a.rule == "missing.alien_constant"}
    assert set(steps) >= {"state"} and {a.status for a in steps.values()} == {"ask"}
    assert steps["state"].parameters == {"values": ["Alabama"]} and steps["state"].evidence["also_in"]


def test_a_word_for_the_rest_is_no_filler() -> None:
    assert not [a for a in plan(_places("Other")).actions if a.rule == "missing.alien_constant"]


def test_an_accent_that_stands_for_an_apostrophe_is_no_stray() -> None:
    cells = ["Womens shoes", "Mens shoes", "Kids shoes", "Mens shirts"] * 20 + ["Women\u00b4s shoes"] * 2
    made = plan(pl.DataFrame({"item": cells}))
    assert not [a for a in made.actions if a.rule == "text.stray_character" and a.status == "apply"]
