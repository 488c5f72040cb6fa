"""What a change costs in staff time: training, closed clinics, slower work until it is learnt, running two systems.

Each cost is a number of minutes by week, team and role, known on the decision day, taken off the top of the week's
minutes and entered in the ledger under ``change`` or ``coordination``. Every one of them can be set to 0, and is
then not there at all. They fall on the roles whose job plan changes; for the others nothing is new.
"""

from __future__ import annotations

import math

import numpy as np

from sim.calendar import day_after
from sim.quantity import Resolver
from sim.timetable import Timetable
from sim.transition import NoChange, Parallel, Plan

CHANGE, COORDINATION = 0, 1


def loss_of(weeks: int, dip: float, rate: float, adoption: float) -> float:
    """Share of the minutes lost so many weeks after the change.

    Wright's learning curve: with every doubling of the time spent in the new way (as far as it is adopted), the
    time per piece of work falls to ``rate`` of what it was; the dip is over when the old pace is reached.
    """
    return max(0.0, 1.0 - (1.0 - dip) * (1.0 + adoption * weeks) ** -math.log2(rate))


def change_minutes(
    plan: NoChange | Plan,
    value: Resolver,
    timetable: Timetable,
    available: np.ndarray,
    people: np.ndarray,
    changing: np.ndarray,
    days: np.ndarray,
    decision_day: int,
) -> np.ndarray:
    """Minutes that the change takes: (weeks, teams, roles, 2), for change and for coordination.

    Args:
        available: (w, t, r) minutes there are.
        people: (t, r) whole-time equivalents.
        changing: (r,) roles whose job plan is not the same in both systems.
        days: (w,) working days in each week.
    """
    weeks, teams, _ = available.shape
    out = np.zeros((*available.shape, 2))
    if isinstance(plan, NoChange):
        return out.astype(np.int64)
    hours, spread = value(plan.training_hours), max(1, round(value(plan.training_weeks, "weeks")))
    closed, closed_days = value(plan.closed_share), day_after(value(plan.closed_weeks, "weeks"))
    dip, rate, adoption = value(plan.dip), value(plan.learning_rate), value(plan.adoption)
    for team in range(teams):
        new = timetable.capacity[:, team]
        if not (new > 0.0).any():
            continue
        switch = int(np.argmax(new > 0.0))
        before = range(max(decision_day // 7, switch - spread), switch)
        lessons = before if len(before) else range(switch, min(switch + spread, weeks))
        total = hours * 60.0 * people[team]
        for i, week in enumerate(lessons):
            n = len(lessons)
            out[week, team, :, CHANGE] += np.floor(total * (i + 1) / n) - np.floor(total * i / n)
        for week in range(switch, weeks):
            shut = closed if 7 * (week - switch) < closed_days else 0.0
            lost = max(shut, loss_of(week - switch, dip, rate, adoption)) * new[week]
            out[week, team, :, CHANGE] += np.floor(available[week, team] * lost)
        if isinstance(plan, Parallel):
            both = (new > 0.0) & (new < 1.0)
            switching = value(plan.switching_minutes) * days[both, None] + value(plan.coordination_minutes)
            out[both, team, :, COORDINATION] += np.floor(switching * people[team])
    return (out * changing[:, None]).astype(np.int64)
