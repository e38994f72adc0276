"""Figures of a running search in the files that DVCLive writes, which ``dvc plots`` and editors read."""

from __future__ import annotations

import json
from pathlib import Path

from autoprep.lineage import whole_file
from autoprep.types import Event, Listener

#: Figures of an event that are logged.
LOGGED = ("loss",)


def live(folder: str | Path, listener: Listener) -> Listener:
    """A listener that logs the search's figures as they come, and passes every event on.

    Writes ``plots/metrics/<name>.tsv`` (step and value, one line a step) and ``metrics.json`` (the newest values), the
    layout of DVCLive 3. Files of an earlier run are begun anew.

    Args:
        folder: made when missing.
        listener: hears everything as well.

    Example:
        >>> import tempfile
        >>> from autoprep.types import silent
        >>> home = Path(tempfile.mkdtemp())
        >>> heard = live(home, silent)
        >>> heard(Event("search", "a leads", {"loss": 0.25}))
        >>> (home / "plots" / "metrics" / "loss.tsv").read_text().split()
        ['step', 'loss', '0', '0.25']
    """
    home = Path(folder)
    plots = home / "plots" / "metrics"
    plots.mkdir(parents=True, exist_ok=True)
    for name in LOGGED:
        (plots / f"{name}.tsv").write_text(f"step\t{name}\n", encoding="utf-8")
    steps = {"step": -1}

    def hear(event: Event) -> None:
        figures = {name: event.data[name] for name in LOGGED if isinstance(event.data.get(name), int | float)}
        if event.stage == "search" and figures:
            steps["step"] += 1
            for name, value in figures.items():
                with (plots / f"{name}.tsv").open("a", encoding="utf-8") as file:
                    file.write(f"{steps['step']}\t{value}\n")
            with whole_file(home / "metrics.json") as beside:
                beside.write_text(json.dumps({**figures, **steps}, indent=4) + "\n", encoding="utf-8")
        listener(event)

    return hear
