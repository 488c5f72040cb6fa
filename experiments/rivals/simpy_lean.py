"""The plain pathway in SimPy written with care: a process per child, and waiting lists of its own.

Still one generator per child that reads like the pathway, as in `simpy_resources`, but no resource: the
team keeps one first-come-first-served list per class, so joining and being called cost the same however
long the list is. Giving up is not an event: a child on the list carries the day it will give up, and the
team passes over those whose day has gone when it reaches them. Who is served, and when, is exactly the
same.
"""

from __future__ import annotations

from collections import deque
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

NEVER = float("inf")


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
    team = _Team(env, pathway.clinicians(referrals_per_week))
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


class _Team:
    """Clinicians and the children waiting for them: one first-come-first-served list per class."""

    def __init__(self, env: simpy.Environment, clinicians: int) -> None:
        self.env = env
        self.free = clinicians
        self.lists: tuple[deque[tuple[float, simpy.Event]], ...] = (deque(), deque(), deque())

    def turn(self, priority: int, gives_up_at: float) -> simpy.Event:
        """The event of this child being called; it never happens if the child gives up first."""
        called = simpy.Event(self.env)
        if self.free:
            self.free -= 1
            called.succeed()
        else:
            self.lists[priority].append((gives_up_at, called))
        return called

    def slot_ends(self) -> None:
        """Call the next child who is still waiting, or put the clinician at rest."""
        now = self.env.now
        for waiting in self.lists:
            while waiting:
                gives_up_at, called = waiting.popleft()
                if gives_up_at > now:
                    called.succeed()
                    return
        self.free += 1


def _referrals(
    env: simpy.Environment,
    team: _Team,
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
    env: simpy.Environment, team: _Team, rng: Random, pathway: PlainPathway, waits: list[float]
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

    slot_days = pathway.slot_days
    joined = env.now
    yield team.turn(priority, joined + patience)
    if env.now >= pathway.warm_up_weeks * DAYS_PER_WEEK:
        waits.append(env.now - joined)
    yield env.timeout(slot_days)
    if not goes_on:
        team.slot_ends()
        return

    # On the list before the slot is given away, as a request on a SimPy resource would be.
    called = team.turn(priority, env.now + patience_for_block)
    team.slot_ends()
    yield called
    yield env.timeout(slot_days)
    team.slot_ends()
    for _ in range(pathway.sessions_in_block - 1):
        yield env.timeout(pathway.days_between_sessions - slot_days)
        yield team.turn(OWED, NEVER)
        yield env.timeout(slot_days)
        team.slot_ends()
