"""The papers of a real run: every figure equals the artefact's; blanks stay visible and fail a strict audit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.errors import SettingError
from autoprep.serving import artifact
from autoprep.tracking import cards
from tests.serving.shop import orders


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers") / "model"
    ap.fit(orders(150), "bought", time_budget_s=None, work_budget=2, holdout=0.2).save(folder)
    return folder


def test_every_figure_equals_the_artefacts(model: Path) -> None:
    found = api.audit(model)
    text = artifact.load(model).paper("card.md")
    places = dict((place, figure) for figure, place in cards.figures(text))
    facts = ap.load(model).facts
    assert float(places["facts.scores.holdout"]) == facts["scores"]["holdout"]
    assert int(places["facts.rows"]) == facts["rows"] and places["facts.personal.mail"] == "email"
    assert len(places) >= 15 and not found.failed and len(found.passed) == 3
    for action in artifact.load(model).plan.actions:
        assert f"| {action.id} | {action.kind} | {action.status} |" in text


def test_blanks_fail_a_strict_audit_until_a_person_fills_them(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    assert main(["audit", str(folder)]) == 0 and main(["audit", str(folder), "--strict"]) == 1
    answers = tmp_path / "answers.yaml"
    answers.write_text("".join(f"{key}: an answer\n" for key in cards.QUESTIONS))
    assert main(["card", str(folder), "--answers", str(answers)]) == 0
    assert main(["audit", str(folder), "--strict"]) == 0
    with pytest.raises(SettingError, match="did you mean 'purpose'"):
        api.write_card(folder, {"purpos": "x"})


def test_a_figure_that_was_changed_is_found(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    held = artifact.load(folder)
    text = held.paper("card.md").replace(f"`{held.facts['rows']}` | `facts.rows`", "`999` | `facts.rows`")
    artifact.add_papers(folder, {"card.md": text})
    assert "facts.rows" in api.audit(folder).failed[0] and main(["audit", str(folder)]) == 1
