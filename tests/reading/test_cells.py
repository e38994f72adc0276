"""Cutting records: the short way for quotes in order gives what the long way gives."""

from __future__ import annotations

import random

import pytest

from autoprep.reading import cells

SIGNS = ("a", "b ", " ", "\n", "é")


@pytest.mark.parametrize("delimiter", [",", ";", "::", " ", "\t", "|~"])
@pytest.mark.parametrize("quote", ['"', "'"])
def test_both_ways_cut_alike(delimiter: str, quote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(delimiter + quote)
    signs = (*SIGNS, delimiter, quote, quote, quote * 2, delimiter + quote, quote + delimiter)
    texts = ["".join(rng.choices(signs, k=rng.randrange(1, 14))) for _ in range(2000)]
    texts = [text for text in texts if quote in text]
    short = [cells.split(text, delimiter, quote, "") for text in texts]
    monkeypatch.setattr(cells, "_clean", lambda *_: None)
    cells._with_quotes.cache_clear()
    assert [cells.split(text, delimiter, quote, "") for text in texts] == short
    cells._with_quotes.cache_clear()


def test_the_short_way_is_taken() -> None:
    pieces = ["x", '"a', ' b"', "", '"say ""hi"""', '""']
    assert cells._clean(pieces, ",", '"') == (["x", "a, b", "", 'say "hi"', ""], 2 + 1)
    assert cells._clean(["x", '"a" b'], ",", '"') is None
