"""What a table is: statistics, semantics, relations; in mergeable states and in words that rules can ask for."""

from autoprep.profiling.compare import Comparison, compare
from autoprep.profiling.hurry import Hurry
from autoprep.profiling.kept import remembered
from autoprep.profiling.profiler import profile
from autoprep.profiling.profiles import Profile
from autoprep.profiling.relations import Link, Relations, relate
from autoprep.profiling.streaming import size
from autoprep.profiling.target import infer_task

__all__ = [
    "Comparison",
    "Hurry",
    "Link",
    "Profile",
    "Relations",
    "compare",
    "infer_task",
    "profile",
    "relate",
    "remembered",
    "size",
]
