"""The first simulation on a machine compiles the model; only one process does that, and the others wait for it.

The compiled code is kept on disk and shared. Two processes that fill its store at once would each spend a minute
on the same work, and the store is not made for it: they give different code the same file name, and a later
command would load the wrong one. So whoever comes first holds a lock and compiles the whole model, not only what
its own simulation needs; a mark in the folder says from then on that there is nothing to wait for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: One of each way in which needs arise: together they use all of the model.
SAMPLES = (
    ("area=example_small", "system=balanced"),
    (
        "area=referral_stream",
        "system=single_list",
        "needs=plain",
        "workforce=one_team",
        "calendar=every_day",
    ),
)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Around a simulation: wait until the model is compiled, or compile it; no more than a glance once it is."""
    compile_model()
    yield


def compile_model() -> None:
    """Compile the whole model unless that has been done, so that no simulation need."""
    from sim.jit import COMPILED

    if not COMPILED or ready_mark().exists():
        return
    with _lock(ready_mark().with_name("lock")):
        if not ready_mark().exists():
            simulate_samples()
            with suppress(OSError):  # a folder that cannot be written
                ready_mark().touch()


def is_compiling() -> bool:
    """Whether a process on this machine is compiling the model just now."""
    from sim.jit import COMPILED

    if not COMPILED or ready_mark().exists():
        return False
    try:
        import fcntl

        with ready_mark().with_name("lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def ready_mark() -> Path:
    """The file that says that the model is compiled: by this Python, and by this version of the compiler."""
    from sim.jit import numba

    python = ".".join(map(str, sys.version_info[:2]))
    return Path(os.environ["NUMBA_CACHE_DIR"]) / f"ready-python{python}-numba{numba.__version__}"


def simulate_samples() -> None:
    """Use all of the model once: its machine code is in memory from then on."""
    from experiments.composing.compose import load_config
    from sim import simulate

    for choices in SAMPLES:
        simulate(load_config([*choices, "history_years=0.1", "horizon_years=0.1"]), 1)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock between processes; where a system has none, or a folder cannot be written, do without."""
    try:
        import fcntl

        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except (ImportError, OSError):
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield  # given up when the file is closed, or its process ends


if __name__ == "__main__":
    compile_model()
