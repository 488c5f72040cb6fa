"""Waits: the wait that is recorded, and the wait a family lives through.

The *recorded* wait runs from the start of the clock (referral) to the first contact; a drop-in has no
clock, so open access shortens it by construction. Beside it therefore always stand the waits from the day a
concern was first raised to the first *useful* support, to the second contact and to a specialist start.

The list is counted like the published collection of community waits: who is waiting for a first contact
at the end of a week, in bands of weeks waited so far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sim.dictionary import BANDS
from sim.kernel.state import NEVER, WEEKLY_MEASURES
from sim.measures.counting import (
    Bools,
    Floats,
    day_counts,
    divide,
    mean_day,
    mean_days_up_to,
    median_days,
    quantile,
    share,
    still_waiting,
)
from sim.measures.lists import lists_that_count
from sim.measures.who_counts import Counted, RunColumns, horizon_years, in_window, weeks_of_window, within
from sim.system import LEVELS

WITHIN_18_WEEKS = BANDS[:5]
SNAPSHOTS = 26  # weekly pictures of the list that are averaged
USEFUL_DAYS = 18 * 7
SECOND_CONTACT_DAYS = 26 * 7
SPECIALIST_DAYS = 52 * 7
FIRST_YEAR_DAYS = 52 * 7


def waits(run: RunColumns, counted: Counted, totals: Mapping[str, float]) -> dict[str, float]:
    """Recorded waits, the list, waits from concern, families turned away and giving up.

    ``totals`` are the :func:`weekly_totals` of the run.
    """
    return {
        **_recorded(run),
        **_list(run),
        **_every_list(run),
        **_from_concern(run, counted),
        **_without(run, totals),
    }


def completed_recorded(run: RunColumns) -> tuple[Bools, np.ndarray]:
    """Needs whose recorded wait ended within the window, and how many days each need waited.

    A first contact that took place before the clock started ended no recorded wait.
    """
    t = run.tables["needs"]
    referred, first = t["referred_day"], t["first_contact_day"]
    done = (first >= run.decision_day) & (first < run.end_day) & (referred != NEVER) & (first >= referred)
    return done, first - referred


def still_without_useful_support(
    run: RunColumns, counted: Counted, group: np.ndarray | None = None, n: int = 1
) -> Floats:
    """Share of the window's concerns still without useful support 0, 1, 2, ... days later; (n, days).

    Kaplan-Meier: concerns without useful support yet are followed as long as they can be.
    """
    t = run.tables["needs"]
    cohort = counted.known_in_window
    concern, useful = t["concern_day"][cohort], t["first_useful_day"][cohort]
    last_day = counted.followed_until[cohort] - 1
    helped = (useful != NEVER) & (useful <= last_day)
    days = np.maximum(np.where(helped, useful, last_day) - concern, 0)
    of = np.zeros(days.shape, np.int64) if group is None else group[cohort].astype(np.int64)
    both = day_counts(days, of * 2 + helped, 2 * n)
    return still_waiting(events=both[1::2], censored=both[0::2])


def last_snapshots(run: RunColumns) -> np.ndarray:
    """The last weeks of the window, at most 26, whose end lies in it and for which the list was recorded."""
    first, _ = weeks_of_window(run)
    weeks = np.unique(run.tables["waiting"]["week"])
    return weeks[(weeks >= first) & (weeks < run.end_day // 7)][-SNAPSHOTS:]


def _recorded(run: RunColumns) -> dict[str, float]:
    done, days = completed_recorded(run)
    counts = day_counts(days[done])
    return {
        "recorded_wait_mean_weeks": float(mean_day(counts)[0]) / 7.0,
        "recorded_wait_median_weeks": float(quantile(counts, 0.50)[0]) / 7.0,
        "recorded_wait_p92_weeks": float(quantile(counts, 0.92)[0]) / 7.0,
        "recorded_wait_within_18_weeks_share": share(days <= USEFUL_DAYS, done),
    }


def _every_list(run: RunColumns) -> dict[str, float]:
    """Everybody who waits for anything: a first contact, therapy, a group, a visit."""
    w, weeks = run.tables["waiting"], last_snapshots(run)
    if weeks.size == 0:
        return dict.fromkeys(("all_lists_per_1000_children", "all_lists_over_52_weeks_share"), math.nan)
    rows = (w["week"] >= weeks[0]) & (w["week"] <= weeks[-1])
    size = float(w["size"][rows].sum())
    return {
        "all_lists_per_1000_children": 1000.0 * divide(size / len(weeks), run.population.sum()),
        "all_lists_over_52_weeks_share": divide(float(w["w52_plus"][rows].sum()), size),
    }


def _list(run: RunColumns) -> dict[str, float]:
    w = run.tables["waiting"]
    counts, weeks = lists_that_count(run), last_snapshots(run)
    if not counts.any() or weeks.size == 0:
        bands, n_weeks, at_end = dict.fromkeys(BANDS, math.nan), 0, math.nan
    else:
        rows = np.flatnonzero((w["week"] >= weeks[0]) & (w["week"] <= weeks[-1]))
        rows = rows[counts[w["offer"][rows]]]
        bands, n_weeks = {b: float(w[b][rows].sum()) for b in BANDS}, len(weeks)
        last = rows[w["week"][rows] == weeks[-1]]
        at_end = float(sum(w[b][last].sum() for b in BANDS))
    size = sum(bands.values())
    return {
        "list_within_18_weeks_share": divide(sum(bands[b] for b in WITHIN_18_WEEKS), size),
        "list_18_to_52_weeks_share": divide(bands["w18_52"], size),
        "list_over_18_weeks_share": divide(bands["w18_52"] + bands["w52_plus"], size),
        "list_over_52_weeks_share": divide(bands["w52_plus"], size),
        "list_size": divide(size, n_weeks),
        "list_size_per_1000_children": 1000.0 * divide(divide(size, n_weeks), run.population.sum()),
        "list_size_at_end": at_end,
    }


def _from_concern(run: RunColumns, counted: Counted) -> dict[str, float]:
    t = run.tables["needs"]
    useful = within(run, counted, "first_useful_day", USEFUL_DAYS)
    second = within(run, counted, "second_contact_day", SECOND_CONTACT_DAYS)
    specialist = within(run, counted, "specialist_start_day", SPECIALIST_DAYS)
    followed = t["onset_day"] + USEFUL_DAYS < counted.followed_until
    never_known = counted.in_need & ~counted.identified & followed
    still = still_without_useful_support(run, counted)
    return {
        "first_useful_within_18_weeks_share": share(useful.in_time, useful.cohort),
        "first_useful_within_18_weeks_all_needs_share": divide(
            np.count_nonzero(useful.in_time & useful.cohort),
            np.count_nonzero(useful.cohort | never_known),
        ),
        "first_useful_median_weeks": float(median_days(still)[0]) / 7.0,
        "first_useful_mean_weeks_of_first_52": float(mean_days_up_to(still, FIRST_YEAR_DAYS)[0]) / 7.0,
        "second_contact_within_26_weeks_share": share(second.in_time, second.cohort),
        "specialist_start_within_52_weeks_share": share(
            specialist.in_time, specialist.cohort & (t["level"] == LEVELS.index("specialist"))
        ),
    }


def _without(run: RunColumns, totals: Mapping[str, float]) -> dict[str, float]:
    """Families turned away from full sessions, families who gave up, and the flow through the lists."""
    child_years = float(run.population.sum()) * horizon_years(run)
    first, after = weeks_of_window(run)
    weeks = after - first if len(run.tables["weekly"]["week"]) else 0
    return {
        **{
            f"{name}_per_1000_children_per_year": 1000.0 * divide(totals[name], child_years)
            for name in ("turned_away", "gave_up")
        },
        "referred_per_week": divide(totals["referred"], weeks) if totals["referred"] else math.nan,
        "first_contacts_per_week": divide(totals["first_contacts"], weeks),
        "gave_up_per_100_referred": 100.0 * divide(totals["gave_up"], totals["referred"]),
    }


def weekly_totals(run: RunColumns) -> dict[str, float]:
    """Sum over the window of every weekly measure, by name."""
    w = run.tables["weekly"]
    rows = in_window(run, w["week"])
    totals = np.bincount(w["measure"][rows], weights=w["value"][rows], minlength=len(WEEKLY_MEASURES))
    return dict(zip(WEEKLY_MEASURES, totals.tolist(), strict=True))
