"""A contract: expectations kept in a file, edited by people, and validated against new data."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import yaml

from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.types import load_yaml
from autoprep.validation.expectation import EXPECTATIONS, FROM_GX_SEVERITY, TO_GX_SEVERITY
from autoprep.validation.foreign import is_foreign, is_pandera, read_foreign, read_pandera
from autoprep.validation.gx_words import for_gx, from_gx
from autoprep.validation.plain import jsonable
from autoprep.validation.sentences import SENTENCE_KEYS, is_sentence, read_sentence

CONFIG_KEYS = (
    "type",
    "kwargs",
    "severity",
    "meta",
    "id",
    "notes",
    "description",
    "rendered_content",
    "expectation_type",
)


@dataclass(frozen=True)
class Contract:
    """Expectations on one table.

    Attributes:
        expectations: configurations {type, kwargs, severity, meta}, in Great Expectations' words.
        name: what the contract is called.
        meta: where it comes from.
    """

    expectations: tuple[Mapping[str, Any], ...] = ()
    name: str = "contract"
    meta: Mapping[str, Any] = field(default_factory=dict)

    def sparing(self, columns: Collection[str]) -> Self:
        """The contract with columns that data need not have; those that it has are held to their checks as before.

        Example:
            >>> made = Contract(({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a"}},))
            >>> made.sparing(["a"]).expectations[0]["meta"]
            {'optional': True}
        """
        return replace(self, expectations=tuple(_spared(c, columns) for c in self.expectations))

    def to_dict(self) -> dict[str, Any]:
        """The contract as Great Expectations' suite JSON: a stock context reads it."""
        return {
            "name": self.name,
            "expectations": [for_gx(c) for c in self.expectations],
            "meta": {"great_expectations_version": "1.24.0", **self.meta},
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Great Expectations' suite JSON; written to ``path`` when one is given."""
        text = json.dumps(self.to_dict(), indent=1, default=jsonable, ensure_ascii=False)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_yaml(self, path: str | Path | None = None) -> str:
        """YAML that a person edits; written to ``path`` when one is given."""
        checks = []
        for config in self.expectations:
            said: dict[str, Any] = {config["type"]: _plain(config["kwargs"])}
            if config.get("severity", "error") != "error":
                said["severity"] = config["severity"]
            meta = _plain(config.get("meta") or {})
            checks.append({**said, **({"meta": meta} if meta else {})})
        body = {"contract": self.name, "meta": _plain(dict(self.meta)), "expect": checks}
        text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a contract: Great Expectations' suite JSON, or YAML of expectations and business sentences.

        Raises:
            InputError: the file cannot be read.
            SettingError: it says something that cannot be checked; names file and entry.
        """
        file = Path(path)
        if file.is_dir() and (file / "contract.json").is_file():
            file = file / "contract.json"
        said = load_yaml(file)
        if not isinstance(said, Mapping):
            raise SettingError("a contract is a mapping with a list of expectations", where=str(file))
        return cls.from_dict(said, where=str(file))

    @classmethod
    def from_dict(cls, said: Mapping[str, Any], where: str = "contract") -> Self:
        """Make a contract of plain values: a GX suite, or ``{contract, expect: [...]}`` (raises SettingError)."""
        if is_foreign(said):
            called, made = read_foreign(said, where)
            return cls(tuple(_config(c["type"], c, where) for c in made), called)
        known = ("name", "contract", "expectations", "expect", "meta", "id", "notes", "suite_parameters")
        for key in said:
            if key not in known:
                raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), known))
        entries = said.get("expectations") if "expectations" in said else said.get("expect")
        if not isinstance(entries, list):
            raise SettingError("there is no list of expectations", where=where, hint="write expect: [...]")
        configs: list[Mapping[str, Any]] = []
        for i, entry in enumerate(entries):
            configs += _entry(entry, f"{where}, entry {i + 1}")
        name = str(said.get("name") or said.get("contract") or "contract")
        return cls(tuple(configs), name, dict(said.get("meta") or {}))

    def without(self, *types: str) -> Self:
        """The contract without expectations of these names."""
        return replace(self, expectations=tuple(c for c in self.expectations if c["type"] not in types))

    def __len__(self) -> int:
        return len(self.expectations)

    def __repr__(self) -> str:
        return f"Contract({self.name!r}, {len(self)} expectations)"


@dataclass(frozen=True)
class Exported:
    """A contract in other words.

    Attributes:
        text: the statement or module.
        declined: what could not be said there: (expectation as a phrase, reason); the text says so too.
    """

    text: str
    declined: tuple[tuple[str, str], ...] = ()


def as_contract(said: Any) -> Contract:
    """A contract of what a caller may give: itself, a path, a GX suite (object, dict, JSON), a list of configurations.

    Example:
        >>> as_contract([{"type": "expect_column_to_exist", "kwargs": {"column": "a"}}])
        Contract('contract', 1 expectations)
    """
    if isinstance(said, Contract):
        return said
    if isinstance(said, str) and said.lstrip()[:1] == "{":
        return Contract.from_dict(json.loads(said))
    if isinstance(said, str | Path):
        return Contract.load(said)
    if isinstance(said, Mapping):
        return Contract.from_dict(said)
    if isinstance(said, Sequence):
        return Contract.from_dict({"expect": [dict(entry) for entry in said]})
    if hasattr(said, "to_json_dict"):
        return Contract.from_dict(said.to_json_dict())
    if is_pandera(said):
        called, made = read_pandera(said)
        return Contract(tuple(_config(c["type"], c, f"schema {called}") for c in made), called)
    kept = getattr(said, "contract", None)
    if kept is not None:
        return as_contract(kept)
    raise InputError(f"{type(said).__name__} is no contract", hint="give a path, a GX suite or a list of expectations")


def _entry(entry: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(entry, Mapping):
        if isinstance(entry, str):
            entry = {"holds": entry}
        else:
            raise SettingError("is neither a mapping nor a sentence", where=where)
    if ("type" in entry and entry.get("kwargs") is not None) or "expectation_type" in entry:
        for key in entry:
            if key not in CONFIG_KEYS:
                raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), CONFIG_KEYS))
        known = from_gx(entry)
        return [_config(str(known.get("type") or known.get("expectation_type")), known, where)]
    named = [key for key in entry if str(key).startswith(("expect_", "unexpected_"))]
    if named:
        for key in entry:
            if key not in named and key not in ("severity", "meta", "where", "title", "why"):
                raise SettingError(f"unknown key '{key}'", where=where)
        return [_config(name, {**entry, "kwargs": entry[name]}, where) for name in named]
    if is_sentence(entry):
        return read_sentence(entry, where)
    raise SettingError(
        f"says nothing that can be checked: {', '.join(map(str, entry))}",
        where=where,
        hint=did_you_mean(str(next(iter(entry), "")), SENTENCE_KEYS),
    )


def _config(name: str, entry: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if name not in EXPECTATIONS:
        raise SettingError(f"unknown expectation '{name}'", where=where, hint=did_you_mean(name, EXPECTATIONS))
    kwargs = {k: v for k, v in (entry.get("kwargs") or {}).items() if k != "batch_id"}
    if entry.get("where"):
        kwargs |= {"row_condition": entry["where"], "condition_parser": "sql"}
    EXPECTATIONS[name].check(kwargs, where, subject_given=True)
    severity = str(entry.get("severity") or "error")
    severity = FROM_GX_SEVERITY.get(severity, severity)
    if severity not in TO_GX_SEVERITY:
        raise SettingError(f"severity is '{severity}'", where=where, hint=did_you_mean(severity, TO_GX_SEVERITY))
    meta = dict(entry.get("meta") or {})
    for key in ("title", "why"):
        if entry.get(key):
            meta[key] = entry[key]
    return {"type": name, "kwargs": kwargs, "severity": severity, "meta": meta}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=jsonable))


def _spared(config: Mapping[str, Any], columns: Collection[str]) -> Mapping[str, Any]:
    kwargs, meta = config["kwargs"], dict(config.get("meta") or {})
    if config["type"] == "expect_table_columns_to_match_set":
        some = [name for name in kwargs["column_set"] if name in columns]
        asked = [name for name in kwargs["column_set"] if name not in columns]
        return {**config, "kwargs": {**kwargs, "column_set": asked}, "meta": {**meta, "optional": some}}
    return {**config, "meta": {**meta, "optional": True}} if kwargs.get("column") in columns else config
