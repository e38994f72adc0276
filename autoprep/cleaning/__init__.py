"""Plan, apply, ledger, quarantine, undo."""

from autoprep.cleaning.apply import apply, apply_to_files
from autoprep.cleaning.ledger import read_ledger, write_ledger
from autoprep.cleaning.plan_file import diff, load_plan, save_plan
from autoprep.cleaning.planner import plan
from autoprep.cleaning.transform import Transformer, transform
from autoprep.cleaning.undo import undo

__all__ = [
    "Transformer",
    "apply",
    "apply_to_files",
    "diff",
    "load_plan",
    "plan",
    "read_ledger",
    "save_plan",
    "transform",
    "undo",
    "write_ledger",
]
