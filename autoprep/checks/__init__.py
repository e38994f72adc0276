"""The catalogue of verbs that rules use."""
