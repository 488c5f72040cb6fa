"""What a change itself did: one way to change set against staying put, with the same children and the same luck.

Everything is worked out from the courses of the two runs of a replication (:mod:`sim.measures.course`); a reference
that does not stay put is possible, and then the words "staying put" mean that reference. The rules:

* *Behind and ahead* are told by cumulative impact: point-years gained over no service so far, less the same under
  staying put. *Break-even* is the first time looked at from which on that never is below nought again; 0 if it never
  was, undefined if it still is at the end.
* A child is *harmed* if it has lost a clinically significant step (``needs.significant_points``) for a year, against
  the same child under staying put: that many point-years over all its needs. *Helped*: it has won as much.
* A week is one of *disruption* if, in the stretch of weeks between two looks at function (four, usually), any of
  :data:`DISRUPTION` is worse than under staying put by more than :data:`TOLERANCE` of it. A number of children,
  contacts or families must also be worse by more than chance makes of two independent counts of that size (two
  standard errors), since single weeks of small counts differ by luck alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.measures.counting import Floats, Ints, gap, ratios
from sim.measures.course import CHANGE_LINES, Course
from sim.measures.labels import Better, Group, Measure
from sim.measures.reach import QUINTILES
from sim.system import LEDGER_LINES

TOLERANCE = 0.05
STANDARD_ERRORS = 2.0
YEARS_OF_A_STEP = 1.0  # for which a clinically significant step is lost or won, for a child to count
ROUNDING = 1e-6  # point-years or points over a whole area; less is rounding
CHILD_ROUNDING = 1e-9
WEEKS_OF_A_YEAR = 52

#: Weekly measures by which disruption is told, and what is better. How many are in contact is not among them: the
#: longer the lists, the more there are.
DISRUPTION: dict[str, Better] = {
    "first_contacts": "higher",
    "first_useful": "higher",
    "contacts": "higher",
    "list_over_18_weeks": "lower",
    "points": "higher",
}
#: Which of them are counts, so that chance plays a part from week to week.
COUNTS = ("first_contacts", "first_useful", "contacts", "list_over_18_weeks")
_IN_WORDS = {
    "first_contacts": "first contacts",
    "first_useful": "first useful support",
    "contacts": "contacts",
    "list_over_18_weeks": "waiting over 18 weeks for a first contact",
    "points": "function gained",
}


def _measure(
    label: str, unit: str, better: Better, group: Group, decimals: int = 0, headline: bool = True
) -> Measure:
    return Measure(label, unit, better, group, decimals, headline=headline)


def _measures() -> dict[str, Measure]:
    less: Better = "lower"
    more: Better = "higher"
    years = "point-years"
    out = {
        "point_years": _measure("Function gained by the end, all children", years, more, "impact", 1),
        "fading_point_years": _measure(
            "Growth of the yearly gain, from year 2 on (below 0: it fades)",
            "point-years a year",
            more,
            "impact",
            1,
        ),
        "lowest_point_years": _measure("Furthest behind, cumulative", years, more, "impact", 1),
        "lowest_week": _measure("Furthest behind, cumulative: when", "week", "neither", "impact"),
        "break_even_week": _measure(
            "Break-even: never behind again from (0: never behind)", "week", less, "impact"
        ),
        "broke_even": Measure("Broke even within the horizon", "%", more, "impact", 0, 100.0, True),
        "worst_points": _measure(
            "Worst week: how far function is below, all needs", "points", more, "impact", 1
        ),
        "worst_week": _measure("Worst week: which", "week", "neither", "impact"),
        "children_harmed": _measure("Children harmed", "children", less, "impact"),
        "children_helped": _measure("Children helped", "children", more, "impact"),
        "children_worse": _measure(
            "Children worse off, by however little", "children", less, "impact", 0, False
        ),
        "children_better": _measure(
            "Children better off, by however little", "children", more, "impact", 0, False
        ),
        "point_years_lost": _measure("Lost by all children who lose", years, less, "impact", 1, False),
        "point_years_won": _measure("Won by all children who win", years, more, "impact", 1, False),
        "disruption_weeks": _measure("Weeks of disruption", "weeks", less, "waits"),
    }
    for name, words in _IN_WORDS.items():
        out[f"disruption_weeks_{name}"] = _measure(f"... by {words}", "weeks", less, "waits")
    out["duplicate_contacts"] = _measure("Duplicate contacts", "contacts", less, "quality")
    out["point_years_gap"] = _measure(
        "Function gained per 1,000 children with needs: most less least deprived fifth",
        years,
        "neither",
        "equity",
        1,
    )
    out["harmed_gap"] = Measure(
        "Share of children harmed: most less least deprived fifth", "pp", "neither", "equity", 2, 100.0, True
    )
    for line in LEDGER_LINES:
        what = {"change": "the change itself", "coordination": "coordinating two systems"}.get(
            line, line.replace("_", " ")
        )
        better: Better = "lower" if line in CHANGE_LINES else "neither"
        headline = line in (*CHANGE_LINES, "queue_management", "triage", "unused")
        out[f"hours_{line}"] = _measure(f"Staff hours: {what}", "hours", better, "staff time", 0, headline)
    out["pounds_change"] = _measure(
        "Staff cost of the change, with staff brought in for it", "£", less, "cost"
    )
    out["pounds_running"] = _measure("Staff cost of everything else", "£", "neither", "cost")
    out["pounds"] = _measure("Staff cost in all", "£", "neither", "cost")
    return out


#: Measures of a change in the order in which they are shown; each is a difference from staying put, or a week.
MEASURES: dict[str, Measure] = _measures()

#: Columns by week, besides those of :attr:`sim.measures.course.Course.weekly`, at the weeks looked at only.
LOOKED_AT = ("points", "point_years")

#: Measures by group of children: what each means, and its unit. The first six add up to those of everybody.
BY_GROUP: dict[str, tuple[str, str]] = {
    "children": ("children", "children with a need that counts"),
    "children_harmed": (
        "children",
        "harmed by the change: worse off by a clinically significant step for a year",
    ),
    "children_helped": ("children", "helped by the change: better off by as much"),
    "point_years": ("point-years", "function gained by the end, against the reference"),
    "point_years_lost": ("point-years", "lost by all children who lose"),
    "point_years_won": ("point-years", "won by all children who win"),
    "harmed_share": ("share", "children harmed, of children with a need"),
    "helped_share": ("share", "children helped, of children with a need"),
    "point_years_per_1000_children": ("point-years", "function gained per 1,000 children with a need"),
    "change_hours": ("hours", "staff hours on change and coordination, of the locality's staff"),
}
#: Measures by year after the decision day, each a difference from staying put.
BY_YEAR: dict[str, Measure] = {
    "point_years": _measure("Function gained in the year", "point-years", "higher", "impact", 1),
    "first_useful": _measure("Needs given their first useful support", "needs", "higher", "waits"),
    "hours_on_change": _measure("Staff hours on change and coordination", "hours", "lower", "staff time"),
    "pounds_change": _measure("Staff cost of the change", "£", "lower", "cost"),
}
SUMS = (
    "children",
    "children_harmed",
    "children_helped",
    "point_years",
    "point_years_lost",
    "point_years_won",
)


@dataclass(frozen=True)
class Change:
    """One way to change against staying put, in one replication.

    Attributes:
        numbers: by name, in the order of :data:`MEASURES`; NaN where undefined.
        by_quintile: measure -> (5,). by_locality: measure -> (l,). by_place: measure -> (p,), of children who attend a
        place. by_year: measure of :data:`BY_YEAR` -> (y,).
    """

    numbers: dict[str, float]
    by_quintile: dict[str, Floats]
    by_locality: dict[str, Floats]
    by_place: dict[str, Floats]
    by_year: dict[str, Floats]


def change_of(stay: Course, plan: Course, significant_points: float) -> Change:
    """What a plan did, against staying put.

    Args:
        stay, plan: courses of two runs with the same seed, looked at in the same weeks.
        significant_points: a clinically significant step, points.

    Raises:
        ValueError: the courses are not of the same children, or not looked at in the same weeks.
    """
    if stay.children != plan.children:
        raise ValueError("a change is told child by child: both runs must have the same children")
    if not np.array_equal(stay.gains_week, plan.gains_week):
        raise ValueError("both runs must be looked at in the same weeks")
    by_quintile = _by_group(stay, plan, significant_points, plan.child_quintile, len(QUINTILES))
    by_locality = _by_group(stay, plan, significant_points, plan.child_locality, len(plan.localities))
    by_locality["change_hours"] = plan.change_hours - stay.change_hours
    by_place = _by_group(stay, plan, significant_points, plan.child_place, len(plan.places))
    by_year = _by_year(stay, plan)
    child = plan.child_years - stay.child_years
    found = {
        **timing(stay.gains_week, _total(plan.years) - _total(stay.years)),
        "fading_point_years": fading(by_year["point_years"]),
        **worst(stay.gains_week, _total(plan.points) - _total(stay.points)),
        **{name: float(by_quintile[name].sum()) for name in SUMS if name not in ("children", "point_years")},
        "children_worse": float(np.count_nonzero(child < -CHILD_ROUNDING)),
        "children_better": float(np.count_nonzero(child > CHILD_ROUNDING)),
        **disruption(_lengths(stay.gains_week), in_stretches(stay), in_stretches(plan)),
        "point_years_gap": gap(by_quintile["point_years_per_1000_children"]),
        "harmed_gap": gap(by_quintile["harmed_share"]),
        **_resources(stay.weekly, plan.weekly),
    }
    numbers = {name: float(found[name]) for name in MEASURES}
    return Change(numbers, by_quintile, by_locality, by_place, by_year)


def timing(week: np.ndarray, ahead: Floats) -> dict[str, float]:
    """Where cumulative impact leads, when it is furthest behind, and when it breaks even.

    Args:
        week: (s,) weeks after the decision at which it was looked at. ahead: (s,) point-years ahead by then.
    """
    behind = np.flatnonzero(ahead < -ROUNDING)
    last = int(behind[-1]) if behind.size else -1
    even = 0.0 if last < 0 else float(week[last + 1]) if last + 1 < len(week) else math.nan
    lowest = int(np.argmin(ahead))
    return {
        "point_years": float(ahead[-1]),
        "lowest_point_years": float(ahead[lowest]) if behind.size else 0.0,
        "lowest_week": float(week[lowest]) if behind.size else math.nan,
        "break_even_week": even,
        "broke_even": float(not math.isnan(even)),
    }


def year_ends(week: np.ndarray) -> Ints:
    """The last look at function in each year after the decision day, as positions in ``week``; shape (y,).

    A year is 52 weeks. What is left over at the end is a year of its own if it is half a year or more, else it belongs
    to the last one.

    Args:
        week: (s,) as in :func:`timing`.
    """
    years = max(1, math.floor(float(week[-1]) / WEEKS_OF_A_YEAR + 0.5))
    ends = np.searchsorted(week, WEEKS_OF_A_YEAR * np.arange(1, years), side="right") - 1
    return np.unique(np.append(np.maximum(ends, 0), len(week) - 1))


def fading(by_year: Floats) -> float:
    """By how much what a year brings grows from one year to the next, from the second year on; below nought it fades.

    The slope of a straight line by least squares. The first year is left out, because the change itself takes it up;
    undefined with fewer than three.

    Args:
        by_year: (y,) point-years gained in each year.
    """
    later = by_year[1:]
    if len(later) < 2:
        return math.nan
    year = np.arange(len(later)) - (len(later) - 1) / 2.0
    return float(year @ later / (year @ year))


def worst(week: np.ndarray, points: Floats) -> dict[str, float]:
    """When function was furthest below staying put, and by how many points over all needs; undefined if never.

    Args:
        week: (s,) as in :func:`timing`. points: (s,) points above staying put then.
    """
    lowest = int(np.argmin(points))
    below = bool(points[lowest] < -ROUNDING)
    return {
        "worst_points": float(points[lowest]) if below else 0.0,
        "worst_week": float(week[lowest]) if below else math.nan,
    }


def disruption(length: Floats, stay: Mapping[str, Floats], plan: Mapping[str, Floats]) -> dict[str, float]:
    """Weeks in which any of :data:`DISRUPTION` is worse, and by each of them alone; NaN where it is not defined.

    Args:
        length: (s,) weeks in each stretch that is judged as one.
        stay, plan: measure -> value of each stretch, shape (s,); counts as whole numbers of the stretch.
    """
    any_worse = np.zeros(len(length), bool)
    out: dict[str, float] = {}
    for name, better in DISRUPTION.items():
        a, b = stay[name], plan[name]
        shortfall = a - b if better == "higher" else b - a
        allowed = np.maximum(TOLERANCE * np.abs(a), ROUNDING)
        if name in COUNTS:
            allowed = np.maximum(allowed, STANDARD_ERRORS * np.sqrt(a + b))
        worse = shortfall > allowed  # never where one of them is NaN
        defined = bool(np.isfinite(shortfall).all())
        out[f"disruption_weeks_{name}"] = float(length[worse].sum()) if defined else math.nan
        any_worse |= worse
    return {"disruption_weeks": float(length[any_worse].sum()), **out}


def in_stretches(course: Course) -> dict[str, Floats]:
    """The measures of :data:`DISRUPTION` over the weeks from one look at function to the next: sums of what is
    counted, the mean list, function as it is at the end; each of shape (s,)."""
    starts = np.concatenate([[0], course.gains_week[:-1]])
    out = {name: np.add.reduceat(course.weekly[name], starts) for name in COUNTS}
    out["list_over_18_weeks"] = out["list_over_18_weeks"] / _lengths(course.gains_week)
    return {**out, "points": _total(course.points)}


def _lengths(week: np.ndarray) -> Floats:
    return np.diff(week, prepend=0).astype(np.float64)


def _total(by_group: Floats) -> Floats:
    """(s, l, 5) over all groups: (s,)."""
    return np.asarray(by_group.sum(axis=(1, 2)))


def _by_group(stay: Course, plan: Course, step: float, group: np.ndarray, n: int) -> dict[str, Floats]:
    child = plan.child_years - stay.child_years
    enough = step * YEARS_OF_A_STEP - CHILD_ROUNDING

    somewhere = group >= 0

    def total(values: np.ndarray) -> Floats:
        where, what = group[somewhere], values[somewhere]
        return np.bincount(where, weights=what, minlength=n).astype(np.float64, copy=False)

    children, harmed, helped = total(np.ones(len(child))), total(child <= -enough), total(child >= enough)
    net = total(child)
    return {
        "children": children,
        "children_harmed": harmed,
        "children_helped": helped,
        "point_years": net,
        "point_years_lost": total(np.maximum(-child, 0.0)),
        "point_years_won": total(np.maximum(child, 0.0)),
        "harmed_share": ratios(harmed, children),
        "helped_share": ratios(helped, children),
        "point_years_per_1000_children": 1000.0 * ratios(net, children),
    }


def _by_year(stay: Course, plan: Course) -> dict[str, Floats]:
    ends = year_ends(stay.gains_week)
    ahead = _total(plan.years) - _total(stay.years)

    def counted(name: str) -> Floats:
        so_far = np.cumsum(plan.weekly[name] - stay.weekly[name])
        return np.diff(so_far[stay.gains_week[ends] - 1], prepend=0.0)

    return {
        "point_years": np.diff(ahead[ends], prepend=0.0),
        "first_useful": counted("first_useful"),
        "hours_on_change": counted("hours_change") + counted("hours_coordination"),
        "pounds_change": counted("pounds_change"),
        "last_week": stay.gains_week[ends].astype(np.float64),
    }


def _resources(stay: Mapping[str, Floats], plan: Mapping[str, Floats]) -> dict[str, float]:
    def more(name: str) -> float:
        return float(plan[name].sum() - stay[name].sum())

    return {
        "duplicate_contacts": more("duplicate_contacts"),
        **{f"hours_{line}": more(f"hours_{line}") for line in LEDGER_LINES},
        "pounds_change": more("pounds_change"),
        "pounds_running": more("pounds_running"),
        "pounds": more("pounds_change") + more("pounds_running"),
    }
