"""DECIDES: values and pure functions. No file, clock, log or process is touched here."""
