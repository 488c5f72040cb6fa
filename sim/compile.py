"""From a checked configuration to the flat tables that the kernel reads.

Every quantity becomes a number here, in the kernel's units (days, minutes, points a day, log odds); nothing
later on looks at the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from sim.area import Area
from sim.both import Both, both_of
from sim.calendar import WEEKDAYS, Days, days_of_run, lay_out, september_firsts, share_of_working_days
from sim.conditions import in_force
from sim.config import Config, systems_by_key
from sim.costs import change_minutes, extra_minutes
from sim.erosion import erosion_rules, posts_filled, word_days
from sim.errors import InputError
from sim.function import DAYS_PER_YEAR, rate_of
from sim.kernel.state import (
    BRANCH,
    DOOR,
    KIND,
    LEAVE,
    NEW,
    NOBODY,
    OFFER,
    OLD,
    POPULATION,
    QUEUE,
    SPAN,
    STEP,
    TO_DOOR,
    VISIT,
    WALK_IN,
    WEEKLY_MEASURES,
    Rules,
    Spec,
    records,
)
from sim.needs import Siblings
from sim.pilot import PilotRule
from sim.population import NeedRules
from sim.quantity import Quantity, Resolver
from sim.siblings import SiblingRules
from sim.system import LEDGER_LINES, LEVELS, OUTCOMES, Branch, Offer, System
from sim.system_checks import locality_problems
from sim.timetable import Outcome, Timetable, navigation_slope, pilot_days, pilot_places, timetable_of
from sim.transition import NoChange, Phased, Pilot, SideBySide
from sim.workforce import establishment

ACCESS = {"queue": QUEUE, "walk_in": WALK_IN, "visit": VISIT, "population": POPULATION}
STAGES = ("statutory", "owed", "triage", "drop_in", "visit", "group", "assessment", "start")
MONTH_WEEKS = DAYS_PER_YEAR / 12.0 / 7.0
SLOT_MINUTES = (
    60  # of an appointment where a system counts slots and not minutes; any number gives the same waits
)
NEVER_LOGIT = -1e9
ALWAYS_LOGIT = 60.0
FAR = 10**8


@dataclass(frozen=True)
class Compiled:
    """The tables and the names behind their codes."""

    rules: Rules
    needs: NeedRules
    days: Days
    decision_day: int
    end_day: int
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    n_lists: int
    definitions: tuple[Offer, ...]  # of the offers, every quantity a number
    pilot: PilotRule | None = None


def logit(p: float) -> float:
    """Log odds, finite at 0 and 1."""
    if p <= 0.0:
        return NEVER_LOGIT
    if p >= 1.0:
        return ALWAYS_LOGIT
    return math.log(p / (1.0 - p))


def compile_config(config: Config, area: Area, seed: int) -> Compiled:
    """All tables of one run.

    Raises:
        InputError: job plans for localities that the area does not have; places of a plan that it does not have.
    """
    if problems := locality_problems(systems_by_key(config), area.localities):
        raise InputError(problems)
    config = in_force(config)
    v = config.resolver()
    both, kinds = both_of(config), tuple(config.needs.kinds)
    roles = tuple(config.workforce.roles)
    groups = tuple(dict.fromkeys(r.group for r in config.workforce.roles.values()))
    decision, end = days_of_run(config.history_years, config.horizon_years)
    days = lay_out(config.calendar, end)
    multipliers = need_multipliers(config, v)
    n_places, n_teams = len(area.place_name), len(area.localities)

    offer_list = list(both.offers)
    minutes = _minutes(offer_list, groups, v, both.systems[0])
    plan = timetable_of(config, area, days, decision, end, seed)
    fields: dict[str, object] = {
        "seed": np.uint64(seed),
        "n_teams": n_teams,
        "n_groups": len(groups),
        "n_roles": len(roles),
        "decision_day": decision,
        "end_day": end,
        "log_events": config.event_log,
        "minutes": minutes,
    }
    fields |= _offer_tables(offer_list, kinds, v)
    fields |= _queue_tables(offer_list, kinds, groups, v)
    fields |= _effect_tables(config, offer_list, groups, minutes, v)
    fields |= _lists(fields, offer_list, n_teams, n_places)
    fields |= _routes(both, kinds, v)
    fields |= _need_tables(config, v, both.systems)
    fields |= _staff_tables(config, both, area, minutes, groups, v, multipliers)
    fields |= {**plan._asdict(), **_change_tables(config, roles, v), **erosion_rules(config.erosion, v)}
    fields |= _costs(config, both, plan, fields, days, v)
    pilot = _pilot(config, area, both, fields, days, seed, v)
    fields |= {
        "runs": _runs(both, days, plan),
        "of": np.array(both.of, np.int8),
        "works": days.works,
        "winter": days.winter,
        "works_before": np.concatenate([[0], np.cumsum(days.works)]).astype(np.int32),
    }
    sequence = _sequence(offer_list, v)
    fields["sequence_offer"] = np.array([o for o, _ in sequence], np.int32)
    fields["sequence_new"] = np.array([new for _, new in sequence], bool)
    gather(fields)
    n_lists = int(fields.pop("n_lists"))  # type: ignore[call-overload]
    return Compiled(
        Rules(**fields),  # type: ignore[arg-type]
        need_rules(config, v, multipliers, september_firsts(days.first_day, end)),
        days,
        decision,
        end,
        kinds,
        both.names,
        roles,
        groups,
        n_lists,
        both.offers,
        pilot,
    )


_RECORDS: tuple[tuple[str, Spec, str], ...] = (
    ("offers", OFFER, ""),
    ("sequence", STEP, "sequence_"),
    ("spans", SPAN, ""),
    ("branches", BRANCH, "branch_"),
    ("doors", DOOR, "door_"),
    ("kinds", KIND, ""),
)


def gather(fields: dict[str, object]) -> None:
    """Put the columns of each table of records together, in place."""
    for table, spec, prefix in _RECORDS:
        columns = {name: np.asarray(fields.pop(prefix + name)) for name in spec}
        fields[table] = records(spec, len(next(iter(columns.values()))), columns)


def need_multipliers(config: Config, v: Resolver) -> np.ndarray:
    """Need by deprivation quintile relative to the average of five equal quintiles, shape (5,)."""
    m = np.array([v(q) for q in config.needs.deprivation])
    return m / m.mean()


def need_rules(config: Config, v: Resolver, multipliers: np.ndarray, september: np.ndarray) -> NeedRules:
    """What the population is drawn from."""
    needs = config.needs
    kinds = list(needs.kinds.values())
    tables = _need_tables(config, v, (config.system,))
    worsens = np.full(5, v(needs.escalation.per_year) / DAYS_PER_YEAR)
    worsens[0] *= v(needs.escalation.deprived)

    def per_kind(get: str, scale: float = 1.0) -> np.ndarray:
        return np.array([v(getattr(k, get)) * scale for k in kinds])

    ever = np.array([[v(k.ever) * (1.0 + v(k.gradient) * (m - 1.0)) for m in multipliers] for k in kinds])
    return NeedRules(
        ever=np.clip(ever, 0.0, 1.0),
        second_need=v(needs.second_need),
        onset_low=np.array([v(k.onset_age.low, "years") for k in kinds]),
        onset_mode=np.array([v(k.onset_age.mode, "years") for k in kinds]),
        onset_high=np.array([v(k.onset_age.high, "years") for k in kinds]),
        score=per_kind("score_at_onset"),
        score_sd=per_kind("score_sd"),
        drift_sd=per_kind("drift_sd", 1.0 / DAYS_PER_YEAR),
        potential=per_kind("potential"),
        potential_sd=per_kind("potential_sd"),
        normal=tables["normal"],
        targeted=tables["targeted"],
        special=tables["special"],
        band_from=tables["band_from"],
        band_drift=tables["band_drift"],
        noticed_from=tables["noticed_from"],
        noticed_rate=tables["noticed_rate"][0],
        noticed_fastest=tables["noticed_fastest"][0],
        worsens=worsens,
        worsen_points=v(needs.escalation.points),
        special_school=v(needs.special_school),
        leaves_at=math.floor(v(needs.leaves_at_age) * DAYS_PER_YEAR),
        school_age=math.floor(v(needs.school_age) * DAYS_PER_YEAR),
        secondary_age=math.floor(v(needs.secondary_age) * DAYS_PER_YEAR),
        september=september,
        siblings=_sibling_rules(needs.siblings, v),
    )


def _sibling_rules(found: Siblings | None, v: Resolver) -> SiblingRules:
    if found is None:
        return SiblingRules(0.0, 1.0, 1.0, 1.0)
    gap = found.years_between
    return SiblingRules(v(found.elder), *(v(q, "years") for q in (gap.low, gap.mode, gap.high)))


def _need_tables(config: Config, v: Resolver, systems: Sequence[System]) -> dict:
    needs = config.needs
    kinds = list(needs.kinds.values())

    def table(bands: list[list[tuple[float, float]]], scale: float) -> tuple[np.ndarray, np.ndarray]:
        width = max(len(b) for b in bands)
        start = np.full((len(bands), width), FAR, np.int32)
        value = np.zeros((len(bands), width))
        for i, row in enumerate(bands):
            for j, (age, per_year) in enumerate(row):
                start[i, j] = math.floor(age * DAYS_PER_YEAR)
                value[i, j] = per_year * scale
            value[i, len(row) :] = value[i, len(row) - 1]
        return start, value

    drift = table(
        [[(v(b.from_age, "years"), v(b.per_year)) for b in k.drift] for k in kinds], 1.0 / DAYS_PER_YEAR
    )
    noticed = [
        table(
            [[(v(b.from_age, "years"), v(b.per_year)) for b in k.noticed] for k in kinds],
            v(s.find_rate) / DAYS_PER_YEAR,
        )
        for s in systems
    ]
    rates = np.array([rate for _, rate in noticed])
    half_life = v(needs.capability.half_life_years, "years") * DAYS_PER_YEAR / 7.0
    return {
        "band_from": drift[0],
        "band_drift": drift[1],
        "noticed_from": noticed[0][0],
        "noticed_rate": rates,
        "noticed_fastest": rates.max(axis=2) * max(1.0, v(needs.capability.notices)),
        "normal": np.array([v(k.normal_range) for k in kinds]),
        "targeted": np.array([v(k.targeted_below) for k in kinds]),
        "special": np.array([v(k.specialist_below) for k in kinds]),
        "worsen_points": v(needs.escalation.points),
        "start_waiting": math.floor(v(needs.start.waiting_weeks, "weeks") * 7),
        "start_returns": v(needs.start.returns_per_year) / DAYS_PER_YEAR,
        "capability_drift": v(needs.capability.drift_points_per_year) / DAYS_PER_YEAR,
        "capability_notices": v(needs.capability.notices),
        "capability_gain": v(needs.capability.per_hour_per_100_children),
        "capability_keep": 0.5 ** (1.0 / half_life) if half_life > 0 else 0.0,
        "fidelity_floor": v(needs.capability.fidelity_floor),
    }


def _flags(names: Iterable[str], chosen: Sequence[str]) -> list[bool]:
    return [chosen == "all" or n in chosen for n in names]


def _age_days(ages: tuple[float, float]) -> list[int]:
    return [math.floor(a * DAYS_PER_YEAR) for a in ages]


def _whole(value: float) -> int:
    """Nearest whole number, halves up."""
    return math.floor(value + 0.5)


def _days_or_never(limit: Quantity | None, v: Resolver, unit: str, days: int = 1) -> int:
    """A limit of time in whole days, ``days`` to its unit; without one, a day that never comes."""
    return FAR if limit is None else _whole(days * v(limit, unit))


def _array(values: Iterable[object], dtype: object) -> np.ndarray:
    return np.array(list(values), dtype=dtype)  # type: ignore[call-overload]


def _offer_tables(offers: list[Offer], kinds: tuple[str, ...], v: Resolver) -> dict:
    n, k = len(offers), len(kinds)
    return {
        "access": _array((ACCESS[o.access] for o in offers), np.int8),
        "serves_child": _array((o.serves == "child" for o in offers), bool),
        "offer_kinds": _array((_flags(kinds, o.kinds) for o in offers), bool).reshape(n, k),
        "age_from": _array((_age_days(o.ages)[0] for o in offers), np.int32),
        "age_to": _array((_age_days(o.ages)[1] for o in offers), np.int32),
        "line": _array((LEDGER_LINES.index(line_of(o)) for o in offers), np.int8),
        "is_contact": _array(
            (o.contact and o.gate is None and o.access != "population" for o in offers), bool
        ),
        "clock": _array((o.clock if o.clock is not None else _has_clock(o) for o in offers), bool),
        "specialist": _array((o.specialist for o in offers), bool),
        "contacts": _array((max(1, _whole(v(o.course.contacts))) for o in offers), np.int32),
        "every": _array((max(1, _whole(v(o.course.every_days, "days"))) for o in offers), np.int32),
        "goal_led": _array((v(o.course.goal_led) for o in offers), float),
        "most_contacts": _array(
            (FAR if (m := o.course.most_contacts) is None else max(1, _whole(v(m))) for o in offers), np.int32
        ),
        "review_every": _array((max(1, _whole(v(o.course.review_every))) for o in offers), np.int32),
        "goal_points": _array(
            (math.inf if (g := o.course.goal_points) is None else v(g) for o in offers), float
        ),
        "stall_points": _array((v(o.course.stall_points) for o in offers), float),
        "nb_base": _array((logit(v(o.attendance.not_brought)) for o in offers), float),
        "nb_day": _array(
            (math.log(v(o.attendance.odds_per_month)) / (DAYS_PER_YEAR / 12) for o in offers), float
        ),
        "nb_winter": _array((math.log(v(o.attendance.winter_odds)) for o in offers), float),
        "nb_deprived": _array((_by_quintile(v(o.attendance.deprived_odds)) for o in offers), float).reshape(
            n, 5
        ),
        "nb_most": _array((v(o.attendance.most) for o in offers), float),
        "nb_discharge": _array((v(o.attendance.discharge) for o in offers), float),
        "rebook": _array((max(1, _whole(v(o.attendance.rebook_days, "days"))) for o in offers), np.int32),
        "gate": _array((o.gate is not None for o in offers), bool),
        "accept": _array(
            ([v(o.gate.accept.get(x, 1.0)) if o.gate else 1.0 for x in LEVELS] for o in offers), float
        ).reshape(n, 3),
        "more_information": _array((v(o.gate.more_information) if o.gate else 0.0 for o in offers), float),
        "more_information_days": _array(
            (v(o.gate.more_information_days, "days") if o.gate else 0.0 for o in offers), float
        ),
        "group_size": _array((max(1, _whole(v(o.group.size))) if o.group else 0 for o in offers), np.int32),
        "group_smallest": _array(
            (max(1, _whole(v(o.group.smallest))) if o.group else 0 for o in offers), np.int32
        ),
        "group_wait": _array(
            (_days_or_never(o.group.longest_wait_days, v, "days") if o.group else 0 for o in offers), np.int32
        ),
        "visit_minutes": _array((_whole(v(o.visit.minutes)) if o.visit else 0 for o in offers), np.int32),
        "visit_children": _array((v(o.visit.children_share) if o.visit else 0.0 for o in offers), float),
        "visit_finds": _array((v(o.visit.finds_per_visit) if o.visit else 0.0 for o in offers), float),
        "gives_up_full": _array((v(o.walk_in.gives_up_when_full) for o in offers), float),
        "request_rate": _array(
            (v(o.requests.per_year) / DAYS_PER_YEAR if o.requests else 0.0 for o in offers), float
        ),
        "request_levels": _array(
            (_flags(LEVELS, o.requests.levels) if o.requests else [False] * 3 for o in offers), bool
        ).reshape(n, 3),
        "request_wait": _array(
            (_whole(7 * v(o.requests.waiting_weeks, "weeks")) if o.requests else 0 for o in offers), np.int32
        ),
        "request_hazard": _array(
            (v(o.requests.waiting_hazard, "multiplier") if o.requests else 1.0 for o in offers), float
        ),
        "request_deadline": _array(
            (_days_or_never(o.requests.deadline_weeks, v, "weeks", 7) if o.requests else 0 for o in offers),
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


def _queue_tables(offers: list[Offer], kinds: tuple[str, ...], groups: tuple[str, ...], v: Resolver) -> dict:
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
            (_flags(kinds, p.kinds), _flags(LEVELS, p.levels), _age_days(p.ages), v(p.share))
            for p in q.priority
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
        "pooled": _array((o.queue.pool == "area" and o.access == "queue" for o in offers), bool),
        "kind_group": kind_group,
        "n_kind_groups": n_groups,
        "kind_weight": weight,
        "n_classes": rule_n + 1,
        "rule_from": rule_from,
        "rule_n": rule_n,
        "rule_kinds": _array((r[0] for r in rules), bool).reshape(len(rules), k),
        "rule_levels": _array((r[1] for r in rules), bool).reshape(len(rules), 3),
        "rule_ages": _array((r[2] for r in rules), np.int32).reshape(len(rules), 2),
        "rule_share": _array((r[3] for r in rules), float),
        "carve_share": _array(
            (v(o.queue.carve_out.share) if o.queue.carve_out else 0.0 for o in offers), float
        ),
        "carve_released": _array(
            (o.queue.carve_out.released if o.queue.carve_out else True for o in offers), bool
        ),
        "patience": _array(
            (
                7.0 * v(o.queue.patience_weeks, "weeks") if o.queue.patience_weeks is not None else 0.0
                for o in offers
            ),
            float,
        ),
        "notice": _array((_whole(v(o.queue.notice_days, "days")) for o in offers), np.int32),
        "upkeep_child": upkeep,
        "upkeep_rebook": rebook,
        "upkeep_validation": validation,
        "validation_every": _array(
            (_whole(v(o.upkeep.validation_every_weeks, "weeks")) for o in offers), np.int32
        ),
    }


def _minutes(offers: list[Offer], groups: tuple[str, ...], v: Resolver, system: System) -> np.ndarray:
    """Whole minutes of a contact by offer, staff group and part (main, indirect, travel)."""
    out = np.zeros((len(offers), len(groups), 3), np.int32)
    for i, o in enumerate(offers):
        for part, table in enumerate((o.staff, o.indirect, o.travel)):
            for name, minutes in table.items():
                out[i, groups.index(name), part] = _whole(v(minutes))
        if system.slots_per_week is not None and o.gate is None and o.access != "population":
            out[i] = 0
            out[i, 0, 0] = SLOT_MINUTES
    return out


def _effect_tables(
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
        "helps": _array((o.effect is not None for o in offers), bool),
        "kept_up": _array((v(o.effect.kept_up) if o.effect else 1.0 for o in offers), float),
        "lasts": _array(
            (_whole(v(o.effect.lasts_days, "days")) if o.effect else 0 for o in offers), np.int32
        ),
    }


def _lists(fields: dict, offers: list[Offer], n_teams: int, n_places: int) -> dict:
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


def _routes(both: Both, kinds: tuple[str, ...], v: Resolver) -> dict:
    branch_to: list[int] = []
    branch_share: list[float] = []
    branch_days: list[float] = []
    branch_fixed: list[bool] = []

    def add(branches: list[Branch], cumulative: bool, names: dict[str, int]) -> tuple[int, int]:
        first, total = len(branch_to), 0.0
        for b in branches:
            total += v(b.share)
            branch_to.append(LEAVE if b.to == "leave" else TO_DOOR if b.to == "door" else names[b.to])
            # shares that add up to one do so exactly, whatever the rounding of their sum
            cut = 1.0 if cumulative and abs(total - 1.0) < 1e-9 else total
            branch_share.append(cut if cumulative else v(b.share))
            branch_days.append(v(b.after_days, "days"))
            branch_fixed.append(b.spread == "fixed")
        return first, len(branches)

    route = np.full((len(both.offers), len(OUTCOMES), 3, len(kinds)), NOBODY, np.int32)
    spans: list[tuple[int, int, int, int]] = []
    for i, offer in enumerate(both.offers):
        names = both.index[both.home(i)]
        for r in offer.routes:
            number = len(spans)
            spans.append((*add(r.to, True, names), *add(r.also, False, names)))
            for outcome in r.when:
                for j, fits_level in enumerate(_flags(LEVELS, r.levels)):
                    for k, fits_kind in enumerate(_flags(kinds, r.kinds)):
                        if fits_level and fits_kind and route[i, OUTCOMES.index(outcome), j, k] == NOBODY:
                            route[i, OUTCOMES.index(outcome), j, k] = number
    doors = [d for s in both.systems for d in s.doors.values()]
    door_spans = [
        add(d.to, True, names)
        for s, names in zip(both.systems, both.index, strict=True)
        for d in s.doors.values()
    ]
    n = len(doors)
    door_n = np.array([len(s.doors) for s in both.systems], np.int64)
    span = np.array(spans, np.int32).reshape(len(spans), 4)
    return {
        "route": route,
        "to_from": span[:, 0].copy(),
        "to_n": span[:, 1].copy(),
        "also_from": span[:, 2].copy(),
        "also_n": span[:, 3].copy(),
        "branch_to": _array(branch_to, np.int32),
        "branch_share": _array(branch_share, float),
        "branch_days": _array(branch_days, float),
        "branch_fixed": _array(branch_fixed, bool),
        "door_n": door_n,
        "door_first": np.cumsum(door_n) - door_n,
        "door_kinds": _array((_flags(kinds, d.kinds) for d in doors), bool).reshape(n, len(kinds)),
        "door_levels": _array((_flags(LEVELS, d.levels) for d in doors), bool).reshape(n, 3),
        "door_ages": _array((_age_days(d.ages) for d in doors), np.int32).reshape(n, 2),
        "door_share": _array((v(d.share) for d in doors), float),
        "door_seeks": _array(
            ([logit(v(d.seeks)) + x for x in _by_quintile(v(d.deprived_odds))] for d in doors), float
        ).reshape(n, 5),
        "door_navigation": _array((math.log(v(d.navigation_odds)) for d in doors), float),
        "door_days": _array((v(d.navigation_days, "days") for d in doors), float),
        "door_wrong": _array((logit(v(d.wrong_door)) for d in doors), float),
        "door_wrong_days": _array((v(d.wrong_door_days, "days") for d in doors), float),
        "door_first_branch": _array((s[0] for s in door_spans), np.int32),
        "door_n_branches": _array((s[1] for s in door_spans), np.int32),
    }


def _staff_tables(
    config: Config,
    both: Both,
    area: Area,
    minutes: np.ndarray,
    groups: tuple[str, ...],
    v: Resolver,
    multipliers: np.ndarray,
) -> dict:
    """Job plans, and the minutes of each team and role on a working day.

    A year's hours (or a week's appointments) are spread over the calendar's average number of working days
    (:func:`sim.calendar.share_of_working_days`), so a day has the same minutes in every run on that calendar,
    however long, and a year with more bank holidays has fewer.
    """
    roles, n_systems = config.workforce.roles, len(both.systems)
    names = list(roles)
    children = area.children[:, :18, :].sum(axis=1).astype(float)
    working_share = share_of_working_days(config.calendar)
    working_days_a_year = working_share * DAYS_PER_YEAR
    hours = np.array([v(r.hours_per_year) for r in roles.values()])
    plan_offer = np.zeros((n_systems, len(area.localities), len(names), len(both.offers)))
    plan_overhead = np.zeros((n_systems, len(names), len(LEDGER_LINES)))
    queue_role = np.full((n_systems, len(groups)), NOBODY, np.int32)
    per_day = np.zeros((n_systems, len(area.localities), len(names)))
    weight = np.zeros((n_systems, len(area.place_name)))
    for s, (system, offers) in enumerate(zip(both.systems, both.index, strict=True)):
        for role, plan in system.job_plan.items():
            for name, share in plan.offers.items():
                plan_offer[s, :, names.index(role), offers[name]] = v(share)
            for line, share in plan.overheads.items():
                plan_overhead[s, names.index(role), LEDGER_LINES.index(line)] = v(share)
        for locality, local in system.local_plans.items():
            for role, shares in local.items():
                for name, share in shares.items():
                    team = area.localities.index(locality)
                    plan_offer[s, team, names.index(role), offers[name]] = v(share)
        for group, role in system.queue_work.items():
            queue_role[s, groups.index(group)] = names.index(role)
        by_need = v(system.staff_by_need)
        weight[s] = area.place_size * ((1.0 - by_need) + by_need * multipliers[area.place_quintile])
        if system.slots_per_week is not None:
            per_day[s, :, 0] = system.slots_per_week * SLOT_MINUTES / (7.0 * working_share)
            if not system.job_plan:
                takes = [i for i in offers.values() if minutes[i].sum() > 0]
                plan_offer[s, :, 0, takes] = 1.0 / max(1, len(takes))
        elif working_days_a_year > 0:
            wte = establishment(config.workforce, children.sum(axis=1), children @ multipliers, by_need, v)
            per_day[s] = wte * hours * 60.0 / working_days_a_year
    same = (plan_offer == plan_offer[0]).all(axis=(0, 1, 3))
    same &= (plan_overhead == plan_overhead[0]).all(axis=(0, 2))
    return {
        "plan_offer": plan_offer,
        "plan_overhead": plan_overhead,
        "undivided": same,
        "group_of": _array((groups.index(r.group) for r in roles.values()), np.int32),
        "queue_role": queue_role,
        "queue_most": _array((v(s.queue_work_most) for s in both.systems), float),
        "spare_shared": _array((s.spare_time == "shared" for s in both.systems), bool),
        "minutes_per_day": per_day,
        "place_weight": weight,
    }


def _change_tables(config: Config, roles: tuple[str, ...], v: Resolver) -> dict:
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
            "call_minutes": _whole(v(change.calls.minutes)),
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


def _pilot(
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
        tables[outcome] = {**plan._asdict(), **_costs(config, both, plan, fields, days, v, told)}
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


def _costs(
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


def _runs(both: Both, days: Days, plan: Timetable) -> np.ndarray:
    """Days on which each offer runs, (o, d); those of a new system only once some place has changed over."""
    out = np.zeros((len(both.offers), len(days.works)), bool)
    for i, offer in enumerate(both.offers):
        out[i] = np.isin(days.weekday, [WEEKDAYS.index(w) for w in offer.weekdays])
        if offer.term_only:
            out[i] &= days.term
        if both.of[i] == NEW:
            out[i, : plan.switch_day.min()] = False
    return out


def _sequence(offers: list[Offer], v: Resolver) -> list[tuple[int, bool]]:
    """The order of a team's day: (offer, True new from the list / False sessions owed)."""
    steps: list[tuple[int, int, bool]] = []
    for i, o in enumerate(offers):
        if o.access == "population":
            continue
        course = _whole(v(o.course.contacts)) > 1 or v(o.course.goal_led) > 0
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
