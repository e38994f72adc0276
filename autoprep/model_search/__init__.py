"""A compact search for the model that finishes the pipeline."""

from autoprep.model_search.predictor import Predictor, load_predictor
from autoprep.model_search.search import SearchResult, search

__all__ = ["Predictor", "SearchResult", "load_predictor", "search"]
