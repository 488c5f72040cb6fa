"""What a change costs in staff time: training, closed clinics, slower work until it is learnt, running two systems.

Each cost is a number of minutes by week, team and role, known on the decision day, taken off the top of the week's
minutes and entered in the ledger under ``change`` or ``coordination``. Every one of them can be set to 0, and is
then not there at all. They fall on the roles whose job plan changes; for the others nothing is new.
"""

from __future__ import annotations

import math

import numpy as np

from sim.calendar import day_after
from sim.erosion import Erosion, weekly_leavers, worn_losses
from sim.quantity import Resolver
from sim.timetable import Timetable
from sim.transition import NoChange, Plan, SideBySide

CHANGE, COORDINATION = 0, 1
MOST_DOUBLINGS = 700.0  # natural logarithm of more experience than anybody gains


def loss_of(weeks: float, dip: float, dip_weeks: float, rate: float, adoption: float) -> float:
    """Share of the minutes lost so many weeks after the change.

    Wright's learning curve (Wright 1936, "Factors affecting the cost of airplanes"): with every doubling of
    experience the time per piece of work falls to ``rate`` of what it was. How much time makes the first unit of
    experience the curve does not say; it is chosen so that staff who fully adopt the new ways are back at the old
    pace after ``dip_weeks``. Staff who adopt half of them take twice as long, those who adopt nothing stay in the dip.
    """
    if dip <= 0.0 or dip_weeks <= 0.0:
        return 0.0
    slope = -math.log2(rate)
    if dip >= 1.0 or slope <= 0.0 or -math.log1p(-dip) / slope > MOST_DOUBLINGS:
        return dip  # the old pace is never reached
    wanted = (1.0 - dip) ** (-1.0 / slope)  # experience at which it is, in units of the first
    gained = 1.0 + adoption * weeks / dip_weeks * (wanted - 1.0)
    return max(0.0, 1.0 - (1.0 - dip) * gained**slope)


def change_minutes(
    plan: NoChange | Plan,
    value: Resolver,
    timetable: Timetable,
    available: np.ndarray,
    people: np.ndarray,
    changing: np.ndarray,
    days: np.ndarray,
    decision_day: int,
    told: int | None = None,
    erosion: Erosion | None = None,
) -> np.ndarray:
    """Minutes that the change takes: (weeks, teams, roles, 2), for change and for coordination.

    Args:
        available: (w, t, r) minutes there are.
        people: (t, r) whole-time equivalents.
        changing: (r,) roles whose job plan is not the same in both systems.
        days: (w,) working days in each week.
        told: day on which those who change later hear of it, if it is not the decision day.
        erosion: staff who leave and their successors, who learn and are trained anew.
    """
    weeks, teams, _ = available.shape
    out = np.zeros((*available.shape, 2))
    if isinstance(plan, NoChange):
        return out.astype(np.int64)
    hours, spread = value(plan.training_hours), max(1, round(value(plan.training_weeks, "weeks")))
    closed, closed_days = value(plan.closed_share), day_after(value(plan.closed_weeks, "weeks"))
    dip, lasts = value(plan.dip), value(plan.dip_weeks, "weeks")
    rate, adoption = value(plan.learning_rate), value(plan.adoption)
    leaving = 0.0 if erosion is None else weekly_leavers(erosion, value)
    taught = 1.0 if erosion is None else 1.0 - value(erosion.untaught)
    learnt, learning = (
        np.array([loss_of(week, dip, lasts, rate, share) for week in range(weeks)])
        for share in (adoption, adoption * taught)
    )
    losses = worn_losses(learnt, learning, leaving)
    for team in range(teams):
        new = timetable.capacity[:, team]
        if not (new > 0.0).any():
            continue
        switch = int(np.argmax(new > 0.0))
        known = decision_day if told is None or 7 * switch < told else told
        before = range(max(known // 7, switch - spread), switch)
        lessons = before if len(before) else range(switch, min(switch + spread, weeks))
        total = hours * 60.0 * people[team]
        for i, week in enumerate(lessons):
            n = len(lessons)
            out[week, team, :, CHANGE] += np.floor(total * (i + 1) / n) - np.floor(total * i / n)
        for week in range(switch, weeks):
            shut = closed if 7 * (week - switch) < closed_days else 0.0
            lost = max(shut, losses[week - switch]) * new[week]
            out[week, team, :, CHANGE] += np.floor(available[week, team] * lost)
        # successors are trained as they come, about equally many each week
        so_far = np.arange(weeks - switch + 1)[:, None] * (total * leaving * taught)
        out[switch:, team, :, CHANGE] += np.diff(np.floor(so_far), axis=0) * (new[switch:, None] > 0.0)
        if isinstance(plan, SideBySide):
            both = (new > 0.0) & (new < 1.0)
            switching = value(plan.switching_minutes) * days[both, None] + value(plan.coordination_minutes)
            out[both, team, :, COORDINATION] += np.floor(switching * people[team])
    return (out * changing[:, None]).astype(np.int64)


def extra_minutes(
    plan: NoChange | Plan, value: Resolver, timetable: Timetable, available: np.ndarray, works_old: np.ndarray
) -> np.ndarray:
    """Whole minutes brought in for the old lists, on top of those there are: (weeks, teams, roles).

    Args:
        available: (w, t, r) minutes there are.
        works_old: (r,) roles with time for what only the old system offers.
    """
    out = np.zeros(available.shape)
    if not isinstance(plan, NoChange) and plan.waiting == "blitz":
        share, weeks = value(plan.blitz.extra), round(value(plan.blitz.weeks, "weeks"))
        for team in range(available.shape[1]):
            new = timetable.capacity[:, team] > 0.0
            first = int(np.argmax(new)) if new.any() else len(new)
            out[first : first + weeks, team] = np.floor(available[first : first + weeks, team] * share)
    return (out * works_old).astype(np.int64)
