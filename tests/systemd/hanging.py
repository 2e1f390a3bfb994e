"""The program sinagotd with a hand inside: it makes one thread stand still in the kernel, the one named in the file `HANG`.

A signal whose handler is the C function `pause` stops that thread alone: whoever waits does not hold Python's lock.
"""

import ctypes
import signal
import threading
import time
from pathlib import Path

from sinagotd.cli.main import main as sinagotd

HANG = Path("/run/sinagotd/hang")


def names(thread: threading.Thread) -> tuple[str, str]:
    return thread.name, type(thread).__name__


def hang_whenever_told() -> None:
    while True:
        while not (HANG.exists() and (wanted := HANG.read_text())):
            time.sleep(0.05)
        HANG.unlink()
        for thread in threading.enumerate():
            if wanted in names(thread) and thread.ident is not None:
                signal.pthread_kill(thread.ident, signal.SIGUSR2)


def main() -> None:
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal(signal.SIGUSR2, ctypes.cast(libc.pause, ctypes.c_void_p))
    threading.Thread(target=hang_whenever_told, daemon=True).start()
    sinagotd()


if __name__ == "__main__":  # every Dask worker imports this file
    main()
