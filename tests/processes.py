"""The processes of this machine as its kernel tells of them: who lives, in whose session, with which words begun.

Read from ``/proc`` and not from ``ps``, whose lines end at the width of a terminal.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path


def living(leader: int | None = None) -> list[int]:
    """Living processes, of the session of ``leader`` if one is named; the dead that nobody has buried do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _fields(int(entry.name))
            if fields and fields[0] != "Z" and leader in (None, int(fields[3])):
                found.append(int(entry.name))
    return found


def offspring(pid: int) -> list[int]:
    """Living processes that a process began, and those that they began, and so on."""
    parents = {found: int(fields[1]) for found in living() if (fields := _fields(found))}
    found = [pid]
    for one in found:  # grows while it is gone through
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def alive(pid: int | None) -> bool:
    """Whether a process still runs."""
    assert pid is not None
    fields = _fields(pid)
    return bool(fields) and fields[0] != "Z"


def words_of(pid: int) -> str:
    """The whole command line of a process; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def as_in_a_terminal() -> None:
    """For a process to be begun: a session of its own and Ctrl-C, which one begun in the background ignores."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_until(true: Callable[[], object], seconds: float = 60.0, every: float = 0.02) -> None:
    """Wait for something to become true, no longer than need be; the limit is for a slow machine.

    Raises:
        AssertionError: it did not.
    """
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(every)


def wait_until_all_ended(leader: int) -> None:
    """Wait until no process of a session is left.

    Raises:
        AssertionError: one is.
    """
    wait_until(lambda: not living(leader))


def _fields(pid: int) -> list[str]:
    """State, parent, group, session and more of a process; nothing if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
