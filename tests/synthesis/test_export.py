"""Every aggregation and transform written as SQL and as Polars code, run, and compared with brute force."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.errors import ArtifactError, SettingError
from autoprep.pipeline.verifying import verify_features
from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.synthesis.feature import parse
from autoprep.synthesis.schema import Schema

START = datetime(2023, 12, 28)
SCHEMA = """
tables:
  visits: {key: [visit], time: at}
  sales: {time: at, known: booked}
  lines: {}
  shops: {key: [country, shop], static: true}
references:
  - {from: "sales(country, shop)", to: "shops(country, shop)"}
  - {from: "visits(country, shop)", to: "shops(country, shop)"}
  - {from: lines(sale), to: sales(sale)}
"""
KINDS = {"number": "sales.x", "boolean": "sales.b", "time": "sales.u", "any": "sales.c"}
#: Runs of values and resampled ones: no plain SQL.
WITHOUT_SQL = {n for n in AGGREGATIONS if n.startswith("LONGEST_")} | {
    "PEAKS", "ZERO_CROSSINGS", "TRUE_SINCE_FALSE", "FALSE_SINCE_TRUE", "MEDIAN_COUNT",
    "PERIOD_MEAN", "PERIOD_STD", "PERIOD_MAX",
}  # fmt: skip


def tables(seed: int) -> dict[str, pl.DataFrame]:
    rng = random.Random(seed)

    def maybe(value, share=0.2):
        return None if rng.random() < share else value

    def shop():
        return {"country": maybe(rng.choice(["nl", "de"]), 0.1), "shop": rng.choice([1, 2, 3])}

    sales = [
        shop() | {
            "sale": i, "at": (at := START + timedelta(hours=rng.randrange(300))),
            "booked": maybe(at + timedelta(hours=rng.randrange(20)), 0.05),
            "x": maybe(rng.choice([-2.0, 0.0, 1.0, 3.5])),
            "b": maybe(rng.random() < 0.5), "c": maybe(rng.choice(["a", "b", "it's"])),
            "u": maybe(START + timedelta(hours=rng.randrange(20_000))), "n": rng.randrange(5),
        }
        for i in range(150)
    ]  # fmt: skip
    visits = [shop() | {"visit": i, "at": START + timedelta(hours=rng.randrange(320))} for i in range(60)]
    lines = [{"sale": rng.randrange(160), "price": maybe(rng.choice([1.5, 2.0, 9.0]))} for _ in range(300)]
    shops = [
        {"country": c, "shop": s, "size": maybe(float(10 * s)), "name": f"{c} {s}"}
        for c in ("nl", "de")
        for s in (1, 2)
    ]
    return {k: pl.DataFrame(v) for k, v in {"sales": sales, "visits": visits, "lines": lines, "shops": shops}.items()}


def written_to(path, frames, definitions: list[str], cutoff: str = "at - 1h"):
    """The file that ``TableFeatures.save`` writes, of chosen definitions."""
    Schema.from_yaml(SCHEMA, frames)
    features = {"format": 1, "table": "visits", "cutoff": cutoff, "windows": [], "depth": 2, "most": 1,
                "definitions": definitions}  # fmt: skip
    path.write_text(json.dumps({"features": features, "schema": SCHEMA, "plans": {}}))
    return path


def all_aggregations() -> list[str]:
    made = []
    for name, primitive in AGGREGATIONS.items():
        told = [KINDS[k] for k in primitive.inputs if k not in ("cutoff",)]
        if "time" in primitive.inputs and primitive.inputs != ("time",):
            told = [t for t in told if t != KINDS["time"]]
        said = ", ".join(told) if told else "of='sales'"
        made.append(f"{name}({said}) BEFORE cutoff BY country, shop")
    return made


@pytest.mark.parametrize("seed", [0, 1])
def test_every_aggregation_written_and_verified(tmp_path, seed):
    frames = tables(seed)
    definitions = all_aggregations()
    path = written_to(tmp_path / "f.json", frames, definitions)
    made = verify_features(path, frames, rows=25)
    assert made.ok, made.differences.to_dicts()[:5]
    assert not made.without["polars"]
    missing = {parse(d).body.primitive for d in made.without["sql"]}
    assert missing == WITHOUT_SQL
    assert made.compared["sql"] == len(definitions) - len(missing)


def test_paths_windows_conditions_and_composite_keys(tmp_path):
    frames = tables(2)
    definitions = [
        "shops.size BY country, shop",
        "NATURAL_LOG(shops.size) BY country, shop",
        "MEAN(sales.x) WHERE sales.c = 'it''s' AND sales.n >= 1 OVER 36h BEFORE cutoff BY country, shop",
        "ROWS(of='sales') WHERE sales.c IN ('a', 'b') BEFORE cutoff BY country, shop",
        "COUNT(sales.x) WHERE sales.b IS NULL OVER 5d BEFORE cutoff BY country, shop",
        "MAX(RATIO(sales.x, sales.n)) OVER 2d BEFORE cutoff BY country, shop",
        "SUM(lines.price) BEFORE cutoff BY country, shop VIA sales",
        "MODE(lines.price) OVER 10d BEFORE cutoff BY country, shop VIA sales",
        "MEAN(shops.size) BEFORE cutoff BY country, shop VIA sales",
        "ROWS(of='visits') BEFORE cutoff BY country, shop",
        "LAST(sales.c) WHERE sales.x > 0.5 OVER 4d BEFORE cutoff BY shop",
        "DAYS_SINCE_LAST(of='sales') WHERE sales.c <> 'a' BEFORE cutoff BY country, shop",
    ]
    made = verify_features(written_to(tmp_path / "f.json", frames, definitions), frames, rows=60)
    assert made.ok, made.differences.to_dicts()
    assert made.compared == {"autoprep": 12, "text": 12, "sql": 12, "polars": 12}


def test_a_cutoff_may_lie_after_a_moment_of_the_row(tmp_path):
    frames = tables(3)
    definitions = [
        "ROWS(of='sales') OVER 5d BEFORE cutoff BY country, shop",
        "MEAN(sales.x) BEFORE cutoff BY country, shop",
    ]
    made = verify_features(written_to(tmp_path / "f.json", frames, definitions, "at + 2d"), frames, rows=40)
    assert made.ok and made.compared["sql"] == made.compared["polars"] == 2
    sooner = verify_features(written_to(tmp_path / "g.json", frames, definitions, "at - 2d"), frames, rows=40)
    assert sooner.ok


def test_every_transform_is_written_as_polars(tmp_path):
    """Those with inputs of one kind, under an aggregate, against the same transform computed."""
    frames = tables(3)
    told = {"number": "sales.x", "boolean": "sales.b", "time": "sales.u", "text": "sales.c", "category": "sales.c",
            "any": "sales.c"}  # fmt: skip
    definitions = [
        f"{a}({n}({', '.join(told[k] for k in p.inputs)})) BEFORE cutoff BY shop"
        for a in ("COUNT", "LAST")
        for n, p in TRANSFORMS.items()
        if n not in ("IS_IN", "EQUAL_TO", "NOT_EQUAL_TO") and p.order == "none"
    ]
    made = verify_features(written_to(tmp_path / "f.json", frames, definitions), frames, rows=8)
    assert made.ok, made.differences.to_dicts()
    assert {d.split("(")[1] for d in made.without["polars"]} == {"HASHED_NGRAMS"}  # a kernel of ours counts them


def test_a_difference_is_found_and_named(tmp_path, monkeypatch):
    frames = tables(4)
    mean = "MEAN(sales.x) BEFORE cutoff BY country, shop"
    path = written_to(tmp_path / "f.json", frames, [mean, all_aggregations()[0]])
    from autoprep.synthesis.export import query

    primitive = AGGREGATIONS["MEAN"]
    monkeypatch.setattr(query, "AGGREGATIONS", {**AGGREGATIONS, "MEAN": type(primitive)(
        primitive.name, primitive.inputs, primitive.output, primitive.expression, "avg({0}) + 1")})  # fmt: skip
    made = verify_features(path, frames, rows=20)
    assert made.differences["form"].to_list() == ["sql"]
    assert made.differences["feature"].to_list() == [mean]


def test_exports_need_no_tables_and_speak_other_dialects(tmp_path):
    frames = tables(5)
    made = ap.synthesize(frames, table="visits", schema=SCHEMA, cutoff="at - 1h", windows=["2d"], max_features=40)
    path = made.save(tmp_path / "f.json")
    text = api.export_features(path, "text").text.splitlines()
    assert [str(parse(line)) for line in text] == [f.definition for f in made.definitions]
    assert [d["definition"] for d in json.loads(api.export_features(path, "json").text)] == text
    for dialect in ("duckdb", "postgres", "snowflake", "bigquery", "spark"):
        query = api.export_features(path, "sql", dialect=dialect)
        assert "WITH asked" in query.text and not [r for r in query.without.values() if "has no" not in r]
    script = api.export_features(path, "polars").text
    space: dict = {}
    exec(script, space)
    out = space["features"](frames, frames["visits"])
    assert out.columns == text and out.height == 60
    assert verify_features(path, frames, rows=60).ok
    with pytest.raises(SettingError, match="dialect 'postgress'; did you mean 'postgres'"):
        api.export_features(path, "sql", dialect="postgress")
    with pytest.raises(SettingError, match="did you mean 'sql'"):
        api.export_features(path, "sqll")
    with pytest.raises(ArtifactError):
        api.export_features(tmp_path / "none.json", "sql")
