"""Rules, their catalogue: what is expected of data, in Great Expectations' words, at Polars' speed."""

from autoprep.validation.cases import run_cases
from autoprep.validation.catalog import Rulebook, load_rulebook
from autoprep.validation.find import find, fire
from autoprep.validation.pages import explain
from autoprep.validation.rule import Rule, parse_rule

__all__ = ["Rule", "Rulebook", "explain", "find", "fire", "load_rulebook", "parse_rule", "run_cases"]
