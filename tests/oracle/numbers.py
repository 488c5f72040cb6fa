"""What the plain model takes from a configuration: its own reading of services, staff, calendar and referrals.

Nothing is shared with the engine but the checked configuration, the random draws and their arithmetic. Everybody
waits in one locality, and function does not change, so every need calls for targeted support all the time.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any

import holidays

from sim import draws
from sim.config import Config

LEVEL = "targeted"
YEAR = 365.25
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ORDER_OF_THE_DAY = ("statutory", "owed", "triage", "drop_in", "visit", "group", "assessment", "start")
SLOT = 60  # minutes of an appointment where only appointments are counted


def whole(value: float) -> int:
    """The nearest whole number, halves up."""
    return math.floor(value + 0.5)


def log_odds(p: float) -> float:
    return -1e9 if p <= 0 else 60.0 if p >= 1 else math.log(p / (1 - p))


def covers(ages: tuple[float, float], age: int) -> bool:
    """Whether an age in days lies in a range of years."""
    return math.floor(ages[0] * YEAR) <= age < math.floor(ages[1] * YEAR)


class Calendar:
    """Which days are worked, and what kind of day each is."""

    def __init__(self, config: Config) -> None:
        c = config.calendar
        history, horizon = (
            round(years * YEAR / 7.0) for years in (config.history_years, config.horizon_years)
        )
        self.end = 7 * (history + max(1, horizon))
        first = dt.date.fromisoformat(c.start)
        self.dates = [first + dt.timedelta(days=i) for i in range(self.end)]
        closed = holidays.country_holidays(
            "GB", subdiv="ENG", years=range(first.year, self.dates[-1].year + 1)
        )
        self.works = [
            WEEKDAYS[d.weekday()] in c.working_days and not (c.bank_holidays and d in closed)
            for d in self.dates
        ]
        self.term = [
            d.isocalendar().week not in c.school_holiday_weeks and d.weekday() < 5 for d in self.dates
        ]
        self.winter = [d.month >= 9 or d.month <= 2 for d in self.dates]


class Service:
    """An offer as a team knows it: its rooms full of waiting families, its minutes, its rules."""

    def __init__(self, number: int, name: str, offer: Any, config: Config, calendar: Calendar) -> None:
        v = config.resolver()
        self.number, self.name, self.offer, self.access = number, name, offer, offer.access
        self.open_on = [
            works and WEEKDAYS[d.weekday()] in offer.weekdays and (term or not offer.term_only)
            for d, works, term in zip(calendar.dates, calendar.works, calendar.term, strict=True)
        ]
        roles = {role.group: name for name, role in config.workforce.roles.items()}
        assert len(roles) == len(config.workforce.roles), "one role for each group of staff"
        parts = [
            {roles[g]: whole(v(m)) for g, m in part.items()}
            for part in (offer.staff, offer.indirect, offer.travel)
        ]
        if config.system.slots_per_week is not None and offer.gate is None and offer.access != "population":
            parts = [{next(iter(roles.values())): SLOT}]
        self.main = parts[0]
        everybody = {r for p in parts for r in p if p[r] > 0}
        self.cost = {r: sum(p.get(r, 0) for p in parts) for r in roles.values() if r in everybody}
        plans = config.system.job_plan
        self.share = {r: v(plans[r].offers.get(name, 0.0)) if r in plans else 0.0 for r in roles.values()}
        self.today = dict.fromkeys(self.share, 0)  # minutes left
        self.week = dict.fromkeys(self.share, 0)
        self.owing = dict.fromkeys(self.share, 0)  # minutes of work begun and not paid

        q, u, a, c, g = offer.queue, offer.upkeep, offer.attendance, offer.course, offer.gate
        self.rules = [(rule, v(rule.share)) for rule in q.priority]
        # room 0: those rebooked; then one for each class. A drop-in has one room
        self.rooms: list[list[Any]] = [
            [] for _ in range(1 if offer.access == "walk_in" else len(self.rules) + 2)
        ]
        self.owed: list[Any] = []  # sessions of courses under way
        self.kept_share, self.kept = (v(q.carve_out.share) if q.carve_out else 0.0), 0.0
        self.patience = 7.0 * v(q.patience_weeks, "weeks") if q.patience_weeks is not None else 0.0
        self.notice = whole(v(q.notice_days, "days"))
        self.missed = log_odds(v(a.not_brought))
        self.missed_per_day = math.log(v(a.odds_per_month)) / (YEAR / 12)
        self.missed_deprived = [math.log(v(a.deprived_odds)) * (2 - i) / 4.0 for i in range(5)]
        self.missed_winter, self.missed_most = math.log(v(a.winter_odds)), v(a.most)
        self.discharge, self.rebook = v(a.discharge), max(1, whole(v(a.rebook_days, "days")))
        self.contacts, self.every = max(1, whole(v(c.contacts))), max(1, whole(v(c.every_days, "days")))
        self.goal_led, self.most = v(c.goal_led), whole(v(c.most_contacts))
        self.review, self.stalls = whole(v(c.review_every)), v(c.stall_points) > 0
        self.accept = v(g.accept.get(LEVEL, 1.0)) if g else 1.0
        self.asks, self.asks_days = (
            (v(g.more_information), v(g.more_information_days, "days")) if g else (0.0, 0.0)
        )
        self.helps, self.lasts = (
            bool(offer.effect),
            whole(v(offer.effect.lasts_days, "days")) if offer.effect else 0,
        )
        self.walks_off = v(offer.walk_in.gives_up_when_full)
        if offer.group:
            self.size, self.smallest = whole(v(offer.group.size)), whole(v(offer.group.smallest))
            self.longest = whole(v(offer.group.longest_wait_days, "days"))
        chasers = v(u.chasers_per_100_week) / 100.0
        month = YEAR / 12.0 / 7.0
        self.upkeep = {
            r: v(u.minutes_per_child_month.get(g, 0.0)) / month
            + chasers * v(u.minutes_per_chaser.get(g, 0.0))
            for g, r in roles.items()
        }
        self.upkeep_rebooking = {r: v(u.minutes_per_rebooking.get(g, 0.0)) for g, r in roles.items()}
        self.validation = {r: v(u.minutes_per_validation.get(g, 0.0)) for g, r in roles.items()}
        self.validation_every, self.rebookings = whole(v(u.validation_every_weeks, "weeks")), 0

    def stages(self) -> list[tuple[int, int, bool]]:
        """Its turns in a team's day: (stage, number of the service, whether for new families)."""
        o, course = self.offer, self.contacts > 1 or self.goal_led > 0
        stage = o.stage or (
            "triage" if o.gate else "drop_in" if self.access == "walk_in" else "group" if o.group else None
        )
        turns = [(ORDER_OF_THE_DAY.index(stage or ("start" if course else "assessment")), self.number, True)]
        return [*turns, (ORDER_OF_THE_DAY.index("owed"), self.number, False)] if course else turns

    def waiting(self) -> int:
        return sum(map(len, self.rooms))


@dataclass(eq=False)
class Child:
    """A child with one need, and how often each thing has happened to it so far."""

    number: int
    key: int
    day: int  # of referral
    birth: int
    quintile: int
    navigation: float
    urgent: bool
    care: dict[Service, Any] = field(default_factory=dict)  # where it is on a list or in a course
    support: dict[Service, Any] = field(default_factory=dict)  # what it is given without appointments
    journey: Any = None  # back to the door
    has_left: bool = False
    arrivals: int = 0
    routings: int = 0
    joins: int = 0
    appointments: int = 0


def referrals(config: Config, calendar: Calendar, seed: int) -> list[Child]:
    """The stream of referrals: a Poisson number each day, drawn from the mix."""
    area, mix = config.area, config.area.mix
    bands = [tuple(map(int, name.split("-"))) for name in mix.ages]
    children: list[Child] = []
    for day, date in enumerate(calendar.dates):
        mean = area.referrals_per_week / 7.0 * area.month_weights[date.month - 1]
        for _ in range(draws.poisson(mean, seed, day, draws.ARRIVALS)):
            i = len(children) + 1
            low, high = bands[pick(mix.ages.values(), draws.uniform(seed, i, draws.REFERRAL_AGE, 0))]
            years = low + draws.uniform(seed, i, draws.REFERRAL_AGE, 1) * (high + 1 - low)
            quintile = pick(mix.quintiles, draws.uniform(seed, i, draws.REFERRAL_QUINTILE, 0))
            navigation = draws.normal(0.0, 1.0, draws.uniform(seed, i, draws.NAVIGATION, 0))
            urgent = draws.uniform(seed, i, draws.REFERRAL_KIND, 1) < mix.urgent_share
            birth = day - math.floor(years * YEAR)
            children.append(Child(i, i * 64, day, birth, quintile, navigation, urgent))
    return children


def pick(shares: Any, u: float) -> int:
    """Which of some shares a number between 0 and 1 falls into."""
    total = 0.0
    for i, share in enumerate(shares):
        total += share
        if u < total:
            return i
    return i


def minutes_per_day(config: Config, calendar: Calendar) -> dict[str, float]:
    """What each role has on a working day."""
    v, worked = config.resolver(), sum(calendar.works) / calendar.end
    if config.system.slots_per_week is not None:
        first = next(iter(config.workforce.roles))
        per_day = config.system.slots_per_week * SLOT / (7.0 * worked)
        return {name: per_day if name == first else 0.0 for name in config.workforce.roles}
    return {
        name: role.wte * (1.0 - v(role.vacancy)) * v(role.hours_per_year) * 60.0 / (worked * YEAR)
        for name, role in config.workforce.roles.items()
    }
