"""A model that answers for one raw row in plain Python, with the same bytes as for a table of a million."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from autoprep.cleaning import Transformer, given
from autoprep.cleaning.given import Spelling
from autoprep.model_search.linear_model import LinearModel
from autoprep.parsing import quantity
from autoprep.parsing.number import NumberFormat
from autoprep.parsing.unit import unit_of
from autoprep.serving.guard import EMPTY_ROW
from autoprep.serving.rowwise import encoders, endings, texts
from autoprep.serving.rowwise.expression import Code, Compiler, Row
from autoprep.serving.rowwise.texts import Declined
from autoprep.synthesis.texts import TextDirections

if TYPE_CHECKING:
    from autoprep.serving.predictor import Scorer

Said = dict[str, Any]
Test = Callable[[Row], Any]
_NEW_CATEGORY = "contract.new_category"
_WHOLE = given.WHOLE


class RowScorer:
    """Predicts single rows; ``Declined`` sends a row to ``Scorer.predict``, which gives the same for any row.

    Args:
        scorer: the model; its plan, features, encoders and members are compiled once.

    Raises:
        Declined: a part of the model is not known here.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._task, self._predictor = scorer.task, scorer.predictor
        if scorer.clean is not None or scorer.synthesizer is not None or not hasattr(scorer.predictor, "members"):
            raise Declined("a model of foreign parts")
        plan, self._target = scorer.plan, scorer.plan.target
        transformer = Transformer(plan)
        inputs = transformer.inputs
        self._compiler = Compiler(inputs)
        self._place = {name: at for at, name in enumerate(inputs)}
        spellings = transformer.given.spellings
        self._readers = {n: _reader(dtype, spellings.get(n)) for n, dtype in inputs.items() if n != self._target}
        self._policies = scorer.policies
        asked = [n for n in self._readers if n not in transformer.optional]
        self._missing = {n: [self._event("table.missing_column", n, "null")] for n in asked}
        self._asked, self._empty = set(asked), self._event(EMPTY_ROW, "", "warn")
        self._odd = {n: self._event("table.type", n, "null") for n in self._readers}
        self._units = self._strange_units(scorer)
        self._steps(transformer)
        self._outputs = self._cleaned(transformer, plan.outputs)
        self._levels = self._known_levels(scorer)
        self._end = endings.two_classes(scorer.predictor) if scorer.task != "regression" else None
        self._members = self._parts()
        self._shares = self._linear_members()
        self._names = [f"probability_{c}" for c in scorer.classes] if scorer.task != "regression" else []
        self._interval = self._coverage()

    def predict(self, record: Mapping[str, Any]) -> Said:
        """The columns of ``Scorer.predict`` for one row: str, int, float, bool or None by column.

        Raises:
            Declined: Polars must say it.
        """
        try:
            return self._predict(record)
        except (ArithmeticError, ValueError) as error:
            raise Declined(f"a number that Python refuses ({error})") from error

    def _predict(self, record: Mapping[str, Any]) -> Said:
        events: list[tuple[str, str, str]] = []
        row = self._read(record, events)
        for test, event in self._tests:
            if test(row):
                events.append(event)
        for word, own, known in self._units:
            _refuse_strange(word(row), own, known)
        for value, levels, event in self._levels:
            cell = value(row)
            if cell is not None and cell not in levels:
                events.append(event)
        said = self._answer(row)
        if events and any(policy in ("reject", "quarantine") for _, _, policy in events):
            said = dict.fromkeys(said)
        said["reasons"] = ";".join(code for _, code in sorted({(column, code) for column, code, _ in events}))
        return said

    def frame(self, said: list[Said]) -> pl.DataFrame:
        """Several answers as the frame that ``Scorer.predict`` gives."""
        text = {"reasons", "prediction"} if self._task != "regression" else {"reasons"}
        schema = {name: pl.String if name in text else pl.Float64 for name in said[0]}
        return pl.DataFrame(said, schema=schema)

    def check(self, scorer: Scorer, rows: pl.DataFrame) -> int:
        """Compare with Polars, bit by bit, on some rows; the number of rows that were compared.

        Raises:
            Declined: a row differs.
        """
        if not rows.height:
            return 0
        expected = scorer.predict(pl.concat([rows, rows])).head(rows.height)
        compared = 0
        for number, record in enumerate(rows.to_dicts()):
            try:
                said = self.predict(record)
            except Declined:
                continue
            compared += 1
            if not self.frame([said]).equals(expected[number]):
                raise Declined(f"row {number} is predicted otherwise than by Polars")
        return compared

    def _read(self, record: Mapping[str, Any], events: list[tuple[str, str, str]]) -> Row:
        values: list[Any] = [None] * len(self._place)
        readers, seen, empty = self._readers, 0, True
        for name, cell in record.items():
            if type(cell) not in _PLAIN:
                raise Declined("a cell that holds no single value")
            reader = readers.get(name)
            if reader is None:
                if not name.isascii() or (type(cell) is str and (len(cell) > texts.LONGEST or not cell.isascii())):
                    raise Declined("a column that the model does not know")
                continue
            seen += 1
            if cell is not None:
                value, odd = reader(cell)
                if odd:
                    events.append(self._odd[name])
                if empty and (odd or value is not None) and name in self._asked:
                    empty = False
                values[self._place[name]] = value
        if seen < len(readers):
            if not seen:
                raise Declined("no column that the model knows")
            for name, event in self._missing.items():
                if name not in record:
                    events += event
        if empty and any(name in self._asked for name in record):
            events.append(self._empty)
        return self._compiler.row(values)

    def _event(self, rule: str, column: str, policy: str) -> tuple[str, str, str]:
        """Column, code and policy of an event."""
        theme = rule.partition(".")[0] + ".*"
        for key in (rule, theme, "*"):
            if key in self._policies:
                policy = self._policies[key]
                break
        return column, f"{rule}:{column}".removesuffix(":"), policy

    def _steps(self, transformer: Transformer) -> None:
        compiled, compiler = transformer._compiled, self._compiler
        for layer in compiled.layers:
            made = {}
            for expression in layer:
                name = expression.meta.output_name()
                try:
                    made[name] = compiler.once(compiler.compile(expression))
                except Declined as error:
                    made[name] = compiler.declined(str(error), pl.Null())
            for name, code in made.items():
                compiler.add(name, code)
        self._tests: list[tuple[Test, tuple[str, str, str]]] = []
        for step in compiled.steps:
            if step.residue:
                event = self._event(step.action.rule, step.column, "null")
                self._tests.append((compiler.columns[step.residue].evaluate, event))
            for mask in step.notes.values():
                event = self._event(step.action.rule, step.column, "understood")
                self._tests.append((compiler.columns[mask].evaluate, event))

    def _cleaned(self, transformer: Transformer, specs: Any) -> dict[str, Code]:
        compiled, compiler = transformer._compiled, self._compiler
        if not specs:
            return {name: compiler.columns[compiled.current[name]] for name in compiled.outputs()}
        made = {}
        for spec in specs:
            dtype, working = transformer._dtype(spec.name, spec.dtype), compiled.current.get(spec.name)
            code = compiler.columns[working] if working is not None else _nothing(dtype)
            try:
                made[spec.name] = compiler.cast(code, dtype) if code.dtype != dtype else code
            except Declined as error:
                made[spec.name] = compiler.declined(str(error), dtype)
        return made

    def _strange_units(self, scorer: Scorer) -> list[tuple[Test, frozenset[str], frozenset[str]]]:
        """The word behind the number of a cell, the spellings of training, and the names of their units."""
        made = []
        for column, parameters in scorer._guard._units:
            if self._compiler.columns[column].dtype != pl.String:
                continue
            own = frozenset(str(u).strip().lower() for u in parameters["units"])
            known = frozenset(u.name for u in map(unit_of, own) if u is not None)
            fmt = NumberFormat(parameters.get("decimal", "."), parameters.get("thousands", ""))
            word = self._compiler.compile(quantity.split(pl.col(column), fmt)[1])
            made.append((word.evaluate, own, known))
        return made

    def _known_levels(self, scorer: Scorer) -> list[tuple[Test, frozenset[str], tuple[str, str, str]]]:
        levels = scorer._guard.known(scorer._cleaner())
        return [
            (self._outputs[name].evaluate, frozenset(found.to_list()), self._event(_NEW_CATEGORY, name, "warn"))
            for name, found in levels.items()
        ]

    def _parts(self) -> list[tuple[float, Any, Callable[[Row], list[float]]]]:
        """Weight and part of each member, and what gives the values of a row that its model sees."""
        views: dict[int, dict[str, Code]] = {-1: self._outputs}
        ready: dict[tuple[int, int], Callable[[Row], Any]] = {}
        members = []
        for member in self._predictor.members:
            number, part = member.synthesizer, member.part
            if number not in views:
                views[number] = self._features(self._predictor.synthesizers[number])
            key = (number, id(part.encoder))
            if key not in ready:
                encode = encoders.encoded(part.encoder, views[number], self._compiler)
                ready[key] = self._compiler.once(Code(encode, pl.Null(), -1)).evaluate
            members.append((member.weight, part, ready[key]))
        return members

    def _linear_members(self) -> list[tuple[float, Callable[[Row], list[float]]]]:
        """Weight and shares of each member where all are linear models of two classes; else none."""
        if self._end is None or not all(type(part.model) is LinearModel for _, part, _ in self._members):
            return []
        return [(weight, endings.linear_shares(part.model, values)) for weight, part, values in self._members]

    def _features(self, synthesizer: Any) -> dict[str, Code]:
        compiler = self._compiler
        cleaned = {}
        for name, dtype in synthesizer.schema_.items():
            code = self._outputs.get(name) or _nothing(dtype)
            cleaned[name] = compiler.cast(code, dtype) if code.dtype != dtype else code
        held, compiler.columns = compiler.columns, cleaned or dict(self._outputs)
        made: dict[str, Code] = {}
        try:
            for step in synthesizer.steps_:
                if isinstance(step, TextDirections):
                    text = compiler.cast(compiler.columns[step.column], pl.String())
                    codes = encoders.text_directions(step, text, compiler)
                    made |= {f.name: code for f, code in zip(step.features(), codes, strict=True)}
                    continue
                expressions = step.expressions()
                if len(expressions) != len(step.features()):
                    raise Declined(f"features of the kind '{step.kind}'")
                for feature, expression in zip(step.features(), expressions, strict=True):
                    made[feature.name] = compiler.once(compiler.compile(expression))
        finally:
            compiler.columns = held
        return made

    def _coverage(self) -> Callable[[Any], tuple[Any, Any]] | None:
        from autoprep.serving.predictor import COVERAGE

        conformal = getattr(self._predictor, "conformal", None)
        if self._task != "regression" or conformal is None:
            return None
        return lambda values: conformal.interval(values, COVERAGE)

    def _answer(self, row: Row) -> Said:
        if self._end is not None and self._shares:
            return self._ended(self._end, _summed(self._shares, row))
        predictor = self._predictor
        total: Any = None
        for weight, part, values in self._members:
            said = weight * part.after(part.model.predict(np.array([values(row)], dtype=np.float64)))
            total = said if total is None else total + said
        if total is None:
            raise Declined("a model without members")
        if self._end is not None and total.dtype == np.float64:
            return self._ended(self._end, total[0].tolist())
        if self._task == "regression":
            total = predictor.values(total)
            made: Said = {"prediction": float(total[0])}
            if self._interval is not None:
                lower, upper = self._interval(total)
                made |= {"lower": float(lower[0]), "upper": float(upper[0])}
            return made
        shares = predictor.probabilities(total)
        label = predictor.labels(shares).tolist()[0]
        made = {"prediction": None if label is None else str(label)}
        return made | dict(zip(self._names, shares[0].tolist(), strict=True))

    def _ended(self, end: Callable[[list[float]], tuple[list[float], str | None]], total: list[float]) -> Said:
        shares, label = end(total)
        return {"prediction": label, **dict(zip(self._names, shares, strict=True))}


def _summed(members: list[tuple[float, Callable[[Row], list[float]]]], row: Row) -> list[float]:
    weight, shares = members[0]
    total = [weight * share for share in shares(row)]
    for weight, shares in members[1:]:
        total = [before + weight * share for before, share in zip(total, shares(row), strict=True)]
    return total


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _nothing(dtype: pl.DataType) -> Code:
    return Code(lambda row: None, dtype, -1)


def _refuse_strange(word: str | None, own: frozenset[str], known: frozenset[str]) -> None:
    if word is None or word.lower() in own:
        return
    unit = unit_of(word)
    if unit is None or unit.name not in known:
        raise Declined("a unit that training did not have")


def _reader(wanted: pl.DataType, spelling: Spelling | None) -> Callable[[Any], tuple[Any, bool]]:
    """What a JSON value is to a column, and whether it is of another type that could not be read."""
    if spelling is not None:
        return lambda cell: (_as_text(cell, spelling), False)
    if wanted == pl.Float64:
        return lambda cell: _as_number(cell, texts.to_float, _whole_or_fraction)
    if wanted == pl.Int64:
        return lambda cell: _as_number(cell, texts.to_integer, _truncated)
    if wanted == pl.Boolean:
        return _as_truth
    return _declined


def _as_text(cell: Any, spelling: Spelling) -> str | None:
    kind = type(cell)
    if kind is int and not -(2**63) <= cell < 2**63:
        raise Declined("a whole number of more than 64 bits")
    if kind is float:
        if cell - cell != 0:
            raise Declined("a number that is not finite")
        if not cell.is_integer() or abs(cell) >= _WHOLE:
            return texts.from_float(cell).replace(".", spelling.decimal)
    return spelling.text(cell)


def _as_number(cell: Any, read: Callable[[str], Any], number: Callable[[Any], Any]) -> tuple[Any, bool]:
    kind = type(cell)
    if kind is str:
        value = read(texts.checked(cell))
        return value, value is None and cell.strip() != ""
    if kind is bool:
        raise Declined("a truth value for a number")
    return number(cell), False


def _whole_or_fraction(cell: float) -> float:
    if abs(cell) > _WHOLE and isinstance(cell, int):
        raise Declined("a whole number beyond 2^53")
    return float(cell)


def _truncated(cell: float) -> int | None:
    if isinstance(cell, int):
        if -(2**63) <= cell < 2**63:
            return cell
        raise Declined("a whole number of more than 64 bits")
    return int(cell) if -(2.0**63) <= cell < 2.0**63 else None


def _as_truth(cell: Any) -> tuple[Any, bool]:
    return (cell, False) if type(cell) is bool else _declined(cell)


def _declined(cell: Any) -> tuple[Any, bool]:
    raise Declined("a type that is left to Polars")
