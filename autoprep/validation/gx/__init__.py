"""Great Expectations' own objects, made of our outcomes; the only package that imports great_expectations.

Two doors. Results of our compiler become genuine result objects (``suite_result``), suites go in and out (``to_suite``,
``from_suite``), and Data Docs are written by Great Expectations' own builder (``data_docs``). And after
``import autoprep.validation.gx`` a stock context takes Polars frames:
``context.data_sources.add_polars("p").add_frame_asset("t").add_batch_definition_whole_frame("all")``.
Tested with Great Expectations 1.24 (``internals.TESTED``).
"""

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

from autoprep.validation.gx.datasource import PolarsDatasource, PolarsFrameAsset
from autoprep.validation.gx.engine import PolarsExecutionEngine, register
from autoprep.validation.gx.results import data_docs, from_suite, suite_result, to_suite

register()

__all__ = [
    "PolarsDatasource",
    "PolarsExecutionEngine",
    "PolarsFrameAsset",
    "data_docs",
    "from_suite",
    "suite_result",
    "to_suite",
]
