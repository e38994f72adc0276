"""What is kept is used, only where nothing that decides it changed, and never changes a byte of the result."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.cleaning import reuse
from autoprep.errors import InputError
from autoprep.store import Store, column_key, key_of
from autoprep.types import Event
from tests.serving.shop import orders

_RULE = """title: Words of this house that mean nothing
why: They were typed where nothing was known.
when: column IN ('{column}', 'value')
applies_to: text
expect: {{expect_column_values_to_not_be_in_set: {{value_set: [{word}]}}}}
fix: {{nullify: {{words: [{word}]}}}}
kind: lossless
severity: warning
cases:
  pass: ["Ada", null]
  fail: ["{word}"]
  fix: {{before: ["Ada", "{word}"], after: ["Ada", null]}}
  profile: {{dtype: text}}
"""


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "STRETCH_ROWS", 64)


def _rule(folder: Path, column: str, word: str) -> Path:
    (folder / "rules" / "house").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "house" / "words.yaml").write_text(_RULE.format(column=column, word=word))
    return folder / "rules"


def _bytes(folder: Path, source: Path, rules: Path | None, cache: Path | None, plan: Path | None = None) -> list[bytes]:
    """Plan, rows, ledger and quarantine as they are written."""
    folder.mkdir(exist_ok=True)
    if plan is None:
        plan = api.save_plan(ap.plan(source, "bought", rules and [rules], cache=cache), folder / "plan.yaml")
    cleaned = ap.clean(source, plan, cache=cache)
    names = {name: folder / f"{name}.parquet" for name in ("output", "ledger", "quarantine")}
    api.write_cleaned(cleaned, **names)
    return [plan.read_bytes(), *(path.read_bytes() for path in names.values())]


def _counts(folder: Path, source: Path, rules: Path | None, cache: Path) -> dict[str, int]:
    said: dict[str, int] = {}

    def listen(event: Event) -> None:
        if event.stage == "cache":
            said.update(event.data)

    plan = ap.plan(source, "bought", rules and [rules], cache=cache, listener=listen)
    ap.clean(source, plan, cache=cache, listener=listen)
    return said


def test_the_bytes_are_the_same_whatever_was_kept(tmp_path: Path) -> None:
    """Random edits of cells, rows, rules and targets, each run with what all earlier ones left and without anything."""
    pick = random.Random(7)
    frame, word, column = orders(140), "Moss", "city"
    for step in range(4):
        edit = pick.choice(["cell", "rows", "rule", "drop", "again"]) if step else "again"
        if edit == "cell":
            at, name = pick.randrange(frame.height), pick.choice(frame.columns[:-1])
            cells = frame[name].to_list()
            cells[at] = pick.choice(["", "unknown", "12,5", None])
            frame = frame.with_columns(pl.Series(name, cells))
        elif edit == "rows":
            frame = pl.concat([frame, orders(40, seed=step)], how="diagonal").select(frame.columns)
        elif edit == "rule":
            word, column = pick.choice([("Oslo", "city"), ("N/A", "price"), ("Bergen ", "city")])
        elif edit == "drop" and frame.width > 4:
            frame = frame.drop(pick.choice(frame.columns[:-1]))
        source = tmp_path / "raw.csv"
        frame.write_csv(source)
        rules = _rule(tmp_path, column, word)
        kept = _bytes(tmp_path / "kept", source, rules, tmp_path / "cache")
        assert kept == _bytes(tmp_path / "plain", source, rules, None), (step, edit)


def test_a_second_run_works_nothing_out(tmp_path: Path) -> None:
    orders(150).write_csv(tmp_path / "raw.csv")
    first = _counts(tmp_path, tmp_path / "raw.csv", None, tmp_path / "cache")
    assert first["made_profile"] == 1 and first["made_proposals"] > 5 and first["made_clean"] > 0
    second = _counts(tmp_path, tmp_path / "raw.csv", None, tmp_path / "cache")
    assert not any(count for name, count in second.items() if name.startswith("made_"))
    assert second["reused_clean"] == first["made_clean"]


def test_an_edited_rule_touches_its_column(tmp_path: Path) -> None:
    orders(150).write_csv(tmp_path / "raw.csv")
    source, cache = tmp_path / "raw.csv", tmp_path / "cache"
    rules = _rule(tmp_path, "city", "Moss")
    first = _counts(tmp_path, source, rules, cache)
    second = _counts(tmp_path, source, _rule(tmp_path, "city", "Bergen"), cache)
    assert second["reused_profile"] == 1 and not second.get("made_profile")
    assert 0 < second["made_clean"] < first["made_clean"] and second["reused_clean"] >= first["made_clean"] / 2
    assert 0 < second["made_columns"] < first["made_columns"]


def test_an_edited_cell_leaves_what_is_learnt_of_other_columns(tmp_path: Path) -> None:
    frame, source, cache = orders(150), tmp_path / "raw.csv", tmp_path / "cache"
    frame.write_csv(source)
    first = _counts(tmp_path, source, None, cache)
    number = pl.int_range(pl.len())
    frame.with_columns(pl.when(number == 7).then(pl.lit("?")).otherwise("weight").alias("weight")).write_csv(source)
    second = _counts(tmp_path, source, None, cache)
    assert second["made_profile"] == 1
    assert 0 < second["made_proposals"] < first["made_proposals"] and second["reused_proposals"] > 0
    kept = _bytes(tmp_path / "kept", source, None, cache)
    assert kept == _bytes(tmp_path / "plain", source, None, None)


def test_appended_rows_leave_the_rows_before_them(tmp_path: Path) -> None:
    old, source = orders(64 * 3), tmp_path / "raw.csv"
    old.write_csv(source)
    plan = api.save_plan(ap.plan(source, "bought"), tmp_path / "plan.yaml")
    said: list[dict] = []
    for frame in (old, pl.concat([old, orders(10, seed=1)])):
        frame.write_csv(source)
        heard = lambda event: said.append(dict(event.data)) if event.stage == "cache" else None  # noqa: E731
        ap.clean(source, plan, cache=tmp_path / "cache", listener=heard)
    assert said[1]["reused_clean"] == said[0]["made_clean"]
    assert said[1]["made_clean"] == said[0]["made_clean"] / 3
    kept = _bytes(tmp_path / "kept", source, None, tmp_path / "cache", plan)
    assert kept == _bytes(tmp_path / "plain", source, None, None, plan)


def test_a_damaged_entry_counts_as_none(tmp_path: Path) -> None:
    orders(100).write_csv(tmp_path / "raw.csv")
    cache = tmp_path / "cache"
    first = _bytes(tmp_path / "a", tmp_path / "raw.csv", None, cache)
    for name, _, _ in Store(cache).entries():
        held = bytearray((cache / name).read_bytes())
        held[-1] ^= 1
        (cache / name).write_bytes(bytes(held))
    assert _bytes(tmp_path / "b", tmp_path / "raw.csv", None, cache) == first


def test_the_store_is_bounded_and_can_be_emptied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(tmp_path / "cache", max_bytes=2000)
    for number in range(5):
        store.frames(
            "clean", key_of(number), lambda n=number: [pl.DataFrame({"x": pl.int_range(n, n + 50, eager=True)})]
        )
    whole = sum(size for _, size, _ in store.entries())
    gone = store.prune()
    assert gone > 0 and sum(size for _, size, _ in store.entries()) == whole - gone <= 2000
    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"
    assert main(["cache", "list", "--cache", str(tmp_path / "cache")]) == 0
    assert "clean" in capsys.readouterr().out
    assert main(["cache", "clear", "--cache", str(tmp_path / "cache")]) == 0
    assert store.entries() == []
    with pytest.raises(InputError, match="is a file"):
        (tmp_path / "file").write_text("")
        ap.plan({"a": ["1"]}, cache=tmp_path / "file")


def test_what_cannot_be_kept_is_made_each_time(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = [store.value("x", key_of("set"), lambda: {"a": {1, 2}}) for _ in range(2)]
    assert made == [{"a": {1, 2}}] * 2 and store.made["x"] == 2
    kept = {"t": (1, [2.5, None]), "nan": float("inf"), "s": "é", "d": {"$x": 1, 2: "b"}}
    assert [store.value("x", key_of("plain"), lambda: kept) for _ in range(2)] == [kept, kept]
    assert store.reused["x"] == 1
    assert column_key(pl.Series([1])) != column_key(pl.Series([1.0])) != column_key(pl.Series(["1"]))
