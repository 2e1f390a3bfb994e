"""An order on its way to the cluster."""

from typing import NamedTuple


class Entry(NamedTuple):
    """An order on its way: its id, the key that Dask knows it by, how soon it is wanted, and itself as JSON.

    Dask keeps a group for each first part of a key, and hands only the orders of large groups to workers one by one, by
    priority: so all keys begin alike.
    """

    run_id: str
    key: tuple[str, ...]
    priority: int
    text: str


def forget_keys() -> None:
    """Dask remembers the last 100,000 keys that it took apart; ours are made for one run each and are never met again."""
    from dask.utils import key_split  # noqa: PLC0415 - Dask is imported by those who use it

    key_split.cache_clear()
