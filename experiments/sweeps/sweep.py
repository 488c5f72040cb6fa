"""Many design points, each simulated with the same luck, in one command that can be stopped and goes on.

``opendoor sweep`` puts the points together, checks them, and works through every replication of every point. Each
run is written down the moment it ends, so that whatever happens (Ctrl-C, a crash, a killed process) loses at most
the runs under way, and the same command again does only what is missing. A run that fails is written down with its
error, and the rest go on. What comes out does not depend on the number of processes or on interruptions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.results.provenance import provenance
from experiments.running.pool import PRELOAD, WORKER_DIED, Outcome, run_tasks
from experiments.running.progress import if_stopped, sweep_progress
from experiments.running.replicate import replication_seed
from experiments.screen import show
from experiments.sweeps.folder import (
    COMPLETE,
    alone,
    begin,
    finish,
    kpis_frame,
    points_frame,
    resume,
    unfinished,
)
from experiments.sweeps.ledger import Ledger, Runs, read_runs
from experiments.sweeps.page import page
from experiments.sweeps.plan import Plan, model_versions, plan_sweep
from experiments.sweeps.statistics import statistics_frame
from experiments.sweeps.worker import Common, Measured, SweepRun, simulate_point
from sim.errors import InputError
from sim.measures import LABELS


@dataclass(frozen=True)
class Work:
    """What one command did: runs simulated now, runs that were there already, failures among all."""

    simulated: int
    already: int
    failed: int


def run(
    overrides: Sequence[str],
    words: Mapping[str, str],
    config_dir: str | None = None,
    retry_failed: bool = False,
) -> int:
    """The command; 1 if some runs failed.

    Raises:
        InputError: the configuration, the design or the folder cannot be used.
    """
    problems: list[str] = []
    address, words_of_design = read_executor(words, problems)
    try:
        plan = plan_sweep(overrides, words_of_design, config_dir)
    except InputError as e:
        raise InputError([*problems, *e.problems]) from None
    if problems:
        raise InputError(problems)
    path = Path(plan.base.output) if plan.base.output else default_folder(plan, overrides)
    command = ["sweep", *(f"{key}={value}" for key, value in words.items()), *overrides]
    with if_stopped(kept_in(path)):
        work = run_sweep(plan, path, plan.base.workers, command, retry_failed, address=address)
    show(page(path))
    done = f"{work.already:,} runs were there already, " if work.already else ""
    print(f"\n{done}{work.simulated:,} simulated now. Results: {path}")
    if work.failed:
        again = "" if retry_failed else "; the same command with --retry-failed tries them again"
        print(f"opendoor: {work.failed:,} runs failed; left out of every mean{again}", file=sys.stderr)
    return 1 if work.failed else 0


def kept_in(path: Path) -> str:
    """What becomes of work whose runs are written down one by one, when it is stopped."""
    return f"what is done is kept in {path}; the same command goes on from there"


EXECUTORS = ("local", "dask")


def read_executor(words: Mapping[str, str], problems: list[str]) -> tuple[str | None, dict[str, str]]:
    """The address of the cluster that the runs are sent to (None: they stay on this machine), and the other words."""
    rest = {key: value for key, value in words.items() if key.split(".")[0] != "executor"}
    executor, address = words.get("executor", "local"), words.get("executor.address")
    if executor not in EXECUTORS:
        problems.append(f"executor={executor}: no such executor; allowed are {' and '.join(EXECUTORS)}")
    elif executor == "dask" and address is None:
        problems.append(
            "executor=dask: needs executor.address=ADDRESS of the scheduler, for example tcp://node7:8786"
        )
    elif executor == "local" and address is not None:
        problems.append(f"executor.address={address}: is for executor=dask")
    return address, rest


def default_folder(plan: Plan, overrides: Sequence[str]) -> Path:
    """``results/sweep-NAME-HASH``: the same sweep has the same folder, so that the same command goes on in it."""
    named = [text.partition("=")[2].strip() for text in overrides if text.startswith("experiment=")]
    return Path("results") / f"sweep-{named[-1] if named else plan.settings.design}-{plan.hash[:10]}"


def run_sweep(
    plan: Plan,
    path: Path,
    workers: int,
    command: Sequence[str] = (),
    retry_failed: bool = False,
    function: Callable[[SweepRun], Measured] = simulate_point,
    address: str | None = None,
) -> Work:
    """Do whatever the folder does not hold yet, and write the results when nothing is missing.

    Args:
        plan: what the sweep is.
        path: its folder; made if it is not there.
        workers: processes.
        command: for the provenance.
        retry_failed: try the failed runs again.
        function: what is done for one run, in a worker.
        address: of a cluster's scheduler, which the runs are sent to in place of processes of this machine.

    Raises:
        InputError: the folder holds something else, cannot be written, or another command is at work on it.
        KeyboardInterrupt: stopped; everything that had ended is kept.
    """
    path = path.expanduser()
    measures = tuple(LABELS)
    facts = _facts(plan, command)
    if not (path.exists() or path.is_symlink()):
        begin(path, plan, measures, facts)
    with alone(path):
        resume(path, plan)
        ledger = Ledger(path)
        try:
            if retry_failed and ledger.forget_failures():
                unfinished(path)
            ended = ledger.ended()
            missing = len(plan.points) * plan.replications - len(ended)
            if missing:
                unfinished(path)
                common = Common(
                    plan.points,
                    plan.configurations,
                    measures,
                    tuple(plan.settings.required),
                    plan.settings.time_limit,
                    plan.checked,
                    plan.settings.traces,
                )
                todo = _todo(plan, ended)
                if address is None:
                    outcomes: Iterator[Outcome[SweepRun, Measured]] = run_tasks(
                        function, todo, min(workers, missing), PRELOAD, common
                    )
                else:
                    outcomes = _on_cluster(function, todo, address, common)
                write_down(outcomes, ledger, missing, common)
            failed = ledger.failures()
        finally:
            ledger.close()
        if missing or not (path / COMPLETE).exists():
            _finish(path, plan, facts)
    return Work(missing, len(ended), failed)


def _on_cluster(
    function: Callable[[SweepRun], Measured], todo: Iterator[SweepRun], address: str, common: Common
) -> Iterator[Outcome[SweepRun, Measured]]:
    from experiments.running.cluster import run_on_cluster

    def common_for(batch: Sequence[SweepRun]) -> Common:
        return common.only({run.point for run in batch})

    return run_on_cluster(function, todo, address, common_for, model_versions())


def _todo(plan: Plan, ended: set[tuple[int, int]]) -> Iterator[SweepRun]:
    """The replications of a point follow each other, so that a worker can use its configuration again."""
    seeds = [replication_seed(plan.base.seed, r) for r in range(plan.replications)]
    for point in plan.points:
        for r, seed in enumerate(seeds):
            if (point.index, r) not in ended:
                yield SweepRun(point.index, r, seed)


def write_down(
    outcomes: Iterator[Outcome[SweepRun, Measured]],
    ledger: Ledger,
    missing: int,
    common: Common,
    what: str = "Sweep",
    seen: Callable[[SweepRun, str | None], None] = lambda run, error: None,
) -> None:
    """Every run into the book as it ends: its measures, or its error.

    Args:
        missing: how many there will be. what: for the progress display.
        seen: is told of each run and its error once it is in the book; what it raises ends the work.
    """
    with sweep_progress(missing, what) as step:
        for outcome in outcomes:
            task, failure, value = outcome.task, outcome.failure, outcome.value
            error: str | None = None
            if failure is None and value is not None:
                ledger.add(
                    task.point, task.replication, task.seed, value.values, value.cpu_seconds, value.weeks
                )
            else:
                error = (
                    f"InputError: {'; '.join(failure.problems)}"
                    if failure and failure.problems
                    else str(failure)
                )
                if failure == WORKER_DIED and common.time_limit is not None:
                    error += f"; or it could not be stopped after {common.time_limit:g} seconds (time_limit)"
                ledger.add_failure(
                    task.point, task.replication, task.seed, error, failure.details if failure else ""
                )
            step(failure is not None)
            seen(task, error)


def _facts(plan: Plan, command: Sequence[str]) -> dict[str, Any]:
    """Provenance, without the configurations: those are in the manifest."""
    now = datetime.now().astimezone()
    seeds = [replication_seed(plan.base.seed, r) for r in range(plan.replications)]
    facts = provenance(command, {"base": plan.base}, seeds, now, now)
    return {k: v for k, v in facts.items() if k not in ("systems", "ended")} | {"sweep_hash": plan.hash}


def _finish(path: Path, plan: Plan, facts: Mapping[str, Any]) -> None:
    runs: Runs = read_runs(path)
    begun = json.loads((path / "provenance.json").read_text(encoding="utf-8"))
    ended = datetime.now().astimezone().isoformat(timespec="seconds")
    tables = {
        "points": points_frame(plan),
        "statistics": statistics_frame(runs, [point.reference for point in plan.points], plan.replications),
        "kpis": kpis_frame(runs),
    }
    finish(path, tables, {**facts, "started": begun.get("started"), "ended": ended})
