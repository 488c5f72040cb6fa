"""Sweeps whose runs are made up: written by the functions of the command, without a worker or a simulation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.running.replicate import replication_seed
from experiments.sweeps.folder import begin, finish, kpis_frame, references_in
from experiments.sweeps.ledger import Ledger, read_runs
from experiments.sweeps.plan import Plan, plan_sweep
from experiments.sweeps.points import Point
from experiments.sweeps.statistics import statistics_frame
from sim.measures import LABELS

SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5"]
IMPACT, REACH = "impact_mean_change_points", "reach_share"

#: What a run gives: the point and its replication in, measures (those that are not named are nought) or an error out.
Run = Callable[[Point, int], dict[str, float] | str]


def made_up(folder: Path, run: Run, overrides: list[str], **words: str) -> Plan:
    """A finished sweep."""
    plan = plan_sweep([*SMALL, *overrides], {"measures": f"{IMPACT},{REACH}", **words})
    begin(folder, plan, tuple(LABELS), {"command": ["opendoor", "sweep"]})
    ledger = Ledger(folder)
    for point in plan.points:
        for r in range(plan.replications):
            found, seed = run(point, r), replication_seed(plan.base.seed, r)
            if isinstance(found, str):
                ledger.add_failure(point.index, r, seed, found)
            else:
                ledger.add(point.index, r, seed, [found.get(name, 0.0) for name in LABELS], 0.0)
    ledger.close()
    runs = read_runs(folder)
    statistics = statistics_frame(runs, references_in(folder), plan.replications)
    finish(folder, {"kpis": kpis_frame(runs), "statistics": statistics}, {"command": ["opendoor", "sweep"]})
    return plan


def luck(replication: int, purpose: int = 0) -> float:
    """The same at every point."""
    return float(np.random.default_rng([replication, purpose]).normal())
