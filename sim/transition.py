"""How an area gets from one system to another: a plan with dates, and what it does about those who already wait.

A plan is data, like a system: it names the system to go to (``to``, a whole system with dials of its own), when
the change begins, counted in weeks from the decision day, and what happens to the families who stand on the old
lists that day. What the plan means for each day and team is worked out in :mod:`sim.timetable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sim.calendar import day_after, days_of_run
from sim.quantity import Count, Minutes, Resolver, Share, Strict, Weeks
from sim.system import System

Waiting = Literal[
    "honour",  # they keep their place; some minutes stay with the old lists until they are empty
    "invite",  # their lists close, and they are asked in through the new door on that day
]
Order = Literal["neediest_first", "random", "by_locality", "listed"]


class NoChange(Strict):
    """The system has always been in place, and stays."""

    name: Literal["none"] = "none"


class Change(Strict):
    """What every plan of change has in common."""

    to: System
    start_week: Weeks = 0.0  # after the decision day
    waiting: Waiting = "honour"
    run_off: Share  # of a team's minutes, once it has changed over, while old lists or courses hold anybody
    training_hours: Count  # per whole-time equivalent
    training_weeks: (
        Weeks  # over which they are spread before a team's change (after it, if it begins at once)
    )
    closed_weeks: Weeks  # after a team's change ...
    closed_share: Share  # ... in which this much of its minutes is lost
    dip: Share  # of the minutes in the new system lost at first
    learning_rate: Share  # time per piece of work after each doubling of experience (Wright)
    adoption: Share  # how far staff take up the new ways, and so gain experience


class BigBang(Change):
    """All places on one day."""

    name: Literal["big_bang"]


class Phased(Change):
    """Places in groups, one group after the other."""

    name: Literal["phased"]
    order: Order = "neediest_first"
    groups: Annotated[int, Field(ge=1, le=1000)] = 4  # about equally many children each; not used if listed
    gap_weeks: Weeks  # from one group to the next
    listed: list[
        Annotated[list[str], Field(min_length=1)]
    ] = []  # localities and places by name, in their groups


class Parallel(Change):
    """Both systems in the same places, side by side."""

    name: Literal["parallel"]
    from_share: Share = 0.0  # of the minutes that the new system has when the ramp begins
    to_share: Share  # ... and when it is over
    ramp_weeks: Weeks = 0.0  # 0: to_share at once
    end_week: Weeks | None = None  # after the start: from then on the new system only; null: for good
    switching_minutes: Minutes  # per person and working day, while a team works in both systems
    coordination_minutes: Minutes  # per person and week, while a team works in both systems
    families: Share | None = None  # who go by the new doors; null: as many as the share of the minutes


Plan = BigBang | Phased | Parallel
Transition = Annotated[NoChange | BigBang | Phased | Parallel, Field(discriminator="name")]
PLANS: dict[str, type[Strict]] = {
    "none": NoChange,
    "big_bang": BigBang,
    "phased": Phased,
    "parallel": Parallel,
}


def last_week(plan: Plan, value: Resolver, groups: int) -> float:
    """Weeks from the decision day to the last step of a plan; ``groups`` is the number of groups of places."""
    start = value(plan.start_week, "weeks")
    if isinstance(plan, Phased):
        return start + (groups - 1) * value(plan.gap_weeks, "weeks")
    if isinstance(plan, Parallel):
        end = 0.0 if plan.end_week is None else value(plan.end_week, "weeks")
        return start + max(value(plan.ramp_weeks, "weeks"), end)
    return start


def timing_problems(plan: NoChange | Plan, value: Resolver, horizon_years: float) -> list[str]:
    """Steps of a plan that do not lie in the horizon, and parts of it that do not fit each other."""
    if isinstance(plan, NoChange):
        return []
    _, end = days_of_run(0.0, horizon_years)
    weeks = end / 7.0
    out = list(_phase_problems(plan)) if isinstance(plan, Phased) else []
    start = value(plan.start_week, "weeks")
    if day_after(start) >= end:
        out.append(
            f"transition.start_week = {start:g}: after the horizon; allowed is 0 to below {weeks:g} weeks"
        )
    elif not isinstance(plan, Phased) or plan.order != "by_locality":  # those are counted with the area
        groups = _number_of_groups(plan)
        last = last_week(plan, value, groups)
        if day_after(last) >= end:
            out.append(too_long(plan, last, weeks))
    if value(plan.run_off) <= 0.0:
        out.append(
            "transition.run_off = 0: courses under way would never be finished; allowed is above 0, up to 1"
        )
    rate = value(plan.learning_rate)
    if rate <= 0.0:
        out.append(f"transition.learning_rate = {rate:g}: allowed is above 0, up to 1")
    return out


def too_long(plan: Plan, last: float, weeks: float) -> str:
    """The sentence about a plan whose last step lies after the horizon."""
    keys = (
        "start_week, groups and gap_weeks" if isinstance(plan, Phased) else "start_week, ramp_weeks, end_week"
    )
    return f"transition: {keys} make a plan of {last:g} weeks; allowed is below the horizon's {weeks:g} weeks"


def _number_of_groups(plan: Plan) -> int:
    if not isinstance(plan, Phased):
        return 1
    return len(plan.listed) if plan.order == "listed" else plan.groups


def _phase_problems(plan: Phased) -> Iterator[str]:
    if plan.order == "listed" and not plan.listed:
        yield "transition.listed: order 'listed' needs at least one group of localities or places"
    if plan.order != "listed" and plan.listed:
        yield f"transition.listed: only used with order 'listed', found order '{plan.order}'"
