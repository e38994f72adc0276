"""Great Expectations' own objects, made of our outcomes; the only package that imports great_expectations.

Results of our compiler become genuine result objects (``suite_result``), suites go in and out (``to_suite``,
``from_suite``), and Data Docs are written by Great Expectations' own builder (``data_docs``). Tested with 1.24.
"""

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

from autoprep.validation.gx.results import data_docs, from_suite, suite_result, to_suite

__all__ = ["data_docs", "from_suite", "suite_result", "to_suite"]
