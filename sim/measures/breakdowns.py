"""The same measures looked at more closely: by deprivation, by locality, by the fifteen outcomes, by week.

Each function gives plain columns of equal length. A column that is also a headline measure has the same
name, so its label, unit and direction are those of :data:`sim.measures.LABELS`.
"""

from __future__ import annotations

import math

import numpy as np

from sim.dictionary import BANDS
from sim.measures.counting import Floats, Ints, count_by, day_counts, median_days, quantile, ratios, sum_by
from sim.measures.impact import ROUNDING_POINTS, significant_points
from sim.measures.lists import lists_that_count
from sim.measures.reach import QUINTILES
from sim.measures.waits import (
    SPECIALIST_DAYS,
    USEFUL_DAYS,
    completed_recorded,
    last_snapshots,
    still_without_useful_support,
)
from sim.measures.who_counts import RunColumns, horizon_years, in_window, who_counts, within
from sim.system import LEVELS, STRANDS

Columns = dict[str, np.ndarray]


def by_quintile(run: RunColumns) -> Columns:
    """One row per deprivation quintile, most deprived first.

    Columns: imd_quintile, children (aged 0-17), needs (in need), then headline measures.
    """
    children = run.population.sum(axis=0).astype(np.float64)
    out: Columns = {"imd_quintile": np.array(QUINTILES)}
    return out | _by_group(run, run.tables["needs"]["imd_quintile"] - 1, children)


def by_locality(run: RunColumns) -> Columns:
    """One row per locality, in the order of ``run.localities``.

    Columns: locality, children (aged 0-17), needs (in need), then headline measures. The list of a
    locality is NaN where any list is shared by the whole area, because nobody can say whose it is.
    """
    children = run.population.sum(axis=1).astype(np.float64)
    n = len(run.localities)
    ledger = run.tables["ledger"]
    rows = in_window(run, ledger["week"]) & (ledger["locality"] >= 0)
    hours = sum_by(ledger["minutes"], rows, ledger["locality"], n) / 60.0
    out: Columns = {"locality": np.array(run.localities, dtype=object)}
    out |= _by_group(run, run.tables["needs"]["locality"], children)
    out["list_size_per_1000_children"] = 1000.0 * ratios(_list_by_locality(run, n), children)
    out["staff_hours_per_1000_children_per_year"] = 1000.0 * ratios(hours, children * horizon_years(run))
    return out


def fifteen_outcomes(run: RunColumns) -> Columns:
    """The fifteen outcomes: what was put into each strand and level over the horizon, whom it reached, how they changed.

    Columns: strand, level, hours, contacts, needs_reached and children_reached (each once in a cell, by whatever offers),
    change_mean_points; always fifteen rows, strands in their usual order. The change is that of needs reached
    (:attr:`~sim.measures.who_counts.Counted.change`), against no service at all: whoever is reached in several cells
    counts in each, so it says how those do whom a cell reaches, not what the cell alone has done. NaN where there is nobody.
    """
    offers, t = run.tables["offers"], run.tables["needs"]
    cell = offers["strand"].astype(np.int64) * len(LEVELS) + offers["level"]
    n = len(STRANDS) * len(LEVELS)
    totals = {name: np.bincount(cell, weights=offers[name], minlength=n) for name in ("minutes", "contacts")}
    counted, bits, child = who_counts(run), t["outcomes"], t["child_row"]
    needs, children = np.zeros(n, np.int64), np.zeros(n, np.int64)
    change = np.full(n, np.nan)
    for i in range(n):
        reached = np.flatnonzero(bits & (1 << i))
        needs[i], children[i] = len(reached), len(np.unique(child[reached]))
        present = reached[counted.present[reached]]
        if len(present):
            change[i] = counted.change[present].mean()
    return {
        "strand": np.repeat(np.array(STRANDS, dtype=object), len(LEVELS)),
        "level": np.tile(np.array(LEVELS, dtype=object), len(STRANDS)),
        "hours": totals["minutes"] / 60.0,
        "contacts": totals["contacts"].astype(np.int64),
        "needs_reached": needs,
        "children_reached": children,
        "change_mean_points": change,
    }


def weeks_bands(run: RunColumns) -> Columns:
    """Every week's list as the published collection shows it, history included.

    Columns: week, offer, size, then the seven bands of weeks waited so far; one row per week and list on
    which a first contact is awaited with the clock running, all localities together.
    """
    w = run.tables["waiting"]
    rows = np.flatnonzero(lists_that_count(run)[w["offer"]])
    n = max(len(run.offers), 1)
    code, position = np.unique(w["week"][rows].astype(np.int64) * n + w["offer"][rows], return_inverse=True)
    bands = {
        b: np.bincount(position, weights=w[b][rows], minlength=len(code)).astype(np.int64) for b in BANDS
    }
    out: Columns = {"week": code // n, "offer": np.array(run.offers, dtype=object)[code % n]}
    out["size"] = np.asarray(np.sum(list(bands.values()), axis=0, dtype=np.int64))
    return out | bands


def _by_group(run: RunColumns, group: Ints, children: Floats) -> Columns:
    t = run.tables["needs"]
    counted = who_counts(run)
    n = len(children)
    in_need, present = counted.in_need, counted.present
    needs, everybody = count_by(in_need, group, n), count_by(present, group, n)
    useful = within(run, counted, "first_useful_day", USEFUL_DAYS)
    specialist = within(run, counted, "specialist_start_day", SPECIALIST_DAYS)
    due = specialist.cohort & (t["level"] == LEVELS.index("specialist"))
    done, days = completed_recorded(run)
    significant = counted.change >= significant_points(run) - ROUNDING_POINTS
    years = sum_by(t["score_years"] - t["score_years_no_service"], present, group, n)
    return {
        "children": children.astype(np.int64),
        "needs": needs.astype(np.int64),
        "impact_mean_change_points": ratios(sum_by(counted.change, present, group, n), everybody),
        "impact_significant_share": ratios(count_by(present & significant, group, n), everybody),
        "impact_function_years_per_1000_children": 1000.0 * ratios(years, children),
        "recorded_wait_median_weeks": quantile(day_counts(days[done], group[done], n), 0.5) / 7.0,
        "first_useful_within_18_weeks_share": ratios(
            count_by(useful.cohort & useful.in_time, group, n), count_by(useful.cohort, group, n)
        ),
        "first_useful_median_weeks": median_days(still_without_useful_support(run, counted, group, n)) / 7.0,
        "specialist_start_within_52_weeks_share": ratios(
            count_by(due & specialist.in_time, group, n), count_by(due, group, n)
        ),
        "reach_share": ratios(count_by(in_need & counted.seen, group, n), needs),
        "never_identified_share": ratios(count_by(in_need & ~counted.identified, group, n), needs),
        "identified_never_seen_share": ratios(
            count_by(in_need & counted.identified & ~counted.seen, group, n), needs
        ),
        "seen_once_only_share": ratios(
            count_by(in_need & counted.seen & ~counted.seen_twice, group, n), needs
        ),
    }


def _list_by_locality(run: RunColumns, n: int) -> Floats:
    """Mean list size over the last weekly snapshots, by locality; shape (n,)."""
    w = run.tables["waiting"]
    counts, weeks = lists_that_count(run), last_snapshots(run)
    nobody_knows = np.full(n, math.nan)
    if not counts.any() or weeks.size == 0:
        return nobody_knows
    rows = np.flatnonzero((w["week"] >= weeks[0]) & (w["week"] <= weeks[-1]))
    rows = rows[counts[w["offer"][rows]]]
    locality = w["locality"][rows]
    if (locality < 0).any():
        return nobody_knows
    size = np.sum([w[b][rows] for b in BANDS], axis=0, dtype=np.float64)
    return np.bincount(locality, weights=size, minlength=n) / len(weeks)
