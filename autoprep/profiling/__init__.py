"""One pass over the data: statistics, semantics, relations."""
