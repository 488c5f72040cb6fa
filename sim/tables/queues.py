"""Tables of the waiting lists: their order and upkeep, and when each offer has its turn."""

from __future__ import annotations

import numpy as np

from sim.both import Both
from sim.calendar import WEEKDAYS, Days
from sim.function import DAYS_PER_YEAR
from sim.kernel.state import (
    NEW,
)
from sim.quantity import Resolver
from sim.system import LEVELS, Offer
from sim.tables.numbers import age_days, array, flags, whole
from sim.timetable import Timetable

STAGES = ("statutory", "owed", "triage", "drop_in", "visit", "group", "assessment", "start")


MONTH_WEEKS = DAYS_PER_YEAR / 12.0 / 7.0


def queue_tables(offers: list[Offer], kinds: tuple[str, ...], groups: tuple[str, ...], v: Resolver) -> dict:
    n, k, g = len(offers), len(kinds), len(groups)
    kind_group = np.zeros((n, k), np.int16)
    weight = np.ones((n, k))
    n_groups = np.ones(n, np.int32)
    rule_from, rule_n = np.zeros(n, np.int32), np.zeros(n, np.int32)
    rules: list[tuple[list[bool], list[bool], list[int], float]] = []
    for i, o in enumerate(offers):
        q = o.queue
        if q.lists == "by_kind" and o.access == "queue":
            kind_group[i] = np.arange(k)
            n_groups[i] = k
            weight[i] = [max(v(q.kind_weights.get(name, 1.0)), 1e-9) for name in kinds]
        rule_from[i], rule_n[i] = len(rules), len(q.priority)
        rules += [
            (flags(kinds, p.kinds), flags(LEVELS, p.levels), age_days(p.ages), v(p.share)) for p in q.priority
        ]
    upkeep = np.zeros((n, g))
    rebook = np.zeros((n, g))
    validation = np.zeros((n, g))
    for i, o in enumerate(offers):
        u = o.upkeep
        chasers = v(u.chasers_per_100_week) / 100.0
        for j, name in enumerate(groups):
            upkeep[i, j] = v(u.minutes_per_child_month.get(name, 0.0)) / MONTH_WEEKS
            upkeep[i, j] += chasers * v(u.minutes_per_chaser.get(name, 0.0))
            rebook[i, j] = v(u.minutes_per_rebooking.get(name, 0.0))
            validation[i, j] = v(u.minutes_per_validation.get(name, 0.0))
    return {
        "pooled": array((o.queue.pool == "area" and o.access == "queue" for o in offers), bool),
        "kind_group": kind_group,
        "n_kind_groups": n_groups,
        "kind_weight": weight,
        "n_classes": rule_n + 1,
        "rule_from": rule_from,
        "rule_n": rule_n,
        "rule_kinds": array((r[0] for r in rules), bool).reshape(len(rules), k),
        "rule_levels": array((r[1] for r in rules), bool).reshape(len(rules), 3),
        "rule_ages": array((r[2] for r in rules), np.int32).reshape(len(rules), 2),
        "rule_share": array((r[3] for r in rules), float),
        "carve_share": array(
            (v(o.queue.carve_out.share) if o.queue.carve_out else 0.0 for o in offers), float
        ),
        "carve_released": array(
            (o.queue.carve_out.released if o.queue.carve_out else True for o in offers), bool
        ),
        "patience": array(
            (
                7.0 * v(o.queue.patience_weeks, "weeks") if o.queue.patience_weeks is not None else 0.0
                for o in offers
            ),
            float,
        ),
        "notice": array((whole(v(o.queue.notice_days, "days")) for o in offers), np.int32),
        "upkeep_child": upkeep,
        "upkeep_rebook": rebook,
        "upkeep_validation": validation,
        "validation_every": array(
            (whole(v(o.upkeep.validation_every_weeks, "weeks")) for o in offers), np.int32
        ),
    }


def list_bases(fields: dict, offers: list[Offer], n_teams: int, n_places: int) -> dict:
    """Numbers of the lists: each offer's waiting lists, its owed sessions, the unknown needs of each place."""
    base = np.zeros(len(offers), np.int32)
    owed = np.zeros(len(offers), np.int32)
    at = 0
    for i, o in enumerate(offers):
        base[i] = at
        if o.access == "queue":
            rows = 1 if fields["pooled"][i] else n_teams
            at += rows * int(fields["n_kind_groups"][i]) * (int(fields["n_classes"][i]) + 1)
        elif o.access == "walk_in":
            at += n_teams
        elif o.access == "visit":
            at += n_places
        owed[i] = at
        at += n_teams
    return {"list_base": base, "owed_base": owed, "hidden_base": at, "n_lists": at + n_places}


def days_run(both: Both, days: Days, plan: Timetable) -> np.ndarray:
    """Days on which each offer runs, (o, d); those of a new system only once some place has changed over."""
    out = np.zeros((len(both.offers), len(days.works)), bool)
    for i, offer in enumerate(both.offers):
        out[i] = np.isin(days.weekday, [WEEKDAYS.index(w) for w in offer.weekdays])
        if offer.term_only:
            out[i] &= days.term
        if both.of[i] == NEW:
            out[i, : plan.switch_day.min()] = False
    return out


def day_sequence(offers: list[Offer], v: Resolver) -> list[tuple[int, bool]]:
    """The order of a team's day: (offer, True new from the list / False sessions owed)."""
    steps: list[tuple[int, int, bool]] = []
    for i, o in enumerate(offers):
        if o.access == "population":
            continue
        course = whole(v(o.course.contacts)) > 1 or v(o.course.goal_led) > 0
        if course:
            steps.append((STAGES.index("owed"), i, False))
        steps.append((STAGES.index(stage_of(o, course)), i, True))
    return [(i, new) for _, i, new in sorted(steps)]


def stage_of(offer: Offer, course: bool) -> str:
    """When in a team's day an offer has its turn."""
    if offer.stage is not None:
        return offer.stage
    if offer.requests is not None:
        return "statutory"
    if offer.gate is not None:
        return "triage"
    by_access = {"walk_in": "drop_in", "visit": "visit"}
    if offer.access in by_access:
        return by_access[offer.access]
    if offer.group is not None:
        return "group"
    return "start" if course else "assessment"
