import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt(3) is glibc's")
def test_the_c_library_takes_the_wish() -> None:
    probe = "from sinagotd.runner.thrift import give_memory_back; print(give_memory_back())"
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"
