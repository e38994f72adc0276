"""Profiles of parts add up; a profile never raises; JSON there and back."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing.parametric import dataframes

from autoprep.errors import InputError
from autoprep.profiling import Profile, profile, states

pytestmark = pytest.mark.slow

cells = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-1000, 1000)),
        st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda x: round(x, 3))),
        st.one_of(st.none(), st.sampled_from(["a", "b", "c d", " e", "N/A", "12", "$3"])),
    ),
    min_size=1,
    max_size=40,
)
SCHEMA = {"i": pl.Int64, "f": pl.Float64, "w": pl.String}


def _of(rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(cells, cells)
def test_the_profile_of_both_is_the_merge_of_each(a, b):
    whole = profile(_of(a + b), mergeable=True, deep=False)
    made = profile(_of(a), mergeable=True, deep=False).merge(profile(_of(b), mergeable=True, deep=False))
    assert made.tables["rows"].item() == len(a) + len(b)
    for name in SCHEMA:
        one, other = made.column(name), whole.column(name)
        for word in ("rows", "null_count", "content", "distinct", "is_constant"):
            assert one[word] == other[word], (name, word)
        for word in ("null_rate", "blank_rate", "disguised_null_rate", "padded_rate"):
            assert (one[word] or 0.0) == pytest.approx(other[word] or 0.0), (name, word)
        assert made.states[name]["heavy"] == whole.states[name]["heavy"]
        assert made.states[name].get("hashes") == whole.states[name].get("hashes")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=60), st.integers(1, 59))
def test_sums_extremes_and_moments_add_up(values, cut):
    frame = pl.DataFrame({"x": [v + 0.5 for v in values]})
    parts = [profile(p, mergeable=True, deep=False) for p in (frame[: cut % frame.height], frame[cut % frame.height :])]
    made = parts[0].merge(parts[1]).column("x")
    assert (made["min"], made["max"]) == (frame["x"].min(), frame["x"].max())
    assert made["mean"] == pytest.approx(frame["x"].mean(), rel=1e-9, abs=1e-6)
    assert made["std"] == pytest.approx(frame["x"].std(), rel=1e-6, abs=1e-6)


def test_quantiles_and_distinct_counts_stay_within_their_bounds():
    rng = np.random.default_rng(0)
    parts = [pl.DataFrame({"x": rng.gamma(2, 9, 5000), "w": rng.integers(0, 9000, 5000).astype(str)}) for _ in range(5)]
    made = profile(parts[0], mergeable=True, deep=False)
    for part in parts[1:]:
        made = made.merge(profile(part, mergeable=True, deep=False))
    whole = pl.concat(parts)
    for word, q in (("q05", 0.05), ("median", 0.5), ("q95", 0.95)):
        rank = float((whole["x"] <= made.column("x")[word]).mean())
        assert rank == pytest.approx(q, abs=0.005), word
    assert made.column("w")["distinct"] == pytest.approx(whole["w"].n_unique(), rel=0.12)


def test_the_bound_of_frequent_values_holds():
    rng = np.random.default_rng(1)
    parts = [pl.DataFrame({"w": [f"k{i}" for i in rng.zipf(1.3, 6000) % 5000]}) for _ in range(2)]
    made = profile(parts[0], mergeable=True, deep=False).merge(profile(parts[1], mergeable=True, deep=False))
    state = made.states["w"]
    true = dict(pl.concat(parts)["w"].value_counts().iter_rows())
    assert len(state["heavy"]) == states.HEAVY
    assert all(0 <= true[v] - c <= state["bound"] for v, c in state["heavy"].items())


def test_a_column_that_a_part_lacks_is_null_there():
    one = profile(pl.DataFrame({"a": [1, 2]}), mergeable=True)
    two = profile(pl.DataFrame({"a": [3], "b": ["x"]}), mergeable=True)
    row = one.merge(two).column("b")
    assert (row["rows"], row["null_count"]) == (3, 2)


def test_a_profile_without_states_is_refused():
    plain = profile(pl.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match="without states"):
        plain.merge(plain)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(dataframes(max_cols=4, max_size=8, allow_null=True), st.booleans())
def test_no_table_makes_a_profile_raise(frame, with_target):
    found = profile(frame, target=frame.columns[0] if with_target and frame.width else None, mergeable=True)
    assert found.columns.height == frame.width
    assert Profile.from_json(found.to_json()).to_json() == found.to_json()
    assert found.masked().compare(found).drifts.height == 0
    assert found.merge(found).tables["rows"].item() == 2 * frame.height


def test_words_of_another_version_are_left_out_of_a_saved_profile():
    found = profile(pl.DataFrame({"x": [1.5, 2.5, 4.0] * 9}))
    said = json.loads(found.to_json())
    for part in ("columns", "tables"):
        said[part][0]["word_to_come"] = 1
    assert Profile.from_json(json.dumps(said)).to_json() == found.to_json()
