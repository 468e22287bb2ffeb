"""Have freed memory used again, or given back; glibc would keep it apart, once for each thread that ever needed it."""

from __future__ import annotations

import ctypes

ARENAS = 2
"""glibc gives threads up to eight heaps a core, and each keeps what its threads once needed: the 15 MB of a commit of
the lexical index, whose threads come and go. Our threads mostly wait for the interpreter, not for memory."""

_M_ARENA_MAX = -8  # malloc.h


def share_heaps() -> bool:
    """Let all threads share `ARENAS` heaps; False where the C library has no such setting.

    Measured with 600 sessions of eight events: 106 MB resident in place of 260 to 280. Mapping large blocks apart
    would save 15 MB more, and make each sentence embedding a sixth slower.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS))


def return_freed() -> bool:
    """Give freed memory back to the system; False where the C library can't. About a millisecond.

    Each thread's blocks of a few kilobytes lie between those that stay, so that glibc keeps their pages by itself: of
    500 long questions with a sentence embedding 10 MB were left.

    A graph of 100,000 vectors of 384 dimensions holds 214 MB when it has been built vector by vector, and 181 after
    this: it grew by moving, and every place it left was too small for the next one.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return False
    return bool(trim(0))
