"""How far a long job is: a bar for somebody watching, a line now and then for a log file.

Never on the standard output, which is for results.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
