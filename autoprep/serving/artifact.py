"""The artefact: one folder that holds a model whole, is safe to load from a stranger, and proves itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from autoprep import lineage
from autoprep.errors import ArtifactError, AutoprepError, InputError
from autoprep.serving.manifest import (
    FORMAT,
    KIND,
    MANIFEST,
    SIGNATURE,
    pretty,
    read_manifest,
    seal,
    verify,
    write_text,
)
from autoprep.serving.predictor import Scorer
from autoprep.serving.state import read_json, read_state, write_state
from autoprep.types import Dialect, Feature, Leaderboard, Plan, Trial, load_yaml

MAX_PLAN_BYTES = 256 << 20
REPLAY_ROWS = 100
EXPECTED = "expected.json"
#: Papers that may be written again after the fact; everything else is sealed when the model is saved.
PAPERS = (
    "report.html",
    "card.md",
    "datasheet.md",
    "governance.md",
    "fairness.md",
    "fairness.json",
    "answers.json",
    "profile.json",
    "lineage.jsonl",
    "sbom.json",
)


@dataclass(frozen=True)
class Artifact:
    """A loaded model folder.

    Attributes:
        folder: where it lies.
        manifest: format, versions, facts and the hash of every file.
        plan: the cleaning plan.
        contract: the Great Expectations suite as plain values; {} when there is none.
        features: definitions of the generated features, as text.
        synthesizer: what makes the features, or None.
        predictor: the model.
        leaderboard: the search's trials, or None.
        notes: what a user should know (versions that differ from those of training).
        tables: how rows are made of several tables (features, schema, plans); None for a model of one table.
    """

    folder: Path
    manifest: Mapping[str, Any]
    plan: Plan
    contract: Mapping[str, Any]
    features: tuple[str, ...]
    synthesizer: Any
    predictor: Any
    leaderboard: Leaderboard | None = None
    notes: tuple[str, ...] = ()
    tables: Mapping[str, Any] | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was handed to ``save`` as facts: task, target, metric, classes, scores, seeds."""
        return dict(self.manifest["facts"])

    @property
    def dialect(self) -> Dialect | None:
        """How the training file was laid out, or None for a typed source."""
        said = self.manifest.get("dialect")
        return Dialect.from_dict(said) if said else None

    @property
    def digest(self) -> str:
        """SHA-256 over the manifest, and so over every file: the model's identity."""
        return str(self.manifest["seal"])

    @property
    def size_bytes(self) -> int:
        """Bytes of all files but the manifest."""
        return int(self.manifest["size_bytes"])

    def scorer(self) -> Scorer:
        """What turns raw rows into predictions."""
        return _scorer(self.plan, self.predictor, self.synthesizer, self.facts, self.contract)

    def paper(self, name: str) -> str:
        """The text of a file of the folder ("report.html", "card.md", "profile.json").

        Raises:
            InputError: the folder has no such file.
        """
        if name not in self.manifest["files"]:
            raise InputError("is not in the model folder", where=str(self.folder / name))
        return (self.folder / name).read_text(encoding="utf-8")

    def expected(self) -> dict[str, Any]:
        """What training's own rows met and were predicted (see ``serving.expected``); {} in a folder without it."""
        file = self.folder / EXPECTED
        return dict(read_json(file)) if file.is_file() else {}

    def examples(self) -> pl.DataFrame:
        """Raw rows kept for the replay, as the source held them; no columns when none were kept."""
        file = self.folder / "replay" / "rows.arrow"
        return pl.read_ipc(file.read_bytes()) if file.is_file() else pl.DataFrame()


@dataclass(frozen=True)
class Replay:
    """What predicting the kept raw rows again gave.

    Attributes:
        rows: rows predicted.
        identical: every value equals the kept one, bit by bit.
        columns: the columns that differ.
        worst: largest absolute difference of a number.
    """

    rows: int
    identical: bool
    columns: tuple[str, ...] = ()
    worst: float = 0.0


def save(
    folder: str | Path,
    *,
    plan: Plan,
    predictor: Any,
    facts: Mapping[str, Any],
    synthesizer: Any = None,
    contract: Mapping[str, Any] | None = None,
    features: Sequence[Feature] = (),
    profile: Any = None,
    leaderboard: Leaderboard | None = None,
    dialect: Dialect | None = None,
    replay: pl.DataFrame | None = None,
    papers: Mapping[str, str] | None = None,
    tables: Mapping[str, Any] | None = None,
    expected: Mapping[str, Any] | None = None,
    papers_of: Callable[[Artifact], Mapping[str, str]] | None = None,
) -> Path:
    """Write a model folder, whole or not at all, and prove it: what was written is loaded and replayed.

    Args:
        folder: replaced when it is a model folder already; refused when it holds anything else.
        plan: the cleaning plan, fitted on training rows.
        predictor: has ``save(folder)``; see ``Scorer``.
        facts: plain values; "task" is required, "classes" too for classification.
        synthesizer: has ``to_dict()``, or None.
        contract: a Great Expectations suite as plain values.
        features: generated features, in the order of the table.
        profile: has ``to_json()``, or None.
        leaderboard: the search's trials.
        dialect: how the training file was laid out.
        replay: raw rows to keep; at most ``REPLAY_ROWS`` of them.
        papers: file name (one of ``PAPERS``) -> text.
        tables: how rows are made of several tables, as plain values.
        expected: what training's own rows meet and are predicted, see ``serving.expected``.
        papers_of: makes more papers of the model as it was written and read again.

    Raises:
        InputError: the folder cannot be written, or is not a model folder.
        ArtifactError: what was written does not predict as the parts in memory do.
    """
    target = Path(folder)
    _refuse_foreign(target)
    plain: dict[str, Any] = json.loads(lineage.canonical_json(dict(facts)))
    if isinstance(plain.get("source"), dict):
        plain["source"] = lineage.portable_source(plain["source"])
    facts = plain
    plan = replace(plan, source=lineage.portable_source(plan.source))
    with lineage.whole_folder(target) as beside:
        write_text(beside / ".gitattributes", "* -text\n")
        write_text(beside / "plan.yaml", plan.to_yaml())
        write_text(beside / "features.txt", "".join(f"{f.name} = {f.definition}\n" for f in features))
        write_text(beside / "contract.json", pretty(contract or {}))
        if tables is not None:
            write_text(beside / "tables.json", pretty(tables))
        if expected is not None:
            write_text(beside / EXPECTED, pretty(expected))
        if synthesizer is not None:
            write_state(beside, "synthesizer", synthesizer.to_dict())
        if leaderboard is not None:
            write_text(beside / "leaderboard.json", pretty(_leaderboard_to_dict(leaderboard)))
        if profile is not None:
            write_text(beside / "profile.json", _profile_text(profile))
        for name, text in (papers or {}).items():
            if name not in PAPERS:
                raise InputError("is not a paper of a model folder", where=name, hint=", ".join(PAPERS))
            write_text(beside / name, text)
        (beside / "models").mkdir()
        predictor.save(beside / "models")
        predicted = None
        if replay is not None and replay.height:
            rows = replay.head(REPLAY_ROWS)
            predicted = _scorer(plan, predictor, synthesizer, facts, contract or {}).predict(rows)
            (beside / "replay").mkdir()
            _ipc(rows, beside / "replay" / "rows.arrow")
            _ipc(predicted, beside / "replay" / "predictions.arrow")
        seal(beside, {"format": FORMAT, "kind": KIND, "facts": facts, "dialect": dialect and dialect.to_dict()})
        held = load(beside) if predicted is not None or papers_of is not None else None
        if predicted is not None and held is not None:
            again = _replay(held)
            if not again.identical:
                said = f"columns {', '.join(again.columns)} differ, by up to {again.worst:g}"
                raise ArtifactError(f"the model does not predict the same once it is written and read: {said}")
        if papers_of is not None and held is not None:
            add_papers(beside, papers_of(held))
    return target


def add_papers(folder: str | Path, papers: Mapping[str, str]) -> None:
    """Write papers (names in ``PAPERS``) into a model folder and seal it again; its signature goes.

    Raises:
        ArtifactError: the folder was altered before.
        InputError: a name that is not a paper's.
    """
    target = Path(folder)
    manifest = read_manifest(target)
    verify(target, manifest)
    (target / SIGNATURE).unlink(missing_ok=True)
    for name, text in papers.items():
        if name not in PAPERS:
            raise InputError("is not a paper of a model folder", where=name, hint=", ".join(PAPERS))
        with lineage.whole_file(target / name) as beside:
            write_text(beside, text)
    seal(target, {key: manifest[key] for key in ("format", "kind", "facts", "dialect")}, manifest["versions"])


def copy(held: Artifact, folder: str | Path) -> Path:
    """Copy the folder of a loaded model, whole or not at all, with its signature.

    Args:
        folder: see ``save``.

    Raises:
        InputError: the folder cannot be written, is not a model folder, or lies in the loaded one.
        ArtifactError: the loaded folder is damaged, or holds another model by now.
    """
    target = Path(folder)
    _refuse_foreign(target)
    if target.resolve() == held.folder.resolve():
        return target
    if held.folder.resolve() in target.resolve().parents:
        raise InputError("lies in the folder of the model", where=str(target), hint="choose another with -o")
    manifest = read_manifest(held.folder)
    if manifest["seal"] != held.digest:
        raise ArtifactError("holds another model than the one loaded", where=str(held.folder), hint="load it again")
    with lineage.whole_folder(target) as beside:
        shutil.copytree(held.folder, beside, dirs_exist_ok=True)
        verify(beside, manifest)
    return target


def load(folder: str | Path) -> Artifact:
    """Read a model folder, checking every file against the manifest first; nothing in it is run.

    Raises:
        ArtifactError: missing, damaged, altered, or written by a newer version.
    """
    target = Path(folder)
    manifest = read_manifest(target)
    verify(target, manifest)
    try:
        plan = _plan(target / "plan.yaml")
        contract = read_json(target / "contract.json")
        features = tuple((target / "features.txt").read_text(encoding="utf-8").splitlines())
        board = target / "leaderboard.json"
        leaderboard = _leaderboard_from_dict(read_json(board)) if board.is_file() else None
        several = target / "tables.json"
        tables = read_json(several) if several.is_file() else None
        synthesizer = _synthesizer(target)
        predictor = _predictor(target / "models")
    except ArtifactError:
        raise
    except (AutoprepError, OSError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        said = error.what if isinstance(error, AutoprepError) else f"{type(error).__name__}: {error}"
        raise ArtifactError(f"cannot be loaded ({said})", where=str(target), hint="fit it again") from error
    return Artifact(
        folder=target,
        manifest=manifest,
        plan=plan,
        contract=contract,
        features=features,
        synthesizer=synthesizer,
        predictor=predictor,
        leaderboard=leaderboard,
        notes=_version_notes(manifest.get("versions") or {}),
        tables=tables,
    )


def replay(folder: str | Path) -> Replay:
    """Predict the kept raw rows again and compare with the kept predictions, bit by bit.

    Raises:
        ArtifactError: see ``load``; or the folder keeps no rows.
    """
    return _replay(load(folder))


def _replay(artifact: Artifact) -> Replay:
    file = artifact.folder / "replay" / "predictions.arrow"
    if not file.is_file():
        raise ArtifactError("keeps no rows to replay", where=str(artifact.folder), hint="fit it again")
    kept = pl.read_ipc(file.read_bytes())
    again = artifact.scorer().predict(artifact.examples())
    if again.schema != kept.schema:
        return Replay(kept.height, False, tuple(sorted(set(again.columns) ^ set(kept.columns))) or ("types",))
    differing = [c for c in kept.columns if not kept.get_column(c).equals(again.get_column(c), null_equal=True)]
    numbers = [c for c in differing if kept.schema[c].is_numeric()]
    gaps = (np.nan_to_num((kept.get_column(c) - again.get_column(c)).to_numpy()) for c in numbers)
    worst = max((float(np.abs(gap).max(initial=0.0)) for gap in gaps), default=0.0)
    return Replay(kept.height, not differing, tuple(differing), worst)


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError("holds files and is not a model folder", where=str(folder), hint="choose another with -o")


def _ipc(frame: pl.DataFrame, file: Path) -> None:
    frame.write_ipc(file, compression="zstd", compat_level=pl.CompatLevel.oldest())


def _profile_text(profile: Any) -> str:
    if getattr(profile, "source", None):
        profile = replace(profile, source=lineage.portable_source(profile.source))
    text = profile.to_json()
    return text if isinstance(text, str) else pretty(text)


def _leaderboard_to_dict(board: Leaderboard) -> dict[str, Any]:
    trials = [{**vars(trial), "parameters": dict(trial.parameters)} for trial in board.trials]
    said = {"metric": board.metric, "greater_is_better": board.greater_is_better, "trials": trials}
    return said | ({"positive": board.positive} if board.positive else {})


def _leaderboard_from_dict(said: Mapping[str, Any]) -> Leaderboard:
    trials = tuple(Trial(**t) for t in said["trials"])
    return Leaderboard(said["metric"], said["greater_is_better"], trials, said.get("positive", ""))


def _plan(file: Path) -> Plan:
    if file.stat().st_size > MAX_PLAN_BYTES:
        raise ArtifactError(f"is larger than {MAX_PLAN_BYTES:,} bytes", where=str(file))
    return Plan.from_dict(load_yaml(file), where=str(file))


def _synthesizer(folder: Path) -> Any:
    if not (folder / "synthesizer.json").is_file():
        return None
    from autoprep.synthesis import Synthesizer

    return Synthesizer.from_dict(read_state(folder, "synthesizer"))


def _predictor(folder: Path) -> Any:
    from autoprep.model_search.predictor import load_predictor
    from autoprep.synthesis import Synthesizer

    return load_predictor(folder, revive=Synthesizer.from_dict)


def _scorer(
    plan: Plan, predictor: Any, synthesizer: Any, facts: Mapping[str, Any], contract: Mapping[str, Any]
) -> Scorer:
    classes = tuple(facts.get("classes") or ())
    return Scorer(plan, predictor, synthesizer, str(facts["task"]), classes, contract=contract)


def _version_notes(versions: Mapping[str, str]) -> tuple[str, ...]:
    now = lineage.versions()
    return tuple(
        f"{name} was {then} when the model was made and is {now[name]} here"
        for name, then in versions.items()
        if name in now and now[name] != then and name not in ("machine", "system")
    )
