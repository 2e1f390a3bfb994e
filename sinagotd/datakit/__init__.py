"""From a tree of files to one table: discovery, sources, materialized datasets. A library of its own; no daemon is needed."""
