"""The primitive that somebody means who writes another name."""

from __future__ import annotations

from autoprep.errors import SettingError, did_you_mean
from autoprep.primitives.learnt import LEARNT
from autoprep.primitives.primitive import AGGREGATIONS, TRANSFORMS

#: Names of other languages and libraries.
ELSEWHERE = {
    "AVG": "MEAN", "AVERAGE": "MEAN", "STDDEV": "STD", "STDEV": "STD", "STDDEV_SAMP": "STD", "VAR": "VARIANCE",
    "NUNIQUE": "NUM_UNIQUE", "N_UNIQUE": "NUM_UNIQUE", "COUNT_DISTINCT": "NUM_UNIQUE", "MAXIMUM": "MAX",
    "MINIMUM": "MIN", "TOTAL": "SUM", "LOG": "NATURAL_LOG", "LN": "NATURAL_LOG", "SQRT": "SQUARE_ROOT",
    "ABS": "ABSOLUTE", "LEN": "LENGTH", "SKEWNESS": "SKEW", "KURT": "KURTOSIS", "SLOPE": "TREND", "SIZE": "ROWS",
    "DATEDIFF": "DAYS_BETWEEN", "SIN": "SINE", "COS": "COSINE", "DIFF": "DIFFERENCE", "PERCENT_TRUE": "SHARE_TRUE",
}  # fmt: skip


def meant(word: str) -> str:
    """What to try instead of a name that no primitive has.

    Example:
        >>> meant("avg"), meant("QUANTILE")
        ("did you mean 'MEAN'?", "did you mean 'QUANTILE_25' or 'QUANTILE_75'?")
    """
    names = sorted({*AGGREGATIONS, *TRANSFORMS, *LEARNT})
    upper = word.upper()
    found = [n for n in (upper, ELSEWHERE.get(upper)) if n in names]
    found = found[:1] or [n for n in names if n.startswith(f"{upper}_")]
    if 0 < len(found) <= 3:
        return f"did you mean {' or '.join(repr(n) for n in found)}?"
    return did_you_mean(word, names)


def unknown(word: str) -> SettingError:
    """The error of a name that no primitive has, or whose package cannot be loaded."""
    for catalogue in (AGGREGATIONS, TRANSFORMS):
        try:
            _ = catalogue[word]
        except SettingError as reason:
            if "not installed" in reason.what:
                return reason
    return SettingError(
        f"unknown primitive '{word}'", hint=f"{meant(word)} (primitives of your own: --primitives FILE)"
    )
