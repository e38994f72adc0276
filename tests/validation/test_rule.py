"""The loader refuses what cannot run, with file, line and the nearest right word; layers decide in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoprep.config import Config
from autoprep.errors import SettingError
from autoprep.validation import load_rulebook, parse_rule

GOOD = """title: No empty column
why: It says nothing at all.
when: null_rate > $limit
parameters: {limit: 0.9}
applies_to: text
expect:
  expect_column_values_to_not_be_null: {mostly: 0.1}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "hint"),
    [
        ("parameters:", "paramters:", 4, "parameters"),
        ("$limit", "$limt", 3, "limit"),
        ("applies_to: text", "applies_to: txt", 5, "text"),
        ("not_be_null", "not_be_nul", 7, "expect_column_values_to_not_be_null"),
        ("mostly", "mostely", 7, "mostly"),
        ("null_rate > $limit", "null_rate >", 3, ""),
        ("null_rate > $limit", "(SELECT 1)", 3, ""),
        ("applies_to: text", "severity: eror", 5, "error"),
    ],
)
def test_refuses_with_line_and_hint(old: str, new: str, line: int, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_rule(GOOD.replace(old, new, 1), "column.empty", where="column/empty.yaml")
    assert f"column/empty.yaml, line {line}:" in str(caught.value)
    assert hint in str(caught.value)


def test_missing_key_is_named() -> None:
    with pytest.raises(SettingError, match="'when' is missing"):
        parse_rule("{title: a, why: b}", "a.b")


def _write(folder: Path, name: str, text: str) -> None:
    file = folder / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_last_layer_wins(tmp_path: Path) -> None:
    _write(tmp_path / "rules", "column/empty", GOOD)
    _write(tmp_path / "mine", "column/empty", "parameters: {limit: 0.5}")
    config_file = tmp_path / "autoprep.yaml"
    config_file.write_text(
        "rules: {column.empty: {severity: error}}\n"
        "columns: {a: {protect: true, rules: {column.empty: {enabled: false, reason: known}}}}"
    )
    config = Config.load(config_file)
    book = load_rulebook([tmp_path / "mine"], config, packaged=False)
    rule = book["column.empty"]
    assert rule.severity == "error"
    assert rule.overrides == {"limit": 0.5}
    assert "0.5" in str(rule.condition())
    assert book.for_column("column.empty", "a") is None
    assert book.protected == {"a"}
    said = book.why("column.empty").splitlines()
    assert said[0].startswith("the project's rules/: defines it")
    assert said[1].endswith("sets severity = error")
    assert said[2].startswith("command line")
    assert said[3] == "autoprep.yaml, column a: switches it off (known)"


def test_switched_off_with_a_reason() -> None:
    book = load_rulebook(settings={"column.constant": {"enabled": False, "reason": "wanted"}})
    assert "column.constant" not in book
    with pytest.raises(SettingError, match="wanted"):
        book["column.constant"]
    with pytest.raises(SettingError, match=r"did you mean 'column.constant'"):
        load_rulebook(settings={"column.constnt": {"enabled": False}})


def test_unknown_pack() -> None:
    with pytest.raises(SettingError, match="no installed rule pack"):
        load_rulebook(config=Config(packs=("finance",)))
