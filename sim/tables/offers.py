"""Tables of the offers: for whom, how long, with whose minutes, and with what effect."""

from __future__ import annotations

import math

import numpy as np

from sim.config import Config
from sim.function import DAYS_PER_YEAR, rate_of
from sim.kernel.state import (
    POPULATION,
    QUEUE,
    VISIT,
    WALK_IN,
)
from sim.quantity import Resolver
from sim.system import LEDGER_LINES, LEVELS, Offer, System
from sim.tables.numbers import FAR, age_days, array, days_or_never, flags, logit, whole
from sim.tables.staff import SLOT_MINUTES

ACCESS = {"queue": QUEUE, "walk_in": WALK_IN, "visit": VISIT, "population": POPULATION}


def offer_tables(offers: list[Offer], kinds: tuple[str, ...], v: Resolver) -> dict:
    n, k = len(offers), len(kinds)
    return {
        "access": array((ACCESS[o.access] for o in offers), np.int8),
        "serves_child": array((o.serves == "child" for o in offers), bool),
        "offer_kinds": array((flags(kinds, o.kinds) for o in offers), bool).reshape(n, k),
        "age_from": array((age_days(o.ages)[0] for o in offers), np.int32),
        "age_to": array((age_days(o.ages)[1] for o in offers), np.int32),
        "line": array((LEDGER_LINES.index(line_of(o)) for o in offers), np.int8),
        "is_contact": array(
            (o.contact and o.gate is None and o.access != "population" for o in offers), bool
        ),
        "clock": array((o.clock if o.clock is not None else _has_clock(o) for o in offers), bool),
        "specialist": array((o.specialist for o in offers), bool),
        "contacts": array((max(1, whole(v(o.course.contacts))) for o in offers), np.int32),
        "every": array((max(1, whole(v(o.course.every_days, "days"))) for o in offers), np.int32),
        "goal_led": array((v(o.course.goal_led) for o in offers), float),
        "most_contacts": array(
            (FAR if (m := o.course.most_contacts) is None else max(1, whole(v(m))) for o in offers), np.int32
        ),
        "review_every": array((max(1, whole(v(o.course.review_every))) for o in offers), np.int32),
        "goal_points": array(
            (math.inf if (g := o.course.goal_points) is None else v(g) for o in offers), float
        ),
        "stall_points": array((v(o.course.stall_points) for o in offers), float),
        "nb_base": array((logit(v(o.attendance.not_brought)) for o in offers), float),
        "nb_day": array(
            (math.log(v(o.attendance.odds_per_month)) / (DAYS_PER_YEAR / 12) for o in offers), float
        ),
        "nb_winter": array((math.log(v(o.attendance.winter_odds)) for o in offers), float),
        "nb_deprived": array((_by_quintile(v(o.attendance.deprived_odds)) for o in offers), float).reshape(
            n, 5
        ),
        "nb_most": array((v(o.attendance.most) for o in offers), float),
        "nb_discharge": array((v(o.attendance.discharge) for o in offers), float),
        "rebook": array((max(1, whole(v(o.attendance.rebook_days, "days"))) for o in offers), np.int32),
        "gate": array((o.gate is not None for o in offers), bool),
        "accept": array(
            ([v(o.gate.accept.get(x, 1.0)) if o.gate else 1.0 for x in LEVELS] for o in offers), float
        ).reshape(n, 3),
        "more_information": array((v(o.gate.more_information) if o.gate else 0.0 for o in offers), float),
        "more_information_days": array(
            (v(o.gate.more_information_days, "days") if o.gate else 0.0 for o in offers), float
        ),
        "group_size": array((max(1, whole(v(o.group.size))) if o.group else 0 for o in offers), np.int32),
        "group_smallest": array(
            (max(1, whole(v(o.group.smallest))) if o.group else 0 for o in offers), np.int32
        ),
        "group_wait": array(
            (days_or_never(o.group.longest_wait_days, v, "days") if o.group else 0 for o in offers), np.int32
        ),
        "visit_minutes": array((whole(v(o.visit.minutes)) if o.visit else 0 for o in offers), np.int32),
        "visit_children": array((v(o.visit.children_share) if o.visit else 0.0 for o in offers), float),
        "visit_finds": array((v(o.visit.finds_per_visit) if o.visit else 0.0 for o in offers), float),
        "gives_up_full": array((v(o.walk_in.gives_up_when_full) for o in offers), float),
        "request_rate": array(
            (v(o.requests.per_year) / DAYS_PER_YEAR if o.requests else 0.0 for o in offers), float
        ),
        "request_levels": array(
            (flags(LEVELS, o.requests.levels) if o.requests else [False] * 3 for o in offers), bool
        ).reshape(n, 3),
        "request_wait": array(
            (whole(7 * v(o.requests.waiting_weeks, "weeks")) if o.requests else 0 for o in offers), np.int32
        ),
        "request_hazard": array(
            (v(o.requests.waiting_hazard, "multiplier") if o.requests else 1.0 for o in offers), float
        ),
        "request_deadline": array(
            (days_or_never(o.requests.deadline_weeks, v, "weeks", 7) if o.requests else 0 for o in offers),
            np.int32,
        ),
    }


def _has_clock(offer: Offer) -> bool:
    """The recorded wait runs for lists on which a referral waits, not for requests from outside."""
    return offer.access == "queue" and offer.requests is None


def line_of(offer: Offer) -> str:
    """Ledger line of an offer's main minutes."""
    if offer.line is not None:
        return offer.line
    if offer.gate is not None:
        return "triage"
    if offer.requests is not None:
        return "statutory"
    by_access = {"walk_in": "drop_in", "visit": "link_visit", "population": "universal_work"}
    return by_access.get(offer.access, "group" if offer.group else "direct_contact")


def _by_quintile(odds: float) -> list[float]:
    """Log odds by quintile, from the odds ratio of quintile 1 against 5; nothing at quintile 3."""
    return [math.log(odds) * (2 - q) / 4.0 for q in range(5)]


def minutes_of(offers: list[Offer], groups: tuple[str, ...], v: Resolver, system: System) -> np.ndarray:
    """Whole minutes of a contact by offer, staff group and part (main, indirect, travel)."""
    out = np.zeros((len(offers), len(groups), 3), np.int32)
    for i, o in enumerate(offers):
        for part, table in enumerate((o.staff, o.indirect, o.travel)):
            for name, minutes in table.items():
                out[i, groups.index(name), part] = whole(v(minutes))
        if system.slots_per_week is not None and o.gate is None and o.access != "population":
            out[i] = 0
            out[i, 0, 0] = SLOT_MINUTES
    return out


def effect_tables(
    config: Config, offers: list[Offer], groups: tuple[str, ...], minutes: np.ndarray, v: Resolver
) -> dict:
    roles = list(config.workforce.roles.values())
    competence = np.array([np.mean([v(r.competence) for r in roles if r.group == g]) for g in groups])
    in_place = np.array([np.mean([r.in_place for r in roles if r.group == g]) for g in groups])
    n = len(offers)
    rate = np.zeros((n, 3))
    school = np.zeros(n)
    for i, o in enumerate(offers):
        if o.effect is None:
            continue
        shares = minutes[i, :, 0].astype(float)
        by = shares / shares.sum() if shares.sum() > 0 else np.zeros(len(groups))
        able = float(by @ competence) if shares.sum() > 0 else 1.0
        school[i] = float(by @ in_place)
        for j, level in enumerate(LEVELS):
            gain = v(o.effect.gain) * able * v(o.effect.fit.get(level, 1.0))
            rate[i, j] = rate_of(gain, v(o.effect.gap), v(o.effect.over_days, "days"))
    return {
        "rate": rate,
        "school_share": school,
        "helps": array((o.effect is not None for o in offers), bool),
        "kept_up": array((v(o.effect.kept_up) if o.effect else 1.0 for o in offers), float),
        "lasts": array((whole(v(o.effect.lasts_days, "days")) if o.effect else 0 for o in offers), np.int32),
    }
