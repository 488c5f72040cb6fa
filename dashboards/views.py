"""What the pages show of one run, as a few small tables: lists by week, waits, places, staff time.

A run of a large area has millions of rows; a picture needs a few hundred numbers. They are worked out once for
each run, where the run is, and only they travel. Headline measures are not among them: those are the summary's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.area import KINDS, Area
from sim.dictionary import BANDS
from sim.kernel.state import NEVER, WEEKLY_MEASURES
from sim.measures import RunColumns, by_locality, by_quintile, fifteen_outcomes, weeks_bands
from sim.measures.counting import count_by, day_counts, still_waiting, sum_by
from sim.measures.who_counts import Counted, in_window, weeks_of_window, who_counts
from sim.system import LEVELS

if TYPE_CHECKING:
    import pandas as pd

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

#: Ends of the published bands, in weeks; the last has none.
BAND_ENDS = (1, 2, 4, 12, 18, 52)

#: Points by which children's changes are sorted into bars.
CHANGE_STEP = 0.25


def views(run: RunColumns, area: Area) -> dict[str, pd.DataFrame]:
    """All tables that the pages need of one run.

    Returns:
        lists (week, size, every_list, bands), periods (measure, week, value), curves (wait, week, still, people),
        waited (wait, state, band, people), quintiles and localities (headline measures by group), outcomes (the
        fifteen cells), ledger (role, line, hours in the years counted), places (year, place, needs, seen, useful,
        change), changes (points, needs).
    """
    import pandas as pd

    counted = who_counts(run)
    tables: dict[str, Mapping[str, Any]] = {
        "lists": lists(run),
        "periods": periods(run),
        "curves": curves(run, counted),
        "waited": waited(run, counted),
        "quintiles": by_quintile(run),
        "localities": by_locality(run),
        "outcomes": fifteen_outcomes(run),
        "ledger": ledger(run),
        "places": places(run, counted, area),
        "changes": changes(run, counted),
    }
    return {name: pd.DataFrame(columns) for name, columns in tables.items()}


def first_day(config: Any) -> dt.date:
    """Day 0 of the run, from which weeks are counted."""
    return dt.date.fromisoformat(config.calendar.start)


def lists(run: RunColumns) -> dict[str, np.ndarray]:
    """Every week's end: who waits for a first contact with the clock running, in bands, and for anything at all."""
    bands, w = weeks_bands(run), run.tables["waiting"]
    weeks = np.unique(w["week"])
    at = np.searchsorted(weeks, bands["week"])
    out = {"week": weeks.astype(np.int64)}
    for name in ("size", *BANDS):
        out[name] = np.bincount(at, weights=bands[name], minlength=len(weeks))
    out["every_list"] = np.bincount(
        np.searchsorted(weeks, w["week"]), weights=w["size"], minlength=len(weeks)
    )
    return out


def periods(run: RunColumns) -> dict[str, np.ndarray]:
    """Counts by four weeks of the years counted, the way a service would watch itself; unfinished periods are left out."""
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
    out_counts = [counts[WEEKLY_MEASURES.index(m)] for m in wanted]
    weekly = lists(run)
    ends = first + PERIOD_WEEKS * (np.arange(n) + 1) - 1
    sizes = np.zeros(n)
    found = np.isin(ends, weekly["week"])
    sizes[found] = weekly["size"][np.searchsorted(weekly["week"], ends[found])]
    names = [*wanted, "list_size"]
    return {
        "measure": np.repeat(np.array(names, object), n),
        "week": np.tile(first + PERIOD_WEEKS * np.arange(n), len(names)),
        "value": np.concatenate([*out_counts, sizes]),
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


def curves(run: RunColumns, counted: Counted) -> dict[str, np.ndarray]:
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


def waited(run: RunColumns, counted: Counted) -> dict[str, np.ndarray]:
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


def ledger(run: RunColumns) -> dict[str, np.ndarray]:
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


def places(run: RunColumns, counted: Counted, area: Area) -> dict[str, np.ndarray]:
    """Needs of each place's children, and what had happened by the end of each year counted.

    A need belongs to the place that its child attends at the end. ``change`` (points against no service) is known
    for the end of the run only and is the same in every year's rows.
    """
    t = run.tables["needs"]
    n = len(area.place_name)
    attends = counted.present & (t["place"] >= 0)
    place = np.where(t["place"] >= 0, t["place"], 0)
    change = sum_by(counted.change, attends, place, n)
    ever = count_by(attends, place, n)
    out: dict[str, list[np.ndarray]] = {}
    years = max(1, round((run.end_day - run.decision_day) / 365.25))
    for year in range(1, years + 1):
        day = run.decision_day + (run.end_day - run.decision_day) * year // years
        begun = attends & (t["onset_day"] < day)
        rows = {
            "year": np.full(n, year),
            "place": np.arange(n),
            "name": np.array(area.place_name, object),
            "kind": np.array(KINDS, object)[area.place_kind],
            "locality": np.array(area.localities, object)[area.place_locality],
            "imd_quintile": area.place_quintile + 1,
            "easting": area.place_easting,
            "northing": area.place_northing,
            "needs": count_by(begun, place, n),
            "seen": count_by(begun & _by(t["first_contact_day"], day), place, n),
            "useful": count_by(begun & _by(t["first_useful_day"], day), place, n),
            "change": np.divide(change, ever, out=np.full(n, np.nan), where=ever > 0),
        }
        for name, values in rows.items():
            out.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in out.items()}


def _by(column: np.ndarray, day: int) -> np.ndarray:
    return (column != NEVER) & (column < day)


def changes(run: RunColumns, counted: Counted) -> dict[str, np.ndarray]:
    """How many needs gained or lost how much against no service, in steps of a quarter point."""
    change = counted.change[counted.present]
    step = np.round(change / CHANGE_STEP).astype(np.int64)
    steps = np.arange(min(step.min(initial=0), 0), max(step.max(initial=0), 0) + 1)
    return {"points": steps * CHANGE_STEP, "needs": np.bincount(step - steps[0], minlength=len(steps))}
