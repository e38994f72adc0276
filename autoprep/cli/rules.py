"""Commands about rules: list, explain, why, test, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoprep.cli import app
from autoprep.cli.options import AsJson, ConfigFile, Rules, Without, console, print_json, settings

rules_app = typer.Typer(help="The rulebook: what is checked, why, and how it is mended.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")

RuleId = Annotated[str, typer.Argument(metavar="ID", help="theme.problem, for example missing.disguised_null")]


@rules_app.command("list")
def list_rules(
    theme: Annotated[str | None, typer.Option("--theme", help="One theme only.")] = None,
    rules: Rules = None,
    without: Without = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the rules that are in force."""
    from autoprep import api
    from autoprep.reporting import terminal

    book = api.rulebook(rules=rules, config=settings(config, without))
    chosen = [rule for key, rule in book.items() if theme is None or key.split(".")[0] == theme]
    if as_json:
        print_json([{"id": r.id, "title": r.title, "kind": r.kind, "severity": r.severity} for r in chosen])
    else:
        terminal.show_rules(console(), chosen)


@rules_app.command()
def explain(rule: RuleId, rules: Rules = None, without: Without = None, config: ConfigFile = None) -> None:
    """Print a rule's page: when it fires, what good data looks like, what mends it, with examples."""
    from rich.markdown import Markdown

    from autoprep import api

    console().print(Markdown(api.explain_rule(rule, rules=rules, config=settings(config, without))))


@rules_app.command()
def why(rule: RuleId, rules: Rules = None, without: Without = None, config: ConfigFile = None) -> None:
    """Say which layer (package, pack, project, configuration, command line) decided a rule."""
    from autoprep import api

    console().print(api.rulebook(rules=rules, config=settings(config, without)).why(rule), markup=False, soft_wrap=True)


@rules_app.command()
def test(folder: Annotated[Path, typer.Argument(help="A folder of rules.")]) -> int:
    """Run the pass, fail and fix cases that stand in the rules; exit status 1 if any fails."""
    from autoprep import api

    ran, failures = api.test_rules(folder)
    for line in failures:
        console().print(line, markup=False)
    console().print(f"{ran} rules, {len(failures)} failed cases", markup=False)
    return 1 if failures else 0


@rules_app.command()
def schema() -> None:
    """Print the JSON Schema of a rule file, for an editor's completion."""
    from autoprep import api

    print_json(api.rule_schema())
