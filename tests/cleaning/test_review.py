"""Review: one cell's history, two plans side by side, approvals that end when their evidence drifts, budgets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from autoprep import reading
from autoprep.__main__ import main
from autoprep.cleaning import apply, approve, cell_history, load_plan, plan, save_plan
from autoprep.config import Config

WEIGHTS = pl.DataFrame({"w": ["890 g", "3.39 kg", "1.2 kg", "400 g"] * 10, "k": [f"id{i}" for i in range(40)]})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(WEIGHTS.write_csv())
    made = plan(WEIGHTS)
    assert [a.status for a in made.actions if a.columns == ("w",)] == ["ask"]
    save_plan(made, tmp_path / "plan.yaml")
    return tmp_path


def test_an_approval_holds_until_the_evidence_drifts(files: Path) -> None:
    step = next(a.id for a in load_plan(files / "plan.yaml").actions if a.columns == ("w",))
    settings = files / "autoprep.yaml"
    settings.write_text("# ours\nbudgets: {max_rejected: 0.4}  # kept\n")
    assert main(["approve", str(files / "plan.yaml"), step, "--by", "ana", "--config", str(settings)]) == 0
    assert settings.read_text().startswith("# ours\nbudgets: {max_rejected: 0.4}  # kept\napprove:\n")
    assert [a.status for a in load_plan(files / "plan.yaml").actions if a.id == step] == ["apply"]
    config = Config.load(settings)
    assert [a.status for a in plan(WEIGHTS, config=config).actions if a.id == step] == ["apply"]
    drifted = WEIGHTS.with_columns(pl.when(pl.int_range(40) % 4 == 0).then(None).otherwise("w").alias("w"))
    again = [a for a in plan(drifted, config=config).actions if a.rule == "number.mixed_units"]
    assert [a.status for a in again] == ["ask"]
    assert "changed since" in str(again[0].evidence["approval"])


def test_an_unknown_step_is_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(files / "plan.yaml"), "number.mixed_unit:w", "--by", "ana", "--config", str(files / "a.yaml")]
    assert main(["approve", *arguments]) == 2
    assert "did you mean 'number.mixed_units:w'" in capsys.readouterr().err
    assert not (files / "a.yaml").exists()


def test_plans_are_compared(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = load_plan(files / "plan.yaml")
    other, _ = approve(made, next(a.id for a in made.actions if a.columns == ("w",)), "ana")
    save_plan(other, files / "other.yaml")
    paths = [str(files / name) for name in ("plan.yaml", "other.yaml")]
    assert main(["plan", "diff", *paths]) == 0
    assert capsys.readouterr().out == "~ number.mixed_units:w status: ask -> apply\n"
    assert main(["plan", "diff", *paths, "--markdown"]) == 0
    assert "| changed | number.mixed_units:w status: ask -> apply |" in capsys.readouterr().out
    assert main(["plan", "diff", paths[0]]) == 2


def test_a_plan_prints_gate_and_what_waits(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(files / "data.csv"), "-q"]) == 0
    said = capsys.readouterr().out
    assert "REVIEW" in said
    assert "1 to review" in said


def test_the_history_of_a_cell_survives_dropped_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = pl.DataFrame({"a": ["1", "1", "n/a", "7"], "b": ["x", "x", "y", "z"]})
    made = plan(raw)
    done = apply(raw, made.with_status("apply", [a.id for a in made.actions if a.verb == "drop_duplicate_rows"]))
    assert done.frame.height == 3
    told = cell_history(done.frame, done.ledger, 3, "a")
    assert (told["now"], told["place"], told["changes"]) == (7, 2, [])
    assert cell_history(done.frame, done.ledger, 2, "a")["changes"][0]["before"] == "n/a"
    assert cell_history(done.frame, done.ledger, 1, "a")["place"] is None
    done.frame.write_parquet(tmp_path / "clean.parquet")
    done.ledger.write_parquet(tmp_path / "ledger.parquet")
    arguments = ["explain", str(tmp_path / "clean.parquet"), "--ledger", str(tmp_path / "ledger.parquet")]
    assert main([*arguments, "--row", "2", "--column", "a"]) == 0
    assert "'n/a' -> nothing  by missing.disguised_null" in capsys.readouterr().out
    assert main([*arguments, "--row", "9", "--column", "a"]) == 2
    assert main([*arguments, "--row", "2"]) == 2


def test_the_ledger_lies_beside_the_table_and_is_found_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, out = tmp_path / "d.csv", tmp_path / "out" / "c.csv"
    out.parent.mkdir()
    cells = ["12", "n/a", *(str(i) for i in range(40)), "sold out"]
    raw.write_text(pl.DataFrame({"x": cells, "k": range(43)}).write_csv())
    assert main(["clean", str(raw), "-q", "-o", str(out)]) == 0
    assert {p.name for p in out.parent.iterdir()} == {"c.csv", "c.ledger.parquet", "c.quarantine.parquet"}
    capsys.readouterr()
    assert main(["explain", str(out), "--row", "1", "--column", "x"]) == 0
    assert "'n/a' -> nothing  by missing.disguised_null" in capsys.readouterr().out
    assert main(["undo", str(out), "-o", str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_text() == raw.read_text()
    assert reading.read(out.parent).frame.collect().height == 43  # a folder's rows are those of its tables
    good = tmp_path / "good.csv"
    good.write_text(pl.DataFrame({"x": range(43), "k": range(43)}).write_csv())
    ledger = out.parent.resolve() / "c.ledger.parquet"  # the same file in other words stays where it was written
    assert main(["clean", str(good), "-q", "-o", str(out), "--ledger", str(ledger)]) == 0
    assert {p.name for p in out.parent.iterdir()} == {"c.csv", "c.ledger.parquet", "c.old.quarantine.parquet"}
    assert main(["clean", str(good), "-q", "-o", str(out), "--no-ledger"]) == 0
    assert main(["undo", str(out)]) == 2  # the ledger of an earlier table is not taken for this one's
    assert (out.parent / "c.old.ledger.parquet").is_file()
    assert reading.read(out.parent).frame.collect().height == 43
    alone = tmp_path / "alone" / "c.csv"
    alone.parent.mkdir()
    assert main(["clean", str(raw), "-q", "-o", str(alone), "--no-ledger"]) == 0
    assert [p.name for p in alone.parent.iterdir()] == ["c.csv"]
    assert main(["undo", str(alone)]) == 2
    assert "c.ledger.parquet, the ledger that cleaning wrote, is not there" in capsys.readouterr().err


def test_a_budget_stops_with_status_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [*(str(i / 7) for i in range(40)), *("junk" + chr(97 + i) for i in range(6))]
    (tmp_path / "d.csv").write_text(pl.DataFrame({"x": cells, "k": range(46)}).write_csv())
    out = tmp_path / "c.parquet"
    assert main(["clean", str(tmp_path / "d.csv"), "-q", "-o", str(out)]) == 0
    out.unlink()
    assert main(["clean", str(tmp_path / "d.csv"), "-q", "--max-rejected", "0.05", "-o", str(out)]) == 1
    assert "more than the budget of 5%" in capsys.readouterr().err
    assert not out.exists()
