"""What a background run does: simulate each system in each replication and leave the small results in a folder.

One file for each simulation, moved into place when it is complete, and one that says how it ended. Whoever
watches reads files and nothing else, so a run can be looked at while it grows and costs nothing once it is dead.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.running.compiling import one_at_a_time
from experiments.running.pool import PRELOAD, in_common, run_tasks
from experiments.running.replicate import replication_seed
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.results.views import Gathered
    from sim.config import Config
    from sim.measures.course import Course

#: Modules that the processes of a background run have in memory from the start.
LOADED = (
    *PRELOAD,
    "pandas",
    "sim.measures.views",
    "dashboards.background.work",
    "dashboards.background.warm",
)

#: Which end of a number's range.
ENDS = ("low", "high")

#: Niceness of a background run.
GIVES_WAY = 10

END = "end.pickle"
#: Of a sweep: its folder, and a file with the number of its runs.
SWEEP_FOLDER, TOTAL = "sweep", "total"


@dataclass(frozen=True)
class Order:
    """What is to be simulated. ``slow_down``: seconds to wait after each simulation, for trying out cancelling.

    ``with_views``: also what the pages need of each run. ``known``: (system, replication) of simulations that
    somebody has already. The course of a run is kept where its configuration asks for gains (ways to change).
    """

    configs: dict[str, Config]
    replications: int
    seed: int
    workers: int = 1
    slow_down: float = 0.0
    with_views: bool = True
    known: frozenset[tuple[str, int]] = frozenset()

    @property
    def total(self) -> int:
        """Simulations in all."""
        return self.replications * len(self.configs)


@dataclass(frozen=True)
class SweepOrder:
    """A sweep that is to be made: the words of ``opendoor sweep``."""

    words: tuple[str, ...]
    workers: int = 1


@dataclass(frozen=True)
class EndsOrder:
    """Plans as they are, and again with each of some numbers of the evidence at either end of its range, nothing else
    changed.

    ``ends``: evidence row -> its ends. ``known``: (:func:`end_name`, replication) of simulations that somebody has.
    """

    configs: dict[str, Config]
    ends: dict[str, tuple[float, float]]
    replications: int
    seed: int
    workers: int = 1
    slow_down: float = 0.0
    known: frozenset[tuple[str, int]] = frozenset()

    @property
    def total(self) -> int:
        """Simulations in all, those that are known among them."""
        return self.replications * len(self.configs) * (1 + len(ENDS) * len(self.ends))


@dataclass(frozen=True)
class Part:
    """One simulation of an order: which, its headline measures, its small tables (until they are gathered), its course,
    and when it was ready (seconds since the epoch)."""

    system: str
    replication: int
    summary: dict[str, float]
    views: dict[str, Any]
    course: Course | None = None
    ready: float = 0.0


@dataclass(frozen=True)
class Ended:
    """How a run ended: sentences for simulations that failed, and what made all of it impossible."""

    failures: list[str]
    problems: list[str]


@dataclass(frozen=True)
class Task:
    """One simulation to do."""

    folder: Path
    system: str
    config: Config
    replication: int
    seed: int
    slow_down: float
    with_views: bool


@dataclass(frozen=True)
class EndTask:
    """One simulation of an :class:`EndsOrder`: the number of the plan, the evidence row and which end (empty: as it is)."""

    plan: int
    row: str
    end: str
    replication: int


def carry_out(order: Order, folder: Path) -> None:
    """Do all of an order (in a process of its own)."""
    tasks = [
        Task(folder, name, config, r, replication_seed(order.seed, r), order.slow_down, order.with_views)
        for r in range(order.replications)
        for name, config in order.configs.items()
        if (name, r) not in order.known
    ]
    with _ending(folder, "The run could not be carried out") as (failures, problems):
        for outcome in run_tasks(simulate_part, tasks, max(1, min(order.workers, len(tasks))), copies=True):
            if outcome.failure is not None:
                problems += outcome.failure.problems
                failures.append(
                    f"replication {outcome.task.replication} of {outcome.task.system} failed: {outcome.failure}"
                )
                if problems:
                    break


def carry_out_sweep(order: SweepOrder, folder: Path) -> None:
    """Make a sweep in a folder inside of ``folder`` (in a process of its own)."""
    import contextlib
    import io

    from experiments.sweeps.plan import plan_sweep
    from experiments.sweeps.sweep import run_sweep

    with _ending(folder, "The sweep could not be made") as (failures, _):
        plan = plan_sweep(list(order.words), {})
        (folder / TOTAL).write_text(str(len(plan.points) * plan.replications))
        with contextlib.redirect_stderr(io.StringIO()), one_at_a_time():
            done = run_sweep(plan, folder / SWEEP_FOLDER, order.workers, ["sweep", *order.words])
        if done.failed:
            failures.append(f"{done.failed} runs failed")


def carry_out_ends(order: EndsOrder, folder: Path) -> None:
    """Simulate the plans with one number after the other at its ends (in a process of its own). An end that does not go
    together with the rest is told and costs that number only."""
    moves = [("", ""), *((row, end) for row in order.ends for end in ENDS)]
    tasks = [
        EndTask(plan, row, end, r)
        for row, end in moves
        for r in range(order.replications)
        for plan in range(len(order.configs))
        if (end_name(plan, row, end), r) not in order.known
    ]
    with _ending(folder, "The run could not be carried out") as (failures, _):
        workers = max(1, min(order.workers, len(tasks)))
        for outcome in run_tasks(simulate_end, tasks, workers, common=(order, folder), copies=True):
            if outcome.failure is not None:
                at = f"{outcome.task.row} at its {outcome.task.end} end: " if outcome.task.row else ""
                failures.append(f"{at}{outcome.failure}")


@contextmanager
def _ending(folder: Path, cannot: str) -> Iterator[tuple[list[str], list[str]]]:
    """Around a background run: it gives way to others and ends with its server, and how it ended (simulations that failed,
    and what made all of it impossible) is in the folder, whatever happens."""
    _give_way()
    threading.Thread(target=_end_with_server, daemon=True).start()
    failures: list[str] = []
    problems: list[str] = []
    try:
        yield failures, problems
    except KeyboardInterrupt:
        raise SystemExit(1) from None
    except InputError as e:
        problems += e.problems
    except Exception as e:
        problems.append(f"{cannot}: {type(e).__name__}: {e}")
    write(Ended(list(dict.fromkeys(failures)), list(dict.fromkeys(problems))), folder / END)


def sweep_progress_in(folder: Path) -> tuple[int, int]:
    """Runs of a sweep that have ended, and runs in all (nought: not known yet)."""
    import sqlite3

    try:
        total = int((folder / TOTAL).read_text() or 0)
    except (OSError, ValueError):
        return 0, 0
    book = folder / SWEEP_FOLDER / "runs.sqlite"
    if not book.is_file():
        return 0, total
    try:
        with sqlite3.connect(book.resolve().as_uri() + "?mode=ro", uri=True) as at:
            done = int(at.execute("select count(*) from run").fetchone()[0])
        at.close()
    except sqlite3.Error:
        return 0, total
    return done, total


def _give_way() -> None:
    """Whoever clicks meanwhile is served first: the page and its server go before a run in the background."""
    with suppress(OSError, AttributeError):
        os.nice(GIVES_WAY)


def _end_with_server() -> None:
    """If the dashboard itself is killed nobody waits for this run any more; its workers notice in turn."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def simulate_part(task: Task) -> None:
    """One simulation (in a worker)."""
    from experiments.results.views import views_of
    from sim.measures.course import course_of
    from sim.run import simulate

    with one_at_a_time():
        run = simulate(task.config, task.seed)
    seen = views_of(run) if task.with_views else {}
    course = course_of(run) if task.config.gains_every_weeks else None
    part = Part(task.system, task.replication, run.summary(), seen, course, time.time())
    write(part, task.folder / part_name(task.system, task.replication))
    if task.slow_down:
        time.sleep(task.slow_down)


def end_name(plan: int, row: str, end: str) -> str:
    """What the parts of an :class:`EndsOrder` are called: number of the plan, row and end (both empty: as it is)."""
    return f"{plan} {row} {end}"


@lru_cache(maxsize=4)
def _moved(plan: int, row: str, end: str) -> Config:
    """In a worker: a plan with a number at one end of its range; every replication of it comes at once."""
    from sim.checking import check

    order: EndsOrder = in_common()[0]
    config = list(order.configs.values())[plan]
    if not row:
        return config
    tree = config.model_dump(mode="json")
    tree["evidence"][row]["value"] = order.ends[row][ENDS.index(end)]
    return check(tree)


def simulate_end(task: EndTask) -> None:
    """One simulation of an :class:`EndsOrder` (in a worker)."""
    from sim.run import simulate

    order, folder = in_common()
    with one_at_a_time():
        config = _moved(task.plan, task.row, task.end)
        run = simulate(config, replication_seed(order.seed, task.replication))
    name = end_name(task.plan, task.row, task.end)
    write(Part(name, task.replication, run.summary(), {}), folder / part_name(name, task.replication))
    if order.slow_down:
        time.sleep(order.slow_down)


def part_name(system: str, replication: int) -> str:
    """Name of the file with one simulation's results; the system may be called anything."""
    return f"part-{replication:04d}-{system.encode().hex()}.pickle"


def write(value: Any, file: Path) -> None:
    """Write a value so that nobody ever sees half of it."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(pickle.dumps(value))
    draft.rename(file)


def read_parts(folder: Path, known: dict[str, Part], gathered: Gathered) -> None:
    """Add to ``known`` (file name -> part) the simulations that are complete by now; their small tables are gathered."""
    for file in folder.glob("part-*.pickle"):
        if file.name not in known:
            part: Part = pickle.loads(file.read_bytes())
            if part.views:
                gathered.take(part.system, part.replication, part.views)
            known[file.name] = replace(part, views={})


def read_end(folder: Path) -> Ended | None:
    """How the run ended; None while it goes on, or if it was stopped from outside."""
    file = folder / END
    found: Ended | None = pickle.loads(file.read_bytes()) if file.exists() else None
    return found
