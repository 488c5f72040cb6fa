"""Many simulations on the cores of one machine: a steady stream of results, whatever happens to a single run.

A pool of worker processes takes tasks one by one and hands results back in the order they finish. It is
meant for long jobs on ordinary machines, so it is strict about how things end: a task that fails, or a
worker that the operating system kills (out of memory), costs its own task only and is named; Ctrl-C and a
polite kill end everything at once; and if the parent itself is killed the workers notice and go too.

At most ``workers + 1`` tasks are under way at any time. That bounds the memory, makes stopping instant, and
leaves few suspects when a worker dies: those are run again one at a time, and whoever kills its worker
again is the guilty one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from types import FrameType
from typing import Any, Generic, TypeVar

from sim.errors import InputError

#: What a worker needs for one simulation, loaded once and shared by all workers.
PRELOAD = ("numpy", "simpy", "pydantic", "sim.run", "sim.measures", "experiments.running.replicate")

Task = TypeVar("Task")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Failure:
    """Why a task has no value.

    Attributes:
        kind: name of the exception, for example ``InputError``.
        message: its text.
        details: where it happened (a traceback), for whoever mends the program.
        problems: the sentences of an ``InputError``; empty for anything else.
    """

    kind: str
    message: str
    details: str = ""
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


@dataclass(frozen=True)
class Outcome(Generic[Task, Value]):
    """What became of one task: its value, or its failure."""

    task: Task
    value: Value | None = None
    failure: Failure | None = None


WORKER_DIED = Failure("worker died", "its process was ended from outside (out of memory, or killed)")


def run_tasks(
    function: Callable[[Task], Value],
    tasks: Iterable[Task],
    workers: int,
    preload: Sequence[str] = (),
    common: object = None,
    copies: bool = False,
) -> Generator[Outcome[Task, Value], None, None]:
    """Run ``function`` on every task in ``workers`` processes; yield outcomes as they come.

    Args:
        function: called in a worker with one task; importable by name.
        tasks: picklable; read lazily, at most ``workers + 1`` ahead of the outcomes.
        workers: number of processes, at least 1.
        preload: modules that every worker has in memory from the start.
        common: what all tasks need; sent to each worker once, not with every task (see :func:`in_common`).
        copies: workers are copies of this process, for one that has the model in memory and holds no locks in other
            threads: they are there at once.

    Raises:
        KeyboardInterrupt: on Ctrl-C, and on SIGTERM in the main thread; the workers are gone by then.
    """
    todo = iter(tasks)
    suspects: deque[Task] = deque()
    trial: Future[Value | Failure] | None = None
    running: dict[Future[Value | Failure], Task] = {}
    pool = _start(workers, preload, common, copies)

    def submit(task: Task) -> Future[Value | Failure]:
        try:
            with _undisturbed():  # it may start a worker, which would wait in vain for what it is to do
                future = pool.submit(guarded, function, task)
        except BrokenProcessPool:
            suspects.append(task)
            raise
        running[future] = task
        return future

    with sigterm_like_ctrl_c():
        try:
            while True:
                try:
                    if trial not in running:
                        trial = submit(suspects.popleft()) if suspects else None
                    while trial is None and len(running) <= workers:
                        submit(next(todo))
                except StopIteration:
                    pass
                except BrokenProcessPool:
                    pass  # whatever was running fails with the same error just below
                if not running and not suspects:
                    break
                broken = not running
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    if isinstance(future.exception(), BrokenProcessPool):
                        broken = True
                    else:
                        yield _outcome(running.pop(future), future)
                if broken:
                    _end(pool)
                    pool = _start(workers, preload, common, copies)
                    for future, task in list(running.items()):
                        if _has_outcome(future):
                            yield _outcome(task, future)
                        elif future is trial:
                            yield Outcome(task, failure=WORKER_DIED)
                        else:
                            suspects.append(task)
                    running.clear()
            pool.shutdown()
        except BaseException:
            _end(pool)
            raise


def guarded(function: Callable[[Task], Value], task: Task) -> Value | Failure:
    """Runs in a worker. Failures travel as text: not every exception survives the trip to the parent."""
    try:
        return function(task)
    except InputError as e:
        return Failure("InputError", str(e), problems=tuple(e.problems))
    except BaseException as e:
        return Failure(type(e).__name__, str(e), traceback.format_exc())


def _has_outcome(future: Future[Value | Failure]) -> bool:
    """Whether the task came to its own end before the pool broke."""
    if not future.done() or future.cancelled():
        return False
    return not isinstance(future.exception(), BrokenProcessPool)


def _outcome(task: Task, future: Future[Value | Failure]) -> Outcome[Task, Value]:
    error = future.exception()
    if error is not None:  # the value itself could not be sent
        return Outcome(task, failure=Failure(type(error).__name__, str(error)))
    value = future.result()
    return Outcome(task, failure=value) if isinstance(value, Failure) else Outcome(task, value)


def start_early(preload: Sequence[str]) -> None:
    """Start the process that workers come from, without waiting for it.

    It loads the model's modules on one core while a command puts its configuration together on another.
    """
    context = _context(preload)
    if context.get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it inherits this: Ctrl-C is not its business
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def _start(workers: int, preload: Sequence[str], common: object, copies: bool) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, mp_context=_context(preload, copies), initializer=_begin_worker, initargs=(common,)
    )


def _context(preload: Sequence[str], copies: bool = False) -> BaseContext:
    # workers are the parallelism; a library that starts threads of its own in each only gets in the way
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # fork would copy a parent full of threads and locks; a fork server starts clean, with the modules loaded
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    if copies and method == "forkserver":
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(preload))
    return context


_in_common: list[Any] = [None]


def in_common() -> Any:
    """In a worker: what was given to :func:`run_tasks` as ``common``."""
    return _in_common[0]


def set_common(common: object) -> None:
    """In a worker: what tasks will find in common from now on."""
    _in_common[0] = common


def _begin_worker(common: object) -> None:
    set_common(common)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop at once, without waiting for what is under way."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    manager = getattr(pool, "_executor_manager_thread", None)
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(2)
    if (
        manager is not None
    ):  # Python would wake it on its way out, and complain if it closes its pipe just then
        manager.join(2)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C, and a polite kill that is like it, wait until the block is over (in the main thread)."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if threading.current_thread() is not threading.main_thread():
        handlers = {}
    came: list[int] = []
    raising = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in raising:
        signal.signal(number, lambda which, _: came.append(which))
    try:
        yield
    finally:
        for number, handler in raising.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


@contextmanager
def sigterm_like_ctrl_c() -> Iterator[None]:
    """While the block runs, a polite kill is Ctrl-C (in the main thread; elsewhere signals do not arrive)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
