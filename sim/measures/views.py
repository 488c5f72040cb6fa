"""What pictures show of one run, as a few small tables: lists by week, waits, places, staff time.

A run of a large area has millions of rows; a picture needs a few hundred numbers. They are worked out once for
each run, where the run is, and only they are kept of every replication. Headline measures are not among them: those are
the summary's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.dictionary import BANDS
from sim.kernel.state import NEVER, WEEKLY_MEASURES
from sim.measures.breakdowns import by_locality, by_quintile, fifteen_outcomes, weeks_bands
from sim.measures.counting import day_counts, still_waiting, sum_by
from sim.measures.who_counts import Counted, RunColumns, in_window, weeks_of_window, who_counts
from sim.system import LEVELS

Columns = dict[str, np.ndarray]

#: Weeks for which the curves of waits are drawn: three years.
WEEKS_SHOWN = 156

#: Weeks in one point of a process chart.
PERIOD_WEEKS = 4

#: The four waits: from when, to when (columns of the needs table), and of whom.
WAITS: dict[str, tuple[str, str, str]] = {
    "recorded": ("referred_day", "first_contact_day", "all"),
    "useful": ("concern_day", "first_useful_day", "all"),
    "second": ("concern_day", "second_contact_day", "all"),
    "specialist": ("concern_day", "specialist_start_day", "specialist"),
}

#: Lists at the end of a period that are followed, besides counts: of which columns of :func:`lists` each is the sum.
LIST_SIZES = {"list_size": ("size",), "list_over_18_weeks": ("w18_52", "w52_plus")}

#: Ends of the published bands, in weeks; the last has none.
BAND_ENDS = (1, 2, 4, 12, 18, 52)

#: Points by which children's changes are sorted into bars.
CHANGE_STEP = 0.25


def views(run: RunColumns, places: int) -> dict[str, Columns]:
    """All small tables of one run, in the columns of the data dictionary.

    Args:
        places: number of places in the area.
    """
    counted, weekly = who_counts(run), lists(run)
    return {
        "lists": weekly,
        "periods": periods(run, weekly),
        "curves": curves(run, counted),
        "waited": waited(run, counted),
        "quintiles": by_quintile(run),
        "localities": by_locality(run),
        "outcomes": fifteen_outcomes(run),
        "ledger_lines": ledger(run),
        "changes": changes(run, counted),
        "places": by_place(run, counted, places),
    }


def lists(run: RunColumns) -> Columns:
    """Every week's end: who waits for a first contact with the clock running, in bands, and for anything at all."""
    bands, w = weeks_bands(run), run.tables["waiting"]
    weeks = np.unique(w["week"])
    at = np.searchsorted(weeks, bands["week"])
    out: Columns = {"week": weeks.astype(np.int64)}
    for name in ("size", *BANDS):
        out[name] = np.bincount(at, weights=bands[name], minlength=len(weeks))
    out["every_list"] = np.bincount(
        np.searchsorted(weeks, w["week"]), weights=w["size"], minlength=len(weeks)
    )
    return {name: values.astype(np.int64) for name, values in out.items()}


def periods(run: RunColumns, weekly: Columns) -> Columns:
    """Counts by four weeks of the years counted, the way a service would watch itself; unfinished periods are left out.

    Args:
        weekly: from :func:`lists`.
    """
    t = run.tables["weekly"]
    first, after = weeks_of_window(run)
    n = (after - first) // PERIOD_WEEKS
    rows = in_window(run, t["week"])
    period = (t["week"][rows] - first) // PERIOD_WEEKS
    keep = period < n
    value, measure = t["value"][rows][keep], t["measure"][rows][keep].astype(np.int64)
    cell = measure * n + period[keep]
    counts = np.bincount(cell, weights=value, minlength=len(WEEKLY_MEASURES) * n).reshape(-1, n)
    wanted = [m for m in WEEKLY_MEASURES if m != "in_contact"]
    ends = first + PERIOD_WEEKS * (np.arange(n) + 1) - 1
    names = [*wanted, *LIST_SIZES]
    out = [counts[WEEKLY_MEASURES.index(m)] for m in wanted]
    found = np.isin(ends, weekly["week"])
    for parts in LIST_SIZES.values():
        sizes = np.zeros(n)
        whole = np.sum([weekly[part] for part in parts], axis=0)
        sizes[found] = whole[np.searchsorted(weekly["week"], ends[found])]
        out.append(sizes)
    return {
        "measure": np.repeat(np.array(names, object), n),
        "week": np.tile(first + PERIOD_WEEKS * np.arange(n), len(names)),
        "value": np.concatenate(out).astype(np.int64),
    }


def _waits(run: RunColumns, counted: Counted, wait: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days of one wait begun in the years counted, whether each came to its end, and the day it was followed to."""
    start_column, end_column, whom = WAITS[wait]
    t = run.tables["needs"]
    start, end = t[start_column], t[end_column]
    cohort = counted.present & (start >= run.decision_day) & (start < run.end_day)
    if whom == "specialist":
        cohort &= t["level"] == LEVELS.index("specialist")
    if wait == "recorded":  # a contact before the clock started ended no recorded wait
        cohort &= (end == NEVER) | (end >= start)
    last = np.minimum(counted.followed_until - 1, run.end_day - 1)
    if wait == "recorded":  # whoever leaves the list is not waiting on it any more
        left = t["left_day"]
        last = np.where((left != NEVER) & (left >= start), np.minimum(last, left), last)
    start, end, last = start[cohort], end[cohort], last[cohort]
    done = (end != NEVER) & (end <= last)
    return np.maximum(np.where(done, end, last) - start, 0), done, last


def curves(run: RunColumns, counted: Counted) -> Columns:
    """Share still waiting 0, 1, 2, ... weeks after the wait began, for each of the four waits (Kaplan-Meier)."""
    out: dict[str, list[Any]] = {"wait": [], "week": [], "still": [], "people": []}
    for wait in WAITS:
        days, done, _ = _waits(run, counted, wait)
        both = day_counts(days, done.astype(np.int64), 2)
        still = still_waiting(events=both[1::2], censored=both[0::2])[0]
        for week in range(min(WEEKS_SHOWN, (len(still) - 1) // 7) + 1):
            share = still[week * 7]
            if len(days) and np.isfinite(share):
                out["wait"].append(wait)
                out["week"].append(week)
                out["still"].append(float(share))
                out["people"].append(len(days))
    return {name: np.array(values, object if name == "wait" else None) for name, values in out.items()}


def waited(run: RunColumns, counted: Counted) -> Columns:
    """The four waits by band: those that ended in the years counted, and those that go on when the run ends."""
    out: dict[str, list[Any]] = {"wait": [], "state": [], "band": [], "people": []}
    for wait in WAITS:
        days, done, last = _waits(run, counted, wait)
        goes_on = ~done & (last == run.end_day - 1)
        band = np.searchsorted(np.array(BAND_ENDS) * 7, days, side="left")
        for state, mask in (("completed", done), ("still waiting", goes_on)):
            counts = np.bincount(band[mask], minlength=len(BANDS))
            out["wait"] += [wait] * len(BANDS)
            out["state"] += [state] * len(BANDS)
            out["band"] += list(BANDS)
            out["people"] += counts.tolist()
    return {n: np.array(v, None if n == "people" else object) for n, v in out.items()}


def ledger(run: RunColumns) -> Columns:
    """Where every staff hour of the years counted went, by role and line."""
    t = run.tables["ledger"]
    rows = in_window(run, t["week"])
    n_roles, n_lines = len(run.roles), len(run.lines)
    cell = t["role"][rows].astype(np.int64) * n_lines + t["line"][rows]
    minutes = np.bincount(cell, weights=t["minutes"][rows], minlength=n_roles * n_lines)
    return {
        "role": np.repeat(np.array(run.roles, object), n_lines),
        "line": np.tile(np.array(run.lines, object), n_roles),
        "hours": minutes / 60.0,
    }


#: Events of the map, by column of the view: the day that is looked at, and of whom.
EVENTS_OF_PLACE = {
    "needs": ("onset_day", "all"),
    "identified": ("identified_day", "all"),
    "concerns": ("concern_day", "all"),
    "seen": ("first_contact_day", "all"),
    "seen_twice": ("second_contact_day", "all"),
    "useful": ("first_useful_day", "all"),
    "needs_specialist": ("onset_day", "specialist"),
    "specialist": ("specialist_start_day", "specialist"),
}

#: Areas with more places are looked at every four weeks only, so that the table stays small.
MOST_PLACES_WEEKLY = 2_000


def map_weeks(decision_day: int, end_day: int, places: int) -> np.ndarray:
    """Weeks after the decision day at whose end places are looked at; the last is the last whole week."""
    last = max((end_day - decision_day) // 7, 1)
    every = 1 if places <= MOST_PLACES_WEEKLY else PERIOD_WEEKS
    return np.unique(np.append(np.arange(every, last + 1, every), last))


def by_place(run: RunColumns, counted: Counted, places: int) -> Columns:
    """What has happened to the needs of each place's children by the end of each week, from the decision day on.

    A need belongs to the place that its child attends at the end. ``waiting``: a concern has been raised, there has been
    no useful support yet, and the need can still be followed; ``waiting_over_18_weeks``: of these, for longer than that.
    ``points_gained`` (against no service, added up over ``needs_at_end``) is known for the end of the run only and is the
    same in every week.
    """
    t = run.tables["needs"]
    weeks = map_weeks(run.decision_day, run.end_day, places)
    ends = run.decision_day + 7 * weeks
    mine = counted.present & (t["place"] >= 0)
    rows = np.flatnonzero(mine)
    place = t["place"][rows].astype(np.int64)
    specialist = t["level"][rows] == LEVELS.index("specialist")

    def so_far(day: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """How many had this day by the end of each week; shape (weeks, places)."""
        week = np.searchsorted(ends, day[keep], side="right")
        inside = week < len(weeks)
        cell = week[inside] * places + place[keep][inside]
        counts = np.bincount(cell, minlength=len(weeks) * places).reshape(len(weeks), places)
        return counts.cumsum(axis=0)

    everybody = np.ones(len(rows), bool)
    out: Columns = {
        "week": np.repeat(weeks.astype(np.int32), places),
        "place": np.tile(np.arange(places, dtype=np.int32), len(weeks)),
    }
    for name, (column, whom) in EVENTS_OF_PLACE.items():
        day = t[column][rows]
        out[name] = so_far(day, (day != NEVER) & (specialist if whom == "specialist" else everybody)).ravel()
    concern, useful = t["concern_day"][rows], t["first_useful_day"][rows]
    until = np.where(useful != NEVER, np.minimum(useful, t["out_day"][rows]), t["out_day"][rows])
    for name, days in (("waiting", 0), ("waiting_over_18_weeks", 18 * 7 + 1)):
        long = (concern != NEVER) & (until > concern + days)
        out[name] = (so_far(concern + days, long) - so_far(until, long)).ravel()
    out = {name: values.astype(np.int32) for name, values in out.items()}
    out["needs_at_end"] = np.tile(np.bincount(place, minlength=places).astype(np.int32), len(weeks))
    gained = sum_by(counted.change[rows], everybody, place, places)
    return {**out, "points_gained": np.tile(gained, len(weeks))}


def changes(run: RunColumns, counted: Counted) -> Columns:
    """How many needs gained or lost how much against no service, in steps of a quarter point."""
    change = counted.change[counted.present]
    step = np.round(change / CHANGE_STEP).astype(np.int64)
    steps = np.arange(min(step.min(initial=0), 0), max(step.max(initial=0), 0) + 1)
    return {"points": steps * CHANGE_STEP, "needs": np.bincount(step - steps[0], minlength=len(steps))}
