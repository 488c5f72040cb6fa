"""Working days, bank holidays of England and school terms, as arrays by day of the run.

How many working days a year has on average is asked of a fixed span of whole years, never of the run: a team's
day must not get longer or shorter because somebody looks further ahead.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.quantity import DAYS_PER_YEAR
from sim.workforce import Calendar

CYCLE_YEARS = 28  # after so many years the same dates fall on the same days of the week
GROWN_UP = 20  # years
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def whole_weeks(years: float) -> int:
    """A number of years as days, rounded to whole weeks so that every week of the record is complete."""
    return 7 * round(years * DAYS_PER_YEAR / 7.0)


def days_of_run(history_years: float, horizon_years: float) -> tuple[int, int]:
    """The decision day, and the first day after the run: whole weeks from day 0."""
    decision = whole_weeks(history_years)
    return decision, decision + max(7, whole_weeks(horizon_years))


def day_after(weeks: float, day: int = 0) -> int:
    """The day that lies so many weeks after a day, halves of a day rounded up."""
    return day + math.floor(7.0 * weeks + 0.5)


@dataclass(frozen=True)
class Days:
    """Facts about each day of the run; arrays of shape (n_days,)."""

    first_day: dt.date
    weekday: np.ndarray  # 0 Monday .. 6 Sunday
    works: np.ndarray  # bool: the services are open
    term: np.ndarray  # bool: schools are open
    winter: np.ndarray  # bool: September to February


def lay_out(calendar: Calendar, n_days: int) -> Days:
    """Days from the calendar's start on."""
    first = dt.date.fromisoformat(calendar.start)
    dates = [first + dt.timedelta(days=i) for i in range(n_days)]
    weekday = np.array([d.weekday() for d in dates], np.int8)
    months = np.array([d.month for d in dates], np.int8)
    iso_weeks = np.array([d.isocalendar().week for d in dates], np.int16)
    works = np.isin(weekday, [WEEKDAYS.index(w) for w in calendar.working_days])
    if calendar.bank_holidays:
        import holidays

        closed = holidays.country_holidays("GB", subdiv="ENG", years=range(first.year, dates[-1].year + 1))
        works &= np.array([d not in closed for d in dates])
    term = ~np.isin(iso_weeks, calendar.school_holiday_weeks) & (weekday < 5)
    return Days(first, weekday, works, term, (months >= 9) | (months <= 2))


def share_of_working_days(calendar: Calendar) -> float:
    """Working days as a share of all days, over the 28 calendar years from the year of the calendar's start.

    A whole cycle of the days of the week, so that weekends and leap years weigh as they do in the long run; bank
    holidays announced for single years count in theirs. It depends on the calendar only, not on the run's length.
    """
    first = dt.date.fromisoformat(calendar.start).year
    return _share_of_working_days(first, frozenset(calendar.working_days), calendar.bank_holidays)


@lru_cache(maxsize=64)
def _share_of_working_days(first: int, working_days: frozenset[str], bank_holidays: bool) -> float:
    last = first + CYCLE_YEARS
    days = (dt.date(last, 1, 1) - dt.date(first, 1, 1)).days
    weekday = (dt.date(first, 1, 1).weekday() + np.arange(days)) % 7
    works = np.isin(weekday, [WEEKDAYS.index(w) for w in working_days])
    if bank_holidays:
        import holidays

        for closed in holidays.country_holidays("GB", subdiv="ENG", years=range(first, last)):
            if first <= closed.year < last:
                works[(closed - dt.date(first, 1, 1)).days] = False
    return float(works.mean())


def september_firsts(first_day: dt.date, n_days: int) -> np.ndarray:
    """Day indices of 1 September, from before day 0 until those born on the last day are grown up."""
    last = first_day + dt.timedelta(days=n_days)
    years = range(first_day.year - 1, last.year + GROWN_UP)
    return np.array([(dt.date(y, 9, 1) - first_day).days for y in years], np.int32)
