"""Shows how many cells are loaded, on stderr; it counts what passes and changes nothing."""

from collections.abc import Iterable, Iterator

from sinagotd.datakit.loading import LoadedRow


def shown(rows: Iterable[LoadedRow], *, total: int, progress: bool) -> Iterator[LoadedRow]:
    """The rows as they come, with a bar of `total` cells when one is wanted."""
    if not progress:
        yield from rows
        return
    from rich.console import Console  # noqa: PLC0415  only who wants a bar waits for rich
    from rich.progress import Progress  # noqa: PLC0415  as above

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("loading", total=total)
        for row in rows:
            yield row
            bar.advance(task, len(row.records))
