"""CALLS: what a script declares, what its code means, and one run of it."""
