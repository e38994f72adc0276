"""The page at the root, in a real browser: a typed row and a dropped file are answered, and nothing complains."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")

from tests.browser import Browser

from .shop import orders

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(shop_model: Path) -> Iterator[str]:
    import uvicorn

    from autoprep.serving import app

    server = uvicorn.Server(uvicorn.Config(app.make(shop_model), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(20)


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (380, True)])
def test_a_typed_row_is_explained(chromium: str, address: str, width: int, dark: bool) -> None:
    browser = Browser(chromium)
    try:
        page = browser.page(address, width=width, dark=dark)
        assert page.js("document.title") == "Predict bought"
        page.js("document.getElementById('example').click()")
        page.js(
            "[...document.querySelectorAll('label')].find(l => l.textContent === 'city')"
            ".querySelector('input').value = '<b>oslo </b>'"
        )
        page.js(
            "[...document.querySelectorAll('label')].find(l => l.textContent.startsWith('price'))"
            ".querySelector('input').value = '$1,200.50'"
        )
        page.js("document.querySelector('#form button[type=submit]').click()")
        page.until("document.querySelector('#answer .big') !== null", 30)
        said = page.js("document.getElementById('answer').textContent")
        assert "1200.5" in said and "probability" in said and "Amounts of money" in said
        assert page.js("document.querySelector('#answer b')") is None
        assert page.js("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.complaints() == []
    finally:
        browser.close()


def test_a_dropped_file_is_predicted_and_a_bad_one_refused(chromium: str, address: str) -> None:
    browser = Browser(chromium)
    try:
        page = browser.page(address)
        text = orders(30, seed=4).drop("bought").write_csv()
        page.js(f"dropped(new File([{text!r}], 'new.csv'))")
        page.until("document.querySelectorAll('#answer table tr').length === 31", 30)
        assert "30 rows predicted" in page.js("document.getElementById('answer').textContent")
        assert page.complaints() == []
        page.js("dropped(new File(['nothing'], 'bad.parquet'))")
        page.until("document.querySelector('#answer .error') !== null")
        assert "not Parquet" in page.js("document.getElementById('answer').textContent")
    finally:
        browser.close()
