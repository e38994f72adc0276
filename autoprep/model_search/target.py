"""The target as the models see it: class codes or finite numbers, and the scale it is easiest to predict on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autoprep.errors import InputError, SettingError
from autoprep.parsing.boolean import PAIRS, fold
from autoprep.types import Task

Array = NDArray[Any]

#: Median up to which whole numbers are taken for counts; beyond, a Poisson loss and a squared one agree.
MOST_COUNT = 50
#: Pairs of labels, the affirmative first, that are not spellings of yes and no.
AFFIRMED = frozenset({("1", "-1"), ("1.0", "-1.0"), ("positive", "negative"), ("pos", "neg"), ("+", "-")})
#: A whole number that fits 64 bits, written as a number is.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def encode_target(y: Any, task: Task) -> tuple[Array, list[Any]]:
    """Codes (n,) and labels of a classification, or values (n,) and no labels of a regression.

    Raises:
        InputError: missing values, one class only, or text where numbers are needed.

    Example:
        >>> encode_target(np.array(["b", "a"]), "binary")[1]
        ['a', 'b']
    """
    series = y if isinstance(y, pl.Series) else pl.Series("target", np.asarray(y).tolist())
    if series.null_count():
        raise InputError(f"{series.null_count()} target values are missing", hint="drop rows without a target")
    if not len(series):
        raise InputError("no row has a target value", hint="give labelled rows")
    if task == "regression":
        if not series.dtype.is_numeric() and series.dtype != pl.Boolean:
            raise InputError("the target of a regression is not a number", hint="parse it first")
        values = series.cast(pl.Float64).to_numpy()
        if not np.isfinite(values).all():
            raise InputError("the target holds values that are not finite", hint="drop those rows")
        return values, []
    classes = in_order(series)
    if len(classes) < 2:
        raise InputError("the target has one value only", hint="there is nothing to predict")
    codes = series.replace_strict(classes, list(range(len(classes))), return_dtype=pl.Int64)
    return codes.to_numpy(), classes


def in_order(series: pl.Series) -> list[Any]:
    """The distinct labels; numbers written as text, and three or more words of a scale, in their own order.

    Example:
        >>> in_order(pl.Series(["10", "2", "1"])), in_order(pl.Series(["b", "a"]))
        (['1', '2', '10'], ['a', 'b'])
        >>> in_order(pl.Series(["high", "low", "medium"]))
        ['low', 'medium', 'high']
    """
    found = series.unique().sort()
    if found.dtype == pl.String:
        number = found.cast(pl.Float64, strict=False)
        if not number.null_count():
            found = found.gather(number.arg_sort())
        elif len(found) > 2:
            from autoprep.profiling.names import scale_of

            scale = scale_of(found.to_list())
            if scale is not None and len(scale) == len(found):
                return list(scale)
    return list(found.to_list())


def typed(labels: Sequence[Any]) -> list[Any]:
    """Labels in their own type: whole numbers where all are written plainly, true and false, else as they are.

    Example:
        >>> typed(["-1", "0", "12"]), typed(["false", "true"]), typed(["01", "2"])
        ([-1, 0, 12], [False, True], ['01', '2'])
    """
    if labels and all(isinstance(label, str) for label in labels):
        if all(_WHOLE.fullmatch(label) for label in labels):
            return [int(label) for label in labels]
        if set(labels) <= {"true", "false"}:
            return [label == "true" for label in labels]
    return list(labels)


def positive_of(classes: Sequence[Any], y: Array, asked: Any = None) -> tuple[int, str]:
    """The code of the class, of two, that a score of one class is about, and why.

    What is asked for; else the word that affirms (yes, ja, true, 1); else the rarer class, of even ones the last.

    Args:
        classes: the two labels by code.
        y: (n,) codes.
        asked: a label, in any spelling of its case or of yes and no; or None.

    Raises:
        SettingError: not two classes, or none of them is asked for.

    Example:
        >>> positive_of(["ja", "nein"], np.array([0, 1]))
        (0, 'it affirms')
        >>> positive_of(["cat", "dog"], np.array([0, 0, 1]))
        (1, 'the rarer class')
    """
    said = [fold(str(label)) for label in classes]
    if len(said) != 2:
        raise SettingError("positive is for two classes", hint=f"leave it out: there are {len(said) or 'none'}")
    if asked is not None:
        word = fold(str(asked))
        if word not in said:
            # Cleaning may have made one spelling of several.
            same = [place for pair in PAIRS if word in pair for place in (0, 1) if pair[place] == word]
            known = [c for c, label in enumerate(said) for p in PAIRS for place in same if p[place] == label]
            if len(set(known)) != 1:
                hint = f"write {classes[0]} or {classes[1]}"
                raise SettingError(f"positive is '{asked}', which is no class", hint=hint)
            return known[0], "as asked"
        return said.index(word), "as asked"
    for code in (0, 1):
        if (said[code], said[1 - code]) in PAIRS or (said[code], said[1 - code]) in AFFIRMED:
            return code, "it affirms"
    counts = np.bincount(y, minlength=2)
    rarer = int(counts[1] <= counts[0])
    return rarer, "the last class" if counts[0] == counts[1] else "the rarer class"


def heavy_tailed(y: Array) -> bool:
    """Whether a target is positive and far more even on a logarithmic scale.

    Example:
        >>> heavy_tailed(np.exp(np.linspace(0, 8, 100))), heavy_tailed(np.linspace(1, 2, 100))
        (True, False)
    """
    if len(y) < 20 or y.min() < 0:
        return False

    def skew(values: Array) -> float:
        spread = values.std()
        return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0

    plain, logged = skew(y), skew(np.log1p(y))
    return plain > 1.0 and abs(logged) < 0.7 * plain


def counted(y: Array) -> bool:
    """Whether a regression's target counts something: whole numbers from 0 on, few of them large.

    Example:
        >>> counted(np.array([0, 1, 0, 3, 2] * 9)), counted(np.array([0.5, 1.0] * 9))
        (True, False)
    """
    if len(y) < 20 or y.min() < 0 or len(np.unique(y)) < 3:
        return False
    return bool((y == np.round(y)).all() and np.median(y) <= MOST_COUNT)


def scales(y: Array, task: Task, metric: str) -> tuple[str, str | None]:
    """The scale of a regression's target to begin with, and another that is worth a trial.

    Example:
        >>> scales(np.linspace(1, 2, 50), "regression", "rmsle"), scales(np.array([0, 1]), "binary", "roc_auc")
        (('log', None), ('plain', None))
    """
    if task != "regression":
        return "plain", None
    if metric == "rmsle":
        return ("log", None) if y.min() > -1 else ("plain", None)
    if heavy_tailed(y):
        return ("log", "plain") if metric == "mape" else ("plain", "log")
    return "plain", None
