"""REMEMBERS: in SQLite; the only place with SQL."""
