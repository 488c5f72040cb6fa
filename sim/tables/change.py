"""Tables of a change from one system to another: who goes where, what it costs, what a pilot may come to."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np

from sim.area import Area
from sim.both import Both
from sim.calendar import Days, share_of_working_days
from sim.config import Config
from sim.costs import change_minutes, extra_minutes
from sim.erosion import posts_filled, word_days
from sim.function import DAYS_PER_YEAR
from sim.kernel.state import (
    OLD,
    WEEKLY_MEASURES,
)
from sim.pilot import PilotRule
from sim.quantity import Resolver
from sim.system import LEVELS
from sim.tables.numbers import NEVER_LOGIT, logit, whole
from sim.timetable import Outcome, Timetable, navigation_slope, pilot_days, pilot_places, timetable_of
from sim.transition import NoChange, Phased, Pilot, SideBySide


def change_tables(config: Config, roles: tuple[str, ...], v: Resolver) -> dict:
    """What becomes of those who wait when a change begins, and of families between two systems."""
    change = config.transition
    out: dict[str, object] = {
        "lists_close": False,
        "run_off": 0.0,
        "by_call": False,
        "call_role": 0,
        "call_minutes": 0,
        "call_most": 0.0,
        "call_settled": np.zeros(len(LEVELS)),
        "demand_navigation": 0.0,
        "siblings": 0.0,
        "both_doors": NEVER_LOGIT,
        "both_navigation": 0.0,
        "withdraws": 0.0,
        "habit": 0.0,
        "spare_pooled": 1.0,
        "old_upkeep": 1.0,
    }
    if isinstance(change, NoChange):
        return out
    out |= {"lists_close": change.waiting in ("invite", "triage_call"), "run_off": v(change.run_off)}
    if change.waiting == "triage_call":
        out |= {
            "by_call": True,
            "call_role": roles.index(change.calls.role),
            "call_minutes": whole(v(change.calls.minutes)),
            "call_most": v(change.calls.most),
            "call_settled": np.array([v(change.calls.no_longer.get(x, 0.0)) for x in LEVELS]),
        }
    if isinstance(change, Phased):
        out["siblings"] = v(change.siblings)
    if isinstance(change, SideBySide):
        out |= {
            "demand_navigation": navigation_slope(change, v),
            "both_doors": logit(v(change.both_doors)),
            "both_navigation": math.log(v(change.both_doors_navigation)),
            "withdraws": v(change.withdraws),
            "habit": v(change.habit),
            "spare_pooled": v(change.pooled),
            "old_upkeep": v(change.old_upkeep),
        }
    return out


def pilot_rule(
    config: Config, area: Area, both: Both, fields: dict, days: Days, seed: int, v: Resolver
) -> PilotRule | None:
    """The rule of a pilot, with the tables of what may come of it."""
    change = config.transition
    if not isinstance(change, Pilot):
        return None
    decision, end = int(fields["decision_day"]), int(fields["end_day"])
    first, told = pilot_days(change, v, decision)
    tables: dict[Outcome, dict[str, np.ndarray]] = {}
    for outcome in get_args(Outcome):
        plan = timetable_of(config, area, days, decision, end, seed, outcome)
        tables[outcome] = {**plan._asdict(), **cost_tables(config, both, plan, fields, days, v, told)}
    return PilotRule(
        decide_on=told,
        first_week=math.ceil(first / 7),
        measure=WEEKLY_MEASURES.index(change.measure),
        at_least=change.rule == "at_least",
        threshold=v(change.threshold),
        otherwise=change.otherwise,
        inside=pilot_places(change, config, area, seed),
        tables=tables,
    )


def cost_tables(
    config: Config,
    both: Both,
    plan: Timetable,
    fields: dict,
    days: Days,
    v: Resolver,
    told: int | None = None,
) -> dict[str, np.ndarray]:
    """Minutes that the change takes and brings, from those that the kernel will find in each week."""
    per_day = fields["minutes_per_day"]
    moved = plan.staff_share[:, None, None]
    if len(per_day) > 1:
        of_week = (1.0 - moved) * per_day[0] + moved * per_day[1]
    else:
        of_week = np.broadcast_to(per_day[0], (len(moved), *per_day[0].shape))
    worked = np.concatenate([[0], np.cumsum(days.works)])[::7, None, None]
    filled = posts_filled(config.erosion, v, plan.capacity, ~fields["undivided"])
    of_week = of_week * filled
    available = np.floor(of_week * worked[1:] + 1e-6) - np.floor(of_week * worked[:-1] + 1e-6)
    hours = np.array([v(r.hours_per_year) for r in config.workforce.roles.values()])
    a_year = share_of_working_days(config.calendar) * DAYS_PER_YEAR  # of any run, however long
    people = per_day[0] * a_year / np.maximum(hours * 60.0, 1e-9)
    old = np.array(
        [of == OLD and o.access != "population" for of, o in zip(both.of, both.offers, strict=True)],
        bool,
    )
    taken = change_minutes(
        config.transition,
        v,
        plan,
        available,
        people,
        ~fields["undivided"],
        np.diff(worked[:, 0, 0]),
        int(fields["decision_day"]),
        told,
        config.erosion,
    )
    works_old = (fields["plan_offer"][0][:, :, old] > 0.0).any(axis=(0, 2))
    words = word_days(config.erosion, v, plan.switch_day, int(fields["end_day"]))
    return {
        "posts_filled": filled,
        "word_days": words,
        "changes": plan.changes | words,
        "change_minutes": taken,
        "extra_minutes": extra_minutes(config.transition, v, plan, available, works_old),
    }
