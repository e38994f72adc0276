"""The rulebook: rules from layers, the last of which wins, and who decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from autoprep.config import Config
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.validation.rule import Rule
from autoprep.validation.rule_file import build_rule, read_rule

ENTRY_POINTS = "autoprep.rules"
SETTING_KEYS = ("enabled", "reason", "parameters", "severity", "gate")


class Rulebook(Mapping[str, Rule]):
    """Rule id -> rule, for the rules that are switched on; ordered by phase, order and id.

    Args:
        rules: every rule, those switched off too.
        decisions: rule id -> what each layer said, lowest first.
        columns: column -> rule id -> what ``autoprep.yaml`` said for this column.
        protected: columns that no rule may write.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        decisions: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        columns: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
        protected: frozenset[str] = frozenset(),
    ) -> None:
        self._all = dict(sorted(rules.items(), key=lambda item: item[1].place))
        self._columns = columns or {}
        asked = {rule_id for said in self._columns.values() for rule_id, own in said.items() if own.get("enabled")}
        self._on = {rule_id: rule for rule_id, rule in self._all.items() if rule.enabled or rule_id in asked}
        self._decisions = {rule_id: tuple(said) for rule_id, said in (decisions or {}).items()}
        self.protected = protected

    def __getitem__(self, rule_id: str) -> Rule:
        if rule_id in self._on:
            return self._on[rule_id]
        if rule_id in self._all:
            raise SettingError(f"the rule '{rule_id}' is switched off: {self.why(rule_id)}")
        raise SettingError(f"no rule '{rule_id}'", hint=did_you_mean(rule_id, self._all))

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self._on

    def __iter__(self) -> Iterator[str]:
        return iter(self._on)

    def __len__(self) -> int:
        return len(self._on)

    def everything(self) -> Mapping[str, Rule]:
        """Every rule, those switched off too."""
        return self._all

    def for_column(self, rule_id: str, column: str) -> Rule | None:
        """The rule as it stands for one column; None when it is switched off there."""
        rule = self[rule_id]
        said = self._columns.get(column, {}).get(rule_id)
        if not said:
            return rule if rule.enabled else None
        if not said.get("enabled", rule.enabled):
            return None
        return _amended(rule, said, f"autoprep.yaml, columns, {column}")

    def why(self, rule_id: str) -> str:
        """Which layer decided, and what those below it said; one line each, the last wins."""
        if rule_id not in self._all:
            raise SettingError(f"no rule '{rule_id}'", hint=did_you_mean(rule_id, self._all))
        lines = [f"{layer}: {what}" for layer, what in self._decisions.get(rule_id, ())]
        for column, said in self._columns.items():
            if rule_id in said:
                lines.append(f"autoprep.yaml, column {column}: {_says(said[rule_id])}")
        return "\n".join(lines) or "no layer says anything of it"


def packaged_rules() -> Path:
    """The folder of the packaged rulebook: beside the package in a checkout, else inside the wheel.

    Raises:
        InputError: the installation has lost it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "rules", package / "rules"):
        if folder.is_dir() and (folder.parent / "pyproject.toml").exists() | (folder.parent == package):
            return folder
    raise InputError("the packaged rulebook is not there", where=str(package / "rules"), hint="reinstall autoprep")


def load_rulebook(
    paths: Sequence[str | Path] = (),
    config: Config | None = None,
    *,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    packaged: bool = True,
) -> Rulebook:
    """Gather the rules of all layers; the last layer that says something of a rule wins.

    Layers: the packaged rulebook; installed packs that ``config.packs`` names; ``rules/`` beside ``autoprep.yaml``;
    ``autoprep.yaml`` itself; ``paths`` and ``settings`` of the command line.

    Args:
        paths: folders of rules, or single rule files (their parent folder is the theme).
        config: the project's settings.
        settings: rule id -> {enabled, reason, parameters, severity, gate}, as the command line said.
        packaged: whether to start from the packaged rulebook.

    Raises:
        InputError: a path is not there.
        SettingError: a rule cannot be carried out, or a setting names a rule that is not there.
    """
    layers: list[tuple[str, Path]] = []
    if packaged:
        layers.append(("packaged rulebook", packaged_rules()))
    config = config or Config()
    layers += [(f"pack {name}", _pack(name, config.path)) for name in config.packs]
    if config.path:
        beside = Path(config.path).resolve().parent / "rules"
        if beside.is_dir() and beside not in [folder for _, folder in layers]:
            layers.append(("the project's rules/", beside))
    rules: dict[str, Rule] = {}
    decisions: dict[str, list[tuple[str, str]]] = {}
    for layer, folder in layers:
        _read_layer(rules, decisions, layer, folder)
    _apply_settings(rules, decisions, config.rules, config.path or "autoprep.yaml")
    for path in paths:
        _read_layer(rules, decisions, f"command line, {path}", Path(path))
    _apply_settings(rules, decisions, {**config.asked, **(settings or {})}, "command line")
    columns = {name: _column_rules(name, said, rules, config.path) for name, said in config.columns.items()}
    return Rulebook(rules, decisions, columns, config.protected())


def rule_files(folder: Path) -> list[tuple[str, Path]]:
    """The rules of a folder, (id, file): ``missing/disguised_null.yaml`` is "missing.disguised_null".

    A single file takes its parent folder as its theme.
    """
    if folder.is_file():
        return [(f"{folder.resolve().parent.name}.{folder.stem}", folder)]
    if not folder.is_dir():
        raise InputError("no such folder of rules", where=str(folder), hint="check the path")
    found = sorted(p for pattern in ("*.yaml", "*.yml") for p in folder.rglob(pattern))
    return [(".".join(p.relative_to(folder).with_suffix("").parts), p) for p in found]


def _read_layer(rules: dict[str, Rule], decisions: dict[str, list[tuple[str, str]]], layer: str, folder: Path) -> None:
    for rule_id, file in rule_files(folder):
        below = rules.get(rule_id)
        rule = _read(file, rule_id, layer, below)
        what = "defines it" if below is None else ("replaces it" if rule.title != below.title else "amends it")
        if not rule.enabled:
            what = f"switches it off ({rule.reason or 'no reason given'})"
        rules[rule_id] = rule
        decisions.setdefault(rule_id, []).append((layer, f"{what} ({file})"))


def _read(file: Path, rule_id: str, layer: str, below: Rule | None) -> Rule:
    """A file that gives title, why and when replaces the rule below; one that does not amends it."""
    if below is None:
        said = file.stat() if file.is_file() else None
        return _once(file, rule_id, layer, (said.st_mtime_ns, said.st_size) if said else None)
    try:
        return read_rule(file, rule_id, layer)
    except SettingError as error:
        if "is missing" not in error.what:
            raise
        return read_rule(file, rule_id, layer, below)


@lru_cache(maxsize=1_000)
def _once(file: Path, rule_id: str, layer: str, stamp: tuple[int, int] | None) -> Rule:
    """A rule file that has not changed since it was read is not read and checked again."""
    return read_rule(file, rule_id, layer)


def _pack(name: str, where: str) -> Path:
    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in points:
        hint = did_you_mean(name, points) if points else "no rule packs are installed"
        raise SettingError(f"no installed rule pack '{name}'", where=where or None, hint=hint)
    loaded = points[name].load()
    if isinstance(loaded, str | Path):
        return Path(loaded)
    return Path(loaded.__file__).resolve().parent / "rules"


def _apply_settings(
    rules: dict[str, Rule],
    decisions: dict[str, list[tuple[str, str]]],
    settings: Mapping[str, Mapping[str, Any]],
    where: str,
) -> None:
    for rule_id, said in settings.items():
        if rule_id not in rules:
            raise SettingError(f"no rule '{rule_id}'", where=where, hint=did_you_mean(rule_id, rules))
        rules[rule_id] = _amended(rules[rule_id], said, where)
        decisions.setdefault(rule_id, []).append((where, _says(said)))


def _amended(rule: Rule, said: Mapping[str, Any], where: str) -> Rule:
    if not isinstance(said, Mapping):
        raise SettingError(f"{rule.id} is not a mapping of keys to values", where=where)
    for key in said:
        if key not in SETTING_KEYS:
            raise SettingError(f"unknown key '{key}'", where=where, hint=did_you_mean(str(key), SETTING_KEYS))
    changed = build_rule(dict(said), rule.id, where=where, layer=where, below=rule)
    return replace(changed, path=rule.path)


def _says(said: Mapping[str, Any]) -> str:
    if said.get("enabled") is False:
        return f"switches it off ({said.get('reason') or 'no reason given'})"
    return "sets " + ", ".join(f"{key} = {value}" for key, value in said.items())


def _column_rules(
    column: str, said: Mapping[str, Any], rules: Mapping[str, Rule], where: str
) -> Mapping[str, Mapping[str, Any]]:
    chosen: Mapping[str, Mapping[str, Any]] = said.get("rules") or {}
    for rule_id, settings in chosen.items():
        if rule_id not in rules:
            raise SettingError(f"no rule '{rule_id}' (column {column})", where=where, hint=did_you_mean(rule_id, rules))
        _amended(rules[rule_id], settings, f"{where}, column {column}")
    return chosen
