"""Cleaning: a plan made of findings, applied as one query, with a ledger, a quarantine and a way back."""

from autoprep.cleaning.apply import apply, apply_to_files
from autoprep.cleaning.compile import compile_plan
from autoprep.cleaning.families import LEARNERS, never
from autoprep.cleaning.given import Given
from autoprep.cleaning.history import approve, cell_history, write_approval
from autoprep.cleaning.ledger import read_ledger, write_ledger
from autoprep.cleaning.outputs import UNSEEN, holds_no_value, spare_inputs
from autoprep.cleaning.plan_file import diff, evidence_hash, load_plan, parse_plan, save_plan
from autoprep.cleaning.planner import SAMPLE_ROWS, for_modelling, plan, with_outputs
from autoprep.cleaning.transform import Transformer, transform
from autoprep.cleaning.undo import undo

__all__ = [
    "LEARNERS",
    "SAMPLE_ROWS",
    "UNSEEN",
    "Given",
    "Transformer",
    "apply",
    "apply_to_files",
    "approve",
    "cell_history",
    "compile_plan",
    "diff",
    "evidence_hash",
    "for_modelling",
    "holds_no_value",
    "load_plan",
    "never",
    "parse_plan",
    "plan",
    "read_ledger",
    "save_plan",
    "spare_inputs",
    "transform",
    "undo",
    "with_outputs",
    "write_approval",
    "write_ledger",
]
