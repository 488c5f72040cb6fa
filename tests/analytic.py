"""Functions with known answers in place of a simulation, run through the real sweep: light to load in a worker."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from unittest import mock

import numpy as np

from experiments.running.pool import in_common
from experiments.sweeps.plan import Plan, plan_sweep
from experiments.sweeps.stored import Stored, stored_sweep
from experiments.sweeps.sweep import run_sweep
from experiments.sweeps.worker import Common, Measured, SweepRun
from sim.errors import InputError

SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5"]
DIALS = tuple(
    f"system.dials.{d}" for d in ("impact", "easy_access", "place_based", "continuum", "information")
)
MEASURE = "impact_mean_change_points"
LOSS = "recorded_wait_median_weeks"


def swept(folder: Path, function, overrides: list[str], **words: str) -> Stored:
    """A sweep of made-up runs, read back for analysis."""
    run_sweep(planned(overrides, **{"measures": MEASURE, **words}), folder, 2, function=function)
    return stored_sweep(folder)


def planned(overrides: list[str], **words: str) -> Plan:
    """A sweep of the small area whose points are known to be sound: looking at each would take most of the time."""
    with mock.patch("experiments.sweeps.plan._check_points", return_value=frozenset()):
        return plan_sweep([*SMALL, *overrides], words)


def dials(run: SweepRun) -> list[float]:
    """The five dials at the point of a run (0.5 where it leaves them as they are), and all measures as its value."""
    common: Common = in_common()
    values = common.points[run.point].values
    return [float(values.get(d, 0.5)) for d in DIALS]


def measured(value: float) -> Measured:
    common: Common = in_common()
    return Measured((value,) * len(common.measures), 0.0)


def system_of(run: SweepRun) -> str:
    common: Common = in_common()
    return dict(common.points[run.point].choices).get("system", "")


def luck(run: SweepRun, purpose: int = 0) -> float:
    """The same at every point of a replication."""
    return float(np.random.default_rng([run.seed, purpose]).normal())


#: Coefficients of :func:`response` in units of -1 and 1: mean, single, and of impact with easy access.
MEAN, SINGLE, TOGETHER = 10.0, (1.0, 0.5, 0.0, -0.25, 2.0), 0.75


def response(run: SweepRun) -> Measured:
    """Luck (which every point of a replication shares), a straight line in every dial, and one interaction."""
    x = [2 * u - 1 for u in dials(run)]
    value = MEAN + sum(b * v for b, v in zip(SINGLE, x, strict=True)) + TOGETHER * x[0] * x[1]
    own = 0.01 * float(np.random.default_rng([run.seed, run.point]).normal())
    return measured(value + 5 * luck(run) + own)


def half_is_worse(run: SweepRun) -> Measured:
    """Costs of change are highest half way; only everything together pays."""
    u = dials(run)
    return measured(math.prod(u) * 3 - 4 * sum(v * (1 - v) for v in u) + luck(run))


def ishigami(run: SweepRun) -> Measured:
    """Ishigami and Homma 1990, with a = 7, b = 0.1, of the first three dials."""
    x = [math.pi * (2 * u - 1) for u in dials(run)[:3]]
    return measured(math.sin(x[0]) + 7 * math.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * math.sin(x[0]))


SLOPES = (3.0, -2.0, 0.0, 0.5, 1.0)


def linear(run: SweepRun) -> Measured:
    """A straight line in every dial."""
    return measured(sum(b * u for b, u in zip(SLOPES, dials(run), strict=True)) + luck(run))


#: Of :func:`two_options`: how far the second is ahead, and what one standard deviation of each unknown changes.
AHEAD, WEIGHTS = 0.5, (2.0, 1.0, 0.0, 0.0, 0.0)


def two_options(run: SweepRun) -> Measured:
    """The second of two plans is ahead by a normal number: the sum of unknowns that are normal themselves."""
    normal = NormalDist()
    z = [normal.inv_cdf(min(max(u, 1e-12), 1 - 1e-12)) for u in dials(run)]
    ahead = AHEAD + sum(w * v for w, v in zip(WEIGHTS, z, strict=True))
    return measured(5 * luck(run) + (ahead if system_of(run) == "balanced" else 0.0))


def crossing(run: SweepRun) -> Measured:
    """Balanced is ahead by 0.6 at dials of 0.5, less with easy access (nought at 0.8), more with continuum, and
    untouched by the rest; with luck of its own of standard deviation 0.1."""
    u = dials(run)
    own = 0.1 * float(np.random.default_rng([run.seed, 7]).normal())
    ahead = 0.6 - 2 * (u[1] - 0.5) + (u[3] - 0.5)
    return measured(5 * luck(run) + (ahead + own if system_of(run) == "balanced" else 0.0))


def with_a_failure(function, run: SweepRun) -> Measured:
    """The same, but one run fails, and one has an undefined measure."""
    if (run.point, run.replication) == (3, 0):
        raise ValueError("cannot be done")
    return function(run)


def with_a_contradiction(function, run: SweepRun) -> Measured:
    """The same, but the model refuses one point."""
    if run.point == 3:
        raise InputError("system.share = 1.2: allowed is 0 to 1")
    return function(run)
