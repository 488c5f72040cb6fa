"""What the plain model starts from: its own reading of calendar, staff, services and referrals.

Nothing is shared with the engine but the checked configuration, the random draws and their arithmetic. There is
one locality, with one role for each group of staff. Function never changes, so every need calls for targeted
support all the time.
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


def whole(value: float) -> int:
    """The nearest whole number, halves up."""
    return math.floor(value + 0.5)


def log_odds(p: float) -> float:
    return -1e9 if p <= 0 else 60.0 if p >= 1 else math.log(p / (1 - p))


class Calendar:
    """Which days are worked, and what kind of day each is."""

    def __init__(self, config: Config) -> None:
        c, first = config.calendar, dt.date.fromisoformat(config.calendar.start)
        history, horizon = (round(y * YEAR / 7.0) for y in (config.history_years, config.horizon_years))
        self.end = 7 * (history + horizon)
        self.dates = [first + dt.timedelta(days=i) for i in range(self.end)]
        usual = range(
            first.year, first.year + 28
        )  # after which every date is on the same day of the week again
        years = range(first.year, max(usual[-1], self.dates[-1].year) + 1)
        closed = holidays.country_holidays("GB", subdiv="ENG", years=years) if c.bank_holidays else ()
        every_day = (dt.date(usual[0], 1, 1) + dt.timedelta(days=i) for i in range(28 * 366))
        days = [d for d in every_day if d.year in usual]
        worked = [d for d in days if WEEKDAYS[d.weekday()] in c.working_days and d not in closed]
        self.days_a_year = len(worked) / len(days) * YEAR
        self.weekday = [WEEKDAYS[d.weekday()] for d in self.dates]
        self.works = [
            w in c.working_days and d not in closed for w, d in zip(self.weekday, self.dates, strict=True)
        ]
        self.school = [
            d.weekday() < 5 and d.isocalendar().week not in c.school_holiday_weeks for d in self.dates
        ]
        self.winter = [d.month >= 9 or d.month <= 2 for d in self.dates]


class Service:
    """An offer as its team knows it: rooms full of waiting families, days, minutes."""

    def __init__(self, number: int, name: str, offer: Any, config: Config, calendar: Calendar) -> None:
        v, roles = config.resolver(), {role.group: r for r, role in config.workforce.roles.items()}
        self.number, self.name, self.offer = number, name, offer
        days = zip(calendar.works, calendar.weekday, calendar.school, strict=True)
        self.open_on = [w and d in offer.weekdays and (s or not offer.term_only) for w, d, s in days]
        # room 0 is for those rebooked, then there is one for each class; a drop-in has one room
        n_rooms = 1 if offer.access == "walk_in" else len(offer.queue.priority) + 2
        self.rooms: list[list[Any]] = [[] for _ in range(n_rooms)]
        self.owed: list[Any] = []  # sessions of courses under way
        self.contacts = whole(v(offer.course.contacts))
        self.rebookings, self.kept = 0, 0.0
        self.main = {roles[g]: whole(v(m)) for g, m in offer.staff.items()}
        self.cost = dict(self.main)  # minutes of a contact that takes place
        for part in (offer.indirect, offer.travel):
            for g, m in part.items():
                self.cost[roles[g]] = self.cost.get(roles[g], 0) + whole(v(m))
        plans = config.system.job_plan
        self.share = {r: v(plans[r].offers.get(name, 0.0)) if r in plans else 0.0 for r in roles.values()}
        self.week, self.today, self.owing = (dict.fromkeys(self.share, 0) for _ in range(3))  # minutes

    def turns(self) -> list[tuple[int, int, bool]]:
        """Its turns in a team's day: when, which service, whether for new families."""
        o = self.offer
        course = self.contacts > 1 or o.course.goal_led > 0
        stage = 1 if o.gate else 2 if o.access == "walk_in" else 3 if o.group else 5 if course else 4
        return [(stage, self.number, True), *([(0, self.number, False)] if course else [])]

    def charge(self, lost: bool = False) -> None:
        """What today's minutes do not cover is owed. Without the child there is nothing to write up."""
        for role, minutes in (self.main if lost else self.cost).items():
            paid = min(self.today[role], minutes)
            self.today[role] -= paid
            self.owing[role] += minutes - paid

    def waiting(self) -> int:
        return sum(map(len, self.rooms))


@dataclass(eq=False)
class Child:
    """A child with one need, and how often each thing has happened to it so far."""

    number: int
    day: int  # of referral
    birth: int
    quintile: int
    navigation: float
    urgent: bool
    care: dict[Service, Any] = field(default_factory=dict)  # services on whose list or course it is
    support: dict[Service, Any] = field(default_factory=dict)  # given, or to come, without appointments
    supported: set[Service] = field(default_factory=set)  # that of it which is running
    journey: Any = None  # back to the door
    has_left: bool = False
    arrivals: int = 0
    routings: int = 0
    joins: int = 0
    appointments: int = 0

    @property
    def key(self) -> int:
        return self.number * 64  # there is one kind of need

    def has_age(self, ages: tuple[float, float], day: int) -> bool:
        return math.floor(ages[0] * YEAR) <= day - self.birth < math.floor(ages[1] * YEAR)


def referrals(config: Config, calendar: Calendar, seed: int) -> list[Child]:
    """The stream of referrals: a Poisson number each day, drawn from the mix."""
    area, mix = config.area, config.area.mix
    bands, children = [tuple(map(int, name.split("-"))) for name in mix.ages], list[Child]()
    for day, date in enumerate(calendar.dates):
        mean = area.referrals_per_week / 7.0 * area.month_weights[date.month - 1]
        for _ in range(draws.poisson(mean, seed, day, draws.ARRIVALS)):
            i = len(children) + 1
            low, high = bands[pick(mix.ages.values(), draws.uniform(seed, i, draws.REFERRAL_AGE, 0))]
            years = low + draws.uniform(seed, i, draws.REFERRAL_AGE, 1) * (high + 1 - low)
            quintile = pick(mix.quintiles, draws.uniform(seed, i, draws.REFERRAL_QUINTILE, 0))
            navigation = draws.normal(0.0, 1.0, draws.uniform(seed, i, draws.NAVIGATION, 0))
            urgent = draws.uniform(seed, i, draws.REFERRAL_KIND, 1) < mix.urgent_share
            children.append(Child(i, day, day - math.floor(years * YEAR), quintile, navigation, urgent))
    return children


def pick(shares: Any, u: float) -> int:
    """Which of some shares a number between 0 and 1 falls into."""
    total = 0.0
    for i, share in enumerate(shares):
        total += share
        if u < total:
            return i
    raise ValueError("the shares of a mix must add up to 1")


def minutes_per_day(config: Config, calendar: Calendar) -> dict[str, float]:
    """What each role has on a working day."""
    v = config.resolver()
    return {
        name: role.wte * (1.0 - v(role.vacancy)) * v(role.hours_per_year) * 60.0 / calendar.days_a_year
        for name, role in config.workforce.roles.items()
    }
