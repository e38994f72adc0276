"""Spellings of yes and no."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autoprep.parsing.text import trim

#: Spellings that belong together, (true, false); the order is that of preference when a column fits several.
PAIRS: tuple[tuple[str, str], ...] = (
    *(("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0"), ("1.0", "0.0"), ("on", "off"), ("x", "")),
    *((".true.", ".false."), ("ja", "nein"), ("j", "n"), ("wahr", "falsch"), ("oui", "non"), ("o", "n")),
    *(("vrai", "faux"), ("sí", "no"), ("si", "no"), ("s", "n"), ("verdadero", "falso"), ("sim", "não")),
    *(("sim", "nao"), ("verdadeiro", "falso"), ("sì", "no"), ("vero", "falso"), ("ja", "nee"), ("waar", "onwaar")),
    *(("ja", "nej"), ("ja", "nei"), ("sand", "falsk"), ("tak", "nie"), ("prawda", "fałsz"), ("ano", "ne")),
    *(("igen", "nem"), ("kyllä", "ei"), ("evet", "hayır"), ("evet", "hayir"), ("да", "нет"), ("д", "н")),
    *(
        ("истина", "ложь"),
        ("so", "sai"),
        ("はい", "いいえ"),
        ("是", "否"),
        ("真", "假"),
        ("有", "无"),
        ("예", "아니오"),
    ),
    *(("네", "아니요"), ("نعم", "لا"), ("✓", "✗"), ("✔", "✘"), ("✔", "✖"), ("☑", "☐"), ("✅", "❌"), ("○", "×")),
    *(("yeah", "nope"), ("yep", "nope"), ("affirmative", "negative"), ("enabled", "disabled"), ("active", "inactive")),
)
#: Which spelling counts as true or false when no choice is handed in. Words that mean something else too are left out.
_LOOSE = frozenset({"x", "", "o", "s", "d", "so", "sai", "active", "inactive", "enabled", "disabled", "○", "×", "sand"})
TRUE_WORDS: tuple[str, ...] = tuple(dict.fromkeys(t for t, _ in PAIRS if t not in _LOOSE))
FALSE_WORDS: tuple[str, ...] = tuple(dict.fromkeys(f for _, f in PAIRS if f not in _LOOSE))


def fold(word: str) -> str:
    """A spelling as it is compared: trimmed, lower case, the dotless i of Turkish as i (``HAYIR`` is ``hayır``).

    Example:
        >>> fold(" HAYIR ") == fold("hayır")
        True
    """
    return word.strip().lower().replace("ı", "i")


def parse(expr: pl.Expr, true: Sequence[str] = TRUE_WORDS, false: Sequence[str] = FALSE_WORDS) -> pl.Expr:
    """Boolean of a spelling, without regard to case and edge whitespace; anything else is null.

    Args:
        expr: String.
        true: spellings of true.
        false: spellings of false.

    Example:
        >>> frame = pl.DataFrame({"x": ["Yes", " no ", "1", "oui", "maybe", None]})
        >>> frame.select(parse(pl.col("x"))).to_series().to_list()
        [True, False, True, True, None, None]
    """
    word = trim(expr).str.to_lowercase().str.replace_all("ı", "i", literal=True)
    yes, no = [fold(w) for w in true], [fold(w) for w in false]
    return pl.when(word.is_in(yes)).then(True).when(word.is_in(no)).then(False).otherwise(None)


def pair_of(words: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """The (true, false) spellings that the distinct words of a column are, or None when they are no boolean.

    Both sides must occur, and digits alone are left to numbers unless words stand beside them.

    Example:
        >>> pair_of(["Yes", "no", "Y"])
        (['yes', 'y'], ['no'])
        >>> pair_of(["0", "1"]) is None
        True
    """
    low = list(dict.fromkeys(w.strip().lower() for w in words))
    for true, false in PAIRS:
        if set(low) == {true, false} and true not in ("1", "1.0"):
            return [true], [false]
    yes, no = [w for w in low if w in TRUE_WORDS], [w for w in low if w in FALSE_WORDS]
    both = [w for w in low if w in TRUE_WORDS and w in FALSE_WORDS]
    if both or not yes or not no or len(yes) + len(no) != len(low) or all(w[0].isdigit() for w in low):
        return None
    return yes, no
