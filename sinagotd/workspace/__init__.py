"""What a scientist holds: Workspace, records, steps and their results, beside a daemon or without one."""
