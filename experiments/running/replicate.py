"""The same area again and again, each time with other luck, under every system.

Replication ``r`` has one seed, and every system gets it: the same children are born with the same needs,
and the same child has the same luck wherever chance enters. Only the system differs. The seed of a
replication follows from the seed of the experiment and ``r`` alone, so results do not depend on how many
processes did the work or in which order they finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from experiments.running.compiling import one_at_a_time
from experiments.running.pool import PRELOAD, Failure, run_tasks
from experiments.running.progress import progress
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config
    from sim.run import Run

Keep = Literal["all", "first", "none"]

#: With this many failures and nothing to show, the cause is not bad luck: stop.
HOPELESS = 3


@dataclass(frozen=True)
class Job:
    """One simulation: one system, one replication.

    ``folder``: where its tables go, or None. ``spreadsheets``: as CSV, too. ``look``: what else is wanted of the run.
    """

    system: str
    config: Config
    replication: int
    seed: int
    folder: Path | None
    spreadsheets: bool = True
    look: Callable[[Run], Any] | None = None


@dataclass(frozen=True)
class Done:
    """What one simulation gives back: its headline measures, the processor time it took, what ``look`` saw in it."""

    summary: dict[str, float]
    cpu_seconds: float
    seen: Any = None


@dataclass
class Replications:
    """All replications of all systems.

    Attributes:
        replications: the replications that every system completed, in order. summaries: system -> measure
        -> values, shape ``(len(replications),)``; the same position is the same luck. failures: one
        sentence for each simulation that failed. cpu_seconds: processor time of the simulations, by
        system, shape ``(len(replications),)``.
    """

    replications: list[int]
    summaries: dict[str, dict[str, np.ndarray]]
    failures: list[str]
    cpu_seconds: dict[str, np.ndarray] = field(default_factory=dict)


def replication_seed(seed: int, replication: int) -> int:
    """Seed of one replication, below 2**63: numpy's SeedSequence of ``seed``, child ``replication``."""
    state = np.random.SeedSequence(entropy=seed, spawn_key=(replication,)).generate_state(1, np.uint64)
    return int(state[0]) >> 1


def replicate(
    configs: Mapping[str, Config],
    replications: int,
    seed: int,
    workers: int,
    folder: Path | None = None,
    keep: Keep = "first",
    what: str = "Simulating",
    first: int = 0,
    spreadsheets: bool = True,
    look: Callable[[Run], Any] | None = None,
    take: Callable[[str, int, Any], None] | None = None,
) -> Replications:
    """Simulate every system in every replication.

    Args:
        configs: checked configuration of each system, by the name to show.
        replications: at least 1.
        workers: processes.
        folder: where tables of full runs go, as ``SYSTEM/replication-000``; None keeps none.
        keep: full tables of all replications, of the first only, or of none.
        what: words for the progress display.
        first: number of the first replication; another batch goes on where the last one ended.
        spreadsheets: write full tables as CSV beside the Parquet files.
        look: what else is wanted of each run, worked out where it was simulated; a function of a module.
        take: is given the system, the replication and what ``look`` saw, as simulations end.

    Raises:
        InputError: a configuration that only a run finds out to be unusable.
        RuntimeError: no simulation succeeded.
    """
    jobs = [
        Job(
            name,
            config,
            r,
            replication_seed(seed, r),
            _tables_folder(folder, keep, name, r),
            spreadsheets,
            look,
        )
        for r in range(first, first + replications)
        for name, config in configs.items()
    ]
    done: dict[tuple[str, int], Done] = {}
    failures: list[str] = []
    with progress(len(jobs), what) as step:
        for outcome in run_tasks(simulate_job, jobs, min(workers, len(jobs)), PRELOAD):
            step()
            job = outcome.task
            if outcome.failure is None and outcome.value is not None:
                if take is not None:
                    take(job.system, job.replication, outcome.value.seen)
                done[job.system, job.replication] = replace(outcome.value, seen=None)
                continue
            failures.append(_sentence(job, outcome.failure))
            if outcome.failure and outcome.failure.problems:
                raise InputError(outcome.failure.problems)
            if not done and len(failures) >= min(HOPELESS, len(jobs)):
                details = outcome.failure.details if outcome.failure else ""
                raise RuntimeError("\n".join([*failures, details]))
    return _align(configs, range(first, first + replications), done, failures)


def joined(one: Replications, other: Replications) -> Replications:
    """Two batches of the same systems as one, in the order given."""
    return Replications(
        one.replications + other.replications,
        {
            system: {
                m: np.concatenate([values, other.summaries[system][m]]) for m, values in measures.items()
            }
            for system, measures in one.summaries.items()
        },
        one.failures + other.failures,
        {s: np.concatenate([seconds, other.cpu_seconds[s]]) for s, seconds in one.cpu_seconds.items()},
    )


def simulate_job(job: Job) -> Done:
    """Run one simulation (in a worker)."""
    from sim import simulate

    with one_at_a_time():
        before = time.process_time()
        run = simulate(job.config, job.seed)
    summary = run.summary()
    seen = None if job.look is None else job.look(run)
    cpu_seconds = time.process_time() - before
    if job.folder is not None:
        from experiments.results.output import cannot_write, write_run

        try:
            write_run(run, job.folder, job.spreadsheets)
        except OSError as e:
            raise cannot_write(job.folder, e) from None
    return Done(summary, cpu_seconds, seen)


def _tables_folder(folder: Path | None, keep: Keep, system: str, replication: int) -> Path | None:
    if folder is None or keep == "none" or (keep == "first" and replication > 0):
        return None
    return folder / system / f"replication-{replication:03d}"


def _sentence(job: Job, failure: Failure | None) -> str:
    return f"replication {job.replication} of system {job.system} (seed {job.seed}) failed: {failure}"


def _align(
    configs: Mapping[str, Config],
    replications: range,
    done: Mapping[tuple[str, int], Done],
    failures: list[str],
) -> Replications:
    """Keep the replications that every system completed, so that positions stay paired.

    Raises:
        RuntimeError: there are none.
    """
    complete = [r for r in replications if all((name, r) in done for name in configs)]
    if not complete:
        raise RuntimeError("\n".join(failures))
    return Replications(
        complete,
        {
            name: {
                measure: np.array([done[name, r].summary[measure] for r in complete])
                for measure in done[name, complete[0]].summary
            }
            for name in configs
        },
        failures,
        {name: np.array([done[name, r].cpu_seconds for r in complete]) for name in configs},
    )
