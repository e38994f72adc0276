"""The papers of a real run: every figure equals the artefact's; blanks stay visible and fail a strict audit."""

from __future__ import annotations

import json
import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import autoprep as ap
from autoprep import api
from autoprep.__main__ import main
from autoprep.errors import InputError, SettingError
from autoprep.serving import artifact
from autoprep.tracking import fairness, pages, papers
from tests.serving.shop import orders

pytestmark = pytest.mark.slow

SHEETS = ("card.md", "datasheet.md", "governance.md")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers") / "model"
    source = folder.parent / "orders.csv"
    orders(150).write_csv(source)
    ap.fit(source, "bought", time_budget_s=None, work_budget=2, holdout=0.2).save(folder)
    return folder


def _fresh(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def _looked_up(folder: Path, place: str) -> Any:
    """The figure at a place, read from the files of the folder and nothing else."""
    file, colon, rest = place.partition(": ")
    if not colon:
        value: Any = json.loads((folder / "manifest.json").read_text())
        head, _, rest = place.partition(".")
        value = value[head]
    elif file == "plan.yaml":
        steps = yaml.safe_load((folder / file).read_text())["actions"]
        if not rest.startswith("["):
            return sum(step["status"] == rest for step in steps)
        named, rest = rest[1:].split("] ", 1)
        value = next(step for step in steps if step["id"] == named)
    elif file == "leaderboard.json":
        trials = json.loads((folder / file).read_text())["trials"]
        if rest == "trials":
            return len(trials)
        number, word = rest[1:].split("] ", 1)
        return trials[int(number) - 1][word]
    elif file == "contract.json":
        return len(json.loads((folder / file).read_text())["expectations"])
    elif file == "features.txt":
        return len((folder / file).read_text().splitlines())
    else:
        value = json.loads((folder / file).read_text())
        if rest.startswith("["):
            named, rest = rest[1:].split("] ", 1)
            value = next(c for c in value["columns"] if c["column"] == named)
        else:
            head, _, rest = rest.partition(".")
            value = value[head][0] if isinstance(value[head], list) else value[head]
    while rest:
        if isinstance(value, list):
            number, _, rest = rest.partition(".")
            value = value[int(number)]
            continue
        key = next(k for k in sorted(value, key=len, reverse=True) if rest == k or rest.startswith(k + "."))
        value, rest = value[key], rest[len(key) + 1 :]
    return value


def test_every_number_in_the_papers_is_the_artefacts(model: Path) -> None:
    quoted = (model / "plan.yaml").read_text() + (model / "manifest.json").read_text()
    for name, least in zip(SHEETS, (15, 40, 80), strict=True):
        text = (model / name).read_text()
        found = papers.cited(text)
        assert len(found) >= least
        for figure, place in found:
            assert figure == papers.written(_looked_up(model, place)), (name, place)
        plan = api.evidence(artifact.load(model)).plan
        told = {papers.written(a.why) for a in plan.actions}
        told |= {papers.written(n) for n in ap.load(model).facts["notes"]}
        told |= {papers.written(g["gain"]) for g in (ap.load(model).facts.get("lossy_gains") or {}).values()}
        for line in text.splitlines():
            if papers.cited(line) or line.startswith(("#", "| purpose")) or papers.BLANK in line:
                continue
            for number in re.findall(
                r"\d[\d.,]*", line.replace("article 10, article 11", "").replace("(EU) 2024/1689", "")
            ):
                known = any(number in one for one in told) or number in quoted or "SR" in line
                assert known, (name, line, number)


def test_papers_that_give_every_digit_are_still_true(model: Path) -> None:
    held = api.evidence(artifact.load(model))
    figure = held.at("facts.scores.cross_validated")
    assert len(repr(figure)) > 8
    line = "| score | `{}` | `facts.scores.cross_validated` |"
    for told, is_wrong in ((repr(figure), False), (papers.written(figure), False), (f"{figure + 1e-3:.4g}", True)):
        assert bool(papers.wrong(line.format(told), held)) == is_wrong


def test_the_record_says_what_was_done(model: Path) -> None:
    held = artifact.load(model)
    text, card = held.paper("governance.md"), held.paper("card.md")
    for action in held.plan.actions:
        assert f"### {action.id} (rule {action.rule}, {action.verb})" in text
        assert f"| {action.id} | {action.kind} | {action.status} |" in card
    diagnosis = held.facts["diagnosis"]
    assert f"`{papers.written(diagnosis['importance']['price'][0])}` | `facts.diagnosis.importance.price.0`" in card
    assert card.count("`facts.diagnosis.calibration.") == 3 * len(diagnosis["calibration"]) > 0
    for part in ("Article 10(2)(b)", "Article 10(2)(c)", "Article 10(3)", "Annex IV 2(g)", "SR 26-2"):
        assert part in text
    assert held.facts["source"]["sha256"] in text and "fairness was not examined" in text
    assert "column mail is no feature (role identifier)" in text
    assert "example.org" not in text + held.paper("datasheet.md")


def test_blanks_fail_a_strict_audit_until_a_person_fills_them(model: Path, tmp_path: Path) -> None:
    folder = _fresh(model, tmp_path)
    assert main(["audit", str(folder)]) == 0 and main(["audit", str(folder), "--strict"]) == 1
    assert set(api.audit(folder).blank) == set(api.questions())
    first, *others = api.questions()
    answers = tmp_path / "answers.yaml"
    answers.write_text(f"{first}: 'a | b `c` <b>'\n")
    assert main(["card", str(folder), "--answers", str(answers)]) == 0
    assert main(["audit", str(folder), "--strict"]) == 1
    answers.write_text("".join(f"{key}: an answer\n" for key in others))
    assert main(["card", str(folder), "--answers", str(answers)]) == 0
    assert main(["audit", str(folder), "--strict"]) == 0
    assert "a \\| b 'c' &lt;b>" in artifact.load(folder).paper("card.md")
    with pytest.raises(SettingError, match="did you mean 'purpose'"):
        api.write_card(folder, {"purpos": "x"})


@pytest.mark.parametrize("name", SHEETS)
def test_a_figure_that_was_changed_is_found(name: str, model: Path, tmp_path: Path) -> None:
    folder = _fresh(model, tmp_path)
    text = artifact.load(folder).paper(name)
    figure, place = papers.cited(text)[-1]
    artifact.add_papers(folder, {name: text.replace(f"`{figure}` | `{place}`", f"`999` | `{place}`")})
    found = api.audit(folder)
    assert name in found.failed[0] and place in found.failed[0] and main(["audit", str(folder)]) == 1


def test_an_approval_names_who_and_when(tmp_path: Path) -> None:
    source, plan, config = tmp_path / "orders.csv", tmp_path / "plan.yaml", tmp_path / "autoprep.yaml"
    orders(150).write_csv(source)
    made = ap.plan(source, target="bought")
    api.save_plan(made, plan)
    step = next(a.id for a in made.actions if a.rule == "category.variants")
    assert main(["approve", str(plan), step, "--by", "Ada", "--config", str(config)]) == 0
    again = ap.plan(source, target="bought", config=config)
    said = next(a for a in again.actions if a.id == step).evidence["approved"]
    assert said["by"] == "Ada" and re.match(r"\d{4}-\d\d-\d\dT", said["on"])
    model = ap.fit(source, "bought", plan=again, time_budget_s=None, work_budget=1).save(tmp_path / "model")
    text = (model / "governance.md").read_text()
    assert f"| approved by | `Ada` | `plan.yaml: [{step}] evidence.approved.by` |" in text and said["on"] in text
    assert not api.audit(model).failed


# ------------------------------------------------------------------ fairness


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_rates_are_fairlearns(seed: int) -> None:
    from fairlearn import metrics as theirs
    from sklearn.metrics import accuracy_score, precision_score

    pick = np.random.default_rng(seed)
    n = 120
    group = pick.choice(["a", "b", "c"], n)
    truth, said = pick.integers(0, 2, n), pick.integers(0, 2, n)
    chance = pick.random(n)
    words = np.array(["no", "yes"])
    made = fairness.of_classes(words[truth], words[said], chance, group, "yes", by="g")
    kinds = {
        "selection_rate": theirs.selection_rate,
        "true_positive_rate": theirs.true_positive_rate,
        "false_positive_rate": theirs.false_positive_rate,
        "accuracy": accuracy_score,
        "precision": precision_score,
    }
    frame = theirs.MetricFrame(metrics=kinds, y_true=truth, y_pred=said, sensitive_features=group)
    for name in kinds:
        for key in ("a", "b", "c"):
            assert made.groups[key][name].value == pytest.approx(frame.by_group[name][key])
        assert made.gaps[name]["difference"] == pytest.approx(frame.difference()[name])
        assert made.gaps[name]["low"] <= made.gaps[name]["difference"] <= made.gaps[name]["high"]
    odds = theirs.equalized_odds_difference(truth, said, sensitive_features=group)
    assert made.gaps["equalized_odds"]["difference"] == pytest.approx(odds)
    for key in ("a", "b", "c"):
        inside = group == key
        assert made.groups[key]["calibration_gap"] == pytest.approx(chance[inside].mean() - truth[inside].mean())


def test_intervals_are_scipys_and_cover() -> None:
    from scipy.stats import binomtest

    for hits, count in ((0, 7), (3, 7), (50, 51), (400, 1000)):
        theirs = binomtest(hits, count).proportion_ci(0.95, "wilson")
        ours = fairness.share(hits, count)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    pick = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        truth = ["y"] * 160
        said = np.where(pick.random(160) < np.repeat([0.7, 0.4], 80), "y", "n")
        gap = fairness.of_classes(truth, said, [0.5] * 160, ["a"] * 80 + ["b"] * 80, "y", by="g").gaps["accuracy"]
        covered += gap["low"] <= 0.3 <= gap["high"]
    assert covered >= 275


def test_a_model_is_judged_by_groups(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, source = _fresh(model, tmp_path), tmp_path / "new.csv"
    rows = orders(200, seed=9)
    rows.write_csv(source)
    assert main(["fairness", str(folder), str(source), "--by", "city", "--positive", "yes", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    assert set(found["groups"]) == {"Oslo", "Bergen", "Moss"}
    said = ap.load(folder).predict(rows.drop("bought"))
    oslo = rows["city"].str.strip_chars().str.to_lowercase() == "oslo"
    assert found["groups"]["Oslo"]["rows"] == oslo.sum()
    assert found["groups"]["Oslo"]["selection_rate"]["value"] == pytest.approx((said.filter(oslo) == "yes").mean())
    assert "fairness was not examined" not in artifact.load(folder).paper("governance.md")
    assert not api.audit(folder).failed and "fairness.md says" in " ".join(api.audit(folder).passed)
    artifact.add_papers(folder, {"fairness.md": artifact.load(folder).paper("fairness.md").replace("0.", "1.")})
    assert "fairness.md differs" in " ".join(api.audit(folder).failed)
    with pytest.raises(InputError, match="did you mean 'city'"):
        api.fairness(folder, source, ["citi"])


def test_errors_of_a_regression_by_groups() -> None:
    made = fairness.of_numbers([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 3.0, 3.0], ["a", "a", None, None], by="g")
    assert made.groups["a"]["mean_error"] == 1.0 and made.groups["(missing)"]["mean_absolute_error"] == 0.5
    assert made.gaps["mean_error"] == {"difference": 1.5, "between": ["a", "(missing)"]} and made.notes


# ------------------------------------------------------------------ SBOM, lineage, pages


def test_the_bill_of_materials_meets_cyclonedx(model: Path) -> None:
    import jsonschema
    from referencing import Registry, Resource

    said = json.loads((model / "sbom.json").read_text())
    home = files("cyclonedx.schema") / "_res"
    schema, *others = (
        json.loads((home / f"{name}.SNAPSHOT.schema.json").read_text()) for name in ("bom-1.6", "spdx", "jsf-0.82")
    )
    registry: Any = Registry().with_resources([(o["$id"], Resource.from_contents(o)) for o in others])
    jsonschema.Draft7Validator(schema, registry=registry).validate(said)
    by_name = {c["name"]: c for c in said["components"]}
    versions = artifact.load(model).manifest["versions"]
    for package in ("polars", "lightgbm", "numpy", "great-expectations"):
        assert by_name[package]["version"] == versions[package]
    assert "pytest" not in by_name
    assert {d["ref"] for d in said["dependencies"]} == {"model", *by_name}
    hashes = {c["name"]: c["hashes"][0]["content"] for c in said["metadata"]["component"]["components"]}
    assert hashes["plan.yaml"] == artifact.load(model).manifest["files"]["plan.yaml"]["sha256"]


def test_lineage_names_source_columns_and_run(model: Path, tmp_path: Path) -> None:
    written = api.write_papers(model, tmp_path / "papers")
    assert {path.name for path in written} >= {"card.html", "governance.html", "sbom.json", "lineage.jsonl"}
    start, done = (json.loads(line) for line in (tmp_path / "papers" / "lineage.jsonl").read_text().splitlines())
    assert start["run"] == done["run"] and done["eventType"] == "COMPLETE" and done["outputs"][0]["name"] == "model"
    facets = done["inputs"][0]["facets"]
    assert [f["name"] for f in facets["schema"]["fields"]] == list(artifact.load(model).plan.inputs)
    assert facets["version"]["datasetVersion"] == artifact.load(model).facts["source"]["sha256"]
    assert api.audit(model).failed == ()


def test_pages_hold_no_markup_of_the_data() -> None:
    made = pages.page("# A\n\n| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> | `<b>` |\n")
    assert "<img" not in made and "&lt;img" in made and "<table>" in made


@pytest.mark.browser
def test_papers_print_as_pdf(chromium: str, model: Path, tmp_path: Path) -> None:
    assert main(["papers", str(model), "-o", str(tmp_path / "papers"), "--pdf"]) == 0
    for name in ("card", "datasheet", "governance"):
        assert (tmp_path / "papers" / f"{name}.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_browser_it_says_so(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs Chromium"):
        api.write_papers(model, tmp_path / "papers", pdf=True)


def test_a_frame_without_groups_is_said() -> None:
    found = fairness.of_classes(["y"], ["y"], [1.0], pl.Series([None], dtype=pl.String).to_list(), "y", by="g")
    assert list(found.groups) == ["(missing)"] and found.gaps["accuracy"]["difference"] is None


@pytest.mark.parametrize("numbers", [True, False])
def test_names_and_labels_that_markup_would_read(numbers: bool, tmp_path: Path) -> None:
    frame = orders(150).rename({"city": "a | b] `c` <i>", "price": "x\n| y", "weight": "facts.rows"})
    goal = (
        pl.col("age").cast(pl.Float64) * 2 if numbers else pl.col("bought").replace({"yes": "y | <b>`", "no": "n]. "})
    )
    frame = frame.with_columns(goal.alias("bought"))
    folder = ap.fit(frame, "bought", time_budget_s=None, work_budget=1, keep_leaks=True).save(tmp_path / "model")
    assert api.audit(folder).failed == ()
    frame.write_parquet(tmp_path / "new.parquet")
    found = api.fairness(folder, tmp_path / "new.parquet", ["a | b] `c` <i>", "facts.rows"])
    assert len(found) == 2 and len(found[0].groups) >= 3
    assert api.audit(folder).failed == ()
    for name in ("card.html", "governance.html", "fairness.html"):
        api.write_papers(folder, tmp_path / "papers")
        assert "<i>" not in (tmp_path / "papers" / name).read_text()
