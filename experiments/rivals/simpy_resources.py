"""The plain pathway in SimPy as most people write it: a process per child, and staff as a priority resource.

This is the style of SimPy's own examples: every child is a generator that reads like the pathway, the team
is a `PriorityResource`, and giving up is a race of two events, `turn | timeout(patience)`. It is easy to
write and to read. Its cost per referral grows with the list, because the resource sorts its whole list for
each child that joins and searches it for each that gives up.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random
from statistics import fmean

import simpy

from experiments.rivals import (
    DAYS_PER_WEEK,
    OWED,
    PLAIN_PATHWAY,
    ROUTINE,
    URGENT,
    PlainPathway,
    RivalResult,
    check_arguments,
)
from experiments.rivals.stopwatch import Stopwatch


def simulate(
    referrals_per_week: float,
    weeks: int,
    seed: int,
    *,
    max_cpu_seconds: float | None = None,
    pathway: PlainPathway = PLAIN_PATHWAY,
) -> RivalResult:
    """Run the plain pathway once.

    Args:
        referrals_per_week: mean of the Poisson stream; the team grows with it (`PlainPathway.clinicians`).
        weeks: weeks simulated, the warm-up included.
        seed: the same seed gives the same children and the same waits.
        max_cpu_seconds: cut the run once this much processor time is spent. The cost per referral of a cut
            run is a lower bound of the full run's (`RivalResult.cpu_microseconds_per_referral`).
        pathway: the pathway's parameters.

    Raises:
        InputError: one sentence per argument that makes no sense.
    """
    check_arguments(referrals_per_week, weeks, seed, max_cpu_seconds, pathway)
    env = simpy.Environment()
    team = simpy.PriorityResource(env, capacity=pathway.clinicians(referrals_per_week))
    rng = Random(int(seed))
    waits: list[float] = []
    stopwatch = Stopwatch(max_cpu_seconds)
    env.process(_referrals(env, team, rng, pathway, referrals_per_week, waits, stopwatch))
    with stopwatch:
        env.run(until=weeks * DAYS_PER_WEEK)
    return RivalResult(
        stopwatch.referrals,
        stopwatch.cpu_seconds,
        fmean(waits) if waits else float("nan"),
        stopwatch.stopped_early,
    )


def _referrals(
    env: simpy.Environment,
    team: simpy.PriorityResource,
    rng: Random,
    pathway: PlainPathway,
    referrals_per_week: float,
    waits: list[float],
    stopwatch: Stopwatch,
) -> Generator[simpy.Event, object, None]:
    """Send one child after another on its way."""
    while True:
        yield env.timeout(rng.expovariate(referrals_per_week / DAYS_PER_WEEK))
        stopwatch.referral()
        env.process(_child(env, team, rng, pathway, waits))


def _child(
    env: simpy.Environment,
    team: simpy.PriorityResource,
    rng: Random,
    pathway: PlainPathway,
    waits: list[float],
) -> Generator[simpy.Event, object, None]:
    """One child's way: triage, the list, the assessment, the list again, the block."""
    # All of a child's luck is drawn on arrival, so that the two SimPy programs give each child the same.
    accepted = rng.random() < pathway.accepted
    priority = URGENT if rng.random() < pathway.urgent else ROUTINE
    goes_on = rng.random() < pathway.goes_on_to_block
    patience = rng.expovariate(1 / pathway.patience_days)
    patience_for_block = rng.expovariate(1 / pathway.patience_days)

    yield env.timeout(pathway.triage_days)
    if not accepted:
        return

    joined = env.now
    with team.request(priority=priority) as turn:
        yield turn | env.timeout(patience)
        if not turn.triggered:
            return
        if env.now >= pathway.warm_up_weeks * DAYS_PER_WEEK:
            waits.append(env.now - joined)
        yield env.timeout(pathway.slot_days)
    if not goes_on:
        return

    with team.request(priority=priority) as turn:
        yield turn | env.timeout(patience_for_block)
        if not turn.triggered:
            return
        yield env.timeout(pathway.slot_days)
    for _ in range(pathway.sessions_in_block - 1):
        yield env.timeout(pathway.days_between_sessions - pathway.slot_days)
        with team.request(priority=OWED) as turn:
            yield turn
            yield env.timeout(pathway.slot_days)
