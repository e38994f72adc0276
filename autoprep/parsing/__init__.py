"""Text to value as pure Polars expressions: what reading, profiling and the verbs of rules share.

Every function takes a ``String`` expression and gives an expression; what cannot be parsed becomes null. Nothing here
looks at a whole column: which format a column is written in is decided by profiling and handed in.
"""
