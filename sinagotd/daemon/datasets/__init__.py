"""KEEPS datasets up to date: which are due, what is built, what came of it. It loads no data: builds run in step hosts."""
