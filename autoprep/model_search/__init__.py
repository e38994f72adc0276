"""A compact search for the model that finishes the pipeline."""
