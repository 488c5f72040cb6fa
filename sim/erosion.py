"""What wears a change down in the years after it: people leave, word gets round, gates creep back.

Erosion begins with the change, team by team and place by place, and is of the change: where nothing changes
(``transition=none``) nothing erodes. Each of its parts has a strength, and at strength 0 is not there at all.
"""

from __future__ import annotations

import math

import numpy as np

from sim.quantity import DAYS_PER_YEAR, PerYear, Resolver, Share, Strict, Weeks

WORD_EVERY_DAYS = 28  # how often families who did not come are reached by word of mouth


class Erosion(Strict):
    """The parts of erosion, each at no strength unless a file says otherwise."""

    name: str = "none"
    leavers: PerYear = 0.0  # of staff in the new ways; successors begin to learn them from the start
    untaught: Share = 0.0  # of successors, whom nobody teaches: they take up so much less of the new ways
    vacancies: PerYear = (
        0.0  # share of posts that falls vacant beyond the usual, for each year after a change
    )
    most_vacancies: Share = 0.0  # it never gets worse than this
    place_leavers: PerYear = 0.0  # of a place's capability, lost with its own staff beyond what is usual
    word: Share = 0.0  # of families who would not come to the new doors: come once word has got round
    word_weeks: Weeks = 0.0  # until it has, in a straight line; 0: at once
    gated: Share = 0.0  # of those on their way to the new doors: sent to the old ones while walk-ins overflow
    gated_after: Weeks = 1.0  # weeks running in which families were turned away; then until a week without


def erosion_problems(erosion: Erosion, value: Resolver) -> list[str]:
    """What is in its unit's range and still makes no sense."""
    weeks = value(erosion.gated_after, "weeks")
    if weeks >= 1.0:
        return []
    return [f"erosion.gated_after = {weeks:g}: overflow is counted by whole weeks; allowed is 1 or more"]


def weekly_leavers(erosion: Erosion, value: Resolver) -> float:
    """Share of staff who leave in a week, at a constant rate."""
    return -math.expm1(-value(erosion.leavers, "per_year") * 7.0 / DAYS_PER_YEAR)


def worn_losses(first: np.ndarray, successors: np.ndarray, leaving: float) -> np.ndarray:
    """Share of minutes lost in each week after a change by a team whose members leave: (weeks,).

    Nobody's experience is lost but the leavers': those still there from the beginning are as far as
    ``first`` says, and a successor who came ``a`` weeks ago as far as ``successors[a]``.

    Args:
        first: (weeks,) lost by those who were there at the change, so many weeks after it.
        successors: (weeks,) lost by those who came later, so many weeks after they came.
        leaving: share who leave in a week; 0 gives ``first`` itself.
    """
    if leaving <= 0.0:
        return first
    weeks = len(first)
    stayed = (1.0 - leaving) ** np.arange(weeks)
    arrived = np.concatenate([[0.0], np.cumsum(leaving * stayed * successors)[:-1]]) if weeks else stayed
    return stayed * first + arrived


def posts_filled(erosion: Erosion, value: Resolver, capacity: np.ndarray, changing: np.ndarray) -> np.ndarray:
    """Share of the posts in being that are filled, (weeks, teams, roles); exactly 1 before a team's change.

    Args:
        capacity: (w, t) share of a team's minutes for the new system.
        changing: (r,) roles whose job plan is not the same in both systems; the others are left alone.
    """
    weeks, teams = capacity.shape
    out = np.ones((weeks, teams, len(changing)))
    rate, most = value(erosion.vacancies, "per_year"), value(erosion.most_vacancies)
    if rate <= 0.0 or most <= 0.0:
        return out
    for team in range(teams):
        new = capacity[:, team] > 0.0
        if new.any():
            since = np.maximum(np.arange(weeks) - int(np.argmax(new)), 0) * 7.0 / DAYS_PER_YEAR
            # a pilot that goes back to the old ways has the posts filled again
            out[:, team, changing] = 1.0 - np.where(new, np.minimum(most, rate * since), 0.0)[:, None]
    return out


def word_days(erosion: Erosion, value: Resolver, switch_day: np.ndarray, end_day: int) -> np.ndarray:
    """Days on which families who did not come may have heard more of the new doors: (days,) bool."""
    out = np.zeros(end_day, bool)
    first = int(switch_day.min(initial=end_day))
    if value(erosion.word) > 0.0 and first < end_day:
        changed = switch_day[switch_day < end_day]
        last = int(changed.max()) + math.ceil(7.0 * value(erosion.word_weeks, "weeks")) + WORD_EVERY_DAYS
        out[first + WORD_EVERY_DAYS : last + 1 : WORD_EVERY_DAYS] = True
    return out


def erosion_rules(erosion: Erosion, value: Resolver) -> dict[str, object]:
    """The numbers that the kernel reads; see :class:`sim.kernel.state.Rules`."""
    return {
        "place_keep": math.exp(-value(erosion.place_leavers, "per_year") * 7.0 / DAYS_PER_YEAR),
        "word_share": value(erosion.word),
        "word_length": max(7.0 * value(erosion.word_weeks, "weeks"), 1.0),
        "gated_share": value(erosion.gated),
        "gated_after": math.floor(value(erosion.gated_after, "weeks") + 0.5),
    }
