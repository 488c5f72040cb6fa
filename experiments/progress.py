"""How far a long job is: a bar for somebody watching, a line now and then for a log file.

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

#: Seconds without a first result after which the likely reason is told.
PATIENCE_SECONDS = 8.0
REASON = "still on the first; on a new machine the model is compiled first, once, which takes a minute or so"


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Call the function given inside the block once for each piece of work that is done."""
    timer = threading.Timer(PATIENCE_SECONDS, lambda: print(f"{what}: {REASON}", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        with _bar(total, what) if sys.stderr.isatty() else _lines(total, what) as step:

            def done() -> None:
                timer.cancel()
                step()

            yield done
    finally:
        timer.cancel()


@contextmanager
def _bar(total: int, what: str) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def _lines(total: int, what: str) -> Iterator[Callable[[], None]]:
    count = 0
    last = time.monotonic()
    print(f"{what}: {total} to do", file=sys.stderr, flush=True)

    def done() -> None:
        nonlocal count, last
        count += 1
        if time.monotonic() - last >= EVERY_SECONDS or count == total:
            last = time.monotonic()
            print(f"{what}: {count} of {total} done", file=sys.stderr, flush=True)

    yield done


@contextmanager
def sweep_progress(total: int) -> Iterator[Callable[[bool], None]]:
    """As :func:`progress`, for thousands of runs: call the function given with whether the run failed. Shows how many
    are done and how many failed, runs per second, and the time left."""
    count = failures = 0
    first = last = time.monotonic()
    bar = _sweep_bar(total) if sys.stderr.isatty() else None
    timer = threading.Timer(PATIENCE_SECONDS, lambda: print(f"Sweep: {REASON}", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    print(f"Sweep: {total:,} runs to do", file=sys.stderr, flush=True)

    def step(failed: bool) -> None:
        nonlocal count, failures, first, last
        timer.cancel()
        now = time.monotonic()
        if count == 0:
            first = now  # what comes before the first result says nothing about the rest
        count, failures = count + 1, failures + failed
        if count == 1 < total:
            return
        rate = (count - 1) / max(now - first, 1e-9) or 1.0
        words = f"{failures:,} failed, {rate:.1f} a second, {_duration((total - count) / rate)} left"
        if bar is not None:
            bar.update(bar.task_ids[0], completed=count, words=words)
        elif now - last >= EVERY_SECONDS or count == total:
            last = now
            print(f"Sweep: {count:,} of {total:,} done, {words}", file=sys.stderr, flush=True)

    try:
        if bar is not None:
            bar.start()
        yield step
    finally:
        timer.cancel()
        if bar is not None:
            bar.stop()


def _sweep_bar(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Sweep"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4)
    bar.add_task("Sweep", total=total, words="")
    return bar


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
