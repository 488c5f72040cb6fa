"""Runs in the background: each belongs to one browser tab, can be stopped, and leaves no process behind.

A run is a process of its own with workers of its own. Its key is made anew for each run, so no two users and no
two runs of one user ever share progress or results. A tab says every few seconds that it is still there; when it
has been silent for too long, or says that it is closing, its run is ended. Few runs go on at once: whoever comes
next is told that the machine is busy, and when to try again.

Moving between pages changes nothing here: progress and result are kept under the run's key until newer runs
take their place.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dashboards.background.work import (
    LOADED,
    SWEEP_FOLDER,
    EndsOrder,
    Order,
    Part,
    SweepOrder,
    carry_out,
    carry_out_ends,
    carry_out_sweep,
    part_name,
    read_end,
    read_parts,
    sweep_progress_in,
)
from experiments.results.views import Gathered
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

State = Literal["running", "done", "failed", "cancelled", "tab closed"]

#: Seconds of silence after which a tab counts as closed. Browsers let tabs in the background speak once a minute.
SILENCE = 90.0

#: Seconds that a tab which said goodbye has to come back: reloading a page says goodbye, too.
GRACE = 8.0

#: Runs that go on at once, and finished ones whose results are kept.
MOST_RUNNING, MOST_KEPT = 2, 8


@dataclass
class Job:
    """One background run. ``owner``: token of the tab it belongs to; None for the dashboard's own. ``starting``: the thread
    that starts the process. ``quiet``: it answers a control of a page, gives way to the tab's next run, and is no results to
    choose. ``began``: seconds since the epoch."""

    key: str
    owner: str | None
    title: str
    order: Order | SweepOrder | EndsOrder
    folder: Path
    process: Any
    starting: threading.Thread
    began: float
    quiet: bool = False
    state: State = "running"
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    swept: tuple[int, int] = (0, 0)
    gathered: Gathered = field(init=False)

    def __post_init__(self) -> None:
        self.gathered = Gathered(tuple(self.order.configs) if isinstance(self.order, Order) else ())

    @property
    def done(self) -> int:
        """Simulations that are done."""
        return self.swept[0] if isinstance(self.order, SweepOrder) else len(self.parts)

    @property
    def total(self) -> int:
        """Simulations in all; nought while that is not known."""
        return self.swept[1] if isinstance(self.order, SweepOrder) else self.order.total

    @property
    def sweep(self) -> Path | None:
        """The folder of a sweep that is complete."""
        whole = isinstance(self.order, SweepOrder) and self.state == "done"
        return self.folder / SWEEP_FOLDER if whole else None

    @property
    def can_be_shown(self) -> bool:
        """Whether there is something to look at; a sweep is looked at when it is complete."""
        return self.sweep is not None or (isinstance(self.order, Order) and bool(self.parts))

    @property
    def running(self) -> bool:
        return self.state == "running"


class Busy(InputError):
    """As many runs as the machine can bear are going on."""


class Jobs:
    """The table of background runs of one server.

    Args:
        most_running: runs at once. silence, grace: seconds, see :data:`SILENCE` and :data:`GRACE`.
        clock: seconds; another one in tests.
    """

    def __init__(
        self,
        most_running: int = MOST_RUNNING,
        silence: float = SILENCE,
        grace: float = GRACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_running, self.silence, self.grace, self.clock = most_running, silence, grace, clock
        self._jobs: dict[str, Job] = {}
        self._heard: dict[str, float] = {}
        self._lock = threading.RLock()
        self._root = Path(tempfile.mkdtemp(prefix="opendoor-"))
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def start(
        self,
        order: Order | SweepOrder | EndsOrder,
        title: str,
        owner: str | None,
        quiet: bool = False,
        known: Sequence[Part] = (),
    ) -> str:
        """Begin a run; returns its key. A quiet one of the same tab that still goes on is ended.

        Args:
            known: the parts that the order says are known.

        Raises:
            Busy: this tab has a run already, or too many go on.
        """
        with self._lock:
            if owner is not None:
                self.end_quiet(owner)
            running = [job for job in self._jobs.values() if job.running and job.owner is not None]
            if owner is not None and any(job.owner == owner for job in running):
                raise Busy("Your last run is still going on; cancel it first, or wait until it is done.")
            if owner is not None and len(running) >= self.most_running:
                raise Busy(
                    f"Busy: {len(running)} runs are going on for other people, as many as this machine can bear. "
                    "Nothing was started; try again in a minute."
                )
            if owner is not None:
                self._heard[owner] = self.clock()
            key = f"run-{uuid.uuid4().hex[:12]}"
            folder = self._root / key
            folder.mkdir()
            process = _context().Process(target=_work(order), args=(order, folder), name=key)
            # the first one has to wait until there is a process with the model in memory; nobody waits for that here
            starting = threading.Thread(target=process.start, daemon=True)
            starting.start()
            parts = {part_name(part.system, part.replication): part for part in known}
            self._jobs[key] = Job(
                key, owner, title, order, folder, process, starting, time.time(), quiet, parts=parts
            )
            self._forget_oldest()
            return key

    def look(self, key: str) -> Job | None:
        """The run as it is now, with all parts that are complete; None if it is not known (any more)."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.running:
                self._update(job)
            return job

    def tables(self, key: str) -> dict[str, pd.DataFrame]:
        """Small tables of the replications that are complete; none if the run is not known (any more)."""
        with self._lock:
            job = self._jobs.get(key)
            return job.gathered.frames() if job is not None else {}

    def of(self, owner: str) -> list[Job]:
        """Runs of one tab but the quiet ones, the newest last."""
        with self._lock:
            return [job for job in self._jobs.values() if job.owner == owner and not job.quiet]

    def cancel(self, key: str, owner: str) -> bool:
        """Stop a run at once; False if it is not this tab's, or over."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.owner != owner or not job.running:
                return False
            self._stop(job, "cancelled")
            return True

    def end_quiet(self, owner: str) -> None:
        """Stop the quiet run of a tab, if one goes on."""
        with self._lock:
            for job in self._jobs.values():
                if job.running and job.quiet and job.owner == owner:
                    self._stop(job, "cancelled")

    def heard(self, owner: str) -> None:
        """A tab is still there."""
        with self._lock:
            self._heard[owner] = self.clock()

    def goodbye(self, owner: str) -> None:
        """A tab is closing, or loading its page again: it has a few seconds to be heard of."""
        with self._lock:
            self._heard[owner] = min(
                self._heard.get(owner, self.clock()), self.clock() - self.silence + self.grace
            )

    def sweep_up(self) -> None:
        """Notice what has ended, and end what belongs to nobody any more."""
        with self._lock:
            for job in self._jobs.values():
                if job.running:
                    self._update(job)
                silent = self.clock() - self._heard.get(job.owner or "", 0.0)
                if job.running and job.owner is not None and silent > self.silence:
                    self._stop(job, "tab closed")

    def close(self) -> None:
        """End everything; nothing can be started afterwards that would be watched."""
        self._closed.set()
        with self._lock:
            for job in self._jobs.values():
                if job.running:
                    self._stop(job, "cancelled")
        shutil.rmtree(self._root, ignore_errors=True)

    def _watch(self) -> None:
        while not self._closed.wait(min(1.0, self.silence / 4)):
            self.sweep_up()

    def _update(self, job: Job) -> None:
        # asked first: what it wrote before it ended is then there
        alive = job.starting.is_alive() or job.process.is_alive()
        end = read_end(job.folder)
        self._read(job)
        if end is not None:
            job.failures, job.problems = end.failures, end.problems
            job.state = "failed" if end.problems else "done"
            job.process.join(5)
        elif not alive:
            job.state = "failed"
            job.problems = [
                f"The run was ended from outside (exit status {job.process.exitcode}); the machine may be "
                "out of memory. Try fewer replications or a smaller area."
            ]
        if not job.running:
            self._clear(job)

    def _stop(self, job: Job, state: State) -> None:
        job.starting.join()
        job.process.terminate()  # it ends its own workers
        job.process.join(5)
        if job.process.is_alive():
            job.process.kill()  # its workers notice that it is gone
            job.process.join(5)
        self._read(job)
        job.state = state
        self._clear(job)

    def _read(self, job: Job) -> None:
        if isinstance(job.order, SweepOrder):
            job.swept = sweep_progress_in(job.folder)
        else:
            read_parts(job.folder, job.parts, job.gathered)

    def _clear(self, job: Job) -> None:
        if job.sweep is None:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _forget_oldest(self) -> None:
        for quiet in (False, True):
            over = [
                job.key
                for job in self._jobs.values()
                if not job.running and job.owner is not None and job.quiet == quiet
            ]
            for key in over[: max(0, len(over) - MOST_KEPT)]:
                shutil.rmtree(self._jobs.pop(key).folder, ignore_errors=True)


def _work(order: Order | SweepOrder | EndsOrder) -> Callable[..., None]:
    if isinstance(order, Order):
        return carry_out
    return carry_out_sweep if isinstance(order, SweepOrder) else carry_out_ends


def _context() -> Any:
    """Processes start clean from one that has the model loaded, not as copies of a server full of threads."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(LOADED))
    return context
