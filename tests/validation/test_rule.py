"""The loader refuses what cannot run, with file, line and the nearest right word; layers decide in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoprep.__main__ import main
from autoprep.api import load_plan
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


def test_every_layer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Package, installed pack, the project's rules/, autoprep.yaml per rule and per column, the command line."""
    pack = tmp_path / "site"
    for path, text in {
        "house_pack/__init__.py": "",
        "house_pack/rules/text/padded.yaml": "severity: info\n",
        "house_pack-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: house-pack\nVersion: 1.0\n",
        "house_pack-1.0.dist-info/entry_points.txt": "[autoprep.rules]\nhouse = house_pack\n",
    }.items():
        (pack / path).parent.mkdir(parents=True, exist_ok=True)
        (pack / path).write_text(text)
    monkeypatch.syspath_prepend(str(pack))
    home = tmp_path / "project"
    (home / "rules" / "text").mkdir(parents=True)
    (home / "rules" / "text" / "padded.yaml").write_text("severity: error\n")
    config = home / "autoprep.yaml"
    config.write_text(
        "packs: [house]\nrules: {text.padded: {gate: review}}\n"
        "columns: {name: {rules: {text.padded: {enabled: false, reason: meant}}}, city: {protect: true}}\n"
    )
    book = load_rulebook(config=Config.load(config))
    assert (book["text.padded"].severity, book["text.padded"].gate) == ("error", "review")
    assert main(["rules", "why", "text.padded", "--config", str(config)]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "packaged rulebook",
        "pack house",
        "the project's rules/",
        str(config),
        "autoprep.yaml, column name",
    ]
    assert main(["rules", "why", "text.padded", "--config", str(config), "--without", "text.padded"]) == 0
    assert "command line: switches it off (left out by --without)" in capsys.readouterr().out
    source = tmp_path / "d.csv"
    source.write_text("name,city,town\n" + " a, b, c\n" * 30)
    assert main(["plan", str(source), "--config", str(config), "-q", "-o", str(tmp_path / "p.yaml")]) == 0
    steps = {tuple(a.columns): a.status for a in load_plan(tmp_path / "p.yaml").actions if a.rule == "text.padded"}
    assert steps == {("city",): "skip", ("town",): "ask"}
    assert main(["plan", str(source), "--without", "text.padded", "-q", "-o", str(tmp_path / "q.yaml")]) == 0
    assert not any(a.rule == "text.padded" for a in load_plan(tmp_path / "q.yaml").actions)
    assert main(["plan", str(source), "--without", "text.paded"]) == 2
