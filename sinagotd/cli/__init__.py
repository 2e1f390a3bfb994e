"""TALKS: one file per command."""
