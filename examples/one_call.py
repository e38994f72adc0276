"""From a raw, messy table to a model in one call, then raw rows to predictions.

Run it with ``python examples/one_call.py``; it needs ``pip install 'autoprep[demo]'``.
"""

from __future__ import annotations

import tempfile
from importlib.resources import files
from pathlib import Path

import autoprep as ap


def main(folder: Path, time_budget_s: float = 15) -> dict[str, float]:
    """Fit on Palmer Station's raw penguin sheet, save, load and predict it; returns the scores."""
    source = Path(str(files("palmerpenguins"))) / "data" / "penguins-raw.csv"
    model = ap.fit(source, target="Sex", time_budget_s=time_budget_s, holdout=0.25)
    model.save(folder / "model")

    loaded = ap.load(folder / "model")
    dirty = {
        "Culmen Length (mm)": ["39,1", "46.5 mm"],
        "Flipper Length (mm)": ["181", "n/a"],
        "Body Mass (g)": ["3,750", "5.1 kg"],
        "Species": ["adelie penguin (pygoscelis adeliae)", "Gentoo penguin (Pygoscelis papua) "],
    }
    print(loaded.predict_frame(dirty))
    print({name: round(value, 3) for name, value in loaded.facts["scores"].items()})
    return dict(loaded.facts["scores"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
