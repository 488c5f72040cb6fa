"""One run of a sweep, in a worker process: it ends with numbers or with an error, never with something between.

A run fails if it raises, if a measure that the sweep requires is not defined in it, if any measure is infinite, or
if it takes longer than allowed.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import os
import signal
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from experiments.running.compiling import compile_model
from experiments.running.pool import in_common
from experiments.sweeps.traces import packed

if TYPE_CHECKING:
    from experiments.sweeps.points import Choices, Point
    from sim.config import Config


@dataclass(frozen=True)
class SweepRun:
    """One run: design point, replication, seed of the replication."""

    point: int
    replication: int
    seed: int


@dataclass(frozen=True)
class Measured:
    """Headline measures in the order of the ledger, processor time, and the run week by week (nothing if not kept)."""

    values: tuple[float, ...]
    cpu_seconds: float
    weeks: bytes = b""


@dataclass(frozen=True)
class Common:
    """What every run of a sweep needs; sent to each worker once.

    ``checked``: indices of the points whose configuration has been checked already. ``traces``: keep each run week by
    week.
    """

    points: Sequence[Point] | Mapping[int, Point]
    configurations: Mapping[Choices, dict[str, Any]]
    measures: tuple[str, ...]
    required: tuple[str, ...]
    time_limit: float | None
    checked: frozenset[int] = frozenset()
    traces: bool = False

    def only(self, points: Collection[int]) -> Common:
        """The same for some of the points, by their indices."""
        kept = {index: self.points[index] for index in points}
        choices = {point.choices for point in kept.values()}
        configurations = {c: tree for c, tree in self.configurations.items() if c in choices}
        return replace(
            self, points=kept, configurations=configurations, checked=self.checked.intersection(points)
        )


class TimeLimitReached(Exception):
    """A run that took longer than allowed."""


class NotDefined(Exception):
    """A run without a measure that it must have."""


def simulate_point(run: SweepRun) -> Measured:
    """Simulate one run and take its headline measures.

    Raises:
        TimeLimitReached, NotDefined: see the module's first paragraph.
        InputError: a point whose configuration is not sound, or an area that cannot be built.
    """
    from sim import simulate
    from sim.measures.trace import trace_of

    common: Common = in_common()
    compile_model()  # not a matter of this run, so not within its time
    before = time.process_time()
    config = _config(run.point, common)
    with time_limit(common.time_limit):
        done = simulate(config, run.seed)
        found = sound(done.summary(), common)
        weeks = packed(trace_of(done)) if common.traces else b""
    return Measured(found, time.process_time() - before, weeks)


def sound(found: Mapping[str, float], common: Common) -> tuple[float, ...]:
    """The measures in order, if they can be believed.

    Raises:
        NotDefined: a required measure is NaN, any is infinite, or one is missing.
    """
    missing = [name for name in common.measures if name not in found]
    undefined = [name for name in common.required if name in found and math.isnan(found[name])]
    infinite = [name for name in common.measures if name in found and math.isinf(found[name])]
    faults = {"missing": missing, "not defined": undefined, "infinite": infinite}
    if any(faults.values()):
        raise NotDefined(
            "; ".join(f"{', '.join(names)}: {fault}" for fault, names in faults.items() if names)
        )
    return tuple(float(found[name]) for name in common.measures)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Let the block take at most so long.

    Python looks for the alarm between its own instructions. Where it does not get to that within half as long again
    (compiled code that never returns), the process is ended, and the pool names the run.

    Raises:
        TimeLimitReached: in the block.
    """
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - faulthandler wants a file descriptor
        faulthandler.dump_traceback_later(1.5 * seconds + 1.0, exit=True, file=nowhere)
        try:
            main = threading.current_thread() is threading.main_thread()
            with _alarm(seconds) if main and hasattr(signal, "setitimer") else _alarm_in_thread(seconds):
                yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeLimitReached(_took_longer(seconds))

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _alarm_in_thread(seconds: float) -> Iterator[None]:
    """The same where signals do not arrive: the thread of a cluster's worker."""
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    thread, lock, over = ctypes.c_ulong(threading.get_ident()), threading.Lock(), False
    # raised from outside by its type alone: so the type has the words
    words = {"__init__": lambda self: TimeLimitReached.__init__(self, _took_longer(seconds))}
    late = type(TimeLimitReached.__name__, (TimeLimitReached,), words)

    def stop() -> None:
        with lock:
            if not over:
                raise_in(thread, ctypes.py_object(late))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    try:
        timer.start()
        yield
    finally:
        with lock:
            over = True
            raise_in(thread, None)  # one that was on its way comes too late
        timer.cancel()


def _took_longer(seconds: float) -> str:
    return f"took longer than {seconds:g} seconds (time_limit)"


_last: list[tuple[Common, int, Config]] = []
_bases: list[tuple[Common, dict[Choices, Config]]] = []


def _config(index: int, common: Common) -> Config:
    """The checked configuration of a point; the last one is kept, because its replications follow each other."""
    if _last and _last[0][0] is common and _last[0][1] == index:
        return _last[0][2]
    from experiments.sweeps.points import checked_config

    point = common.points[index]
    base = _base(point.choices, common)
    config = checked_config(point, base, common.configurations, index in common.checked)
    _last[:] = [(common, index, config)]
    return config


def _base(choices: Choices, common: Common) -> Config:
    """The configuration that points with these choices of files start from; the command has checked it."""
    from sim.config import Config

    if not _bases or _bases[0][0] is not common:
        _bases[:] = [(common, {})]
    known = _bases[0][1]
    if choices not in known:
        known[choices] = Config.model_validate(common.configurations[choices])
    return known[choices]
