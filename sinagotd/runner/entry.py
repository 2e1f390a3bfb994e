"""An order on its way to the cluster."""

from typing import NamedTuple, Self

from sinagotd.scripts.orders import RunOrder


class Entry(NamedTuple):
    """An order on its way: its id, what kind of run it is, how soon it is wanted, the key for Dask, and itself as JSON.

    Dask keeps a group for each first part of a key, and hands only the orders of large groups to workers one by one, by
    priority: so all keys begin alike.
    """

    run_id: str
    kind: tuple[str, str]
    priority: int
    key: tuple[str, ...]
    text: str

    @classmethod
    def of(cls, order: RunOrder, priority: int) -> Self:
        """Runs of one step of one workspace are of a kind."""
        key = ("sinagotd", order.record, order.step, order.run_id)
        return cls(order.run_id, (order.scripts_path, order.step), priority, key, order.to_json())


def forget_keys() -> None:
    """Dask remembers the last 100,000 keys that it took apart; ours are made for one run each and are never met again."""
    from dask.utils import key_split  # noqa: PLC0415 - Dask is imported by those who use it

    key_split.cache_clear()
