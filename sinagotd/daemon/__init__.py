"""KEEPS GOING: the loop, timers, signals, systemd."""
