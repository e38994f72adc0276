"""One test for every rule: its examples hold, fixing twice is fixing once, and its page is fresh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoprep.errors import SettingError
from autoprep.validation import explain, load_rulebook, run_cases, scope
from autoprep.validation.catalog import packaged_rules
from autoprep.validation.pages import generated, json_schema

RULES = load_rulebook().everything()


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_cases_hold(rule_id: str) -> None:
    assert run_cases(RULES[rule_id]) == []


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_page_teaches(rule_id: str) -> None:
    rule = RULES[rule_id]
    page = explain(rule)
    assert page.startswith(f"# {rule_id}: ")
    assert len(rule.why) >= 20, "say why it matters"
    assert rule.title[0].isupper()


def test_generated_files_are_fresh() -> None:
    for file, text in generated(packaged_rules()).items():
        assert file.exists(), f"run python -m autoprep.validation --write ({file.name} is missing)"
        assert file.read_text(encoding="utf-8") == text, "run python -m autoprep.validation --write"


def test_rule_files_fit_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(json_schema())))
    for rule in RULES.values():
        text = Path(rule.path).read_text(encoding="utf-8")
        said = json.loads(json.dumps(yaml.safe_load(text), default=str))
        assert not list(validator.iter_errors(said)), rule.path


def test_every_rule_sees_to_a_class_of_trouble() -> None:
    rules = load_rulebook()
    assert scope.unclassed(rules) == []
    bare = [t.letter for t in scope.TROUBLES if not scope.members(t, rules) and not t.beside]
    assert not bare, "a class that nothing sees to"
    with pytest.raises(SettingError, match=r"class X names the rule 'pair\.\*'"):
        scope.members(scope.Trouble("X", "", ("pair.*",)), {"time.date": 1})
