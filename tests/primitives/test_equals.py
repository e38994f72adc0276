"""Every transform that names an equal in featuretools against it, value by value; differences by design as stated."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from autoprep.primitives import AGGREGATIONS, TRANSFORMS
from autoprep.primitives.equals import EQUALS, WITHOUT, page, pairs

ROWS = 40
PAGE = Path(__file__).parents[2] / "autoprep" / "primitives" / "README.md"
KINDS = {"number": ["x", "y"], "boolean": ["b", "b2"], "time": ["t", "t2"], "text": ["text"], "any": ["c", "c2"]}
COLUMNS = {
    "is_free_email_domain": ["email"], "email_address_to_domain": ["email"], "url_to_domain": ["url"],
    "url_to_protocol": ["url"], "url_to_tld": ["url"], "full_name_to_title": ["name"],
    "full_name_to_first_name": ["name"], "full_name_to_last_name": ["name"], "file_extension": ["path"],
    "one_digit_postal_code": ["postal"], "two_digit_postal_code": ["postal"], "isin": ["x"], "equal_scalar": ["x"],
    "not_equal_scalar": ["x"], "haversine": ["lat", "lon", "lat2", "lon2"], "lag": ["x"], "numeric_lag": ["x"],
    "cityblock_distance": ["lat", "lon", "lat2", "lon2"], "is_in_geobox": ["lat", "lon"], "cum_count": ["x"],
    "geomidpoint": ["lat", "lat2"], "latitude": ["point"], "longitude": ["point"],
}  # fmt: skip
GIVEN = {"isin": {"values": (1.0, 7.0)}, "is_in_geobox": {"south": -20.0, "west": -90.0, "north": 40.0, "east": 90.0}}


def rows(seed: int) -> pl.DataFrame:
    rng = random.Random(seed)

    def some(values, share=0.2):
        return [None if rng.random() < share else rng.choice(values) for _ in range(ROWS)]

    words = ["The", "cat", "sat", "on", "THE", "mat!", "it's", "3", "#tag", "@bob", '"quoted words"', "Ok?", " "]
    start = datetime(2019, 12, 25)
    frame = {
        "x": some([0.0, 1.0, -2.0, 3.5, 7.0, -1.25, 10.0]), "y": some([0.0, 1.0, -2.0, 4.0, 0.5]),
        "b": some([True, False]), "b2": some([True, False]), "c": some("abc"), "c2": some("abc"),
        "t": sorted(start + timedelta(minutes=rng.randrange(600_000)) for _ in range(ROWS)),
        "t2": [datetime(2000, 1, 1) + timedelta(days=rng.randrange(7000)) for _ in range(ROWS)],
        "text": some([" ".join(rng.choice(words) for _ in range(rng.randrange(6))) for _ in range(ROWS)]),
        "email": some(["a@gmail.com", "b@example.org", "bad", " x@Yahoo.com "]),
        "url": some(["https://www.example.com/a?b", "http://foo.org:80/x", "ftp://bar.co.uk", "not a url"]),
        "name": some(["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina", "Owen Harris"]),
        "postal": some(["10115", "02134"]), "path": some(["a/b.txt", "c.TAR.gz", "noext"]),
        "lat": [rng.uniform(-80, 80) for _ in range(ROWS)], "lon": [rng.uniform(-179, 179) for _ in range(ROWS)],
        "lat2": [rng.uniform(-80, 80) for _ in range(ROWS)], "lon2": [rng.uniform(-179, 179) for _ in range(ROWS)],
    }  # fmt: skip
    made = pl.DataFrame(frame, strict=False)
    return made.with_columns(pl.format("{}, {}", pl.col("lat"), pl.col("lon")).alias("point"))


def to_pandas(frame: pl.DataFrame):
    import pandas as pd

    made = {c: pd.Series(frame[c].to_list()) for c in frame.columns}
    kinds = {"x": float, "y": float, "b": "boolean", "b2": "boolean", "c": "category", "c2": "category"}
    for name, series in made.items():
        text = frame.schema[name] == pl.String and name not in kinds
        made[name] = series.astype("string" if text else kinds.get(name, series.dtype))
    return made


#: When a stated difference may show: (row, ours, theirs) -> whether it is the one that was stated.
DIFFERENCES = {
    "null, not": lambda row, ours, theirs: ours is None and theirs in (float("inf"), float("-inf")),
    "a comparison": lambda row, ours, theirs: ours is None and None in (row["x"], row["y"], row["c"], row["c2"]),
    "three-valued": lambda row, ours, theirs: theirs is None and ours is not None and None in (row["b"], row["b2"]),
    "a missing value is neither": lambda row, ours, theirs: row["null_b"],
    "missing values are no rows": lambda row, ours, theirs: row["null_x"],
    "along the middle": lambda row, ours, theirs: row["apart"] > 1,
    "each value at its own": lambda row, ours, theirs: True,
    "some forty": lambda row, ours, theirs: row["email"] != row["email"].strip(),
    "words are what": lambda row, ours, theirs: not row["text"].replace(" ", "").isalnum(),
    "punctuation counts": lambda row, ours, theirs: not row["text"].replace(" ", "").isalnum(),
    "the sixty most": lambda row, ours, theirs: True,
    "a word of digits": lambda row, ours, theirs: theirs > ours and "3" in row["text"],
    "known values among": lambda row, ours, theirs: row["null_x"] or row["row"] <= 1,
    "by whole months": lambda row, ours, theirs: row["t"].month in (3, 6, 9, 12) and row["t"].day < 24,
    "null where the text is no": lambda row, ours, theirs: ours is None or not row["url"].startswith("http"),
    "every scheme": lambda row, ours, theirs: theirs is None and ours == "ftp",
    "the day itself": lambda row, ours, theirs: row["t"].weekday() in (0, 4),
    "days observed": lambda row, ours, theirs: "observed" in str(ours) and theirs is None,
}  # fmt: skip


def stated(theirs: str, row: dict, ours, wanted) -> bool:
    said = pairs()[theirs][1].differs
    return any(said.startswith(k) and holds(row, ours, wanted) for k, holds in DIFFERENCES.items())


def same(ours, wanted) -> bool:
    if isinstance(ours, int | float) and isinstance(wanted, int | float):
        return abs(ours - wanted) <= 1e-9 * max(1.0, abs(wanted))
    return ours == wanted


@pytest.fixture(scope="module")
def known():
    pytest.importorskip("featuretools")
    from featuretools.primitives import get_aggregation_primitives, get_transform_primitives

    return get_aggregation_primitives(), get_transform_primitives()


def values(theirs: str, primitive, frame: pl.DataFrame):
    """What ours and theirs make of the same rows: two lists."""
    import pandas as pd

    ours, how = pairs()[theirs]
    mine = TRANSFORMS[ours]
    used: dict[str, int] = {}
    columns = COLUMNS.get(theirs, [])
    if not columns:
        for kind in mine.inputs:
            columns = [*columns, KINDS[kind][used.get(kind, 0) % len(KINDS[kind])]]
            used[kind] = used.get(kind, 0) + 1
    given = {**mine.parameters, **how.ours, **GIVEN.get(theirs, {})}
    said = {**how.fixed, **{b: given[a] for a, b in how.parameters.items()}}
    plain = to_pandas(frame)
    arguments = [plain[c] for c in columns]
    points = [pd.Series(list(zip(plain[a], plain[b], strict=True))) for a, b in (("lat", "lon"), ("lat2", "lon2"))]
    if theirs in ("haversine", "cityblock_distance", "geomidpoint"):
        arguments = points
    elif theirs in ("latitude", "longitude", "is_in_geobox"):
        arguments = points[:1]
    elif theirs in ("rolling_count", "expanding_count"):
        arguments = [plain["t"]]
    elif theirs == "lag" or theirs.startswith(("rolling", "expanding", "numeric_lag")):
        arguments = [plain["t"], plain["x"]] if theirs != "lag" else [plain["x"], plain["t"]]
    elif how.swapped:
        arguments = arguments[::-1]
    if theirs == "is_in_geobox":
        said = {"point1": (given["south"], given["west"]), "point2": (given["north"], given["east"])}
    inputs = [pl.col(c) for c in columns]
    made = primitive(**{k: list(v) if k == "list_of_outputs" else v for k, v in said.items()})
    if made.uses_calc_time:
        now = datetime(2021, 1, 1)
        inputs, wanted = [pl.lit(now), pl.col("t2")], made.get_function()(plain["t2"], time=pd.Timestamp(now))
    else:
        wanted = made.get_function()(*arguments)
    wanted = pd.Series(wanted)
    if theirs == "geomidpoint":
        wanted = wanted.map(lambda p: p[0])
    if str(wanted.dtype).startswith("timedelta"):
        wanted = wanted.dt.total_seconds()
    scaled = []
    for value in wanted.tolist():
        known = None if pd.isna(value) else value.item() if hasattr(value, "item") else value
        scaled.append(known * how.times if isinstance(known, float) or (known and how.times != 1) else known)
    return frame.select(mine.build(*inputs, **given).alias("v"))["v"].to_list(), scaled


@pytest.mark.parametrize("seed", [0, 1])
def test_transforms_equal_featuretools(known, seed):
    frame = rows(seed)
    context = frame.with_columns(
        null_b=pl.col("b").is_null().cum_max(), null_x=pl.col("x").is_null().cum_max(), row=pl.int_range(pl.len()),
        apart=(pl.col("lat") - pl.col("lat2")).abs() + (pl.col("lon") - pl.col("lon2")).abs(),
    ).to_dicts()  # fmt: skip
    wrong = []
    for theirs, primitive in known[1].items():
        if theirs in WITHOUT:
            continue
        ours, wanted = values(theirs, primitive, frame)
        assert len(ours) == len(wanted) == ROWS, theirs
        for row, a, b in zip(context, ours, wanted, strict=True):
            if not same(a, b) and not stated(theirs, row, a, b):
                wrong.append((theirs, a, b))
    assert not wrong


def test_city_blocks_of_near_points_are_featuretools(known):
    frame = rows(3).with_columns(lat2=pl.col("lat") + 0.01, lon2=pl.col("lon") - 0.02)
    ours, wanted = values("cityblock_distance", known[1]["cityblock_distance"], frame)
    assert max(abs(a / b - 1) for a, b in zip(ours, wanted, strict=True)) < 1e-3


def test_everything_that_featuretools_ships_has_an_equal_or_a_reason(known):
    theirs = {*known[0], *known[1]}
    assert (len(known[0]), len(known[1])) == (65, 138)
    assert set(pairs()) | set(WITHOUT) == theirs
    assert not set(pairs()) & set(WITHOUT)
    assert set(EQUALS) <= set(pairs())
    for how in EQUALS.values():
        ours = pairs()[next(k for k, v in EQUALS.items() if v is how)][0]
        parameters = (TRANSFORMS if ours in TRANSFORMS else AGGREGATIONS)[ours].parameters
        assert set(how.parameters) | set(how.ours) <= set(parameters), ours


def test_the_page_of_primitives_is_fresh():
    """``python -m autoprep.primitives --write`` renews it."""
    assert PAGE.read_text(encoding="utf-8") == page()
