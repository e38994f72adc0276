"""Which rows speak of the same thing: blocking, comparison by levels, and weights learnt without labels.

Method: Fellegi and Sunter (1969), with the chances of agreement among different things counted on random pairs and
those among like things learnt by expectation maximisation (Winkler 2000) from where noisy copies of the rows' own
cells stand.
"""

from autoprep.cleaning.linkage.clusters import find_clusters
from autoprep.cleaning.linkage.link import Links, link

__all__ = ["Links", "find_clusters", "link"]
