"""The verbs about data: read, profile, find, plan, clean, undo, validate, contract, synthesize."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from autoprep import pipeline, profiling, reading, validation
from autoprep.config import Config
from autoprep.errors import InputError, plural
from autoprep.types import Dialect, Finding, Listener, Table, silent

if TYPE_CHECKING:
    from autoprep.profiling import Profile
    from autoprep.validation import Rulebook

PathLike = str | Path
Settings = Config | PathLike | None


def as_config(config: Settings) -> Config | None:
    """Settings, read from their file when a path is given."""
    return config if config is None or isinstance(config, Config) else Config.load(config)


def read(
    source: Any,
    *,
    dialect: Dialect | Mapping[str, Any] | PathLike | None = None,
    sheet: str | int | None = None,
    query: str | None = None,
    table: str | int | None = None,
    listener: Listener = silent,
) -> Table:
    """Read a source; cells of text files stay text.

    Args:
        source: see the module.
        dialect: how a text file is laid out, when it is known; a Dialect, its values, or a JSON file of them.
        sheet: sheet of a workbook.
        query: a table's name or SQL, when the source is a database; elsewhere SQL over the table ``self``.
        table: one of several tables in one file: its place from 1, or a name (a member of an archive, a sheet).
        listener: hears what is found.

    Raises:
        InputError: there is no such source, or it cannot be read.

    Example:
        >>> read({"a": ["1", "x"]}).frame.collect().height
        2
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, Mapping):
        tables = [str(name) for name, one in source.items() if _is_table(one)]
        if tables:
            raise InputError(
                f"is a mapping of {plural(len(tables), 'table')} ({', '.join(tables[:8])}), not of columns",
                hint=f"give one of them, or say whose rows are meant (table='{tables[0]}')",
            )
        source = pl.DataFrame(source, strict=False)
    if isinstance(dialect, str | Path):
        dialect = reading.load_dialect(dialect)
    elif isinstance(dialect, Mapping):
        dialect = Dialect.from_dict(dialect)
    return reading.read(source, dialect=dialect, sheet=sheet, query=query, table=table, listener=listener)


def _is_table(value: Any) -> bool:
    return isinstance(value, Table | Mapping | Path) or hasattr(value, "columns")


def describe(table: Table) -> dict[str, Any]:
    """What ``autoprep read --json`` prints: dialect, evidence, columns, first rows, rejected lines."""
    return reading.describe(table)


def profile(
    source: Any, target: str | None = None, *, query: str | None = None, listener: Listener = silent
) -> Profile:
    """Say what each column is, what is wrong with it, and how columns hang together.

    Args:
        source: see the module.
        target: the column to predict.
        query: a table's name or SQL, when the source is a database; elsewhere SQL over the table ``self``.
        table: one of several tables in one file: its place from 1, or a name (a member of an archive, a sheet).
        listener: hears what is found.

    Example:
        >>> found = profile({"price": ["$1,200", "$80"], "id": ["a1", "a2"]})
        >>> found.columns.filter(pl.col("column") == "price")["semantic"].item()
        'amount'
    """
    table = read(source, query=query, listener=listener)
    column = pipeline.resolve_column(target, table) if target is not None else None
    return profiling.profile(table, target=column, mergeable=True)


def profile_of(source: Any, *, listener: Listener = silent) -> Profile:
    """A profile: read back when the source is one that was written as ``.json``, else made."""
    path = Path(source) if isinstance(source, str | Path) else None
    if path is not None and path.suffix.lower() == ".json" and path.is_file():
        with path.open(encoding="utf-8", errors="replace") as lines:
            if lines.read(11).startswith('{"format":'):
                return profiling.Profile.from_json(path)
    return profile(source, listener=listener)


def rulebook(rules: Sequence[PathLike] | None = None, config: Settings = None) -> Rulebook:
    """The rules that are in force: packaged, packs, the project's, the configuration's."""
    return validation.load_rulebook(rules or (), as_config(config))


def explain_rule(rule: str, rules: Sequence[PathLike] | None = None, config: Settings = None) -> str:
    """A rule's page, in Markdown."""
    return validation.explain(rulebook(rules, config)[rule])


def rule_schema() -> dict[str, Any]:
    """The JSON Schema of a rule file."""
    return validation.json_schema()


def test_rules(folder: PathLike) -> tuple[int, list[str]]:
    """Run the cases that stand in a folder of rules: how many rules, and a line per failed case."""
    book = validation.load_rulebook([folder])
    own = {
        path.relative_to(folder).with_suffix("").as_posix().replace("/", ".") for path in Path(folder).rglob("*.yaml")
    }
    if not own:
        raise InputError("holds no rules", where=str(folder), hint="a rule is <theme>/<problem>.yaml")
    failures = [f"{rule}: {line}" for rule in sorted(own & set(book)) for line in validation.run_cases(book[rule])]
    return len(own), failures


def find(profile: Profile, rules: Sequence[PathLike] | None = None, config: Settings = None) -> list[Finding]:
    """The rules that fire on a profile."""
    return pipeline.find(profile, rulebook(rules, config))


def write_profile(
    profile: Profile, path: PathLike, findings: Sequence[Finding] = (), *, show_personal: bool = False
) -> Path:
    """Write a profile as ``.html`` (the report) or ``.json`` (mergeable, to be read back).

    Values of personal columns are masked unless ``show_personal``; their states are then left out and do not merge.
    """
    from autoprep.lineage import whole_file
    from autoprep.reporting import html

    target = Path(path)
    if target.suffix.lower() not in (".html", ".json"):
        raise InputError(f"cannot write a profile as '{target.suffix}'", where=str(target), hint="try .html or .json")
    if target.suffix.lower() == ".html":
        text = html.profile_html(profile, findings, show_personal=show_personal)
    else:
        text = (profile if show_personal else profile.masked()).to_json()
    with whole_file(target) as beside:
        beside.write_text(text, encoding="utf-8")
    return target
