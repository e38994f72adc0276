"""Which features to keep: what adds out of fold, beats its shadow, is no copy, and comes back under resampling."""

from autoprep.selection.chooser import Selection, select
from autoprep.selection.rows import SelectedFeatures

__all__ = ["SelectedFeatures", "Selection", "select"]
