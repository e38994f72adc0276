"""The catalogue of feature primitives."""
