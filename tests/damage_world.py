"""A workspace with a long story, copies of its manifest, and whatever may befall the files of a manifest."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from engine_world import TOML, World

from sinagotd.core.keys import StepKey
from sinagotd.engine.requests import perform

RECORDS = 30
PAGE_BYTES = 4096
OVERWRITTEN = b"\x00\xff not a database " * 10
CHANGED = range(12, 16)
TURNED_BACK = "REC-9"
EDITED = "REC-11"
HELD = "REC-10"
FAILING = "REC-3"
NEW = "REC-77"


class Story:
    """What happened: runs, reruns, a failure, a hold, an edit, a backup in the middle, a run in flight at the end.

    `killed` and `closed` are the state folder as a kill and as a proper end leave it. After that, while no daemon ran,
    inputs were changed, one was turned back to what it was at the backup, an output removed, a record added.
    """

    def __init__(self, folder: Path) -> None:
        self.world = world = World(folder / "lab", toml=TOML + '[watch]\nsettle = "100ms"\n')
        self.killed, self.closed = folder / "killed", folder / "closed"
        for number in range(1, RECORDS + 1):
            world.put(f"raw/REC-{number}.txt", "word " * number)
        world.put(f"raw/{FAILING}.txt", "a bad one")
        world.settle()
        world.engine.manifest.checkpoint()
        world.engine.manifest.backup(world.state / "backups")
        for number in [5, 6, 7, 9]:
            world.put(f"raw/REC-{number}.txt", "word " * (number + 100))
        world.put(f"count/{EDITED}.txt", "999")
        world.settle()
        perform(world.engine, "hold", {"records": [HELD]})
        world.put("raw/REC-20.txt", "three words now")
        world.walk()
        world.engine.turn(1)
        shutil.copytree(world.state, self.killed)
        world.orders.clear()
        world.close()
        shutil.copytree(world.state, self.closed)
        for number in CHANGED:
            world.put(f"raw/REC-{number}.txt", "word " * (number + 200))
        world.put(f"raw/{TURNED_BACK}.txt", "word " * 9)
        world.put(f"raw/{NEW}.txt", "new")
        (world.data / "mean/REC-17.txt").unlink()


def is_as_made(data: Path, key: StepKey) -> bool:
    """Whether the output of a step is there, and what its input on disk makes; a step that fails makes nothing."""
    output = read(data, f"{key.step}/{key.record}.txt")
    given = read(data, f"raw/{key.record}.txt" if key.step == "count" else f"count/{key.record}.txt")
    if given is None or "bad" in given:
        return False
    return output == (str(len(given.split())) if key.step == "count" else f"mean of {given}")


def read(data: Path, path: str) -> str | None:
    file = data / path
    return file.read_text() if file.exists() else None


Harm = Callable[[Path, random.Random], None]


def flip(path: Path, chance: random.Random, bits: int) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(bits if content else 0):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def one_bit(state: Path, chance: random.Random) -> None:
    flip(state / "manifest.db", chance, 1)


def some_bits(state: Path, chance: random.Random) -> None:
    flip(state / "manifest.db", chance, chance.randrange(2, 30))


def many_bits(state: Path, chance: random.Random) -> None:
    flip(state / "manifest.db", chance, chance.randrange(100, 5000))


def bits_of_the_header(state: Path, chance: random.Random) -> None:
    path = state / "manifest.db"
    content = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 4)):
        content[chance.randrange(100)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def bits_of_the_log(state: Path, chance: random.Random) -> None:
    flip(state / "manifest.db-wal", chance, chance.randrange(1, 30))


def bits_of_the_index(state: Path, chance: random.Random) -> None:
    flip(state / "manifest.db-shm", chance, chance.randrange(1, 30))


def cut(state: Path, chance: random.Random) -> None:
    _cut(state / "manifest.db", chance)


def cut_the_log(state: Path, chance: random.Random) -> None:
    _cut(state / "manifest.db-wal", chance)


def _cut(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(max(1, path.stat().st_size)))


def empty(state: Path, _: random.Random) -> None:
    (state / "manifest.db").write_bytes(b"")


def empty_the_log(state: Path, _: random.Random) -> None:
    (state / "manifest.db-wal").write_bytes(b"")


def overwrite_the_head(state: Path, _: random.Random) -> None:
    with (state / "manifest.db").open("r+b") as file:
        file.write(OVERWRITTEN)


def overwrite_a_place(state: Path, chance: random.Random) -> None:
    path = state / "manifest.db"
    with path.open("r+b") as file:
        file.seek(chance.randrange(path.stat().st_size))
        file.write(chance.randbytes(chance.randrange(1, 3 * PAGE_BYTES)))


def swap_pages(state: Path, chance: random.Random) -> None:
    path = state / "manifest.db"
    content = bytearray(path.read_bytes())
    one, other = (PAGE_BYTES * page for page in chance.sample(range(len(content) // PAGE_BYTES), 2))
    page = content[one : one + PAGE_BYTES]
    content[one : one + PAGE_BYTES] = content[other : other + PAGE_BYTES]
    content[other : other + PAGE_BYTES] = page
    path.write_bytes(content)


def zero_a_page(state: Path, chance: random.Random) -> None:
    path = state / "manifest.db"
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES * chance.randrange(path.stat().st_size // PAGE_BYTES))
        file.write(bytes(PAGE_BYTES))


def take_away(state: Path, _: random.Random) -> None:
    (state / "manifest.db").unlink()


def take_the_log_away(state: Path, _: random.Random) -> None:
    (state / "manifest.db-wal").unlink(missing_ok=True)


def take_the_index_away(state: Path, _: random.Random) -> None:
    (state / "manifest.db-shm").unlink(missing_ok=True)


def take_all_but_the_file_away(state: Path, chance: random.Random) -> None:
    take_the_log_away(state, chance)
    take_the_index_away(state, chance)


def put_another_programs(state: Path, _: random.Random) -> None:
    path = state / "manifest.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")


def put_the_backup_in_its_place(state: Path, _: random.Random) -> None:
    """With the log of the newer one still beside it."""
    shutil.copy(next((state / "backups").iterdir()), state / "manifest.db")


def put_the_log_of_another(state: Path, chance: random.Random) -> None:
    """The write-ahead log of some other database in use, with as many pages as it pleases."""
    path = state / "other.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE notes (text TEXT)")
        for _ in range(chance.randrange(1, 60)):
            other.execute("INSERT INTO notes VALUES (?)", [chance.randbytes(chance.randrange(3000))])
        shutil.copy(state / "other.db-wal", state / "manifest.db-wal")
    path.unlink()
    take_the_index_away(state, chance)


AT_REST: tuple[Harm, ...] = (
    one_bit, some_bits, many_bits, bits_of_the_header, cut, empty, overwrite_the_head, overwrite_a_place, swap_pages,
    zero_a_page, take_away, put_another_programs, put_the_backup_in_its_place,
)  # fmt: skip
IN_USE: tuple[Harm, ...] = (
    *AT_REST, bits_of_the_log, bits_of_the_index, cut_the_log, empty_the_log, take_the_log_away, take_the_index_away,
    take_all_but_the_file_away, put_the_log_of_another,
)  # fmt: skip


def harm(story: Story, state: Path, chance: random.Random) -> str:
    """Make a state folder of the story and harm it; says how."""
    is_killed = chance.random() < 0.6
    shutil.copytree(story.killed if is_killed else story.closed, state)
    chosen = chance.choice(IN_USE if is_killed else AT_REST)
    backup = chance.choice(["backup", "no backup", "bad backup"])
    if backup == "no backup" and chosen is not put_the_backup_in_its_place:
        next((state / "backups").iterdir()).unlink()
    chosen(state, chance)
    if backup == "bad backup":
        flip(next((state / "backups").iterdir()), chance, 5000)
    return f"{chosen.__name__} of a {'killed' if is_killed else 'closed'} one with {backup}"
