"""Nothing that is saved with a model quotes a personal cell."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import autoprep as ap
from autoprep import api
from autoprep.pipeline.privacy import masked_plan
from autoprep.serving import artifact
from autoprep.types import Action, Plan

from .shop import orders


def test_no_file_of_a_model_holds_an_address(shop_model: Path) -> None:
    facts = ap.load(shop_model).facts
    assert facts["personal"] == {"mail": "email"}
    mails = orders(300)["mail"].to_list()
    kept = [file for file in shop_model.rglob("*") if file.is_file()]
    text = "".join(f.read_bytes().decode("utf-8", "replace") for f in kept if f.suffix != ".arrow")
    rows = artifact.load(shop_model).examples()
    assert rows.height and set(rows["mail"].str.len_chars()) <= set(pl.Series(mails).str.len_chars())
    assert not [mail for mail in mails if mail in text or mail in set(rows["mail"])]
    assert artifact.replay(shop_model).identical


def test_a_written_profile_masks_what_is_personal(tmp_path: Path) -> None:
    found = ap.profile(orders(200), "bought")
    mails = set(orders(200)["mail"])
    for name in ("p.json", "p.html"):
        text = api.write_profile(found, tmp_path / name).read_text()
        assert not [mail for mail in mails if mail in text]
    shown = api.write_profile(found, tmp_path / "all.json", show_personal=True).read_text()
    assert any(mail in shown for mail in mails)


def test_the_plan_without_quotes_does_the_same() -> None:
    action = Action("a", "r", ("mail",), "trim", evidence={"changed": 3, "samples": [["x ", "x"]]})
    plan = Plan((action, Action("b", "r", ("city",), "trim", evidence={"samples": [["y ", "y"]]})))
    masked = masked_plan(plan, {"mail": "email"})
    assert masked.actions[0].evidence == {"changed": 3} and masked.actions[1] == plan.actions[1]


def test_rows_that_a_step_lists_are_not_kept_by_personal_cells() -> None:
    listed = {"columns": ["mail", "price"], "rows": [["a@x.org", "3"]]}
    action = Action("k", "table.key_conflict", (), "drop_listed_rows", parameters=listed, evidence={"keys": 1})
    assert masked_plan(Plan((action,)), {"mail": "email"}).actions[0].parameters == {**listed, "rows": []}
    assert masked_plan(Plan((action,)), {"phone": "phone"}).actions[0].parameters == listed
