"""The command ``opendoor switching``: for each assumption, the value at which another plan would be preferred.

It is a one-at-a-time sweep over several plans (in a folder like that of any sweep, so that it can be stopped and goes
on), followed by the runs that close in on each change of preference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from experiments.running.pool import PRELOAD, run_tasks
from experiments.running.progress import if_stopped
from experiments.running.replicate import replication_seed
from experiments.screen import show
from experiments.sensitivity.analyse import Analysis, keep, page
from experiments.sensitivity.preference import known, worth
from experiments.sensitivity.switching import Evaluate, in_words, switching_frames
from experiments.sweeps.factors import row_of
from experiments.sweeps.folder import alone
from experiments.sweeps.plan import Plan, plan_sweep
from experiments.sweeps.points import Point
from experiments.sweeps.stored import Stored, stored_sweep
from experiments.sweeps.sweep import kept_in, run_sweep
from experiments.sweeps.worker import Common, Measured, SweepRun, simulate_point
from sim.errors import InputError
from sim.measures import LABELS


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command; 1 if some runs failed.

    Raises:
        InputError: the words, the configuration or the folder cannot be used.
    """
    measure = words.get("measure", "impact_mean_change_points")
    known(measure)
    worth(measure, np.zeros(1))
    rest = {key: value for key, value in words.items() if key != "measure"}
    plan = plan_sweep(overrides, {**rest, "design": "one_at_a_time", "measures": measure}, config_dir)
    if sum(1 for point in plan.points if point.label == "base" or point.label.startswith("base,")) < 2:
        raise InputError(
            "switching values need several plans to choose from, for example system=gatekept,balanced"
        )
    path = Path(plan.base.output) if plan.base.output else Path("results") / f"switching-{plan.hash[:10]}"
    command = ["switching", *(f"{key}={value}" for key, value in words.items()), *overrides]
    with if_stopped(kept_in(path)):
        work = run_sweep(plan, path, plan.base.workers, command)
    with if_stopped(f"{kept_in(path)}; only the closing in on each value is done again"):
        found = switch(stored_sweep(path.expanduser()), plan, measure)
    with alone(path.expanduser()):
        keep(path.expanduser(), found)
    show(page(found))
    print(f"\nTables: {', '.join(f'{name}.csv' for name in found.tables)} in {path}")
    if work.failed:
        print(
            f"opendoor: {work.failed:,} runs failed; what they would have told is told as not known",
            file=sys.stderr,
        )
    return 1 if work.failed else 0


def switch(
    stored: Stored,
    plan: Plan,
    measure: str,
    function: Callable[[SweepRun], Measured] = simulate_point,
) -> Analysis:
    """Switching values of a sweep that has run, with whatever runs it takes to close in on them.

    Args:
        stored: the sweep. plan: what it is. measure: by which plans are preferred.
        function: what is done for one run, in a worker.
    """
    switching, looked_at = switching_frames(stored, measure, evaluator(stored, plan, measure, function))
    shown = (
        "factor",
        "grade",
        "base",
        "found",
        "switching_value",
        "switches_to",
        "clear_before",
        "clear_beyond",
    )
    return Analysis(
        {"switching": switching, "switching_runs": looked_at}, shown, in_words(switching, measure)
    )


def evaluator(
    stored: Stored, plan: Plan, measure: str, function: Callable[[SweepRun], Measured] = simulate_point
) -> Evaluate:
    """A function that simulates every plan with one number set to something else."""
    n_plans, replications = len(stored.plans), plan.replications
    column = tuple(LABELS).index(measure)
    seeds = [replication_seed(plan.base.seed, r) for r in range(replications)]

    def evaluate(asked: Sequence[tuple[int, float]]) -> list[np.ndarray]:
        points: list[Point] = []
        for factor, value in asked:
            key = stored.factors[factor]
            setting = value if row_of(key) or not _whole(plan, key) else round(value)
            for base in plan.points[:n_plans]:
                values = {**base.values, key: setting}
                points.append(replace(base, index=len(points), values=values, label=f"{key}={value:g}"))
        common = Common(
            tuple(points),
            plan.configurations,
            tuple(LABELS),
            tuple(plan.settings.required),
            plan.settings.time_limit,
        )
        out = np.full((len(points), replications), np.nan)
        todo = [SweepRun(point.index, r, seed) for point in points for r, seed in enumerate(seeds)]
        for outcome in run_tasks(function, todo, min(plan.base.workers, len(todo)), PRELOAD, common):
            if outcome.failure is None and outcome.value is not None:
                out[outcome.task.point, outcome.task.replication] = outcome.value.values[column]
        return list(worth(measure, out).reshape(len(asked), n_plans, replications))

    return evaluate


def _whole(plan: Plan, key: str) -> bool:
    return any(f.key == key and f.integer for f in plan.factors)
