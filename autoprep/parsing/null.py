"""Words that stand where a value should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from autoprep.parsing.text import trim

#: Words that mean "nothing here" in any column; compared without case and edge whitespace.
NULL_WORDS: tuple[str, ...] = (
    *("", "na", "n/a", "n.a.", "n.a", "n\\a", "#n/a", "#n/a n/a", "#na", "<na>", "[na]", "(na)", "nan", "-nan", "+nan"),
    *("1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "#ind", "#nan", "null", "(null)", "[null]", "<null>", "\\n", "nil"),
    *(
        "none",
        "<none>",
        "(none)",
        "nat",
        "<nat>",
        "pd.na",
        "?",
        "??",
        "???",
        "-",
        "--",
        "---",
        "----",
        "–",
        "—",
        "_",
        ".",
    ),
    *(
        "..",
        "...",
        "…",
        "*",
        "**",
        "!",
        "/",
        "//",
        "#ref!",
        "#div/0!",
        "#value!",
        "#name?",
        "#num!",
        "#null!",
        "#error!",
    ),
    *("missing", "(missing)", "[missing]", "<missing>", "(blank)", "[blank]", "<blank>", "blank", "(empty)", "<empty>"),
    *("empty", "no data", "nodata", "no value", "no answer", "no response", "not available", "not avail", "not avail."),
    *(
        "void",
        "undefined",
        "und.",
        "n/d",
        "n.d.",
        "n.d",
        "n/v",
        "n.v.",
        "n. v.",
        "s/d",
        "s.d.",
        "s/n",
        "k.a.",
        "k. a.",
        "k.a",
        "keine angabe",
    ),
    *(
        "keine angaben",
        "ohne angabe",
        "leer",
        "fehlt",
        "fehlend",
        "non renseigné",
        "non renseigne",
        "nc",
        "n.c.",
        "n/c",
    ),
    *(
        "non disponible",
        "vide",
        "manquant",
        "aucune donnée",
        "sin dato",
        "sin datos",
        "no disponible",
        "vacío",
        "vacio",
    ),
    *("ninguno", "nulo", "sem dados", "não disponível", "nao disponivel", "vazio", "non disponibile", "nessun dato"),
    *("n.d.r.", "mancante", "geen gegevens", "onbekend/nvt", "nvt", "n.v.t.", "saknas", "uppgift saknas", "mangler"),
    *("brak", "brak danych", "nie dotyczy", "нет данных", "н/д", "н.д.", "пусто", "nincs adat", "veri yok", "yok"),
    *("該当なし", "なし", "無し", "无", "無", "空", "null值", "暂无", "없음", "해당없음", "لا يوجد"),
)

#: Words that say "there is a value but it is not known or was not given": weaker, for they may be an answer themselves.
UNKNOWN_WORDS: tuple[str, ...] = (
    *("unknown", "unk", "unkn", "unknwn", "uknown", "unknow", "(unknown)", "<unknown>", "[unknown]", "not known"),
    *("unknown / non-applicable", "unspecified", "not specified", "not stated", "not given", "not provided"),
    *("not reported", "not_reported", "not recorded", "not applicable", "not-applicable", "non-applicable", "n/app"),
    *("inapplicable", "undisclosed", "not disclosed", "not determined", "undetermined", "not assessed", "not tested"),
    *("not set", "unset", "unassigned", "not assigned", "unavailable", "not found", "not entered", "no info"),
    *("no information", "no record", "don't know", "dont know", "do not know", "dk", "refused", "declined"),
    *("declined to answer", "prefer not to say", "prefer not to answer", "rather not say", "withheld", "redacted"),
    *("tbd", "tba", "tbc", "to be determined", "to be announced", "to be confirmed", "varies", "varies with device"),
    *("dummy", "test", "asdf", "xxx", "xxxx", "xx", "unbekannt", "inconnu", "inconnue", "desconocido", "desconocida"),
    *("desconhecido", "sconosciuto", "onbekend", "okänd", "ukjent", "ukendt", "nieznany", "nieznane", "неизвестно"),
    *("неизвестен", "不明", "未知", "不详", "알수없음", "غير معروف", "bilinmiyor", "ismeretlen"),
)


#: Words for nothing that are also an answer: no garage, no damage, no complaint.
LEVEL_WORDS = frozenset(
    {"none", "nil", "nothing", "ninguno", "ninguna", "keine", "keiner", "aucun", "aucune", "nessuno"}
)
#: Words for nothing by which somebody declined to answer: a class of a column that is to be predicted.
ANSWERS = frozenset(
    {"no answer", "no response", "keine angabe", "keine angaben", "ohne angabe", "non renseigné", "non renseigne"}
)
#: Share of a category's cells from which such a word is taken for one of its levels.
LEVEL_SHARE = 0.05


def levels(words: Mapping[str, float], filled: float) -> list[str]:
    """Of the words for nothing in a category those that may be a level of it: frequent, and an answer by themselves.

    Args:
        words: word -> cells.
        filled: cells of the column that are not null.

    Example:
        >>> levels({"None": 40, "N/A": 30}, 100), levels({"None": 2}, 100)
        (['None'], [])
    """
    found = [w for w in words if w.strip().lower() in LEVEL_WORDS]
    return found if sum(words[w] for w in found) >= LEVEL_SHARE * filled else []


def is_null_word(expr: pl.Expr, words: Sequence[str] = NULL_WORDS) -> pl.Expr:
    """Whether a cell is one of the words, without regard to case and edge whitespace; null stays null.

    Args:
        expr: String.
        words: compared after trimming and lower-casing, so write them in any case.

    Example:
        >>> frame = pl.DataFrame({"x": ["Ada", " N/A ", "?", None, ""]})
        >>> frame.select(is_null_word(pl.col("x")))["x"].to_list()
        [False, True, True, None, True]
    """
    return trim(expr).str.to_lowercase().is_in([w.strip().lower() for w in words])


def is_unknown_word(expr: pl.Expr) -> pl.Expr:
    """Whether a cell says that its value is not known; see ``UNKNOWN_WORDS``.

    Example:
        >>> pl.select(is_unknown_word(pl.lit("Not reported"))).item()
        True
    """
    return is_null_word(expr, UNKNOWN_WORDS)
