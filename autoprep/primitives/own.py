"""Primitives of one's own: a Python file, or an installed package's entry points."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

from autoprep.errors import InputError
from autoprep.primitives.primitive import AGGREGATIONS, TRANSFORMS

#: Aggregations that were loaded by ``load``: they are offered beside those that ship.
OWN: list[str] = []


def load(source: str | Path) -> list[str]:
    """Load a file or a module whose functions are decorated with ``aggregation`` or ``transform``.

    Its code runs: load what you trust. Saved features name primitives only; load the file again where they are used.

    Returns:
        The names that came with it; loading it twice adds nothing.

    Raises:
        InputError: no such file or module.
    """
    before = {*AGGREGATIONS, *TRANSFORMS}
    path = Path(source)
    if path.suffix == ".py":
        if not path.is_file():
            raise InputError("no such file of primitives", where=str(path))
        name = f"autoprep_primitives_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path.resolve())
        if name not in sys.modules and spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
    else:
        try:
            importlib.import_module(str(source))
        except ModuleNotFoundError as error:
            raise InputError(f"no module of primitives '{source}'", hint="give a .py file, or install it") from error
    found = sorted({*AGGREGATIONS, *TRANSFORMS} - before)
    OWN.extend(n for n in found if n in AGGREGATIONS and n not in OWN)
    return found
