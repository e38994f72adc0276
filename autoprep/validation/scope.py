"""What can be wrong with a table, by class, and which rules see to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoprep.errors import SettingError


@dataclass(frozen=True)
class Trouble:
    """A class of what can be wrong.

    Attributes:
        letter: short name of the class.
        about: what it holds.
        rules: ids of the rules for it; ``theme.*`` stands for all of a theme.
        beside: what else of autoprep sees to it, outside the rulebook.
    """

    letter: str
    about: str
    rules: tuple[str, ...]
    beside: str = ""


TROUBLES = (
    Trouble(
        "F", "file and dialect",
        ("text.mojibake", "text.lost_characters", "text.stray_character", "text.control_characters",
         "text.full_width", "table.total_rows", "time.excel_serial", "time.excel_serial_asked"),
        "reading: encoding, delimiter, header, footer, ragged lines, several tables in a file",
    ),
    Trouble(
        "S", "schema and type",
        ("category.boolean", "column.header_*", "number.integer", "number.text", "number.junk", "number.beyond_exact",
         "number.not_a_number", "number.infinite", "text.leading_zero_code", "text.packed", "text.list", "text.json",
         "text.key_value", "text.code_and_text", "text.lost_zeros", "text.number_below", "text.year_inside",
         "table.spill", "table.wide"),
        "reading: files whose columns differ; `plan diff`, `data diff`",
    ),
    Trouble("M", "missing values", ("missing.*", "number.mostly_zero"), "`--impute`"),
    Trouble(
        "C", "categories and words",
        ("category.variants", "category.typos", "column.many_levels", "text.padded", "text.inner_space", "text.html",
         "text.odd_pattern", "text.mend_shape", "text.backwards", "table.source_vote"),
    ),
    Trouble("N", "numbers in text", ("number.*",)),
    Trouble("D", "dates and times", ("time.*",)),
    Trouble(
        "O", "outliers",
        ("number.outliers", "number.bounds", "number.impossible", "number.impossible_negative", "number.scale_jump",
         "number.scale_identity", "number.scale_group", "missing.spike"),
    ),
    Trouble(
        "U", "duplicates",
        ("table.duplicate_rows", "table.key_conflict", "table.loaded_twice", "table.similar_rows",
         "table.mostly_copies", "column.duplicate", "pair.nearly_copy"),
        "`autoprep duplicates`",
    ),
    Trouble(
        "X", "constraints between columns and tables",
        ("pair.*", "table.group_majority", "missing.determined"),
        "contracts: keys, references, order, sums; profiles: keys, dependencies, links between tables",
    ),
    Trouble(
        "L", "leaks of the target",
        ("target.leaks", "target.part", "target.suspicious", "target.together", "target.after_outcome",
         "target.written_after", "target.row_order", "target.row_number", "target.sorted", "missing.tells_target",
         "table.groups", "table.in_time"),
        "folds by group and time, the canary, cutoffs of features",
    ),
    Trouble(
        "I", "identity and information",
        ("column.identifier", "column.sequence", "column.constant", "column.nearly_constant", "missing.empty_column",
         "table.empty_rows", "table.few_rows"),
    ),
    Trouble(
        "Y", "the target",
        ("target.conflicting_labels", "target.few_rows", "target.imbalance", "target.many_classes", "target.missing",
         "target.numeric_text", "target.truth_words", "target.variants"),
    ),
    Trouble("R", "drift", (), "`drift`, `monitor`, `profile --against`, contracts"),
    Trouble("T", "free text", ("text.long", "text.links", "text.two_names"), "features of texts"),
    Trouble("P", "personal data", ("column.personal_data", "column.network_address"), "masks in reports and artefacts"),
)  # fmt: skip


def members(trouble: Trouble, rules: Mapping[str, Any]) -> list[str]:
    """The rules of a class, by id.

    Raises:
        SettingError: the class names a rule that is not there.

    Example:
        >>> members(Trouble("X", "pairs", ("pair.*",)), {"pair.sum": 1, "pair.order": 1, "time.date": 1})
        ['pair.order', 'pair.sum']
    """
    found: set[str] = set()
    for name in trouble.rules:
        stem = name.removesuffix("*")
        own = {rule for rule in rules if (rule.startswith(stem) if stem != name else rule == name)}
        if not own:
            raise SettingError(f"class {trouble.letter} names the rule '{name}', which is not there")
        found |= own
    return sorted(found)


def unclassed(rules: Mapping[str, Any]) -> list[str]:
    """Rules that stand in no class.

    Example:
        >>> unclassed({"new.rule": 1} | {name.replace("*", "x"): 1 for t in TROUBLES for name in t.rules})
        ['new.rule']
    """
    return sorted(set(rules) - {rule for trouble in TROUBLES for rule in members(trouble, rules)})


def table(rules: Mapping[str, Any]) -> list[str]:
    """The classes with their rules, as lines of a Markdown table."""
    lines = ["| class | what can be wrong | rules | also |", "|---|---|---|---|"]
    for trouble in TROUBLES:
        own = members(trouble, rules)
        ids = ", ".join(f"[`{rule}`]({'/'.join(rule.split('.'))}.yaml)" for rule in own) or "–"
        lines.append(f"| {trouble.letter} | {trouble.about} | {ids} | {trouble.beside or '–'} |")
    return lines
