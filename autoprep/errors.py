"""What autoprep says when something is wrong: what, where, and what to try, in one line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class AutoprepError(Exception):
    """The root of every error that autoprep raises on purpose.

    Args:
        what: what is wrong, with the offending value.
        where: the file, line, column or setting that it was found in.
        hint: what to try.

    Example:
        >>> print(AutoprepError("no such file", where="sales.csv", hint="check the spelling"))
        sales.csv: no such file; check the spelling
    """

    exit_status = 2

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what, self.where, self.hint = what, where, hint
        text = f"{where}: {what}" if where else what
        super().__init__(" ".join(f"{text}; {hint}".split()) if hint else " ".join(text.split()))


def plural(count: int, word: str, many: str | None = None) -> str:
    """A count and its word.

    Example:
        >>> plural(1, "cell"), plural(1200, "cell"), plural(2, "category", "categories")
        ('1 cell', '1,200 cells', '2 categories')
    """
    return f"{count:,} {word if count == 1 else many or word + 's'}"


class InputError(AutoprepError):
    """The data or the call cannot be used as given (exit status 2)."""


class SettingError(AutoprepError):
    """A rule, plan, configuration or contract file says something that cannot be carried out (exit status 2)."""


class ArtifactError(AutoprepError):
    """A model folder is damaged, altered, or of a format that this version cannot read (exit status 2)."""


class ContractError(AutoprepError):
    """The data broke its contract (exit status 1)."""

    exit_status = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the nearest known word, or list the known ones when none is near.

    Example:
        >>> did_you_mean("pice", ["price", "city"])
        "did you mean 'price'?"
        >>> did_you_mean("zzz", ["price", "city"])
        'known: city, price'
    """
    names = sorted({str(name) for name in known})
    lowered = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f"did you mean '{lowered[near[0]]}'?"
    shown = names[:12]
    return f"known: {', '.join(shown)}{', ...' if len(names) > len(shown) else ''}"
