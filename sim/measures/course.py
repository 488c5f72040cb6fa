"""The course of one run after the decision day: week by week, every few weeks for function, and child by child.

It is what is kept of a run to set it against another run of the same replication: a few short columns, not the
tables. Weeks are counted from the decision day; the first is week 1.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sim.kernel.state import WEEKLY_MEASURES
from sim.measures.counting import Floats, Ints, sum_by
from sim.measures.lists import lists_that_count
from sim.measures.reach import QUINTILES
from sim.measures.who_counts import RunColumns, weeks_of_window, who_counts
from sim.transition import NoChange

#: Ledger lines on which the change itself is paid for.
CHANGE_LINES = ("change", "coordination")
OVER_18_WEEKS = ("w18_52", "w52_plus")
#: Weekly counts that are followed.
FOLLOWED = ("first_contacts", "first_useful", "contacts", "gave_up", "turned_away", "duplicate_contacts")


class RunSomewhere(RunColumns, Protocol):
    """A run that also knows its area."""

    @property
    def area(self) -> Any: ...


@dataclass(frozen=True)
class Course:
    """What one run went through, from the decision day to the end.

    Attributes:
        weekly: measure -> value of each week, shape (w,): counts, ``list_over_18_weeks`` (needs on lists for a first
            contact at the week's end; NaN if there is no such list), ``hours_LINE`` for each ledger line,
            ``pounds_change`` and ``pounds_running``.
        gains_week: (s,) weeks after the decision day at which gains were added up.
        years: (s, l, 5) point-years gained over no service up to then, by locality and quintile.
        points: (s, l, 5) points gained over no service then, added up over needs.
        child_years: (c,) point-years gained over no service by each child who counts, all its needs together.
        child_locality: (c,) from 0. child_quintile: (c,) from 0. child_place: (c,) attended on the decision day, or the
        first after it.
        children: a digest of who they are; the same for two runs with the same seed.
        change_hours: (l,) hours on change and coordination, by the locality whose staff it is.
        localities: names, in the order of l. places: names, in the order of child_place.
    """

    weekly: dict[str, Floats]
    gains_week: Ints
    years: Floats
    points: Floats
    child_years: Floats
    child_locality: Ints
    child_quintile: Ints
    child_place: Ints
    children: str
    change_hours: Floats
    localities: tuple[str, ...]
    places: tuple[str, ...]


def course_of(run: RunSomewhere) -> Course:
    """The course of a run that was asked for its gains (``gains_every_weeks``).

    Raises:
        ValueError: it was not.
    """
    if "gains" not in run.tables:
        raise ValueError("the course of a run needs its table of gains: set gains_every_weeks")
    gains = run.tables["gains"]
    first, _ = weeks_of_window(run)
    taken = np.unique(gains["week"])
    shape = (len(taken), len(run.localities), len(QUINTILES))
    by_child, children = _children(run)
    return Course(
        weekly=_weekly(run),
        gains_week=taken + 1 - first,
        years=gains["score_years_gained"].reshape(shape),
        points=gains["points_gained"].reshape(shape),
        **by_child,
        children=children,
        change_hours=_change_hours(run),
        localities=tuple(run.localities),
        places=tuple(run.area.place_name),
    )


def _children(run: RunColumns) -> tuple[dict[str, np.ndarray], str]:
    """Children with a need that counts: what each of them gained, where they are, and a digest of who they are."""
    needs, children = run.tables["needs"], run.tables["children"]
    present = who_counts(run).present
    n = len(children["child_id"])
    row = needs["child_row"]
    years = sum_by(needs["score_years"] - needs["score_years_no_service"], present, row, n)
    counted = np.bincount(row[present], minlength=n) > 0
    ids = np.ascontiguousarray(children["child_id"][counted])
    by_child: dict[str, np.ndarray] = {
        "child_years": years[counted],
        "child_locality": children["locality"][counted].astype(np.int32),
        "child_quintile": (children["imd_quintile"][counted] - 1).astype(np.int8),
        "child_place": children["place_at_decision"][counted].astype(np.int32),
    }
    return by_child, hashlib.blake2b(ids.tobytes(), digest_size=16).hexdigest()


def _weekly(run: RunColumns) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    weekly = run.tables["weekly"]
    for name in FOLLOWED:
        rows = weekly["measure"] == WEEKLY_MEASURES.index(name)
        out[name] = _by_week(run, weekly["week"][rows], weekly["value"][rows])
    out["list_over_18_weeks"] = _over_18_weeks(run)
    ledger = run.tables["ledger"]
    value = run.config.resolver()
    rates = np.array([value(run.config.workforce.roles[name].pounds_per_hour) for name in run.roles])
    hours = ledger["minutes"] / 60.0
    pounds = hours * rates[ledger["role"]]
    change = np.isin(ledger["line"], [run.lines.index(line) for line in CHANGE_LINES])
    brought_in, dearer = _brought_in(run, rates)
    out["pounds_change"] = _by_week(run, ledger["week"][change], pounds[change]) + brought_in + dearer
    out["pounds_running"] = _by_week(run, ledger["week"][~change], pounds[~change]) - brought_in
    for i, line in enumerate(run.lines):
        rows = ledger["line"] == i
        out[f"hours_{line}"] = _by_week(run, ledger["week"][rows], hours[rows])
    return out


def _brought_in(run: RunColumns, rates: Floats) -> tuple[Floats, Floats]:
    """Pounds a week for staff brought in for the old lists: at the rates of their role, and what they cost above that.

    Their minutes are spent on the lines of everybody else, but they are there only because of the change.
    """
    table = run.tables["available"]
    pounds = _by_week(run, table["week"], table["brought_in"] / 60.0 * rates[table["role"]])
    plan = run.config.transition
    if isinstance(plan, NoChange) or plan.waiting != "blitz":
        return pounds, 0.0 * pounds
    return pounds, (run.config.resolver()(plan.blitz.pay) - 1.0) * pounds


def _over_18_weeks(run: RunColumns) -> Floats:
    counts, waiting = lists_that_count(run), run.tables["waiting"]
    if not counts.any():
        first, after = weeks_of_window(run)
        return np.full(after - first, math.nan)
    rows = counts[waiting["offer"]]
    over = np.asarray(np.sum([waiting[band][rows] for band in OVER_18_WEEKS], axis=0, dtype=np.float64))
    return _by_week(run, waiting["week"][rows], over)


def _change_hours(run: RunColumns) -> Floats:
    ledger = run.tables["ledger"]
    first, after = weeks_of_window(run)
    rows = np.isin(ledger["line"], [run.lines.index(line) for line in CHANGE_LINES])
    rows &= (ledger["week"] >= first) & (ledger["week"] < after)
    return sum_by(ledger["minutes"] / 60.0, rows, ledger["locality"], len(run.localities))


def _by_week(run: RunColumns, week: Ints, value: np.ndarray) -> Floats:
    """Sum of a long column by week of the window; shape (w,)."""
    first, after = weeks_of_window(run)
    rows = (week >= first) & (week < after)
    return np.bincount(week[rows] - first, weights=value[rows], minlength=after - first).astype(
        np.float64, copy=False
    )
