"""The page: one file, no network, safe with any cell, and alive in a real browser, wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from autoprep.reporting.content import Content, calibration_points, model_content
from autoprep.reporting.html import model_html, profile_html
from autoprep.types import Finding

from ..browser import Browser
from .conftest import RULEBOOK, findings_of, model_parts, profile_of


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    made = Browser(chromium)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    wide = profile_of(2000)
    texts = {
        "model": model_html(model_content(**model_parts())),
        "wide": profile_html(wide, findings_of(wide), rulebook=RULEBOOK, title="wide.csv"),
        "empty": model_html(Content(title="nothing")),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def test_one_file_that_asks_for_nothing(content: Content) -> None:
    page = model_html(content)
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "default-src 'none'" in page


def test_cells_are_text(content: Content) -> None:
    page = model_html(content)
    assert '<script>alert("x")' not in page and "&lt;script&gt;alert" in page
    assert page.count("<script") == 1


def test_the_front_is_marked_and_sizes_are_told() -> None:
    page = model_html(model_content(**model_parts()))
    assert page.count('title="on the Pareto front"') == 1 and "Pareto front)" in page
    assert "12,345" in page.split('id="models"')[1].split("</table>")[0]


def test_personal_samples_are_masked() -> None:
    profile = profile_of()
    assert "example.org" not in profile_html(profile, findings_of(profile))
    shown = profile_html(profile, findings_of(profile), show_personal=True)
    assert "example.org" in shown and "ada@lovelace.org" in shown
    parts = model_parts()
    assert "lovelace" not in model_html(model_content(**parts))


def test_every_link_has_a_target(content: Content) -> None:
    import html

    page = model_html(content)
    targets = set(map(html.unescape, re.findall(r'id="([^"]*)"', page)))
    links = set(map(html.unescape, re.findall(r'href="#([^"]*)"', page)))
    assert links - targets == set()


def test_same_content_same_bytes(content: Content) -> None:
    assert model_html(content) == model_html(model_content(**model_parts()))


def test_a_real_profile_is_drawn() -> None:
    profiling = pytest.importorskip("autoprep.profiling")
    frame = pl.DataFrame({"a": ["1", "2", "n/a", "4"] * 5, "b": ["x", "y", None, "x"] * 5, "d": ["2024-01-02"] * 20})
    page = profile_html(profiling.profile(frame))
    assert "column-a" in page and "n/a" in page


def test_calibration_points_of_ties() -> None:
    assert calibration_points([0, 1, 0, 1], [0.5] * 4) == [(0.5, 0.5, 4)]
    assert calibration_points([], []) == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["model", "wide", "empty"])
def test_in_a_browser(browser: Browser, pages: dict[str, Path], name: str, width: int, dark: bool) -> None:
    page = browser.page(pages[name].as_uri(), width=width, dark=dark)
    assert page.js("document.documentElement.dataset.ready") == "yes"
    assert page.js("document.documentElement.scrollWidth") <= width
    assert page.js("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    bright = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).reduce((a, b) => a + +b, 0) / 3"
    assert (page.js(bright) < 80) is dark
    assert page.complaints() == []
    assert [u for u in page.requests() if not u.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.browser
def test_filter_and_sort_2000_columns_at_once(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.page(pages["wide"].as_uri())
    visible = "[...document.querySelectorAll('#columnlist > .col')].filter(c => !c.hidden)"
    assert page.js(f"{visible}.length") == 2000
    filtered = """(() => { const box = document.querySelector('[data-for=columnlist] input');
        const before = performance.now(); box.value = 'email_9'; box.dispatchEvent(new Event('input'));
        document.body.offsetHeight; return performance.now() - before })()"""
    assert page.js(filtered) < 500
    assert 0 < page.js(f"{visible}.length") < 2000
    page.js("document.querySelector('[data-for=columnlist] input').value = ''")
    sort = """(() => { const order = document.querySelector('[data-for=columnlist] select[data-sort]');
        const before = performance.now(); order.value = 'missing'; order.dispatchEvent(new Event('change'));
        document.body.offsetHeight; return performance.now() - before })()"""
    assert page.js(sort) < 1500
    shares = page.js(f"{visible}.map(c => +c.dataset.missing)")
    assert shares == sorted(shares, reverse=True) and len(shares) == 2000
    page.js("document.querySelector('[data-for=columnlist] select[data-only]').value = 'error'")
    page.js("document.querySelector('[data-for=columnlist] select[data-only]').dispatchEvent(new Event('change'))")
    assert page.js(f"{visible}.length") == 1
    assert page.complaints() == []
    page.close()


@pytest.mark.browser
def test_a_finding_leads_to_its_rule(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.page(pages["model"].as_uri())
    page.js("document.querySelector('#findings a[href=\"#rule-missing.disguised_null\"]').click()")
    page.until("document.getElementById('rule-missing.disguised_null').open")
    page.js("document.querySelector('#findings a[href^=\"#column-\"]').click()")
    page.until("document.querySelectorAll('.col[open]').length === 1")
    assert page.js("document.querySelectorAll('#featurelist tr:not([hidden])').length") == 12
    page.js("document.querySelector('button[data-more=featurelist]').click()")
    assert page.js("document.querySelectorAll('#featurelist tr:not([hidden])').length") == 60
    assert page.complaints() == []
    page.close()


@pytest.mark.browser
def test_one_rule_of_many_columns_is_one_finding(browser: Browser, tmp_path: Path) -> None:
    wide = profile_of(30)
    names = wide.columns["column"].to_list()
    findings = [
        Finding("category.boolean", (name,), "info", f"{name}: Words for true are read ({i} of 900 cells)", i, i / 900)
        for i, name in enumerate(names, 1)
    ]
    (tmp_path / "page.html").write_text(profile_html(wide, findings, rulebook=RULEBOOK), encoding="utf-8")
    page = browser.page((tmp_path / "page.html").as_uri())
    assert page.js("document.querySelectorAll('#findings .finding').length") == 1
    assert page.js("document.querySelectorAll('#findings .finding a[href^=\"#column-\"]').length") == 30
    assert page.js("document.querySelector('#findings .rest summary').textContent") == "22 more columns"
    assert page.js("document.querySelector('#findings .finding p').textContent") == "Words for true are read"
    assert page.complaints() == []
    page.close()


def test_an_interval_is_spoken_of_only_where_there_is_one() -> None:
    parts = model_parts()
    assert "with a 95% interval" in model_html(model_content(**parts))
    alone = [(name, fall, None, None) for name, fall, *_ in parts["importance"]]
    text = model_html(model_content(**{**parts, "importance": alone}))
    assert "What the model leans on" in text and "with a 95% interval" not in text
