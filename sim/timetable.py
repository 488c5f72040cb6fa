"""A plan of change as a timetable: which place works in which way on which day, and with how much of whose time.

Everything here is known on the decision day: when each place changes over, the share of families who go to the
new system's doors, and the share of each team's minutes that the new system has in each week. What depends on how
things go (old lists that are still to be run off) is left to the kernel.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from sim.area import Area
from sim.calendar import Days, day_after, days_of_run, september_firsts
from sim.config import Config
from sim.door_choice import odds_at_average, trusted
from sim.draws import PLACE_ORDER, uniform
from sim.errors import InputError
from sim.quantity import Resolver
from sim.transition import NoChange, Parallel, Phased, Pilot, SideBySide, last_week, too_long

NOT_IN_RUN = 10**8

Outcome = Literal["go_on", "back", "stay"]  # of a pilot


class Timetable(NamedTuple):
    """The plan by day (d,), week (w,), place (p,) and team (t,)."""

    switch_day: np.ndarray  # (p,) from which day on a place works in the new way ...
    back_day: np.ndarray  # (p,) ... and from which day on in the old one again
    demand_share: np.ndarray  # (d,) of families who go by the new doors in such places
    demand_odds: np.ndarray  # (d,) their log odds at average navigation ability
    side_by_side: np.ndarray  # (d,) bool: both systems work in the same places
    capacity: np.ndarray  # (w, t) share of a team's minutes for the new system
    staff_share: np.ndarray  # (w,) how far staff have been placed as the new system places them
    changes: np.ndarray  # (d,) bool: days on which anybody's system changes


def timetable_of(
    config: Config,
    area: Area,
    days: Days,
    decision_day: int,
    end_day: int,
    seed: int,
    pilot: Outcome = "stay",
) -> Timetable:
    """The plan of a checked configuration, day by day. ``pilot``: what becomes of one, once it has been decided.

    Raises:
        InputError: groups that leave out a place, name one twice, or name one that is not in the area; a plan
            by localities that is longer than the horizon; a pilot in no place, or in all of them.
    """
    plan, value = config.transition, config.resolver()
    n_places, n_teams, n_weeks = len(area.place_name), len(area.localities), end_day // 7
    if isinstance(plan, NoChange):
        return Timetable(
            np.full(n_places, NOT_IN_RUN, np.int64),
            np.full(n_places, NOT_IN_RUN, np.int64),
            np.zeros(end_day),
            np.zeros(end_day),
            np.zeros(end_day, bool),
            np.zeros((n_weeks, n_teams)),
            np.zeros(n_weeks),
            np.zeros(end_day, bool),
        )
    start = value(plan.start_week, "weeks")
    first = day_after(start, decision_day)
    switch_day = np.full(n_places, first, np.int64)
    never = np.full(n_places, NOT_IN_RUN, np.int64)
    alone = np.zeros(end_day, bool)
    if isinstance(plan, Parallel):
        minutes, families = _side_by_side(plan, value, first, end_day)
        families = trusted(families, value(plan.trust))
        both = (minutes > 0.0) & (minutes < 1.0)
        daily = np.tile(minutes[:, None], n_teams)
        return _by_week(switch_day, never, families, both, daily, area, days, navigation_slope(plan, value))
    if isinstance(plan, Pilot):
        return _pilot(plan, config, area, days, decision_day, end_day, seed, pilot)
    if isinstance(plan, Phased):
        group = groups_of(plan, config, area, seed)
        gap, n = value(plan.gap_weeks, "weeks"), int(group.max(initial=0)) + 1
        _check_length(plan, value, n, end_day - decision_day)
        switch_day = np.array([day_after(start + g * gap, decision_day) for g in range(n)], np.int64)[group]
    daily = share_switched(switch_day, area, end_day)
    found = _by_week(switch_day, never, np.ones(end_day), alone, daily, area, days)
    if (
        isinstance(plan, Phased) and value(plan.siblings) > 0.0
    ):  # a brother or sister may start school any year
        september = september_firsts(days.first_day, end_day)
        found.changes[september[(september >= first) & (september < end_day)]] = True
    return found


def navigation_slope(plan: SideBySide, value: Resolver) -> float:
    """What a standard deviation of navigation ability adds to a family's log odds of going by the new doors."""
    return math.log(value(plan.new_doors_navigation))


def check_places(config: Config, area: Area) -> None:
    """Whether the places of a plan are places of the area, and their groups fit into the horizon.

    Raises:
        InputError: as :func:`timetable_of` would in a run.
    """
    plan = config.transition
    if isinstance(plan, Phased):
        n = int(groups_of(plan, config, area, config.seed).max(initial=0)) + 1
        decision, end = days_of_run(config.history_years, config.horizon_years)
        _check_length(plan, config.resolver(), n, end - decision)
    elif isinstance(plan, Pilot):
        pilot_places(plan, config, area, config.seed)


def _check_length(plan: Phased, value: Resolver, groups: int, horizon: int) -> None:
    last = last_week(plan, value, groups)
    if day_after(last) >= horizon:
        raise InputError([too_long(plan, last, horizon / 7.0)])


def pilot_days(plan: Pilot, value: Resolver, decision_day: int) -> tuple[int, int]:
    """The first day of a pilot, and the day of the decision: the first of a week of the run."""
    first = day_after(value(plan.start_week, "weeks"), decision_day)
    return first, 7 * math.ceil(day_after(value(plan.weeks, "weeks"), first) / 7)


def _pilot(
    plan: Pilot,
    config: Config,
    area: Area,
    days: Days,
    decision_day: int,
    end_day: int,
    seed: int,
    outcome: Outcome,
) -> Timetable:
    """Some places first; then all of them, none, or the same for good. Until the decision it is the same."""
    value = config.resolver()
    first, told = pilot_days(plan, value, decision_day)
    inside = pilot_places(plan, config, area, seed)
    n_places = len(area.place_name)
    switch_day = np.where(inside, first, NOT_IN_RUN).astype(np.int64)
    back_day = np.full(n_places, NOT_IN_RUN, np.int64)
    part = value(plan.to_share)
    asked = part if plan.families is None else value(plan.families)
    families = trusted(np.full(end_day, asked), value(plan.trust))
    share, day = np.full(end_day, part), np.arange(end_day)
    if outcome == "back":
        back_day[inside] = told
        share[day >= told] = 0.0
    elif outcome == "go_on":
        roll_out = day_after(value(plan.roll_out_weeks, "weeks"), told)
        switch_day[~inside] = roll_out
        for values in (share, families):
            values[day >= roll_out] = 1.0
    families[day < first] = 0.0
    both = (share > 0.0) & (share < 1.0) & (day >= first)
    daily = share_switched(switch_day, area, end_day) * share[:, None]
    return _by_week(switch_day, back_day, families, both, daily, area, days, navigation_slope(plan, value))


def pilot_places(plan: Pilot, config: Config, area: Area, seed: int) -> np.ndarray:
    """The places of a pilot: (p,) bool.

    Raises:
        InputError: names that are not in the area; a pilot in no place, or in all of them.
    """
    if plan.order == "listed":
        if problems := pilot_place_problems(plan.listed, area):
            raise InputError(problems)
        inside = np.logical_or.reduce([_places_named(name, area) for name in plan.listed])
    else:
        inside = np.zeros(len(area.place_name), bool)
        order, cut = _in_turn(plan.order, config, area, seed)
        inside[order] = cut < config.resolver()(plan.share)
    if inside.all() or not inside.any():
        key = "listed" if plan.order == "listed" else "share"
        raise InputError(
            [
                f"transition.{key}: the pilot takes in {int(inside.sum())} of {len(inside)} places; allowed is at "
                "least one, and one less than all, so that there are places to compare"
            ]
        )
    return inside


def pilot_place_problems(listed: Sequence[str], area: Area) -> list[str]:
    """A sentence for each name in a pilot's list that is none of the area's."""
    return [
        _unknown_place(f"transition.listed[{i}]", name, area)
        for i, name in enumerate(listed)
        if not _places_named(name, area).any()
    ]


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
    order, cut = _in_turn(plan.order, config, area, seed)
    group = np.zeros(n, np.int64)
    group[order] = np.minimum((cut * plan.groups).astype(np.int64), plan.groups - 1)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)  # a large place may fill two groups


def _in_turn(how: str, config: Config, area: Area, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in the order in which they have their turn, and where the middle of each lies among all children."""
    n = len(area.place_name)
    if how == "random":
        with np.errstate(over="ignore"):
            claim = np.array([uniform(np.uint64(seed), p, PLACE_ORDER, 0) for p in range(n)])
    else:
        value = config.resolver()
        need = np.array([value(q) for q in config.needs.deprivation])
        claim = -need[np.asarray(area.place_quintile)]
    order = np.argsort(claim, kind="stable")
    size = np.maximum(area.place_size[order], 0.0).astype(float)
    total = float(size.sum())
    return order, (np.cumsum(size) - size / 2.0) / total if total > 0.0 else (np.arange(n) + 0.5) / n


def _places_named(name: str, area: Area) -> np.ndarray:
    """The places of a locality, or of that name: (p,) bool."""
    names, localities = np.array(area.place_name, dtype=object), list(area.localities)
    where = localities.index(name) if name in localities else -1
    return np.asarray(area.place_locality) == where if where >= 0 else names == name


def _unknown_place(key: str, name: str, area: Area) -> str:
    localities = list(area.localities)
    close = difflib.get_close_matches(name, [*localities, *map(str, area.place_name)], 1)
    hint = f"did you mean '{close[0]}'?" if close else f"localities: {', '.join(localities)}"
    return f"{key} = {name!r}: no locality or place of that name; {hint}"


def _listed(plan: Phased, area: Area) -> np.ndarray:
    if problems := place_group_problems(plan.listed, area):
        raise InputError(problems)
    group = np.full(len(area.place_name), -1, np.int64)
    for g, listed in enumerate(plan.listed):
        for name in listed:
            group[_places_named(name, area)] = g
    return group


def place_group_problems(groups: Sequence[Sequence[str]], area: Area) -> list[str]:
    """A sentence for each name in listed groups that is none of the area's or comes twice, and one for all places left
    out (once all names are known)."""
    group = np.full(len(area.place_name), -1, np.int64)
    problems: list[str] = []
    names = np.array(area.place_name, dtype=object)
    for g, listed in enumerate(groups):
        for name in listed:
            key = f"transition.listed[{g}] = {name!r}"
            here = _places_named(name, area)
            if not here.any():
                problems.append(_unknown_place(f"transition.listed[{g}]", name, area))
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
    return problems


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
    switch_day: np.ndarray,
    back_day: np.ndarray,
    demand: np.ndarray,
    side_by_side: np.ndarray,
    daily: np.ndarray,
    area: Area,
    days: Days,
    slope: float = 0.0,
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
    for step in (switch_day, back_day):
        changes[step[step < end_day]] = True
    changes[1:] |= (demand[1:] != demand[:-1]) | (side_by_side[1:] != side_by_side[:-1])
    odds = odds_at_average(demand, slope)
    return Timetable(switch_day, back_day, demand, odds, side_by_side, capacity, staff, changes)
