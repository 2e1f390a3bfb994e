"""Datasets that stay up to date: incremental builds with versions, reasons and a check. A library: no daemon, no settings, no log."""
