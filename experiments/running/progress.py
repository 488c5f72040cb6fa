"""How far a long job is: a bar for somebody watching, a line now and then for a log file; and, when it is stopped,
what becomes of the work done so far.

Never on the standard output, which is for results.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

#: Seconds between two lines in a log file.
EVERY_SECONDS = 10.0

#: Seconds without a first result after which it is looked whether the model is being compiled.
PATIENCE_SECONDS = 8.0
REASON = "the model is being compiled for this machine, once; that takes a minute or so"

#: Results are counted for at least this many seconds before a time left is told; and for as long as the first of them
#: took (at most the second number): workers begin together, so the first results come all at once.
SETTLED_SECONDS, AT_MOST_SECONDS = 3.0, 30.0

#: What becomes of a command that writes its folder at the end.
NOTHING_KEPT = "nothing is kept, since results are written when all runs are done; the same command begins from the start"


@contextmanager
def if_stopped(sentence: str) -> Iterator[None]:
    """Around work that Ctrl-C or a polite kill may end: what is kept and how to go on, for whoever stops it.

    Raises:
        KeyboardInterrupt: with the sentence, unless an inner block has given one.
    """
    try:
        yield
    except KeyboardInterrupt as e:
        raise KeyboardInterrupt(*(e.args or (sentence,))) from None


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Call the function given inside the block once for each piece of work that is done. Shows the time left."""
    with _told(total, what, "") as step:
        yield lambda: step("")


@contextmanager
def sweep_progress(total: int, what: str = "Sweep") -> Iterator[Callable[[bool], None]]:
    """As :func:`progress`, for thousands of runs: call the function given with whether the run failed. Shows how many
    failed, too, and runs per second."""
    failures = 0
    with _told(total, what, " runs", rate=True) as step:

        def done(failed: bool) -> None:
            nonlocal failures
            failures += failed
            step(f"{failures:,} failed")

        yield done


class Pace:
    """How fast results come, from the first on: what comes before it (loading, compiling) says nothing of the rest."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._first = self._begun
        self._count = 0

    def __call__(self) -> float | None:
        """Another result: results a second; None while it is too early to tell."""
        now = time.monotonic()
        self._count += 1
        if self._count == 1:
            self._first = now
        took = now - self._first
        if took < max(SETTLED_SECONDS, min(self._first - self._begun, AT_MOST_SECONDS)):
            return None
        return (self._count - 1) / took


@contextmanager
def _told(total: int, what: str, unit: str, rate: bool = False) -> Iterator[Callable[[str], None]]:
    """Call the function given once for each piece done, with words that go with the count."""
    bar = _bar(what, total) if sys.stderr.isatty() else None
    timer = threading.Timer(PATIENCE_SECONDS, _tell_reason, (what,))
    timer.daemon = True
    timer.start()
    print(f"{what}: {total:,}{unit} to do", file=sys.stderr, flush=True)
    count, last, pace = 0, time.monotonic(), Pace()

    def step(words: str) -> None:
        nonlocal count, last
        timer.cancel()
        count += 1
        speed = pace()
        parts = [words] if words else []
        if speed and rate:
            parts.append(f"{speed:.1f} a second")
        if speed and count < total:
            parts.append(f"{_duration((total - count) / speed)} left")
        if bar is not None:
            bar.update(bar.task_ids[0], completed=count, words=", ".join(parts))
        elif count == total or time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            told = ", ".join([f"{count:,} of {total:,} done", *parts])
            print(f"{what}: {told}", file=sys.stderr, flush=True)

    try:
        if bar is not None:
            bar.start()
        yield step
    finally:
        timer.cancel()
        if bar is not None:
            bar.stop()


def _tell_reason(what: str) -> None:
    from experiments.running.compiling import is_compiling

    if is_compiling():
        print(f"{what}: {REASON}", file=sys.stderr, flush=True)


def _bar(what: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4)
    bar.add_task(what, total=total, words="")
    return bar


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
