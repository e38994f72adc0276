"""The artefact, prediction, and the HTTP application."""
