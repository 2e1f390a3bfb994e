"""`python -m sinagotd` is the command `sinagotd`."""

from sinagotd.cli.main import main

if __name__ == "__main__":
    main()
