"""Features of one table asked for by their line: learnt, one row as many, saved, exported, proved."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import numpy as np
import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.errors import InputError, SettingError
from autoprep.primitives import LEARNT
from autoprep.synthesis import Synthesizer
from autoprep.synthesis.asked import line_of, step_of
from autoprep.synthesis.feature import parse
from autoprep.synthesis.steps import step_from_dict

#: One line of each learnt primitive.
LINES = {
    "FREQUENCY": "FREQUENCY(city)",
    "TARGET_MEAN": "TARGET_MEAN(CROSS(city, kind))",
    "COMBINED_MEAN": "COMBINED_MEAN(city, kind)",
    "GROUP_MEAN": "GROUP_MEAN(size, city)",
    "GROUP_DIFFERENCE": "GROUP_DIFFERENCE(size, city)",
    "GROUP_Z_SCORE": "GROUP_Z_SCORE(size, city)",
    "GROUP_SHARE": "GROUP_SHARE(size, city)",
    "GROUP_RANK": "GROUP_RANK(size, city)",
    "CLUSTER_DISTANCE": "CLUSTER_DISTANCE(size, east, to=2, of=3)",
    "NEAREST_CLUSTER": "NEAREST_CLUSTER(size, east, of=3)",
    "NEAREST_CLUSTER_DISTANCE": "NEAREST_CLUSTER_DISTANCE(size, east, of=3)",
    "TEXT_DIRECTION": "TEXT_DIRECTION(title, part=2, of='words')",
    "TEXT_TARGET": "TEXT_TARGET(title, of='words')",
    "TEXT_LIKENESS": "TEXT_LIKENESS(title, body, of='words')",
    "TOP_LEVELS": "TOP_LEVELS(city, n=2)",
    "MISSING_COUNT": "MISSING_COUNT(size, east, city)",
    "MISSING_PATTERN": "MISSING_PATTERN(size, east, city)",
    "SECONDS": "SECONDS(took)",
}
ROWS = 200


def houses(seed: int = 0) -> pl.DataFrame:
    r = random.Random(seed)
    words = ["nice", "big", "flat", "garden", "quiet", "view", "sea", "old", "new", "loft"]

    def maybe(value, share=0.15):
        return None if r.random() < share else value

    rows = [
        {
            "city": maybe(r.choice(["Rome", "Oslo", "L'Aquila", "Bonn"])), "kind": r.choice(["a", "b"]),
            "size": maybe(r.gammavariate(3, 30)), "east": maybe(r.choice([-9.0, 0.0, 9.0]) + r.random()),
            "title": maybe(" ".join(r.choices(words, k=4))), "body": maybe(" ".join(r.choices(words, k=6))),
        }
        for _ in range(ROWS)
    ]  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(took=pl.duration(seconds=pl.int_range(ROWS) * 60), day=pl.date(2024, 1, 1))


GOAL = (
    houses().select(pl.col("city").rank("dense").fill_null(0).cast(pl.Float64) + pl.int_range(ROWS) / ROWS).to_numpy()
)


def values(line: str, frame: pl.DataFrame) -> list:
    step = step_of(line, frame, GOAL, [None])
    made = step.expressions()
    return (frame.select(made).to_series() if made else step.columns(frame)[0]).to_list()


def test_each_learnt_primitive_has_a_line_here():
    assert set(LINES) == set(LEARNT)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines_parse_back_survive_json_and_one_row_is_as_many(line):
    frame = houses()
    assert str(parse(line)) == line == line_of(line)
    made = Synthesizer((), features=[line]).fit(frame, y=GOAL[:, 0], task="regression")
    assert [f.definition for f in made.features] == [line]
    again = Synthesizer.from_dict(json.loads(json.dumps(made.to_dict())))
    whole = again.transform(frame)
    assert whole.equals(made.transform(frame))
    assert pl.concat(again.transform(frame[i : i + 1]) for i in range(0, ROWS, 9)).equals(whole.gather_every(9))
    assert whole.to_series().null_count() < ROWS


def quantile(x: list[float], q: float) -> float:
    at = q * (len(x) - 1)
    low = math.floor(at)
    return x[low] + (at - low) * (x[min(low + 1, len(x) - 1)] - x[low])


def test_places_within_groups_equal_their_twins():
    frame = houses()
    groups: dict[str, list[float]] = {}
    for city, size in frame.select("city", "size").drop_nulls().rows():
        groups.setdefault(city, []).append(size)
    edges = {c: [quantile(sorted(x), q / 16) for q in range(1, 16)] for c, x in groups.items()}
    for row, rank, share in zip(
        frame.select("city", "size").rows(), values("GROUP_RANK(size, city)", frame),
        values("GROUP_SHARE(size, city)", frame), strict=True,
    ):  # fmt: skip
        if None in row:
            assert rank is None and share is None
            continue
        assert rank == pytest.approx(sum(row[1] >= e for e in edges[row[0]]) / 15)
        assert share == pytest.approx(row[1] / math.fsum(groups[row[0]]))


def test_clusters_are_where_they_were_planted_and_distances_are_euclid():
    frame = houses()
    line = "NEAREST_CLUSTER(size, east, of=3)"
    step = step_of(line, frame)
    told = step_from_dict(json.loads(json.dumps(step.to_dict())))
    nearest, away = values(line, frame), values("CLUSTER_DISTANCE(size, east, to=2, of=3)", frame)
    best = values("NEAREST_CLUSTER_DISTANCE(size, east, of=3)", frame)
    for row, which, two, least in zip(frame.select("size", "east").rows(), nearest, away, best, strict=True):
        z = [
            0.0 if v is None else max(-5.0, min(5.0, (v - m) / s))
            for v, m, s in zip(row, told.means, told.scales, strict=True)
        ]
        distances = [math.dist(z, centre) for centre in told.centres]
        assert two == pytest.approx(distances[1])
        assert least == pytest.approx(min(distances))
        assert which == str(distances.index(min(distances)) + 1)
    r = np.random.default_rng(1)
    planted = r.integers(0, 3, 900)
    blobs = pl.DataFrame({"x": planted * 10 + r.normal(size=900), "y": (planted == 1) * 10 + r.normal(size=900)})
    found = values("NEAREST_CLUSTER(x, y, of=3)", blobs)
    assert len(set(zip(found, planted.tolist(), strict=True))) == 3


def test_the_likeness_of_texts_equals_its_twin():
    frame = houses()
    texts = {t for c in ("title", "body") for t in frame[c].drop_nulls()}
    of = Counter(w for t in texts for w in set(t.split()))
    idf = {w: math.log((1 + len(texts)) / (1 + n)) + 1 for w, n in of.items()}
    rare = math.log((1 + len(texts)) / 2) + 1
    asked = pl.concat([frame, frame[:1].with_columns(title=pl.lit("unheard words"), body=pl.lit("words unheard"))])
    step = step_of("TEXT_LIKENESS(title, body)", frame)
    for (a, b), got in zip(asked.select("title", "body").rows(), step.columns(asked)[0].to_list(), strict=True):
        if a is None or b is None:
            assert got is None
            continue
        one, two = Counter(a.split()), Counter(b.split())
        weigh = {w: idf.get(w, rare) for w in {*one, *two}}
        dot = sum(one[w] * two[w] * weigh[w] ** 2 for w in one)
        norm = math.prod(math.sqrt(sum((n * weigh[w]) ** 2 for w, n in side.items())) for side in (one, two))
        assert got == pytest.approx(dot / norm, rel=1e-5)
    assert got == 1.0


def test_patterns_of_missing_values_and_rare_ones():
    frame = pl.DataFrame({"a": [1, None] * 20 + [None], "b": [None, 2] * 20 + [None]})
    assert Counter(values("MISSING_PATTERN(a, b)", frame)) == {"01": 20, "10": 20, "(other)": 1}


def test_hashed_ngrams_are_counted_once_each():
    texts = ["Abcabc", "ab", "", None, "añb€cd", "日本語日本語"]
    frame = pl.DataFrame({"t": texts})
    buckets = [values(f"HASHED_NGRAMS(t, bucket={b}, of=4)", frame) for b in range(4)]

    def fnv(piece: str) -> int:
        digest = 0xCBF29CE484222325
        for byte in piece.encode():
            digest = (digest ^ byte) * 0x100000001B3 % 2**64
        return digest % 4

    for text, *got in zip(texts, *buckets, strict=True):
        pieces = [] if text is None else [text.lower()[i : i + 3] for i in range(len(text) - 2)]
        assert got == ([None] * 4 if text is None else [sum(fnv(p) == b for p in pieces) for b in range(4)])


def test_saved_features_of_one_table_are_computed_exported_and_proved(tmp_path):
    frame = houses().drop("took").with_columns(price=pl.Series(GOAL[:, 0]))
    lines = [*(v for k, v in LINES.items() if k != "SECONDS"), "HASHED_NGRAMS(title, bucket=1)",
             "RATIO(SIGNED_LOG(size), ADD(east, by=20))", "CROSS(city, kind)"]  # fmt: skip
    made = ap.synthesize(frame, "price", features=lines)
    assert set(map(line_of, lines)) <= {f.definition for f in made.definitions}
    path = made.save(tmp_path / "f.json")
    again = ap.synthesize(frame.head(7), like=path)
    assert again.frame.columns == [f.name for f in made.definitions]
    crossed = ("TARGET_MEAN", "COMBINED_MEAN", "TEXT_TARGET")
    plain = [f.name for f in made.definitions if not f.definition.startswith(crossed)]
    assert again.frame.select(plain).equals(made.frame.select(plain).head(7))
    proved = api.verify_features(path, frame, rows=40)
    assert proved.ok, proved.differences.to_dicts()
    told = {"TEXT_DIRECTION", "TEXT_TARGET", "TEXT_LIKENESS", "HASHED_NGRAMS"}
    for form in ("sql", "polars"):
        assert {d.split("(")[0] for d in proved.without[form]} == told
    text = api.export_features(path, "text").text.splitlines()
    assert [str(parse(line)) for line in text] == text
    assert [d["definition"] for d in json.loads(api.export_features(path, "json").text)] == text
    for dialect in ("duckdb", "postgres", "snowflake"):
        assert "GROUP_RANK(size, city)" in api.export_features(path, "sql", dialect=dialect).text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("GROUP_RANK(size, cty)", "did you mean 'city'"),
        ("GROUP_RANK(size)", "takes 2 inputs, not 1"),
        ("GROUP_RANK(size, city, of=3)", "has no parameter 'of'"),
        ("GROUP_RNK(size, city)", "unknown"),
        ("RATIO(GROUP_RANK(size, city), east)", "stands only outermost"),
        ("MEAN(size)", "reads other rows"),
        ("CHANGE(size)", "reads the rows before the row"),
        ("HOUR(title)", "takes a time, and 'title' is String"),
        ("CLUSTER_DISTANCE(size, east, to=9, of=3)", "cannot be learnt as it is written"),
        ("TEXT_LIKENESS(title, body, of='lines')", "not taken apart into 'lines'"),
    ],
)
def test_a_wrong_line_is_one_line(line, message):
    with pytest.raises(SettingError, match=message):
        step_of(line, houses())


def test_what_learns_from_a_target_wants_one():
    with pytest.raises(InputError, match="learns from a target"):
        step_of("TARGET_MEAN(city)", houses())
