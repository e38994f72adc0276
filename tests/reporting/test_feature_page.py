"""The page of features: what it lists, draws and measures, from real features over several tables and a selection."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

import autoprep as ap
from autoprep import api
from autoprep.cli import app
from autoprep.pipeline import Selected
from autoprep.reporting import pictures, terminal
from autoprep.reporting.feature_page import features_html
from autoprep.reporting.origins import origin_of, origins_picture
from autoprep.selection import SelectedFeatures, Selection, select
from autoprep.types import Feature

from .conftest import EVIL


def drawn(page: str, name: str) -> ElementTree.Element:
    """A picture of the page, which must be well-formed."""
    found = re.search(rf'<svg class="{name}".*?</svg>', page, re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found.group())


@pytest.fixture(scope="module")
def shop() -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(0)
    hours = pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("n").cast(pl.Int64))
    orders = pl.DataFrame({"n": np.arange(400), "customer": rng.integers(0, 40, 400), "amount": rng.normal(size=400)})
    visits = pl.DataFrame({"n": np.arange(200), "customer": rng.integers(0, 40, 200), "seen": rng.normal(size=200)})
    customers = pl.DataFrame({"customer": np.arange(40), "n": np.arange(40) + 200, "region": ["north", "south"] * 20})
    return {
        "orders": orders.select("customer", "amount", at=hours),
        "visits": visits.select("customer", "seen", at=hours),
        "customers": customers.select("customer", "region", asked=hours),
        "regions": pl.DataFrame({"region": ["north", "south"], "people": [10.5, 22.5]}),
    }


SCHEMA = """
tables:
  orders: {time: at}
  visits: {time: at}
  customers: {key: [customer], time: asked}
  regions: {key: [region], static: true}
references:
  - {from: orders(customer), to: customers(customer)}
  - {from: visits(customer), to: customers(customer)}
  - {from: customers(region), to: regions(region)}
"""


def test_features_of_several_tables(shop, tmp_path):
    made = ap.synthesize(shop, table="customers", schema=SCHEMA, cutoff="asked - 1h", windows=["1d"])
    page = api.write_feature_report(made, tmp_path / "features.html").read_text(encoding="utf-8")
    assert "Features of customers" in page and "asked - 1h" in page and "http://" not in page and "src=" not in page
    tables = {origin_of(f, "customers").table for f in made.definitions}
    assert tables >= {"visits", "orders", "regions"}
    assert page.count("data-text=") == len(made.definitions)
    picture = drawn(page, "origins")
    texts = {t.text for t in picture.iter("text")}
    assert tables <= texts and {"amount", "by customer, last 1d", "MEAN", "looked up by region"} <= texts
    ids = set(re.findall(r' id="([^"]+)"', page))
    links = {a.get("href", "")[1:] for a in picture.iter("a")}
    assert len(links) == len(tables) and links <= ids
    counted = [t.text for t in picture.iter("text") if t.text and t.text.endswith((" feature", " features"))]
    assert sum(int(t.split()[0]) for t in counted) == len(made.definitions)
    assert 'id="gain"' not in page


def test_a_selection_is_measured(tmp_path):
    table = pl.DataFrame(
        {
            "feature": ["PRODUCT(a, b)", "RATIO(a, b)", "c", "d"], "chosen": [True, True, False, False],
            "gain": [0.5, 0.2, 0.0, 0.0], "low": [0.4, 0.0, 0.0, 0.0], "high": [0.6, 0.45, 0.1, 0.1],
            "stability": [1.0, 0.8, 0.0, 0.1],
            "why": ["explains 50%", "explains 20%", "adds no more than chance would", "nearly a copy of c (0.99)"],
        }
    )  # fmt: skip
    curve = pl.DataFrame(
        {
            "features": [0, 1, 2, 3],
            "loss": [2.0, 1.2, 1.0, 1.1],
            "better": [0.0, 0.8, 1.0, 0.9],
            "se": [0.0, 0.1, 0.1, 0.1],
        }
    )
    found = Selection(("PRODUCT(a, b)", "RATIO(a, b)"), table, curve)
    chosen = tuple(found.describe([Feature(n, n, ("a", "b")) for n in found.chosen]))
    frame = pl.DataFrame({n: [1.0] for n in ("a", "b", *found.chosen, "y")})
    made = Selected(frame, chosen, found, made=SelectedFeatures("regression"))
    page = api.write_feature_report(made, tmp_path / "features.html", table="forces").read_text(encoding="utf-8")
    gains = drawn(page, "calibration gains")
    spots = [c for c in gains.iter("circle")]
    assert len(spots) == found.curve.height
    assert [c.get("class") for c in spots].index("chosen") == 2
    heights = [float(c.get("cy", "nan")) for c in spots]
    assert np.allclose(np.diff(heights) / (heights[2] - heights[0]), [0.8, 0.2, -0.1], atol=0.01)
    assert "2 features: 50% ± 5%, taken" in page and "0% to 45%" in page and "<td>nearly a copy</td>" in page
    assert page.count('class="whisker"') == 2 and "Not chosen" in page and "of the table, held out" in page
    few = pl.DataFrame({"a": np.arange(50.0), "noise": np.arange(50.0) % 7})
    nothing = select(few, np.arange(50.0), "regression", base=["a"])
    assert nothing.chosen == ()
    empty = features_html([], "forces", rows=600, found=nothing)
    assert "None of 1 candidate adds" in empty and '<svg class="origins' not in empty


def test_many_features_stay_few_nodes_and_any_name_is_safe():
    many = [
        Feature(f"f{i}", f"{p}(orders.c{c}) OVER {w}d BEFORE cutoff BY k{k}")
        for i, (p, c, w, k) in enumerate(
            (p, c, w, k) for p in ("MEAN", "MAX", "STD") for c in range(15) for w in (1, 7, 30) for k in range(4)
        )
    ]
    picture = ElementTree.fromstring(origins_picture([*many, Feature(EVIL, EVIL, (EVIL,))], "visits", {}))
    assert len(list(picture.iter("rect"))) < 30
    texts = [t.text for t in picture.iter("text")]
    assert "7 more columns" in texts and "by k0, 3 windows" in texts
    page = features_html([Feature(EVIL, EVIL, (EVIL,))], EVIL, rows=1)
    assert "<script>alert" not in page


def test_gain_that_falls_is_drawn_below_the_line():
    picture = ElementTree.fromstring(pictures.gains([(0, 0.0, 0.0), (1, -0.02, 0.01), (2, -0.1, 0.02)], 0))
    heights = [float(c.get("cy", "nan")) for c in picture.iter("circle")]
    assert heights == sorted(heights) and heights[-1] < 258
    assert "-10%" in {t.text for t in picture.iter("text")}


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError])
def test_what_is_stopped_leaves_the_old_page_and_no_other(tmp_path, monkeypatch, stopped_by):
    made = ap.synthesize({"day": ["2026-01-05", "2026-02-17", "2026-02-18"], "price": ["$5", "$6", "$7"]})
    page = api.write_feature_report(made, tmp_path / "features.html")
    before = page.read_bytes()
    write = Path.write_text

    def half(self: Path, text: str, **how: str) -> int:
        write(self, text[: len(text) // 2], encoding="utf-8")
        raise stopped_by

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises((KeyboardInterrupt, OSError, ap.InputError)):
        api.write_feature_report(made, page)
    assert page.read_bytes() == before and list(tmp_path.iterdir()) == [page]


def test_the_command_writes_it_and_refuses_early(tmp_path):
    run = CliRunner().invoke
    table = tmp_path / "prices.csv"
    table.write_text("day,price\n2026-01-05,$5\n2026-02-17,$6\n2026-02-18,$7\n")
    said = run(app, ["features", str(table), "--quiet", "--html", str(tmp_path / "f.html")])
    assert said.exit_code == 0, said.output
    assert "Features of prices" in (tmp_path / "f.html").read_text(encoding="utf-8")
    assert "definition" not in said.stdout and said.stdout.count("MONTH(day)") <= 1
    for words in (
        ["features", str(tmp_path / "none.csv"), "--html", "f.txt"],
        ["features", "export", "--html", "f.html"],
    ):
        refused = run(app, words)
        assert refused.exit_code != 0 and re.search("cannot write a page|makes no page", f"{refused.exception}")


def test_a_name_other_than_the_definition_is_listed_beside_it():
    console = Console(width=100, record=True, file=io.StringIO())
    terminal.show_features(console, [Feature("a", "a"), Feature("b", "RATIO(a, c)")])
    said = console.export_text()
    assert said.count("RATIO(a, c)") == 1 and "definition" in said and re.search(r"^a\s*$", said, re.MULTILINE)
