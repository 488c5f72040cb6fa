"""The model made ready in the process from which all background runs come, so that each of them can begin at once.

Importing this module simulates a few weeks of the made-up area: the compiled model is then in memory, and every process
that is forked from here has it. If the model has not been compiled yet (that takes a minute, and runs show that they
wait for it), or cannot be run, nothing is done.
"""

from __future__ import annotations

from contextlib import suppress


def make_ready() -> bool:
    """Simulate a little, if that needs no compiling; whether it was done."""
    from experiments.composing.compose import load_config
    from experiments.running.compiling import SAMPLES, ready_mark
    from sim.jit import COMPILED
    from sim.run import simulate

    ready = COMPILED and ready_mark().exists()
    if ready:
        simulate(load_config([*SAMPLES[0], "history_years=0.1", "horizon_years=0.1"]), 1)
    return ready


with suppress(Exception):  # whatever is wrong here, a run will say it to somebody who can read it
    make_ready()
