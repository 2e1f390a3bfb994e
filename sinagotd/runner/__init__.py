"""RUNS: hands orders to Dask (or runs them here) and reports how they end."""
