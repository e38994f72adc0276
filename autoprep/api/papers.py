"""The verbs about a model's papers: written, answered, audited; fairness by declared groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep.api.data import PathLike, read
from autoprep.errors import ArtifactError, InputError, SettingError, did_you_mean
from autoprep.lineage import portable_name
from autoprep.types import Leaderboard, load_yaml

if TYPE_CHECKING:
    from autoprep.serving.artifact import Artifact
    from autoprep.tracking.fairness import Fairness
    from autoprep.tracking.papers import Evidence

CARD, DATASHEET, GOVERNANCE = "card.md", "datasheet.md", "governance.md"
ANSWERS, FAIRNESS, FAIRNESS_PAPER, SBOM = "answers.json", "fairness.json", "fairness.md", "sbom.json"


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        passed: checks that hold, one sentence each.
        failed: checks that do not.
        blank: questions of the papers that only a person can answer and nobody has.
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    blank: tuple[str, ...]

    def holds(self, strict: bool) -> bool:
        """Whether nothing failed and, when strict, nothing is blank."""
        return not self.failed and not (strict and self.blank)


def questions() -> dict[str, str]:
    """What only a person can say, over all papers: key -> question."""
    from autoprep.tracking import cards, datasheet, governance

    return {**cards.QUESTIONS, **datasheet.QUESTIONS, **governance.QUESTIONS}


def write_card(model: PathLike, answers: PathLike | Mapping[str, Any] | None = None) -> list[str]:
    """Write card, datasheet, governance record and bill of materials of a model folder; it is sealed again.

    Args:
        model: the folder.
        answers: question -> answer (see ``questions``), or a YAML file of them; earlier answers are kept.

    Returns:
        The questions that stay blank.

    Raises:
        ArtifactError: the folder was altered.
        SettingError: an answer to a question that is not asked.
    """
    from autoprep.serving import artifact

    said = answers if answers is None or isinstance(answers, Mapping) else load_yaml(answers)
    if said is not None and not isinstance(said, Mapping):
        raise SettingError("is not a mapping of questions to answers", where=str(answers))
    asked = questions()
    for key in said or {}:
        if key not in asked:
            raise SettingError(f"unknown question '{key}'", hint=did_you_mean(str(key), asked))
    held = artifact.load(model)
    known = {**_json(held, ANSWERS, {}), **{k: str(v) for k, v in (said or {}).items() if v not in (None, "")}}
    made = papers_of(held, known)
    artifact.add_papers(model, made)
    return [key for key in asked if key not in known]


def papers_of(held: Artifact, answers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Card, datasheet, governance record and bill of materials of a loaded model folder: file name -> text."""
    from autoprep.tracking import cards
    from autoprep.tracking.datasheet import datasheet
    from autoprep.tracking.governance import governance
    from autoprep.tracking.sbom import sbom

    seen, answers = evidence(held), answers or {}
    board = held.leaderboard or Leaderboard(str(held.facts["metric"]), True)
    made = {
        CARD: cards.card(held.facts, held.plan, board, held.manifest["versions"], answers),
        DATASHEET: datasheet(seen, answers),
        GOVERNANCE: governance(seen, answers),
        SBOM: sbom(held.manifest),
    }
    if answers:
        made[ANSWERS] = json.dumps(dict(sorted(answers.items())), ensure_ascii=False, indent=1) + "\n"
    return made


def evidence(held: Artifact) -> Evidence:
    """What papers may cite of a loaded model folder."""
    from autoprep.tracking.papers import Evidence

    return Evidence(
        manifest=held.manifest,
        plan=held.plan,
        leaderboard=held.leaderboard,
        profile=_json(held, "profile.json", {}),
        contract=held.contract,
        features=held.features,
        fairness=_json(held, FAIRNESS, []),
    )


def _json(held: Artifact, name: str, missing: Any) -> Any:
    if name not in held.manifest["files"]:
        return missing
    try:
        return json.loads(held.paper(name))
    except ValueError as error:
        raise ArtifactError(f"is not JSON ({error})", where=str(held.folder / name)) from None


def audit(model: PathLike) -> Audit:
    """Check a model folder: every hash, the replay, every figure of the papers against the artefact, the blanks.

    Raises:
        ArtifactError: the folder is damaged, altered or newer.
    """
    from autoprep.serving import artifact
    from autoprep.tracking import cards, datasheet, fairness, governance, papers

    held = artifact.load(model)
    passed, failed = [f"{len(held.manifest['files'])} files are as they were written"], list[str]()
    replayed = artifact.replay(model)
    said = f"{replayed.rows} kept rows predict the same bytes"
    (passed if replayed.identical else failed).append(said if replayed.identical else f"not so: {said}")
    seen, blank = evidence(held), list[str]()
    for name, asked in ((CARD, cards.QUESTIONS), (DATASHEET, datasheet.QUESTIONS), (GOVERNANCE, governance.QUESTIONS)):
        if name not in held.manifest["files"]:
            failed.append(f"there is no {name} (autoprep card {model} writes it)")
            blank += asked
            continue
        text = held.paper(name)
        differing = papers.wrong(text, seen)
        if differing:
            failed.append(f"{name} differs from the artefact in {', '.join(differing[:5])}")
        else:
            passed.append(f"{len(papers.cited(text))} figures of {name} equal the artefact's")
        blank += papers.blanks(text, asked)
    if FAIRNESS_PAPER in held.manifest["files"]:
        rows = str(seen.fairness[0].get("rows_are", "")) if seen.fairness else ""
        same = held.paper(FAIRNESS_PAPER) == fairness.markdown(seen.fairness, rows)
        (passed if same else failed).append(
            f"{FAIRNESS_PAPER} {'says' if same else 'differs from'} what {FAIRNESS} holds"
        )
    return Audit(tuple(passed), tuple(failed), tuple(blank))


def fairness(model: PathLike, source: Any, by: Sequence[str], *, positive: str | None = None) -> list[Fairness]:
    """Judge a model by declared groups on labelled rows; the result becomes a paper of the folder.

    Args:
        model: the folder; it is sealed again.
        source: labelled raw rows, best those that nothing has learnt from.
        by: columns of the raw or the cleaned rows whose values are the groups.
        positive: the class that rates are about; that of the model when None.

    Raises:
        InputError: a column is not there, or no row has a known target.
        SettingError: no such class.
    """
    from autoprep.serving import artifact
    from autoprep.tracking import fairness as measures

    held = artifact.load(model)
    facts, table = held.facts, read(source)
    frame = table.collect()
    target = str(facts["target"])
    for name in (target, *by):
        if name not in frame.columns:
            raise InputError(f"no column '{name}'", where=table.source.uri, hint=did_you_mean(name, frame.columns))
    if not by:
        raise SettingError("no groups are declared", hint="name their column with --by")
    classes = [str(c) for c in facts["classes"]]
    chosen = positive if positive is not None else facts.get("positive") or (classes[-1] if classes else "")
    if classes and chosen not in classes:
        raise SettingError(f"no class '{chosen}'", hint=did_you_mean(chosen, classes))
    scorer = held.scorer()
    clean = _cleaned(held, frame)
    truth = clean[target]
    known = (truth.cast(pl.String).is_in(classes) if classes else truth.is_finite()).fill_null(value=False)
    if not known.any():
        raise InputError(f"no row has a known value in '{target}'", hint="give labelled rows")
    predicted = scorer.predict(frame.drop(target)).filter(known)
    truth = truth.filter(known)
    found = []
    for name in by:
        groups = (clean if name in clean.columns else frame)[name].filter(known).to_list()
        if classes:
            chance = predicted[f"probability_{chosen}"].to_list()
            labels = truth.cast(pl.String).to_list()
            said = predicted["prediction"].cast(pl.String).to_list()
            made = measures.of_classes(labels, said, chance, groups, chosen, by=name, task=str(facts["task"]))
        else:
            made = measures.of_numbers(truth.to_list(), predicted["prediction"].to_list(), groups, by=name)
        found.append(made)
    rows_are = f"{int(known.sum()):,} labelled rows of {portable_name(table.source.uri)}"
    trained = (facts.get("source") or {}).get("sha256")
    same = trained is not None and table.source.sha256 == trained
    if same:
        rows_are += ", the file that the model learnt from, so that the figures flatter it"
    plain = [{**one.to_dict(), "rows_are": rows_are, "same_rows_as_training": same} for one in found]
    text = json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
    artifact.add_papers(model, {FAIRNESS: text, FAIRNESS_PAPER: measures.markdown(json.loads(text), rows_are)})
    write_card(model)
    return found


def _cleaned(held: Artifact, frame: pl.DataFrame) -> pl.DataFrame:
    from autoprep import cleaning

    return cleaning.transform(frame, held.plan)[0]


def write_papers(model: PathLike, folder: PathLike, *, pdf: bool = False) -> list[Path]:
    """Write all papers of a model folder as Markdown and HTML (and PDF), with OpenLineage events and the SBOM.

    Args:
        model: the folder; it is only read.
        folder: made when missing.
        pdf: print the pages too, with a Chromium that is installed.

    Raises:
        ArtifactError: the model was altered. InputError: no Chromium, or the folder cannot be written.
    """
    from datetime import UTC, datetime

    from autoprep.lineage import whole_file
    from autoprep.serving import artifact
    from autoprep.tracking import openlineage, pages

    held, home = artifact.load(model), Path(folder)
    finished = datetime.fromtimestamp((held.folder / "manifest.json").stat().st_mtime, UTC).replace(microsecond=0)
    made = papers_of(held, _json(held, ANSWERS, {}))
    made.pop(ANSWERS, None)
    if FAIRNESS_PAPER in held.manifest["files"]:
        made |= {FAIRNESS_PAPER: held.paper(FAIRNESS_PAPER), FAIRNESS: held.paper(FAIRNESS)}
    made["lineage.jsonl"] = openlineage.events(evidence(held), name=held.folder.name, finished=finished)
    for name, text in list(made.items()):
        if name.endswith(".md"):
            made[name.replace(".md", ".html")] = pages.page(text)
    written = []
    for name, text in made.items():
        with whole_file(home / name) as beside:
            beside.write_text(text, encoding="utf-8")
        written.append(home / name)
    if pdf:
        written += [pages.print_pdf(path) for path in written if path.suffix == ".html"]
    return written
