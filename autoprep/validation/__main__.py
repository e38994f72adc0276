"""``python -m autoprep.validation [FOLDER] [--write]``: the rulebook's generated files, fresh or written."""

from autoprep.validation.pages import main

raise SystemExit(main())
