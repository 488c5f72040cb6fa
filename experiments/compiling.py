"""The first simulation on a machine compiles the model; only one process may do that at a time.

The compiled code is kept on disk and shared. Its store is not made for several processes that fill it at
once: they give different code the same file name, and a later command would load the wrong one. So the
first process holds a lock while its first simulation runs, the others wait for it, and a mark in the
folder says from then on that there is nothing to wait for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY = "ready"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Around a simulation: alone if the model may still have to be compiled, freely once it has been."""
    from sim.jit import COMPILED

    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    if not COMPILED or (folder / READY).exists():
        yield
        return
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / READY).exists():
            fcntl.flock(lock, fcntl.LOCK_UN)
            yield
            return
        yield
        (folder / READY).touch()


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


def compile_model() -> None:
    """Compile the whole model now, so that the first command after installation need not."""
    from experiments.compose import load_config
    from sim import simulate

    with one_at_a_time():
        for choices in SAMPLES:
            simulate(load_config([*choices, "history_years=0.1", "horizon_years=0.1"]), 1)


if __name__ == "__main__":
    compile_model()
