"""Writes the page of primitives: ``python -m autoprep.primitives --write``."""

from __future__ import annotations

import sys
from pathlib import Path

from autoprep.lineage import whole_file
from autoprep.primitives.equals import page

PAGE = Path(__file__).parent / "README.md"


def main() -> None:
    """Print the page, or write it beside the code with ``--write``."""
    if "--write" in sys.argv[1:]:
        with whole_file(PAGE) as beside:
            beside.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main()
