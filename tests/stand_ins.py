"""What the workers of a test sweep do in place of a simulation; light to load, since every worker loads it."""

from __future__ import annotations

import math
import os
import signal
import time
from pathlib import Path

import numpy as np

from experiments.running.pool import in_common
from experiments.sweeps.plan import Plan, plan_sweep
from experiments.sweeps.traces import packed
from experiments.sweeps.worker import Common, Measured, SweepRun, sound, time_limit
from sim.measures.trace import TRACED

SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5"]
EASY = "system.dials.easy_access"


def plan(*overrides: str, **words: str) -> Plan:
    """Four points in eight replications, unless told otherwise."""
    return plan_sweep([*SMALL, *(overrides or (f"{EASY}=0,0.25,0.5,1", "replications=8"))], words)


def pretend(run: SweepRun) -> Measured:
    """Numbers that follow from the point and the seed alone: luck plus the values of the factors."""
    common: Common = in_common()
    luck = np.random.default_rng([run.seed, 1]).random(len(common.measures))
    shift = sum(float(v) for v in common.points[run.point].values.values())
    weeks = np.random.default_rng([run.seed, 2]).integers(0, 50, (5, len(TRACED)), np.int32)
    return Measured(tuple((luck + shift).tolist()), 0.0, packed(weeks) if common.traces else b"")


def slowly(run: SweepRun) -> Measured:
    """The same, with time to be interrupted."""
    time.sleep(0.02)
    return pretend(run)


def with_trouble(run: SweepRun) -> Measured:
    """The same, but five runs fail, each in its own way."""
    common: Common = in_common()
    match run.point, run.replication:
        case 1, 0:
            raise ValueError("cannot be done")
        case 1, 1:
            values = dict(zip(common.measures, pretend(run).values, strict=True))
            return Measured(sound({**values, "reach_share": math.nan}, common), 0.0)
        case 2, 0:
            with time_limit(0.2):
                time.sleep(60)
        case 2, 1:
            with time_limit(0.2):
                sum(range(10**12))  # never looks at an alarm
        case 3, 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return pretend(run)


def without_a_measure(run: SweepRun) -> Measured:
    """A measure that is asked for is never defined."""
    common: Common = in_common()
    values = dict(zip(common.measures, pretend(run).values, strict=True))
    return Measured(sound({**values, "recorded_wait_median_weeks": math.nan}, common), 0.0)


def failing_in_two_ways(run: SweepRun) -> Measured:
    """Every run fails, but not all for the same reason."""
    raise ValueError("cannot be done" if run.point % 2 else f"took {run.seed} days")


def die_once(mark: Path, run: SweepRun) -> Measured:
    """The same, but somebody kills the worker the first time that point 1 is tried."""
    if run.point == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return pretend(run)


def with_trouble_in_a_thread(run: SweepRun) -> Measured:
    """The same for the worker of a cluster, which is a thread: four runs fail."""
    match run.point, run.replication:
        case 1, 0:
            raise ValueError("cannot be done")
        case 2, 0:
            with time_limit(0.2):
                while True:
                    pass
        case 2, 1:
            with time_limit(0.2):
                sum(range(10**12))  # never looks at an alarm
        case 3, 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return pretend(run)


def with_a_best_plan_in_each_locality(run: SweepRun) -> Measured:
    """Impact is best with 20 % of time for drop-ins in the first locality and 70 % in all others."""
    common: Common = in_common()
    local = common.points[run.point].values["system.local_plans"]
    found = dict.fromkeys(common.measures, 0.5 + (0.1 if run.replication % 2 else -0.1))
    for i, plan in enumerate(local.values()):
        drop_in, therapy = (plan["therapist_b5"][o] for o in ("drop_in", "therapy"))
        best = 0.2 if i == 0 else 0.7
        found["impact_mean_change_points"] -= (drop_in / (drop_in + therapy) - best) ** 2
    return Measured(tuple(found[name] for name in common.measures), 0.0)


def with_a_best_plan(run: SweepRun) -> Measured:
    """Impact is best with 30 % of therapists' time for drop-ins, reach with 80 %; luck is the same for every plan."""
    common: Common = in_common()
    values = common.points[run.point].values
    drop_in, therapy = (values[f"system.job_plan.therapist_b5.offers.{o}"] for o in ("drop_in", "therapy"))
    share = drop_in / (drop_in + therapy)
    found = dict.fromkeys(common.measures, 0.5 + (0.1 if run.replication % 2 else -0.1))
    found["impact_mean_change_points"] -= (share - 0.3) ** 2
    found["reach_share"] -= (share - 0.8) ** 2
    return Measured(tuple(found[name] for name in common.measures), 0.0)
