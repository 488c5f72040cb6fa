"""A plan of change as a timetable: which place works in which way on which day, and with how much of whose time.

Everything here is known on the decision day: when each place changes over, the share of families who go to the
new system's doors, and the share of each team's minutes that the new system has in each week. What depends on how
things go (old lists that are still to be run off) is left to the kernel.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple

import numpy as np

from sim.area import Area
from sim.calendar import Days, day_after
from sim.config import Config
from sim.draws import PLACE_ORDER, uniform
from sim.errors import InputError
from sim.quantity import Resolver
from sim.transition import NoChange, Parallel, Phased, last_week, too_long

NOT_IN_RUN = 10**8


class Timetable(NamedTuple):
    """The plan by day (d,), week (w,), place (p,) and team (t,)."""

    switch_day: np.ndarray  # (p,) from which day on a place works in the new way
    demand_share: np.ndarray  # (d,) of families, by their own luck, who go by the new doors in such places
    capacity: np.ndarray  # (w, t) share of a team's minutes for the new system
    staff_share: np.ndarray  # (w,) how far staff have been placed as the new system places them
    changes: np.ndarray  # (d,) bool: days on which anybody's system changes


def timetable_of(
    config: Config, area: Area, days: Days, decision_day: int, end_day: int, seed: int
) -> Timetable:
    """The plan of a checked configuration, day by day.

    Raises:
        InputError: groups that leave out a place, name one twice, or name one that is not in the area; a plan
            by localities that is longer than the horizon.
    """
    plan, value = config.transition, config.resolver()
    n_places, n_teams, n_weeks = len(area.place_name), len(area.localities), end_day // 7
    if isinstance(plan, NoChange):
        return Timetable(
            np.full(n_places, NOT_IN_RUN, np.int64),
            np.zeros(end_day),
            np.zeros((n_weeks, n_teams)),
            np.zeros(n_weeks),
            np.zeros(end_day, bool),
        )
    start = value(plan.start_week, "weeks")
    first = day_after(start, decision_day)
    switch_day = np.full(n_places, first, np.int64)
    if isinstance(plan, Parallel):
        minutes, families = _side_by_side(plan, value, first, end_day)
        return _by_week(switch_day, families, np.tile(minutes[:, None], n_teams), area, days)
    if isinstance(plan, Phased):
        group = groups_of(plan, config, area, seed)
        gap = value(plan.gap_weeks, "weeks")
        n = int(group.max(initial=0)) + 1
        weeks = (end_day - decision_day) / 7.0
        if day_after(last_week(plan, value, n), decision_day) >= end_day:
            raise InputError([too_long(plan, last_week(plan, value, n), weeks)])
        switch_day = np.array([day_after(start + g * gap, decision_day) for g in range(n)], np.int64)[group]
    daily = share_switched(switch_day, area, end_day)
    return _by_week(switch_day, np.ones(end_day), daily, area, days)


def _side_by_side(plan: Parallel, value: Resolver, first: int, end_day: int) -> tuple[np.ndarray, np.ndarray]:
    """The new system's share of minutes and of families on each day, (d,) each. A ramp moves once a week."""
    low, high = value(plan.from_share), value(plan.to_share)
    ramp = value(plan.ramp_weeks, "weeks")
    day = np.arange(end_day) - first
    minutes = np.full(end_day, high)
    if ramp > 0.0:
        done = np.clip((day // 7) / ramp, 0.0, 1.0)
        minutes = np.where(done >= 1.0, high, low + (high - low) * done)
    families = minutes.copy() if plan.families is None else np.full(end_day, value(plan.families))
    for share in (minutes, families):
        if plan.end_week is not None:
            share[day >= day_after(value(plan.end_week, "weeks"))] = 1.0
        share[day < 0] = 0.0
    return minutes, families


def groups_of(plan: Phased, config: Config, area: Area, seed: int) -> np.ndarray:
    """The group of each place, from 0 in the order in which they change over: (p,).

    Raises:
        InputError: listed groups that leave out a place, name one twice, or name one that is not in the area.
    """
    n = len(area.place_name)
    if plan.order == "by_locality":
        return np.asarray(area.place_locality, np.int64)
    if plan.order == "listed":
        return _listed(plan, area)
    if plan.order == "random":
        with np.errstate(over="ignore"):
            claim = np.array([uniform(np.uint64(seed), p, PLACE_ORDER, 0) for p in range(n)])
    else:
        value = config.resolver()
        need = np.array([value(q) for q in config.needs.deprivation])
        claim = -need[np.asarray(area.place_quintile)]
    order = np.argsort(claim, kind="stable")
    size = np.maximum(area.place_size[order], 0.0).astype(float)
    before = np.cumsum(size) - size / 2.0  # where the middle of each place lies among all the children
    total = float(size.sum())
    cut = before / total if total > 0.0 else (np.arange(n) + 0.5) / n
    group = np.zeros(n, np.int64)
    group[order] = np.minimum((cut * plan.groups).astype(np.int64), plan.groups - 1)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)  # a large place may fill two groups


def _listed(plan: Phased, area: Area) -> np.ndarray:
    group = np.full(len(area.place_name), -1, np.int64)
    problems: list[str] = []
    names, localities = np.array(area.place_name, dtype=object), list(area.localities)
    for g, listed in enumerate(plan.listed):
        for name in listed:
            key = f"transition.listed[{g}] = {name!r}"
            where = localities.index(name) if name in localities else -1
            here = np.asarray(area.place_locality) == where if where >= 0 else names == name
            if not here.any():
                known = [*localities, *map(str, area.place_name)]
                close = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean '{close[0]}'?" if close else f"localities: {', '.join(localities)}"
                problems.append(f"{key}: no locality or place of that name; {hint}")
            elif (group[here] >= 0).any():
                twice = names[np.flatnonzero(here & (group >= 0))[0]]
                problems.append(f"{key}: {twice} is in a group already; each place belongs to one")
            group[here] = g
    missing = names[group < 0]
    if len(missing) and not problems:
        shown = ", ".join(map(str, missing[:5])) + (" ..." if len(missing) > 5 else "")
        problems.append(
            f"transition.listed: {len(missing)} of {len(names)} places are in no group ({shown}); "
            "every place must be in one"
        )
    if problems:
        raise InputError(problems)
    return group


def share_switched(switch_day: np.ndarray, area: Area, end_day: int) -> np.ndarray:
    """Share of each team's places that work in the new way, weighted by the children there: (d, t)."""
    out = np.zeros((end_day, len(area.localities)))
    day = np.arange(end_day)[:, None]
    for team in range(len(area.localities)):
        here = np.flatnonzero(area.place_locality == team)
        weight = np.maximum(area.place_size[here], 0.0).astype(float)
        if weight.sum() <= 0.0:
            weight = np.ones(len(here))
        # places that change on one day are counted together: all of them are exactly 1
        switched = switch_day[here] if len(here) else np.array([switch_day.min(initial=NOT_IN_RUN)])
        total = float(weight.sum()) if len(here) else 1.0
        for when in np.unique(switched):
            done = switched <= when
            share = 1.0 if done.all() else float(weight[done].sum()) / total
            out[day[:, 0] >= when, team] = share
    return out


def _by_week(
    switch_day: np.ndarray, demand: np.ndarray, daily: np.ndarray, area: Area, days: Days
) -> Timetable:
    """Weeks from days: a week in which a share changes counts by its working days."""
    end_day, n_teams = daily.shape
    weeks = daily.reshape(end_day // 7, 7, n_teams)
    works = days.works[:end_day].reshape(-1, 7).astype(float)
    works[works.sum(axis=1) == 0.0] = 1.0
    capacity = (weeks * works[:, :, None]).sum(axis=1) / works.sum(axis=1)[:, None]
    children = area.children[:, :18, :].sum(axis=(1, 2)).astype(float)
    if children.sum() <= 0.0:
        children = np.ones(n_teams)
    staff = capacity @ children / children.sum()
    one = (capacity == capacity[:, :1]).all(axis=1)
    staff[one] = capacity[one, 0]  # all teams alike: no rounding
    changes = np.zeros(end_day, bool)
    changes[switch_day[switch_day < end_day]] = True
    changes[1:] |= demand[1:] != demand[:-1]
    return Timetable(switch_day, demand, capacity, staff, changes)
