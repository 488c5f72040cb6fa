"""How an area gets from one system to another: a plan with dates, and what it does about those who already wait.

A plan is data, like a system: it names the system to go to (``to``, a whole system with dials of its own), when
the change begins, counted in weeks from the decision day, and what happens to the families who stand on the old
lists that day. What the plan means for each day and team is worked out in :mod:`sim.timetable`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import Field

from sim.calendar import day_after, days_of_run
from sim.quantity import Count, Minutes, Multiplier, OddsRatio, Resolver, Share, Strict, Weeks
from sim.system import Level, System

Waiting = Literal[
    "honour",  # they keep their place; some minutes stay with the old lists until they are empty
    "invite",  # their lists close, and they are asked in through the new door on that day
    "triage_call",  # their lists close, and each family is rung up: some need nothing more, the others are asked in
    "blitz",  # as honour, with staff brought in for the old lists for some weeks
]
Order = Literal["neediest_first", "random", "by_locality", "listed"]

#: Weekly counts by which a pilot may be judged.
Judged = Literal[
    "identified",
    "referred",
    "first_contacts",
    "first_useful",
    "specialist_starts",
    "contacts",
    "not_brought",
    "turned_away",
    "left",
    "gave_up",
]


class NoChange(Strict):
    """The system has always been in place, and stays."""

    name: Literal["none"] = "none"


class Calls(Strict):
    """Families on the old lists are rung up, most severe needs first, as staff find the time."""

    role: str  # who rings
    minutes: Minutes  # of a call; 0: all are rung up on the day of the change
    most: Share  # of the role's minutes in a week
    no_longer: dict[Level, Share]  # who say that they need no help any more, by the level of the need


class Blitz(Strict):
    """Staff brought in for the old lists, once."""

    extra: Share  # minutes on top of those of each role that works on old lists
    weeks: Weeks  # from a team's change on
    pay: Multiplier  # of an hour, against the role's own


class Change(Strict):
    """What every plan of change has in common."""

    to: System
    start_week: Weeks = 0.0  # after the decision day
    waiting: Waiting = "honour"
    calls: Calls  # only used with waiting: triage_call
    blitz: Blitz  # only used with waiting: blitz
    run_off: Share  # of a team's minutes, once it has changed over, while old lists or courses hold anybody
    training_hours: Count  # per whole-time equivalent
    training_weeks: (
        Weeks  # over which they are spread before a team's change (after it, if it begins at once)
    )
    closed_weeks: Weeks  # after a team's change ...
    closed_share: Share  # ... in which this much of its minutes is lost
    dip: Share  # of the minutes in the new system lost at first
    dip_weeks: Weeks  # until the old pace is reached, where the new ways are fully adopted; 0: no dip
    learning_rate: Share  # time per piece of work after each doubling of experience (Wright)
    adoption: Share  # how far staff take up the new ways, and so gain experience


class BigBang(Change):
    """All places on one day."""

    name: Literal["big_bang"]


class Phased(Change):
    """Places in groups, one group after the other.

    A child who moves between places of different groups goes over, or back, on that day. All needs of one child go
    by the same door. A family with one child at a place that has changed may take another there, too, whose own place
    has not: that work falls on those who already work in the new way.
    """

    name: Literal["phased"]
    order: Order = "neediest_first"
    groups: Annotated[int, Field(ge=1, le=1000)] = 4  # about equally many children each; not used if listed
    gap_weeks: Weeks  # from one group to the next
    siblings: Share  # of families, who take a child to the new door to which they go with a brother or sister
    listed: list[
        Annotated[list[str], Field(min_length=1)]
    ] = []  # localities and places by name, in their groups


class SideBySide(Change):
    """Both systems in the same places: what comes of it for families and staff."""

    families: Share | None = None  # who go by the new doors; null: as many as the share of the minutes
    trust: OddsRatio  # in the new doors: odds of going to them, against that share
    new_doors_navigation: OddsRatio  # of that, per standard deviation of the family's navigation ability
    both_doors: Share  # of families with a place on an old list, who go to the new door as well
    both_doors_navigation: OddsRatio  # of that, per standard deviation of the family's navigation ability
    withdraws: Share  # of families in both, who give up the other place once one system has helped
    habit: Share  # of concerns of the new system's families, sent to the old door by habit
    pooled: Share  # of the minutes that one system has left over on a day, which may serve the other
    old_upkeep: Share  # how much of the work for the old system's lists goes on beside the new one
    switching_minutes: Minutes  # per person and working day, while a team works in both systems
    coordination_minutes: Minutes  # per person and week, while a team works in both systems


class Parallel(SideBySide):
    """Both systems in the same places, side by side."""

    name: Literal["parallel"]
    from_share: Share = 0.0  # of the minutes that the new system has when the ramp begins
    to_share: Share  # ... and when it is over
    ramp_weeks: Weeks = 0.0  # 0: to_share at once
    end_week: Weeks | None = None  # after the start: from then on the new system only; null: for good


class Pilot(SideBySide):
    """Some places first; then all or none, by a rule on what was counted there and elsewhere."""

    name: Literal["pilot"]
    order: Literal["neediest_first", "random", "listed"] = "neediest_first"
    share: Share  # of the children, whose places take part; not used if listed
    listed: list[str] = []  # localities and places that take part
    to_share: Share = 1.0  # of the minutes for pilot places that the new system has; below 1: side by side
    weeks: Weeks  # from the start to the decision, which falls on the beginning of the next week of the run
    measure: Judged  # the weekly count by which it is decided
    rule: Literal["at_least", "at_most"]  # go on if the count's growth, pilot against other places, is ...
    threshold: Multiplier  # ... this much
    roll_out_weeks: Weeks = 0.0  # from the decision until the other places change over
    otherwise: Literal["back", "stay"] = "back"  # pilot places, if it is not gone on with


Plan = BigBang | Phased | Parallel | Pilot
Transition = Annotated[NoChange | BigBang | Phased | Parallel | Pilot, Field(discriminator="name")]
PLANS: dict[str, type[Strict]] = {
    "none": NoChange,
    "big_bang": BigBang,
    "phased": Phased,
    "parallel": Parallel,
    "pilot": Pilot,
}


def last_week(plan: Plan, value: Resolver, groups: int) -> float:
    """Weeks from the decision day to the last step of a plan; ``groups`` is the number of groups of places."""
    start = value(plan.start_week, "weeks")
    if isinstance(plan, Phased):
        return start + (groups - 1) * value(plan.gap_weeks, "weeks")
    if isinstance(plan, Parallel):
        end = 0.0 if plan.end_week is None else value(plan.end_week, "weeks")
        return start + max(value(plan.ramp_weeks, "weeks"), end)
    if isinstance(plan, Pilot):
        return start + value(plan.weeks, "weeks") + value(plan.roll_out_weeks, "weeks") + 1.0
    return start


def timing_problems(
    plan: NoChange | Plan, value: Resolver, history_years: float, horizon_years: float
) -> list[str]:
    """Steps of a plan that do not lie in the horizon, and parts of it that do not fit each other."""
    if isinstance(plan, NoChange):
        return []
    history, whole = days_of_run(history_years, horizon_years)
    end = whole - history
    weeks = end / 7.0
    out = list(_phase_problems(plan)) if isinstance(plan, Phased) else []
    if isinstance(plan, Pilot):
        out += _pilot_problems(plan, value, history)
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
    keys = {
        "phased": "start_week, groups and gap_weeks",
        "pilot": "start_week, weeks and roll_out_weeks (and up to a week until the decision)",
    }.get(plan.name, "start_week, ramp_weeks, end_week")
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


def _pilot_problems(plan: Pilot, value: Resolver, history: int) -> Iterator[str]:
    if plan.order == "listed" and not plan.listed:
        yield "transition.listed: order 'listed' needs at least one locality or place"
    if plan.order != "listed" and plan.listed:
        yield f"transition.listed: only used with order 'listed', found order '{plan.order}'"
    share, weeks, part = value(plan.share), value(plan.weeks, "weeks"), value(plan.to_share)
    if plan.order != "listed" and not 0.0 < share < 1.0:
        yield f"transition.share = {share:g}: allowed is above 0 and below 1, so that there are places to compare"
    if weeks < 2.0:
        yield f"transition.weeks = {weeks:g}: allowed is 2 or more, so that there is a whole week to count"
    before = history / 7.0 + value(plan.start_week, "weeks")
    if weeks > before:
        yield (
            f"transition.weeks = {weeks:g}: a pilot is held against as many weeks before it, and the history and "
            f"start_week give {before:g}; allowed is up to that"
        )
    if part <= 0.0:
        yield "transition.to_share = 0: nothing would be tried in the pilot; allowed is above 0, up to 1"


def calling_problems(plan: NoChange | Plan, roles: Collection[str]) -> list[str]:
    """Calls to those who wait, by a role that does not exist."""
    if isinstance(plan, NoChange) or plan.waiting != "triage_call" or plan.calls.role in roles:
        return []
    return [f"transition.calls.role = {plan.calls.role!r}: no such role; allowed are {', '.join(roles)}"]
