"""The whole job in one place; the only one in which the mending and the building wing meet."""

from autoprep.pipeline.canary import Canary, canary
from autoprep.pipeline.features import Synthesized, synthesize
from autoprep.pipeline.judge import evaluate, predict
from autoprep.pipeline.prepare import find, prepare, resolve_column
from autoprep.pipeline.privacy import masked_plan, personal_columns
from autoprep.pipeline.selecting import Selected, select_of_table, select_of_tables
from autoprep.pipeline.tables import TableFeatures, infer_schema, load_tables, synthesize_like, synthesize_tables
from autoprep.pipeline.train import fit
from autoprep.pipeline.values import Fitted, Parts, Prepared
from autoprep.pipeline.verifying import Verified, export_features, verify_features

__all__ = [
    "Canary",
    "Fitted",
    "Parts",
    "Prepared",
    "Selected",
    "Synthesized",
    "TableFeatures",
    "Verified",
    "canary",
    "evaluate",
    "export_features",
    "find",
    "fit",
    "infer_schema",
    "load_tables",
    "masked_plan",
    "personal_columns",
    "predict",
    "prepare",
    "resolve_column",
    "select_of_table",
    "select_of_tables",
    "synthesize",
    "synthesize_like",
    "synthesize_tables",
    "verify_features",
]
