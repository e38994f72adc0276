"""The Python interface: the verbs, each a thin door to its stage.

A ``source`` is a path, glob, folder, address of object storage, database address with a query, a mapping of column
names to values, or any frame that speaks the Arrow PyCapsule interface (Polars, pandas, PyArrow, DuckDB, ...).
"""

from autoprep.api.cache import cache_clear, cache_list
from autoprep.api.cleaning import (
    clean,
    clean_to_files,
    is_large,
    kept_beside,
    ledger_of,
    load_plan,
    plan,
    save_plan,
    set_aside,
    undo,
    write_cleaned,
)
from autoprep.api.contracts import contract, export_contract, save_contract, validate, write_text, write_validation
from autoprep.api.data import (
    describe,
    explain_rule,
    find,
    profile,
    profile_of,
    read,
    rule_schema,
    rulebook,
    test_rules,
    write_profile,
)
from autoprep.api.deliveries import data_diff
from autoprep.api.duplicates import duplicates
from autoprep.api.features import (
    export_features,
    html_path,
    schema_of,
    select,
    synthesize,
    verify_features,
    warm_up,
    write_feature_report,
)
from autoprep.api.model import Model
from autoprep.api.monitor import Monitored, monitor
from autoprep.api.monitoring import drift, drift_windows, write_drift, write_drift_windows
from autoprep.api.papers import audit, evidence, fairness, questions, write_card, write_papers
from autoprep.api.project import init, run_stage
from autoprep.api.relations import compare, relate, several
from autoprep.api.review import approve, canary, explain_cell, plan_diff, with_budgets
from autoprep.api.serving import explain, package, serve
from autoprep.api.training import evaluate, fit, load, report
from autoprep.api.trust import sign, verify

__all__ = [
    "Model",
    "Monitored",
    "approve",
    "audit",
    "cache_clear",
    "cache_list",
    "canary",
    "clean",
    "clean_to_files",
    "compare",
    "contract",
    "data_diff",
    "describe",
    "drift",
    "drift_windows",
    "duplicates",
    "evaluate",
    "evidence",
    "explain",
    "explain_cell",
    "explain_rule",
    "export_contract",
    "export_features",
    "fairness",
    "find",
    "fit",
    "html_path",
    "init",
    "is_large",
    "kept_beside",
    "ledger_of",
    "load",
    "load_plan",
    "monitor",
    "package",
    "plan",
    "plan_diff",
    "profile",
    "profile_of",
    "questions",
    "read",
    "relate",
    "report",
    "rule_schema",
    "rulebook",
    "run_stage",
    "save_contract",
    "save_plan",
    "schema_of",
    "select",
    "serve",
    "set_aside",
    "several",
    "sign",
    "synthesize",
    "test_rules",
    "undo",
    "validate",
    "verify",
    "verify_features",
    "warm_up",
    "with_budgets",
    "write_card",
    "write_cleaned",
    "write_drift",
    "write_drift_windows",
    "write_feature_report",
    "write_papers",
    "write_profile",
    "write_text",
    "write_validation",
]
