"""YAML is written and read alike with libyaml and without it, odd text included."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from autoprep import plain
from autoprep.types import Action, ColumnSpec, Plan

LETTERS = "abz019 :,-[]{}#&*!|>'\"%@`\\\t\n\réñ€中\u2028\x07\x85\xa0?=~.<_/$\ufeffЖ😀"
WORDS = ("no", "1e5", "0x1f", "2024-01-02", "~", "", "null", r"^\d+$", "a: b", "- c", "12:30:45")
STYLE: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 120, "default_flow_style": None}


def _text(r: random.Random) -> str:
    if r.random() < 0.5:
        return r.choice(WORDS)
    letters = LETTERS if r.random() < 0.5 else "abc ,.:"
    return "".join(r.choice(letters) for _ in range(r.choice((2, 12, 70, 300))))


def _value(r: random.Random, depth: int = 0) -> Any:
    way = r.random()
    if depth > 3 or way < 0.4:
        return r.choice([_text(r), r.randint(-9, 10**7), r.gauss(0, 1), None, True, 1e-20, float("inf")])
    if way < 0.7:
        return [_value(r, depth + 1) for _ in range(r.choice((0, 1, 4, 25)))]
    return {_text(r): _value(r, depth + 1) for _ in range(r.randint(0, 4))}


@pytest.mark.parametrize("seed", range(4))
def test_libyaml_writes_and_reads_what_the_plain_writer_does(seed: int) -> None:
    r = random.Random(seed)
    for _ in range(60):
        value = {"x": _value(r), "y": _value(r)}
        text = plain.dump_yaml(value)
        assert text == yaml.dump(value, Dumper=yaml.SafeDumper, **STYLE)
        assert repr(plain.parse_yaml(text)) == repr(yaml.safe_load(text))


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_written_step_by_step_is_the_plan_written_at_once(seed: int) -> None:
    r = random.Random(seed)
    shared = {"words": [_text(r), "same"]}
    actions = tuple(
        Action(f"a{i}", "own", (_text(r),), "sql", {"expression": _text(r), "more": _value(r), "shared": shared})
        for i in range(seed * 3)
    )
    plan = Plan(actions, {"x": "String", "é": "Int64"}, (ColumnSpec("x", "x", "text", "category"),), target="x")
    assert plan.to_yaml() == yaml.dump(plan.to_dict(), Dumper=yaml.SafeDumper, **STYLE)


def test_what_libyaml_refuses_is_told_by_the_plain_reader() -> None:
    with pytest.raises(yaml.YAMLError) as told:
        plain.parse_yaml("a: [1, 2\nb: 3")
    with pytest.raises(yaml.YAMLError) as wanted:
        yaml.safe_load("a: [1, 2\nb: 3")
    assert str(told.value) == str(wanted.value)
