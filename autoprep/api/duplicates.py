"""The verb of duplicates: rows that speak of the same thing in other words, with the evidence for each."""

from __future__ import annotations

from typing import Any

from autoprep.api.data import read
from autoprep.cleaning.linkage import find_clusters
from autoprep.types import Listener, silent


def duplicates(source: Any, *, query: str | None = None, listener: Listener = silent) -> dict[str, Any]:
    """Find rows that speak of the same thing although they are not equal; nothing is written.

    Args:
        source: see ``read``. query: a table's name or SQL, when the source is a database.
        listener: hears what is found.

    Returns:
        ``rows``, ``equal`` (rows that repeat an earlier one in full), ``compared`` and ``left_out`` (pairs),
        ``planted``, ``found``, ``wrong`` (copies planted as a proof, links of them that were right and wrong),
        ``expected_false`` (links below that are expected to be chance's), ``declined`` (why links are not told) and
        ``clusters``: each with the 0-based ``row`` that is fullest and ``others``: ``row``, ``probability`` and
        ``bits`` of evidence by column.

    Raises:
        InputError: there is no such source, or it cannot be read.

    Example:
        >>> duplicates({"name": ["Ann Lee", "Ann Lee", "Bob Ray"], "age": [3, 3, 4]})["equal"]
        1
    """
    return find_clusters(read(source, query=query, listener=listener).frame.collect())
