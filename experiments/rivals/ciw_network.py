"""The plain pathway as a network of queues in Ciw, the Python library for such networks.

Three nodes: triage (everyone at once, a fixed delay), the team (clinicians, three priorities, children who
give up), and home (the days between two sessions of a block). Where a child stands on its way is its
customer class, which changes at the end of each appointment; class decides priority, patience and where to
go next. Everything is declared with Ciw's own building blocks; only the arrivals are subclassed, to count
them for the stopwatch. After each event Ciw looks through everyone at every node for the next one, so its
cost grows with the list.
"""

from __future__ import annotations

import random
from statistics import fmean
from typing import Any

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
from sim.errors import InputError

TRIAGE, TEAM, HOME = 1, 2, 3
FOR_ASSESSMENT = {"urgent": URGENT, "routine": ROUTINE}
FOR_BLOCK = {"urgent, for block": URGENT, "routine, for block": ROUTINE}
DONE = "done"


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
        InputError: one sentence per argument that makes no sense, or when Ciw is not installed.
    """
    check_arguments(referrals_per_week, weeks, seed, max_cpu_seconds, pathway)
    try:
        import ciw
    except ImportError:
        raise InputError(
            "The comparison with Ciw needs the package ciw, which is not installed:"
            " pip install 'opendoor[bench]'."
        ) from None

    stopwatch = Stopwatch(max_cpu_seconds)

    class CountedArrivals(ciw.ArrivalNode):
        def have_event(self) -> None:
            stopwatch.referral()
            super().have_event()

    callers_state, callers_rng = random.getstate(), ciw.rng  # Ciw draws from generators all modules share
    try:
        ciw.seed(int(seed))
        queues = ciw.Simulation(
            _network(ciw, referrals_per_week, pathway), arrival_node_class=CountedArrivals
        )
        with stopwatch:
            queues.simulate_until_max_time(weeks * DAYS_PER_WEEK)
    finally:
        random.setstate(callers_state)
        ciw.rng = callers_rng

    waits = [
        record.waiting_time
        for record in queues.get_all_records(only=["service"])
        if record.node == TEAM
        and record.original_customer_class in FOR_ASSESSMENT
        and record.service_start_date >= pathway.warm_up_weeks * DAYS_PER_WEEK
    ]
    return RivalResult(
        stopwatch.referrals,
        stopwatch.cpu_seconds,
        fmean(waits) if waits else float("nan"),
        stopwatch.stopped_early,
    )


def _network(ciw: Any, referrals_per_week: float, pathway: PlainPathway) -> Any:
    """The pathway as Ciw's Network: customer classes by name, nodes in the order triage, team, home."""
    owed = {f"owed session {n}": OWED for n in range(2, pathway.sessions_in_block + 1)}
    # DONE never queues; it has the first priority because Ciw wants priorities without a gap from 0 upwards.
    priority = {**FOR_ASSESSMENT, **FOR_BLOCK, **owed, DONE: OWED}
    stages = [*owed, DONE]  # what a child is after the first session of its block, the second, ...

    def becomes(**share: float) -> dict[str, float]:
        return {name: share.get(name, 0.0) for name in priority}

    unchanged = {name: becomes(**{name: 1.0}) for name in priority}
    after_appointment = dict(unchanged)
    for first, block in zip(FOR_ASSESSMENT, FOR_BLOCK, strict=True):
        after_appointment[first] = becomes(
            **{block: float(pathway.goes_on_to_block), DONE: 1.0 - pathway.goes_on_to_block}
        )
        after_appointment[block] = becomes(**{stages[0]: 1.0})
    for session, following in zip(owed, stages[1:], strict=True):
        after_appointment[session] = becomes(**{following: 1.0})

    # Ciw routes by the class a child has become, so a row for the team says where each comes from it.
    def goes_to(node: int, share: float = 1.0) -> list[float]:
        return [share if to == node else 0.0 for to in (TRIAGE, TEAM, HOME)]

    leaves = [0.0, 0.0, 0.0]
    routing = {name: [leaves, leaves, leaves] for name in priority}
    for name in FOR_ASSESSMENT:
        routing[name] = [goes_to(TEAM, float(pathway.accepted)), leaves, leaves]
    for name in FOR_BLOCK:
        routing[name] = [leaves, goes_to(TEAM), leaves]
    for name in owed:
        routing[name] = [leaves, goes_to(HOME), goes_to(TEAM)]

    dists = ciw.dists
    share_of_class = {"urgent": pathway.urgent, "routine": 1.0 - pathway.urgent}
    per_day = {name: share * referrals_per_week / DAYS_PER_WEEK for name, share in share_of_class.items()}
    at_home = dists.Deterministic(pathway.days_between_sessions - pathway.slot_days)
    return ciw.create_network(
        arrival_distributions={
            name: [dists.Exponential(per_day[name]) if per_day.get(name) else None, None, None]
            for name in priority
        },
        service_distributions={
            name: [
                dists.Deterministic(pathway.triage_days),
                dists.Deterministic(pathway.slot_days),
                at_home,
            ]
            for name in priority
        },
        reneging_time_distributions={
            name: [
                None,
                dists.Exponential(1 / pathway.patience_days)
                if name in {*FOR_ASSESSMENT, *FOR_BLOCK}
                else None,
                None,
            ]
            for name in priority
        },
        number_of_servers=[float("inf"), pathway.clinicians(referrals_per_week), float("inf")],
        priority_classes=priority,
        routing=routing,
        # The two delays change nobody's class, but Ciw must be told so: it notes there which list a child
        # is on.
        class_change_matrices=[unchanged, after_appointment, unchanged],
    )
