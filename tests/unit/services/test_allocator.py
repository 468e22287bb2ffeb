"""What the C library does with freed memory once it was told."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from reasoningbank_daemon.services.allocator import ARENAS, return_freed, share_heaps

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc what it did")

HEAPS = """
import ctypes, os, re, sys, threading
from reasoningbank_daemon.services.allocator import share_heaps

if sys.argv[1] == "shared":
    assert share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fdopen.restype = ctypes.c_void_p
met = threading.Barrier(8)

def allocate():
    met.wait()
    libc.malloc(ctypes.c_size_t(5000))
    met.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
reader, writer = os.pipe()
file = ctypes.c_void_p(libc.fdopen(writer, b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
told = b""
while part := os.read(reader, 65536):
    told += part
print(len(re.findall(rb"<heap nr=", told)))
"""

FREED = """
import os
from pathlib import Path
from reasoningbank_daemon.services.allocator import return_freed

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

blocks = [bytes(20_000) for _ in range(4_000)]
last = blocks.pop()
full = resident_bytes()
blocks.clear()
kept = resident_bytes()
assert return_freed()
print(full - kept, kept - resident_bytes())
"""


def run(program: str, *arguments: str) -> list[int]:
    """Run a program in a process of its own, whose heap nobody else has used; return the numbers that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return [int(word) for word in done.stdout.split()]


@needs_glibc
def test_eight_threads_share_two_heaps() -> None:
    [apart] = run(HEAPS, "apart")
    [shared] = run(HEAPS, "shared")

    assert shared <= ARENAS < apart


@needs_glibc
def test_freed_memory_below_what_stays_goes_back_to_the_system() -> None:
    by_itself, told = run(FREED)

    assert by_itself < 10_000_000
    assert told > 70_000_000


def test_library_without_the_setting_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    assert not share_heaps()
    assert not return_freed()
