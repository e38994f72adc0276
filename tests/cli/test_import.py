"""Importing autoprep and asking for help are cheap: nothing heavy is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("polars", "pandas", "sklearn", "lightgbm", "numba", "great_expectations", "pyarrow", "numpy", "scipy", "yaml")
HELP = "import contextlib, io\nfrom autoprep.__main__ import main\n"
HELP += "with contextlib.redirect_stdout(io.StringIO()): main({})"


def _loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint('\\n'.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import autoprep",
        "import autoprep; dir(autoprep)",
        HELP.format("['--help']"),
        HELP.format("['fit', '--help']"),
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert not _loaded_by(code) & set(HEAVY)


def test_every_public_name_is_there() -> None:
    code = "import autoprep\nassert all(getattr(autoprep, name) is not None for name in autoprep.__all__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    import autoprep

    with pytest.raises(AttributeError, match="no attribute 'profil'"):
        autoprep.profil  # noqa: B018


def test_great_expectations_stays_out_of_cleaning() -> None:
    code = "import autoprep as ap\nap.clean({'a': ['1', 'N/A', '3'], 'b': ['x', 'y ', 'x']})"
    assert "great_expectations" not in _loaded_by(code)
