"""The list of commands that --help shows: by what people do, in the order in which they do it, no sentence cut."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

#: Titles and commands; a command that stands nowhere here is listed last, under "Other".
SECTIONS: dict[str, tuple[str, ...]] = {
    "One call": ("fit", "predict", "evaluate", "canary", "report", "explain", "demo"),
    "Data": ("read", "profile", "plan", "approve", "clean", "undo", "features", "duplicates", "data"),
    "Rules and contracts": ("rules", "contract", "validate"),
    "Production": (
        "serve",
        "package",
        "export",
        "drift",
        "monitor",
        "sign",
        "verify",
        "init",
        "stage",
        "cache",
        "warmup",
    ),
    "Papers": ("card", "papers", "fairness", "audit"),
}


class Overview(TyperGroup):
    """A group whose commands are listed by section."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands, in the order of the sections."""
        named = [name for names in SECTIONS.values() for name in names if name in self.commands]
        return [*named, *sorted(set(self.commands) - set(named))]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each section with the first clause of each command's help."""
        left = dict.fromkeys(self.list_commands(ctx))
        for title, names in SECTIONS.items():
            shown = [name for name in names if name in left]
            _write(self, title, shown, formatter)
            for name in shown:
                del left[name]
        _write(self, "Other", list(left), formatter)


def _write(group: TyperGroup, title: str, names: list[str], formatter: Any) -> None:
    commands = [(name, group.commands[name]) for name in names if not group.commands[name].hidden]
    if commands:
        with formatter.section(title):
            formatter.write_dl([(name, _clause(command.help or "")) for name, command in commands])


def _clause(text: str) -> str:
    """The first clause of a help text, without its full stop.

    Example:
        >>> _clause("Check data against a contract: one line per broken expectation.")
        'Check data against a contract'
    """
    line = " ".join(text.split("\n\n")[0].split())
    return line.split(": ")[0].split("; ")[0].split(". ")[0].rstrip(".:")
