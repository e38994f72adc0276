"""Experiments, versions and papers."""
