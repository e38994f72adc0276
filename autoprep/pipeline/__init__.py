"""The whole job in one place; the only one in which the mending and the building wing meet."""

from autoprep.pipeline.asked import counted, one_name, refuse_settings, whole
from autoprep.pipeline.canary import Canary, canary
from autoprep.pipeline.features import Synthesized, synthesize, synthesize_rows_like
from autoprep.pipeline.fit_tables import fit_tables, rows_of_tables
from autoprep.pipeline.judge import evaluate, predict
from autoprep.pipeline.prepare import find, prepare, resolve_column
from autoprep.pipeline.privacy import masked_plan, personal_columns
from autoprep.pipeline.saved_rows import SavedRows
from autoprep.pipeline.selecting import Selected, select_of_table, select_of_tables
from autoprep.pipeline.sources import infer_schema, load_tables
from autoprep.pipeline.tables import (
    TableBlocks,
    TableFeatures,
    synthesize_blocks,
    synthesize_like,
    synthesize_tables,
)
from autoprep.pipeline.train import features_of, fit
from autoprep.pipeline.values import Fitted, Parts, Prepared
from autoprep.pipeline.verifying import Verified, export_features, verify_features

__all__ = [
    "Canary",
    "Fitted",
    "Parts",
    "Prepared",
    "SavedRows",
    "Selected",
    "Synthesized",
    "TableBlocks",
    "TableFeatures",
    "Verified",
    "canary",
    "counted",
    "evaluate",
    "export_features",
    "features_of",
    "find",
    "fit",
    "fit_tables",
    "infer_schema",
    "load_tables",
    "masked_plan",
    "one_name",
    "personal_columns",
    "predict",
    "prepare",
    "refuse_settings",
    "resolve_column",
    "rows_of_tables",
    "select_of_table",
    "select_of_tables",
    "synthesize",
    "synthesize_blocks",
    "synthesize_like",
    "synthesize_rows_like",
    "synthesize_tables",
    "verify_features",
    "whole",
]
