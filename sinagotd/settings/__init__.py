"""READS: workspace.toml and sinagotd.toml, every fault at once."""
