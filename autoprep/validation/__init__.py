"""Rules, their catalogue and their evaluation: what is expected of data, in GX's words, at Polars' speed."""

from autoprep.validation.cases import run_cases
from autoprep.validation.catalog import Rulebook, load_rulebook
from autoprep.validation.contract import Contract, as_contract
from autoprep.validation.derive import derive
from autoprep.validation.evaluate import evaluate
from autoprep.validation.find import find, fire
from autoprep.validation.pages import explain, json_schema
from autoprep.validation.report import ValidationReport
from autoprep.validation.rule import Rule
from autoprep.validation.rule_file import parse_rule
from autoprep.validation.validator import suite, validate

__all__ = [
    "Contract",
    "Rule",
    "Rulebook",
    "ValidationReport",
    "as_contract",
    "derive",
    "evaluate",
    "explain",
    "find",
    "fire",
    "json_schema",
    "load_rulebook",
    "parse_rule",
    "run_cases",
    "suite",
    "validate",
]
