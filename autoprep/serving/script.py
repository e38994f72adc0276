"""A model as a short Python script: the plan, the features and the models with every choice written out as a constant.

The script learns from the training file again, with nothing left to choose, and then predicts: what TPOT's export does
(Olson 2016), cleaning included.
"""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from autoprep.errors import SettingError
from autoprep.lineage import portable_source, versions
from autoprep.model_search.lightgbm_model import ALWAYS, BIG_ROWS, constraints, objective_of
from autoprep.model_search.models import OWN
from autoprep.model_search.predictor import Member, Predictor
from autoprep.model_search.prepared import SKETCH
from autoprep.pipeline.structure import JOIN, LEAST_PARTS
from autoprep.types import Plan

WIDTH = 110
#: How artefacts of before said that the group or the time was what the profile suggested.
AUTO = "auto"


def script(plan: Plan, predictor: Predictor, facts: Mapping[str, Any]) -> str:
    """The text of a script that predicts what the model predicts.

    Args:
        plan: as it was applied.
        predictor: the model; its members say how they were made.
        facts: of the manifest.

    Raises:
        SettingError: the model hangs on values that no file holds (groups, times or weights given by hand), or on
            the rows of folds by group or time.
    """
    _refuse(predictor, facts)
    parts = [_top(predictor, facts), _constants(plan, predictor, facts), _READ]
    parts += [_learning(predictor, facts), _PREDICT_CLASSES if predictor.classes else _PREDICT_NUMBERS, _MAIN]
    text = "\n\n\n".join(part.strip("\n") for part in parts) + "\n"
    ast.parse(text)
    return text


def _refuse(predictor: Predictor, facts: Mapping[str, Any]) -> None:
    said = facts.get("chosen_by")
    if said is None or any(not member.made for member in predictor.members):
        raise SettingError("the model does not say how it was made", hint="fit it again with this version of autoprep")
    folds = {int(member.made["fold"]) for member in predictor.members}
    if said.get("weight") == "values":
        raise SettingError("rows were weighed by values that no file holds", hint="give the weights as a column")
    sides = [said.get("group"), said.get("time")] if folds - {-1} else []
    if SKETCH in folds or any(side in (AUTO, "values") for side in sides):
        raise SettingError(
            "the model was learnt on a sample, or on folds by values given by hand, which a script cannot deal again",
            hint="give more time, so that the models are refitted on all rows, or name a column with --group or --time",
        )


def _top(predictor: Predictor, facts: Mapping[str, Any]) -> str:
    score = (facts.get("scores") or {}).get("cross_validated")
    where = facts.get("judged_on") or "by the search"
    judged = f"; {facts['metric']} {score:.4g} {where}" if isinstance(score, float) else ""
    said = f"How '{facts['target']}' is predicted: {predictor.describe()}{judged}."
    lightgbm = "import lightgbm as lgb\n" if _families(predictor) & {"lightgbm"} else ""
    again = "from autoprep.model_search.again import fit_again\n" if _families(predictor) - {"lightgbm"} else ""
    folds = "from autoprep.model_search.splits import suggest\n" if _folds(predictor) else ""
    moments = "from autoprep.checks.time import joined_moment\n" if folds and _split(facts["chosen_by"]) else ""
    yes = "from autoprep.synthesis import Synthesizer\n" if predictor.synthesizers else ""
    even = _evened(predictor)
    heat = "from autoprep.model_search.calibrate import bend, heat\n" if predictor.classes else ""
    release = versions()["autoprep"]
    quoted = "\n".join(textwrap.wrap(said.replace("\\", "\\\\").replace('"""', "'''"), WIDTH))
    return f'''"""{quoted}

    python THIS.py TRAINING NEW PREDICTIONS

learns from the training file by the choices below, and predicts the new rows. Written by autoprep {release};
the same rows and the same versions of packages give the same predictions to the last bit.
"""

import sys

{lightgbm}import numpy as np
import polars as pl

import autoprep as ap
{moments}from autoprep.cleaning import parse_plan, transform
{again}{even}{heat}from autoprep.model_search.encode import Encoder
{folds}{yes}'''


def _constants(plan: Plan, predictor: Predictor, facts: Mapping[str, Any]) -> str:
    steps = replace(
        plan, source=portable_source(plan.source), actions=tuple(replace(a, evidence={}) for a in plan.applied())
    )
    values = steps.to_dict()
    values["actions"] = [_short(action) for action in values["actions"]]
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None)
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = [
        "# The cleaning: each step with its rule, its columns and what was learnt.",
        f'PLAN = parse_plan("""\\\n{text}""")',
        f"TARGET = {facts['target']!r}",
        _said("COLUMNS", list(predictor.inputs)),
    ]
    if predictor.classes:
        lines += [
            _said("CLASSES", [str(c) for c in predictor.classes]),
            "# Calibration: a temperature, a share of the classes' frequencies, the probability that decides, a curve.",
            f"TEMPERATURE, MIX, THRESHOLD = {predictor.temperature!r}, {predictor.mix!r}, {predictor.threshold!r}",
            _said("PRIOR", list(predictor.prior)),
            *(_said(name, values) for name, values in zip(("SAID", "CAME"), predictor.curve, strict=False)),
            "CURVE = [SAID, CAME]" if predictor.curve else "CURVE = []",
            _said("LIFTS", list(predictor.lifts or [1.0] * len(predictor.classes))),
        ]
    else:
        lines.append(f"SHIFT, LEAST = {predictor.shift!r}, {'-np.inf' if predictor.floor is None else predictor.floor}")
    return "\n".join(lines)


def _short(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action without what a reader of the script has no use for."""
    return {k: v for k, v in action.items() if k not in ("evidence",) and v not in (None, "", [], {})}


def _said(name: str, value: Any, indent: str = "") -> str:
    """An assignment, wrapped."""
    text = f"{indent}{name} = {value!r}"
    if len(text) <= WIDTH:
        return text
    opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
    entries = [repr(v) for v in value] if isinstance(value, list) else [f"{k!r}: {v!r}" for k, v in value.items()]
    body: list[str] = [f"{indent}   "]
    for entry in entries:
        if len(body[-1]) + len(entry) + 2 > WIDTH and body[-1].strip():
            body.append(f"{indent}   ")
        body[-1] += f" {entry},"
    return "\n".join([f"{indent}{name} = {opening}", *body, f"{indent}{closing}"])


_READ = '''
def read(path):
    """A file as text, the way autoprep read it."""
    return ap.read(path).collect()
'''


def _learning(predictor: Predictor, facts: Mapping[str, Any]) -> str:
    said, task, seed = facts["chosen_by"], facts["task"], int(facts["seed"])
    lines = ["def learn(raw):", '    """The models, each as (weight, features, encoder, predict)."""']
    lines += _rows(said, seed)
    lines += ["    made = ap.clean(raw, PLAN)", "    rows, x = made.frame, made.frame.select(COLUMNS)"]
    if predictor.classes:
        codes = "list(range(len(CLASSES)))"
        lines.append(
            f"    y = rows[TARGET].cast(pl.String).replace_strict(CLASSES, {codes}, return_dtype=pl.Int64).to_numpy()"
        )
    else:
        lines.append("    y = rows[TARGET].cast(pl.Float64).to_numpy()")
    weight = "None"
    if said.get("weight"):
        lines.append(f"    weights = rows[{said['weight']!r}].cast(pl.Float64).to_numpy()")
        weight = "weights"
    folds = _folds(predictor)
    if folds:
        one, given = said.get("folds", 1 if max(folds) == 0 and len(folds) == 1 else None), ""
        for kind in ("group", "time"):
            if said.get(kind):
                name = repr(said[kind])
                taken = f"rows[{name}] if {name} in rows.columns else raw[{name}].gather(made.rows)"
                if kind == "time" and _split(said):
                    taken = f"joined_moment(raw, {said[kind].split(JOIN)!r}).gather(made.rows)"
                lines.append(f"    {kind}s = {taken}")
                given += f", {kind}s={kind}s"
        given += f", gap={said['gap']!r}" if said.get("time") and said.get("gap") else ""
        lines.append(f"    folds = suggest(y, {task!r}, frame=x, seed={seed}, folds={one}{given}).folds")
    lines.append("    members = []")
    for member in predictor.members:
        lines += _member(member, predictor, facts, weight)
    lines.append("    return members")
    return "\n".join(lines)


def _split(said: Mapping[str, Any]) -> bool:
    """Whether the time that orders the rows is said by several columns."""
    return len(str(said.get("time") or "").split(JOIN)) >= LEAST_PARTS


def _rows(said: Mapping[str, Any], seed: int) -> list[str]:
    """The lines that take the rows which were learnt from."""
    if said.get("rows") is None:
        return []
    lines = ["    chosen = np.arange(raw.height)"]
    if said.get("holdout"):
        lines += [
            "    labelled = np.flatnonzero(raw[TARGET].is_not_null().to_numpy())",
            f"    kept = np.random.default_rng({seed}).permutation(labelled)"
            f"[: max(1, round(len(labelled) * {said['holdout']!r}))]",
            "    chosen = np.setdiff1d(chosen, kept)",
        ]
    lines += [
        f"    if len(chosen) > {said['rows']}:",
        f"        chosen = np.sort(np.random.default_rng({seed}).permutation(chosen)[:{said['rows']}])",
        "    raw = raw[chosen]",
    ]
    return lines


def _member(member: Member, predictor: Predictor, facts: Mapping[str, Any], weight: str) -> list[str]:
    made, encoder, part = dict(member.made), member.part.encoder, member.part
    fold, rows = int(made["fold"]), "x" if int(made["fold"]) == -1 else "x[train]"
    truth = "y" if fold == -1 else "y[train]"
    weight = weight if fold == -1 or weight == "None" else f"{weight}[train]"
    lines = ["", f"    # {member.weight:.0%}: {made['label']}" + (f", learnt on fold {fold}" if fold != -1 else "")]
    if fold != -1:
        lines.append(f"    train = folds[{fold}][0]")
    goal = truth
    if member.synthesizer >= 0:
        held: Any = predictor.synthesizers[member.synthesizer]
        settings = f"{tuple(held.groups)!r}, outputs=PLAN.outputs, task={facts['task']!r}"
        lines += [
            f"    features = Synthesizer({settings}, seed={held.seed}, most={held.most})",
            f"    table = features.fit_transform({rows}, {truth})",
        ]
    else:
        lines += ["    features = None", f"    table = {rows}"]
    lines.append(f"    encoder = Encoder({encoder.kind!r}, {encoder.classes}, {encoder.knots}, seed={encoder.seed})")
    lines.append(f"    matrix = encoder.fit_transform(table, {truth}, {weight})")
    scale, power = part.scale, float(made["parameters"].get("balance", 0.0))
    if scale.weights and part.family == "lightgbm":
        lines.append(f"    per_class = class_weights({truth}, {encoder.classes}, {power!r}, {weight})")
        lines.append(f"    balanced = weighed({truth}, per_class, {weight})")
        weight = "balanced"
    if scale.kind == "log":
        goal = "goal"
        lines.append(f"    goal = np.log1p(np.maximum({truth} - {scale.shift!r}, 0.0))")
    if part.family == "lightgbm":
        lines += _boosting(member, predictor, goal, weight)
    else:
        lines += [
            _said("parameters", _plain(made["parameters"]), "    "),
            f"    model = fit_again({part.family!r}, encoder, matrix, {goal}, metric={predictor.metric!r}, "
            "parameters=parameters,",
            f"                      rounds={part.model.rounds}, seed={made['seed']}, weight={weight})",
            "    said = model.predict",
        ]
    if scale.weights:
        weights = ", ".join(repr(w) for w in scale.weights)
        lines += [f"    said = lambda matrix, raw=said: undone(raw(matrix), ({weights}))"]
    if predictor.classes == [] and scale.kind == "log":
        back = f"np.expm1(np.minimum(raw(matrix), 700.0)) * {scale.factor!r} + {scale.shift!r}"
        lines += ["    said = lambda matrix, raw=said: " + back]
    return [*lines, f"    members.append(({member.weight!r}, features, encoder, said))"]


def _boosting(member: Member, predictor: Predictor, goal: str, weight: str) -> list[str]:
    made, classes, held = dict(member.made), member.part.encoder.classes, member.part.model
    params = {**ALWAYS, **objective_of(classes, predictor.metric)}
    params |= {k: v for k, v in made["parameters"].items() if k not in OWN}
    params |= constraints(member.part.encoder.names, made["parameters"].get("monotone", {}))
    params["seed"] = made["seed"]
    lines = [
        _said("params", _plain(params), "    "),
        f'    params |= {{"max_bin": 127 if len(matrix) > {BIG_ROWS} else 255}}',
        f"    data = lgb.Dataset(matrix, {goal}, weight={weight}, categorical_feature=encoder.categorical)",
        f"    booster = lgb.train(params, data, num_boost_round={held.rounds})",
    ]
    if classes == 2:
        return [
            *lines,
            "    said = lambda matrix, booster=booster: np.column_stack(",
            "        [1.0 - (p := booster.predict(matrix, num_threads=1)), p]",
            "    )",
        ]
    return [*lines, "    said = lambda matrix, booster=booster: booster.predict(matrix, num_threads=1)"]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return plain


def _families(predictor: Predictor) -> set[str]:
    return {member.part.family for member in predictor.members}


def _evened(predictor: Predictor) -> str:
    """The import of what weighs classes, where a member has them weighed."""
    families = {member.part.family for member in predictor.members if member.part.scale.weights}
    names = (["class_weights"] if "lightgbm" in families else []) + ["undone"]
    names += ["weighed"] if "lightgbm" in families else []
    return f"from autoprep.model_search.balance import {', '.join(names)}\n" if families else ""


def _folds(predictor: Predictor) -> list[int]:
    return sorted({int(m.made["fold"]) for m in predictor.members} - {-1})


_SUM = """
    clean, _ = transform(raw.drop(TARGET, strict=False), PLAN)
    total = None
    for weight, features, encoder, say in members:
        table = clean if features is None else features.transform(clean)
        said = weight * say(encoder.transform(table))
        total = said if total is None else total + said
"""

_PREDICT_CLASSES = (
    '''
def predict(members, raw):
    """A label and a probability per class for raw rows."""'''
    + _SUM.rstrip("\n")
    + """
    total = np.tile(PRIOR, (raw.height, 1)) if total is None else total
    shares = bend(heat(total / total.sum(axis=1, keepdims=True), TEMPERATURE, MIX, np.asarray(PRIOR)), CURVE)
    place = (shares[:, 1] >= THRESHOLD).astype(int) if len(CLASSES) == 2 else (shares * LIFTS).argmax(axis=1)
    named = {f"probability_{name}": shares[:, i] for i, name in enumerate(CLASSES)}
    return pl.DataFrame({"prediction": [CLASSES[i] for i in place], **named})
"""
)

_PREDICT_NUMBERS = (
    '''
def predict(members, raw):
    """A value for each raw row."""'''
    + _SUM.rstrip("\n")
    + """
    return pl.DataFrame({"prediction": np.maximum(total + SHIFT, LEAST)})
"""
)

_MAIN = """
if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python " + sys.argv[0] + " TRAINING NEW OUTPUT.csv|.parquet")
    training, new, output = sys.argv[1:4]
    made = predict(learn(read(training)), read(new))
    made.write_parquet(output) if output.endswith(".parquet") else made.write_csv(output)
"""
