"""From findings to a plan: which repairs, in which order, with which constants, and what speaks for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from autoprep.checks import PHASES, VERBS
from autoprep.cleaning.apply import frame_of
from autoprep.cleaning.evidence import measure_by_parts, sentinel_cells, status_words, without_codes
from autoprep.cleaning.families import LEARNERS, Proposal, State, never
from autoprep.cleaning.forms import dtype_text
from autoprep.cleaning.outputs import outputs_of
from autoprep.cleaning.parts import Working
from autoprep.cleaning.plan_file import evidence_hash
from autoprep.config import Config
from autoprep.errors import InputError, did_you_mean, plural
from autoprep.parsing.null import ANSWERS
from autoprep.profiling import Profile
from autoprep.profiling import profile as make_profile
from autoprep.store import Store, key_of
from autoprep.types import Action, Event, Listener, Plan, Source, Status, Table, Task, silent
from autoprep.validation import Rule, Rulebook, load_rulebook
from autoprep.validation.find import finding, fire

#: Rows that learning and evidence look at; more are thinned evenly.
SAMPLE_ROWS = 200_000
#: Learnt verbs that are looked for however late it is: reading cells, and spellings of labels, look at one column each.
NEVER_LATE = ("parse_percent", "merge_variants")
#: Learnt verbs that hang on one column alone: they are shown no other, so that an edit elsewhere leaves them be.
ALONE = (*NEVER_LATE, "fix_typos", "drop_strays", "turn_round", "mend_shape")
#: Verbs that may write the target: spelling and reading, never guessing.
TARGET_PHASES = ("encoding", "space", "missing", "typing", "row")
TARGET_VERBS = ("merge_variants", "map_values")
#: Verbs that would put a part of the target beside it, or change what its labels are called.
TARGET_NEVER = ("parse_range", "split_packed", "take_year", "join_moment", "parse_boolean")
#: Verbs that leave the cell as it is and add columns beside it.
ADDING = ("take_year", "join_moment")


@dataclass(frozen=True)
class _Candidate:
    rule: Rule
    row: Mapping[str, Any]
    verb: str
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    place: tuple[int, int, int, int]


def plan(
    table: Table | pl.DataFrame | pl.LazyFrame,
    *,
    profile: Profile | None = None,
    rulebook: Rulebook | None = None,
    target: str | None = None,
    task: Task | None = None,
    config: Config | None = None,
    most_rows: int = SAMPLE_ROWS,
    store: Store | None = None,
    listener: Listener = silent,
    late: Callable[[], bool] = never,
) -> Plan:
    """Plan the cleaning of a table: nothing is written but the plan.

    Args:
        table: the training rows.
        profile: of the same rows, made here when not given.
        rulebook: the packaged one with ``config`` when not given.
        target: name of the column to predict, or None.
        task: "binary", "multiclass", "regression", or None to infer.
        config: the project's settings: protected columns, approvals, budgets.
        most_rows: of larger tables this many rows, evenly spaced, are looked at.
        store: where proposals, evidence and columns are kept under what made them; None: all is worked out.
        listener: is told what was found.
        late: says that time is short: repairs that must be learnt from pairs of columns are then not looked for.

    Raises:
        InputError: the target is not there.
    """
    config = config or Config()
    lazy = frame_of(table)
    names = lazy.collect_schema().names()
    if target is not None and target not in names:
        raise InputError(f"the target '{target}' is not there", hint=did_you_mean(target, names))
    height = int(lazy.select(pl.len()).collect(engine="streaming").item())
    if profile is None:
        profile = make_profile(lazy.collect(), target=target, task=task, config=config)
    frame = _thin(lazy, height, most_rows)
    rulebook = rulebook if rulebook is not None else load_rulebook(config=config)
    keeping = store if late is never else None  # what is cut short is not kept
    maker = _Planner(frame, profile, config, target, whole=height <= most_rows, late=late, store=keeping)
    for candidate in _candidates(profile, rulebook, list(frame.columns)):
        maker.consider(candidate)
    if maker.unseen:
        listener(
            Event("plan", f"the budget is short: repairs were not looked for by {', '.join(sorted(maker.unseen))}")
        )
    said = measure_by_parts(maker.sample, Plan(tuple(maker.actions)), keeping)
    actions = [_settled(action, said.get(action.id), height / max(maker.sample.height, 1)) for action in maker.actions]
    kept = [_approved(a, config) for a in actions if a is not None]
    settings = {key: float(value) for key, value in config.budgets.items()}
    inputs = {name: dtype_text(dtype) for name, dtype in frame.schema.items()}
    source = table.source if isinstance(table, Table) else None
    made = Plan(tuple(kept), inputs, (), target, task or _task(profile), _source(source, height), settings)
    made = replace(made, outputs=outputs_of(made, maker.rows))
    asked = sum(a.status == "ask" for a in kept)
    applied = len(made.applied())
    listener(Event("plan", f"{plural(applied, 'step')}, {asked} to review, {len(kept) - applied - asked} declined"))
    return made


def for_modelling(made: Plan) -> Plan:
    """The plan with its open questions answered by their stated, undoable defaults, as a run without a person needs.

    Example:
        >>> step = Action("u:x", "number.mixed_units", ("x",), "trim", status="ask", evidence={"default": "apply"})
        >>> for_modelling(Plan((step,), {"x": "String"})).actions[0].status
        'apply'
    """
    defaults: dict[str, Status] = {"apply": "apply", "skip": "skip"}
    actions = tuple(
        replace(a, status=defaults.get(str(a.evidence.get("default")), "skip")) if a.status == "ask" else a
        for a in made.actions
    )
    answered = replace(made, actions=actions)
    return replace(answered, outputs=outputs_of(answered, {o.source: _row_of(o) for o in made.outputs}))


def with_outputs(made: Plan, profile: Profile) -> Plan:
    """The plan with ``outputs`` told anew, as they are after steps were refused or allowed.

    Args:
        made: a plan whose steps may have changed. profile: of the rows that it was made for.
    """
    return replace(made, outputs=outputs_of(made, {str(row["column"]): row for row in profile.columns.to_dicts()}))


def _row_of(spec: Any) -> dict[str, Any]:
    return {"role": spec.role, "semantic": spec.semantic, "unit": spec.unit}


def _thin(frame: pl.LazyFrame, height: int, most_rows: int) -> pl.DataFrame:
    """The rows, or evenly spaced ones of a longer table, which is not held in memory for that."""
    if height <= most_rows:
        return frame.collect()
    return frame.gather_every(-(-height // most_rows)).collect(engine="streaming")


def _source(source: Source | None, rows: int) -> dict[str, Any]:
    if source is None:
        return {"rows": rows}
    return {"uri": source.uri, "sha256": source.sha256, "rows": rows}


def _task(profile: Profile) -> Task | None:
    said = profile.target.get("task") if profile.target else None
    found: Task | None = said if said in ("binary", "multiclass", "regression") else None
    return found


def _candidates(profile: Profile, rulebook: Rulebook, names: list[str]) -> list[_Candidate]:
    places = {name: i for i, name in enumerate(names)}
    found = []
    for number, (rule, row) in enumerate(fire(profile, rulebook)):
        for verb, parameters in rule.fixes(row):
            columns = _columns(rule, row, verb, parameters)
            phase = PHASES[VERBS[verb].phase] if verb in VERBS else PHASES[rule.phase]
            column = places.get(columns[0], -1) if columns else -1
            found.append(_Candidate(rule, row, verb, parameters, columns, (phase, rule.order, column, number)))
    return sorted(found, key=lambda c: (c.place, c.rule.id, c.verb))


def _columns(rule: Rule, row: Mapping[str, Any], verb: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    if rule.scope == "column":
        return (str(row["column"]),)
    if rule.scope == "pair":
        return (str(row["right"]),)
    named = parameters.get("target") if verb == "drop_rows_without_target" else None
    return (str(named),) if named else ()


#: What the cells of a crosstab are.
_FIGURES = frozenset({"number", "integer", "percent", "amount", "quantity", "empty", "constant"})


class _Planner:
    def __init__(
        self,
        sample: pl.DataFrame,
        profile: Profile,
        config: Config,
        target: str | None,
        *,
        whole: bool = True,
        late: Callable[[], bool] = never,
        store: Store | None = None,
    ) -> None:
        self.sample, self.working, self.store = sample, Working(sample, store), store
        self.late, self.unseen = late, set[str]()
        self.raw = sample if whole else None
        self.given = dict(self.working.keys)
        self.said = key_of(profile.columns.to_dicts(), target, whole, self.given) if store is not None else ""
        self.rows = {row["column"]: row for row in profile.columns.iter_rows(named=True)}
        self.protected, self.target = config.protected(), target
        self.actions: list[Action] = []
        self.typed: set[str] = set()
        self.gone: set[str] = set()
        self.ids: set[str] = set()

    def consider(self, candidate: _Candidate) -> None:
        """Take a candidate into the plan, with what speaks for it, or with the reason why it is declined."""
        for action in self._proposed(candidate):
            column = action.columns[0] if action.columns else ""
            phase = VERBS[action.verb].phase if action.verb in VERBS else candidate.rule.phase
            if column in self.gone or (phase == "typing" and column in self.typed):
                continue
            if phase == "typing":
                self.typed.add(column)
            if action.verb == "drop_column" and len(self.gone) + 1 == self.sample.width:
                action = replace(
                    action, status="skip", evidence={**action.evidence, "declined": "no column would be left"}
                )
            elif action.verb == "drop_column":
                self.gone.add(column)
            self.actions.append(action)
            if action.status == "apply" and phase not in ("column", "row"):
                self.working.advance(action)

    def _learnt(self, candidate: _Candidate) -> list[Proposal]:
        parameters = {**candidate.rule.parameters, **candidate.rule.overrides}
        column = str(candidate.row.get("column"))
        alone = candidate.verb in ALONE and column in self.working.names

        def learn() -> list[Proposal]:
            # what a family is not shown cannot decide what it says
            raw = self.raw.select(column) if alone and self.raw is not None and column in self.raw.columns else None
            state = State(
                self.working.of(column) if alone else self.working.frame,
                {column: candidate.row} if alone else self.rows,
                self.target,
                self.protected,
                parameters,
                candidate.rule.probe,
                raw if alone else self.raw,
                self.late,
                self._remembered if self.store is not None else None,
            )
            return LEARNERS[candidate.verb](state, candidate.row, candidate.parameters)

        if self.store is None:
            return learn()
        decides = [candidate.verb, candidate.rule.id, parameters, candidate.rule.probe, candidate.parameters]
        keys = self.working.keys
        shown = [self.target, keys[column], self.raw is None, self.given.get(column)] if alone else [self.said, keys]
        table = [sorted(self.protected), candidate.row, shown]
        key = key_of("learn", decides, table)
        plain = self.store.value("proposals", key, lambda: [proposal.to_dict() for proposal in learn()])
        return [Proposal(**one) for one in plain]

    def _remembered(self, what: str, columns: Sequence[str], make: Callable[[], list[Proposal] | None]) -> Any:
        assert self.store is not None
        key = key_of("judged", what, [(name, self.working.keys[name]) for name in columns])
        plain = self.store.value("judgements", key, lambda: [one.to_dict() for one in make() or ()])
        return [Proposal(**one) for one in plain] or None

    def _proposed(self, candidate: _Candidate) -> list[Action]:
        if candidate.verb in LEARNERS and self.late() and candidate.verb not in NEVER_LATE:
            self.unseen.add(candidate.rule.id)
            return []
        if candidate.verb in LEARNERS:
            proposals = self._learnt(candidate)
        else:
            proposals = [Proposal(candidate.columns, self._completed(candidate), self._confidence(candidate))]
        return [self._action(candidate, proposal) for proposal in proposals]

    def _completed(self, candidate: _Candidate) -> dict[str, Any]:
        given = {k: v for k, v in candidate.parameters.items() if v is not None}
        if candidate.verb == "nullify" and candidate.columns:
            given["words"] = without_codes(
                self.working.of(candidate.columns[0]), candidate.columns[0], given.get("words") or []
            )
            if self._labels_rows(candidate.columns[0]):
                given["words"] = [word for word in given["words"] if word.strip().lower() not in ANSWERS]
        if candidate.verb == "nullify_sentinel" and candidate.columns:
            given["values"] = sentinel_cells(
                self.working.of(candidate.columns[0])[candidate.columns[0]], given.get("values") or [], candidate.row
            )
        if candidate.verb in VERBS and "status" in VERBS[candidate.verb].parameters and candidate.columns:
            words = given.get("status") or status_words(
                self.working.of(candidate.columns[0]), candidate.columns[0], candidate.verb, given
            )
            given |= {"status": words} if words else {}
        return given

    def _labels_rows(self, column: str) -> bool:
        """Whether a column names the rows of a crosstab: the first one, with figures in nearly all the others."""
        first, *others = self.sample.columns
        read = sum(self.rows[name]["semantic"] in _FIGURES for name in others if name in self.rows)
        return column == first and len(others) >= 2 and read >= 0.8 * len(others)

    def _confidence(self, candidate: _Candidate) -> float:
        typed = candidate.verb in VERBS and VERBS[candidate.verb].phase == "typing"
        said = candidate.row.get("semantic_confidence") if typed else None
        return round(float(said), 4) if said is not None else 1.0

    def _action(self, candidate: _Candidate, proposal: Proposal) -> Action:
        rule, verb = candidate.rule, proposal.verb or candidate.verb
        column = proposal.columns[0] if proposal.columns else ""
        gate = proposal.gate or rule.gate
        status: Status = {"auto": "apply", "review": "ask", "note": "skip"}[gate]  # type: ignore[assignment]
        evidence = dict(proposal.evidence)
        if gate == "review":
            evidence["default"] = str({**rule.parameters, **rule.overrides}.get("default", "skip"))
        declined = proposal.declined or self._forbidden(rule, verb, column)
        if declined:
            status, evidence["declined"] = "skip", declined
        why = proposal.why or finding(rule, candidate.row).message
        return Action(
            self._id(rule.id, column, proposal),
            rule.id,
            proposal.columns,
            verb,
            dict(proposal.parameters),
            rule.kind,
            gate,
            status,
            round(float(proposal.confidence), 4),
            evidence,
            why,
        )

    def _id(self, rule: str, column: str, proposal: Proposal) -> str:
        name = f"{rule}:{column}" if column else rule
        by = proposal.parameters.get("by") or proposal.parameters.get("neighbour")
        name += f"|{by}" if isinstance(by, str) else ""
        unique, n = name, 2
        while unique in self.ids:
            unique, n = f"{name}#{n}", n + 1
        self.ids.add(unique)
        return unique

    def _forbidden(self, rule: Rule, verb: str, column: str) -> str:
        if column and column in self.protected:
            return "the column is protected"
        phase = VERBS[verb].phase if verb in VERBS else rule.phase
        made = column.endswith("__status") and column.removesuffix("__status") in self.rows
        if made and phase in ("missing", "value", "typing"):
            return "the words that an earlier cleaning set apart"
        if column and column == self.target and phase not in TARGET_PHASES and verb not in TARGET_VERBS:
            return "the target is never guessed, dropped or moved"
        if column and column == self.target and verb in TARGET_NEVER:
            return "nothing is taken out of the target that could give it away"
        return ""


def _settled(action: Action, said: Mapping[str, Any] | None, scale: float) -> Action | None:
    """The action with its measured evidence; None when it has nothing to do."""
    known = VERBS.get(action.verb) if action.verb in VERBS else None
    if said is None:
        idle = action.status == "apply" and (known is None or known.level == "cell")
        return None if idle else action
    evidence = {**action.evidence, **said}
    if scale > 1:
        evidence["sampled"] = True
        evidence["changed"] = round(evidence["changed"] * scale)
    typing = known is not None and known.phase == "typing"
    idle = not evidence["changed"] and action.verb not in ADDING
    if idle and not typing and known is not None and known.level == "cell":
        return None
    made = replace(action, evidence=evidence)
    limit = 0.3
    if typing and action.status != "skip" and evidence.get("open_class"):
        evidence["declined"] = f"'{evidence['open_class']}' is a class of its own beside few others"
        return replace(made, evidence=evidence, status="skip")
    if typing and action.status == "apply" and evidence.get("residue_share", 0.0) > limit:
        evidence["declined"] = f"{evidence['residue_share']:.0%} of the cells could not be read"
        made = replace(made, status="skip")
    return made


def _approved(action: Action, config: Config) -> Action:
    for approval in config.approve:
        if approval.get("rule") != action.rule or tuple(approval.get("columns") or ()) != action.columns:
            continue
        if approval.get("evidence") == evidence_hash(action):
            said = {key: str(approval[key]) for key in ("by", "on", "evidence") if approval.get(key)}
            evidence = {**action.evidence, "approved": said}
            return replace(action, status="apply" if action.status == "ask" else action.status, evidence=evidence)
        evidence = {**action.evidence, "approval": "the evidence has changed since it was given"}
        return replace(action, status="ask" if action.status == "apply" else action.status, evidence=evidence)
    return action
