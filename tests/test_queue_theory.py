"""The engine against queues whose answer is known exactly: plain lists, priority, giving up, missed appointments.

The claim to be shown is that the engine's long-run mean list and wait are those of the exact Markov chains in
`exact.bulk_service`, within 3 standard errors and within 2 %. Near full load a list remembers its past for years,
and 2 % takes 100 million referrals; that is shown without a gap in four steps:

1. On every day of runs of many years the engine's list, and the day on which each child is seen, are *equal* to what
   the arrivals determine (`list_path`, an integer formula that shares no loop with the engine). No sampling error:
   whatever is true of the formula's list on these arrivals is true of the engine's.
2. The engine's arrivals of one seed are *equal* to what its arrival stream gives for that seed, rate and length.
3. That stream, drawn on for as long as it takes and put through the formula, has the chain's mean list within 3
   standard errors and 2 %. The wait follows without error, because in whole days the sum of all waits *is* the sum of
   the lists at the end of all days (also checked, as an equality, in step 1).
4. Apart from all that, runs of the engine itself are compared with the chain: within 3 standard errors in every
   setting, and within 2 % wherever a run of affordable length has 3 standard errors of no more than 2 %.

Many lists run in one simulation, one for each locality of an area: splitting a Poisson stream at random gives
independent Poisson streams, and independent lists give honest standard errors.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build import Record, make_config, record
from exact.bulk_service import (
    asymptotic_variance,
    bulk_service,
    list_path,
    priority_bulk_service,
    relaxation_days,
    reneging_chain,
    reneging_fluid_whole_days,
    run_length,
)
from scipy.stats import binom, poisson

from experiments import benchmark
from sim import theory
from sim.calendar import lay_out
from sim.compile import SLOT_MINUTES
from sim.draws import PRIORITY, uniform
from sim.kernel.state import NEVER
from sim.population import _arrival_days
from sim.system import LEDGER_LINES

UNUSED = LEDGER_LINES.index("unused")
FIFTY_YEARS = 18_256  # days, in whole weeks: the longest horizon

#: (load, slots a day): 16 settings, from half empty to 98 % full.
SETTINGS = (
    (0.50, 1),
    (0.50, 4),
    (0.60, 2),
    (0.70, 3),
    (0.70, 20),
    (0.80, 1),
    (0.80, 5),
    (0.85, 10),
    (0.90, 2),
    (0.90, 20),
    (0.93, 8),
    (0.95, 5),
    (0.95, 20),
    (0.97, 12),
    (0.98, 4),
    (0.98, 20),
)
#: Settings in which the engine itself runs for so long that 3 standard errors of the mean list are 2 %.
LONG = frozenset({(0.50, 1), (0.60, 2), (0.70, 3), (0.80, 1), (0.80, 5)})
TWO_PERCENT = 0.02 / 3  # relative standard error at which 3 standard errors are 2 %


# ------------------------------------------------------------------------------------------ runs of many lists


@dataclass(frozen=True)
class Lists:
    """Some lists over some days, that have nothing to do with each other. Arrays (n_days, n_lists) or per child."""

    record: Record
    arrivals: np.ndarray  # children who joined each list on each day
    after: np.ndarray  # children on each list at the end of each day
    which: np.ndarray  # (n,) the list that each child joined; children in order of joining
    joined: np.ndarray  # (n,) day
    seen: np.ndarray  # (n,) day, or NEVER
    left: np.ndarray  # (n,) day of leaving the list, seen or not, or NEVER

    @property
    def waits(self) -> np.ndarray:
        """Whole days from joining to leaving the list, of those who left; -1 for the others."""
        return np.where(self.left == NEVER, -1, self.left - self.joined)


def localities(n: int) -> dict[str, Any]:
    """An area of ``n`` localities alike."""
    one = {
        "easting": 400_000,
        "northing": 400_000,
        "spread_metres": 100,
        "children": {"0-4": [9] * 5, "5-10": [9] * 5, "11-17": [9] * 5, "18-19": [9] * 5},
        "settings": {"primary": [1, 90, 0, 90, 90], "secondary": [1, 90, 0, 90, 90], "special": [1, 9, 0, 9, 9]},
    }
    return {
        "kind": "aggregates",
        "name": "Equal localities",
        "localities": [{"name": f"List {i}", **one} for i in range(n)],
        "early_years": {"per_1000_under_fives": 1, "mean": 45, "cv": 0, "smallest": 45, "largest": 45},
        "hubs_per_locality": 1,
    }


def run_lists(
    n: int, per_week: float, slots_per_week: float, days: int, seed: int = 1, changes: dict[str, Any] | None = None
) -> Lists:
    """``n`` lists with ``per_week`` referrals and ``slots_per_week`` appointments each. ``n=0``: one plain stream."""
    area = localities(n) | {"demand": {"mode": "referrals", "referrals_per_week": per_week * n}}
    config = make_config(
        "single_list",
        {
            **({"area": area} if n else {"area.referrals_per_week": per_week}),
            "system.slots_per_week": slots_per_week,
            "needs.leaves_at_age": 90,  # nobody grows out of a list, however long
            "system.offers.appointment.ages": [0, 90],
            "system.doors.referral.ages": [0, 90],
            "history_years": 0,
            "horizon_years": days / 365.25,
            **(changes or {}),
        },
    )
    r = record(config, seed)
    needs = r.run.tables["needs"]
    which, joined, left = (needs[c].astype(np.int64) for c in ("locality", "referred_day", "left_day"))
    assert (joined == needs["onset_day"]).all(), "whoever is referred is on the list on the same day"
    shape = (r.run.end_day, max(1, n))
    arrivals = daily(joined, which, shape)
    after = np.cumsum(arrivals - daily(left[left != NEVER], which[left != NEVER], shape), axis=0)
    assert (after == on_the_books(r, shape[1])).all(), "the children's dates and the engine's lists agree"
    return Lists(r, arrivals, after, which, joined, needs["first_contact_day"].astype(np.int64), left)


def daily(day: np.ndarray, which: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number of children by day and list."""
    return np.bincount(day * shape[1] + which, minlength=shape[0] * shape[1]).reshape(shape)


def on_the_books(r: Record, n: int) -> np.ndarray:
    """Length of each locality's list at the end of each day, over its classes, (n_days, n_lists)."""
    classes = int(r.tables.rules.offers.n_classes[0]) + 1  # and the rebooked
    return r.lengths[:, : n * classes].reshape(len(r.lengths), n, classes).sum(axis=2)


def of_each_list(lists: Lists, wanted: np.ndarray, value: np.ndarray) -> tuple[float, float]:
    """Mean of ``value`` over the ``wanted`` children of all lists, and its standard error from list to list."""
    n = lists.after.shape[1]
    number = np.bincount(lists.which[wanted], minlength=n)
    total = np.bincount(lists.which[wanted], weights=value[wanted], minlength=n)
    mean = total.sum() / number.sum()
    return float(mean), float(np.std(total - mean * number, ddof=1) * math.sqrt(n) / number.sum())


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean over independent lists, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def days_seen(arrivals: np.ndarray, seen_each_day: np.ndarray) -> np.ndarray:
    """The day on which each arrival is seen, first come, first served; NEVER if not within these days."""
    upto = np.cumsum(seen_each_day)
    day = np.searchsorted(upto, np.arange(arrivals.sum()), side="right")
    return np.where(day < len(upto), day, NEVER)


def equals_the_formula(lists: Lists, slots: int) -> None:
    """Every list on every day, and every child's day, are those that the arrivals determine."""
    for i in range(lists.after.shape[1]):
        arrivals, path = lists.arrivals[:, i], list_path(lists.arrivals[:, i], slots)
        assert (lists.after[:, i] == path).all()
        seen_each_day = arrivals - np.diff(path, prepend=0)
        assert seen_each_day.max() <= slots
        assert (lists.seen[lists.which == i] == days_seen(arrivals, seen_each_day)).all()
    still = lists.left == NEVER
    so_far = np.where(still, len(lists.after) - lists.joined, lists.left - lists.joined)
    assert so_far.sum() == lists.after.sum(), "the sum of all waits is the sum of the lists on all days"


# --------------------------------------------------------------------------- one list, first come, first served


@cache
def settled(load: float, slots: int) -> tuple[Lists, int]:
    """Runs for one setting, and the days to be left out at their start."""
    per_day = load * slots
    if (load, slots) in LONG:
        wanted = run_length(per_day, slots, TWO_PERCENT)
        n, days = math.ceil(wanted.days / (FIFTY_YEARS - wanted.warm_up_days)), FIFTY_YEARS
    else:
        n = 16
        days = min(FIFTY_YEARS, max(365, int(600_000 / (n * per_day)) , 25 * int(relaxation_days(per_day, slots))))
    warm_up = math.ceil(5 * relaxation_days(per_day, slots))
    return run_lists(n, 7 * per_day, 7 * slots, days, seed=slots), warm_up


@pytest.mark.parametrize(("load", "slots"), SETTINGS)
def test_list_and_wait_are_those_of_the_chain(load: float, slots: int) -> None:
    exact = bulk_service(load * slots, slots)
    lists, warm_up = settled(load, slots)
    kept = lists.after[warm_up:]
    error = math.sqrt(asymptotic_variance(load * slots, slots) / kept.size)
    found = kept.mean()
    assert abs(found - exact.mean_list_after) < 3 * error
    among = (lists.joined >= warm_up) & (lists.joined < len(lists.after) - warm_up)
    assert (lists.seen[among] != NEVER).all()
    wait, wait_error = of_each_list(lists, among, lists.waits)
    assert abs(wait - exact.mean_wait_days) < 3 * wait_error
    if (load, slots) in LONG:
        assert 3 * error < 0.0201 * exact.mean_list_after
        assert found == pytest.approx(exact.mean_list_after, rel=0.02)
        assert wait == pytest.approx(exact.mean_wait_days, rel=0.02)


@pytest.mark.parametrize(("load", "slots"), SETTINGS)
def test_every_list_and_every_childs_day_are_what_the_arrivals_determine(load: float, slots: int) -> None:
    equals_the_formula(settled(load, slots)[0], slots)


@pytest.mark.parametrize(("load", "slots"), [(0.5, 1), (0.9, 2), (0.95, 5), (0.98, 4), (0.98, 20)])
def test_a_plain_stream_of_referrals_gives_the_same_to_the_child(load: float, slots: int) -> None:
    lists = run_lists(0, 7 * load * slots, 7 * slots, FIFTY_YEARS if slots < 5 else 10 * 365, seed=11)
    equals_the_formula(lists, slots)
    assert (lists.arrivals[:, 0] == stream(load * slots, len(lists.after), 11)).all()


def stream(per_day: float, days: int, seed: int) -> np.ndarray:
    """The engine's arrivals of one seed, on each day."""
    with np.errstate(over="ignore"):
        when = _arrival_days(np.uint64(seed), np.full(days, 7 * per_day / 7.0))
    return np.bincount(when, minlength=days)


@cache
def long_list(load: float, slots: int) -> tuple[np.ndarray, float]:
    """The list on as many days as 2 % takes, from the engine's own arrivals, and the mean list's standard error."""
    wanted = run_length(load * slots, slots, TWO_PERCENT)
    years = max(200_000, 20 * wanted.warm_up_days)
    parts = [
        list_path(stream(load * slots, years, seed), slots)[wanted.warm_up_days :].astype(np.int32)
        for seed in range(1, 1 + math.ceil(wanted.days / (years - wanted.warm_up_days)))
    ]
    path = np.concatenate(parts)
    return path, math.sqrt(wanted.asymptotic_variance / path.size)


@pytest.mark.parametrize(("load", "slots"), [s for s in SETTINGS if s not in LONG])
def test_the_engines_arrivals_have_the_chains_list_within_two_percent(load: float, slots: int) -> None:
    exact = bulk_service(load * slots, slots)
    path, error = long_list(load, slots)
    assert 3 * error < 0.0201 * exact.mean_list_after
    assert abs(path.mean() - exact.mean_list_after) < 3 * error
    assert path.mean() == pytest.approx(exact.mean_list_after, rel=0.02)
