"""The engine against queues whose answer is known exactly: lists, priority, giving up, missed appointments.

The claim to be shown is that the engine's long-run mean list and wait are those of the exact Markov chains in
`exact.bulk_service`, within 3 standard errors and within 2 %. Near full load a list remembers its past for
years, and 2 % takes 100 million referrals; that is shown without a gap in four steps:

1. On every day of runs of many years the engine's list, and the day on which each child is seen, are *equal*
   to what the arrivals determine (`list_path`, an integer formula that shares no loop with the engine). There
   is no sampling error: what is true of the formula's list on these arrivals is true of the engine's.
2. The engine's arrivals of one seed are *equal* to what its arrival stream gives for that seed and rate.
3. That stream, drawn on for as long as it takes and put through the formula, has the chain's mean list within
   3 standard errors and 2 %. So has the wait: in whole days the sum of all waits *is* the sum of the lists at
   the end of all days (also checked, as an equality, in step 1).
4. Apart from all that, runs of the engine itself are compared with the chain: within 3 standard errors in
   every setting, and within 2 % where a run of affordable length has 3 standard errors of at most 2 %.

Many lists run in one simulation, one for each locality of an area: splitting a Poisson stream at random gives
independent Poisson streams, and independent lists give honest standard errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
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
from sim.calendar import share_of_working_days
from sim.draws import PRIORITY, uniform
from sim.kernel.state import NEVER
from sim.population import _arrival_days
from sim.system import LEDGER_LINES
from sim.tables.staff import SLOT_MINUTES

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
    (0.98, 20),
    (0.98, 4),
)
#: Settings in which the engine itself runs for so long that 3 standard errors of the mean list are 2 %.
LONG = frozenset({(0.50, 1), (0.60, 2)})
TWO_PERCENT = 0.02 / 3  # relative standard error at which 3 standard errors are 2 %
AT_ONCE = 250_000  # referrals in one simulation: several take less time and memory than one large one


# --------------------------------------------------------------------------------------- runs of many lists


@dataclass(frozen=True)
class Lists:
    """Lists that have nothing to do with each other. Arrays (n_days, n_lists), or one entry per child."""

    arrivals: np.ndarray  # children who joined each list on each day
    after: np.ndarray  # children on each list at the end of each day
    which: np.ndarray  # (n,) the list that each child joined; children in order of joining
    joined: np.ndarray  # (n,) day
    seen: np.ndarray  # (n,) day, or NEVER
    left: np.ndarray  # (n,) day of leaving the list, seen or not, or NEVER
    key: np.ndarray  # (n,) who draws random numbers
    urgent: np.ndarray  # (n,) marked in the stream
    not_brought: np.ndarray  # (n,) missed appointments
    unused: int  # minutes that nobody used
    works: np.ndarray  # (n_days,) working days

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
        "settings": {
            "primary": [1, 90, 0, 90, 90],
            "secondary": [1, 90, 0, 90, 90],
            "special": [1, 9, 0, 9, 9],
        },
    }
    return {
        "kind": "aggregates",
        "name": "Equal localities",
        "localities": [{"name": f"List {i}", **one} for i in range(n)],
        "early_years": {"per_1000_under_fives": 1, "mean": 45, "cv": 0, "smallest": 45, "largest": 45},
        "hubs_per_locality": 1,
    }


def run_lists(
    n: int,
    per_week: float,
    slots_per_week: float,
    days: int,
    seed: int = 1,
    changes: dict[str, Any] | None = None,
) -> Lists:
    """``n`` lists, each with ``per_week`` referrals and ``slots_per_week`` appointments; 0: one stream."""
    area = localities(n) | {"demand": {"mode": "referrals", "referrals_per_week": per_week * n}}
    config = make_config(
        "single_list",
        {
            **({"area": area} if n else {"area.referrals_per_week": per_week}),
            "system.slots_per_week": slots_per_week,
            "needs.leaves_at_age": 90,  # nobody grows out of a list, however long
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
    ledger = r.run.tables["ledger"]
    return Lists(
        arrivals,
        after,
        which,
        joined,
        needs["first_contact_day"].astype(np.int64),
        left,
        needs["need_id"],
        r.engine.people.needs.urgent.copy(),
        needs["not_brought"].astype(np.int64),
        int(ledger["minutes"][ledger["line"] == UNUSED].sum()),
        r.tables.days.works,
    )


def side_by_side(parts: list[Lists]) -> Lists:
    """Several simulations of lists over the same days as one, with all their lists."""
    first = np.cumsum([0] + [p.after.shape[1] for p in parts])
    which = np.concatenate([p.which + at for p, at in zip(parts, first, strict=False)])
    joined = np.concatenate([p.joined for p in parts])
    order = np.argsort(joined, kind="stable")
    children = {
        name: np.concatenate([getattr(p, name) for p in parts])[order]
        for name in ("seen", "left", "key", "urgent", "not_brought")
    }
    return Lists(
        np.concatenate([p.arrivals for p in parts], axis=1),
        np.concatenate([p.after for p in parts], axis=1),
        which[order],
        joined[order],
        unused=sum(p.unused for p in parts),
        works=parts[0].works,
        **children,
    )


def daily(day: np.ndarray, which: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number of children by day and list."""
    return np.bincount(day * shape[1] + which, minlength=shape[0] * shape[1]).reshape(shape)


def on_the_books(r: Record, n: int) -> np.ndarray:
    """Length of each locality's list at the end of each day, over its classes, (n_days, n_lists)."""
    classes = int(r.tables.rules.offers.n_classes[0]) + 1  # and the rebooked
    return r.lengths[:, : n * classes].reshape(len(r.lengths), n, classes).sum(axis=2)


def of_each_list(lists: Lists, wanted: np.ndarray, value: np.ndarray) -> tuple[float, float]:
    """Mean of ``value`` over the ``wanted`` children, and its standard error from list to list."""
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
    by_list = lists.seen[np.argsort(lists.which, kind="stable")]
    ends = np.cumsum(lists.arrivals.sum(axis=0))
    for i, seen in enumerate(np.split(by_list, ends[:-1])):
        arrivals, path = lists.arrivals[:, i], list_path(lists.arrivals[:, i], slots)
        assert (lists.after[:, i] == path).all()
        seen_each_day = arrivals - np.diff(path, prepend=0)
        assert seen_each_day.max() <= slots
        assert (seen == days_seen(arrivals, seen_each_day)).all()
    still = lists.left == NEVER
    so_far = np.where(still, len(lists.after) - lists.joined, lists.left - lists.joined)
    assert so_far.sum() == lists.after.sum(), "the sum of all waits is the sum of the lists on all days"


# ----------------------------------------------------------------------- one list, first come, first served


@pytest.fixture(scope="module", params=SETTINGS, ids=lambda s: f"{s[0]}-{s[1]}")
def settled(request: pytest.FixtureRequest) -> tuple[float, int, Lists, int]:
    """Load, slots, runs for one setting, and the days to be left out at their start."""
    load, slots = request.param
    per_day, relaxation = load * slots, relaxation_days(load * slots, slots)
    warm_up = math.ceil(4 * relaxation)
    if (load, slots) in LONG:
        days = 9_100
        n = math.ceil(run_length(per_day, slots, TWO_PERCENT).days / (days - warm_up))
    else:
        n = 16 if relaxation < 1_000 else 10
        days = min(max(int(150_000 / (n * per_day)), math.ceil(13 * relaxation)), FIFTY_YEARS)
    together = max(1, int(AT_ONCE / (days * per_day)))
    parts = [
        run_lists(min(together, n - i), 7 * per_day, 7 * slots, days, seed=1 + i)
        for i in range(0, n, together)
    ]
    return load, slots, side_by_side(parts), warm_up


def test_list_and_wait_are_those_of_the_chain(settled: tuple[float, int, Lists, int]) -> None:
    load, slots, lists, warm_up = settled
    exact = bulk_service(load * slots, slots)
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


def test_every_list_and_every_childs_day_are_what_the_arrivals_determine(
    settled: tuple[float, int, Lists, int],
) -> None:
    equals_the_formula(settled[2], settled[1])


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


@lru_cache(maxsize=1)
def long_list(load: float, slots: int) -> tuple[np.ndarray, float, float]:
    """The list on as many days as 2 % takes, from the engine's arrivals; its error; the mean wait."""
    wanted = run_length(load * slots, slots, TWO_PERCENT)
    at_once, warm_up = max(200_000, 20 * wanted.warm_up_days), wanted.warm_up_days
    parts, came = [], 0
    for seed in range(1, 1 + math.ceil(wanted.days / (at_once - warm_up))):
        arrivals = stream(load * slots, at_once, seed)
        parts.append(list_path(arrivals, slots)[warm_up:].astype(np.int32))
        came += int(arrivals[warm_up:].sum())
    path = np.concatenate(parts)
    return path, math.sqrt(wanted.asymptotic_variance / path.size), float(path.sum(dtype=np.int64) / came)


@pytest.mark.parametrize(("load", "slots"), [s for s in SETTINGS if s not in LONG])
def test_the_engines_arrivals_have_the_chains_list_within_two_percent(load: float, slots: int) -> None:
    exact = bulk_service(load * slots, slots)
    path, error, wait = long_list(load, slots)
    assert 3 * error < 0.0201 * exact.mean_list_after
    assert abs(path.mean() - exact.mean_list_after) < 3 * error
    assert path.mean() == pytest.approx(exact.mean_list_after, rel=0.02)
    assert abs(wait - exact.mean_wait_days) < 3 * error / (load * slots)
    assert wait == pytest.approx(exact.mean_wait_days, rel=0.02)


# ------------------------------------------------------------------------------------------------- priority


def classes(lists: Lists, share: float, seed: int) -> np.ndarray:
    """Who is in the first class, from the engine's own draws."""
    with np.errstate(over="ignore"):
        return np.array([uniform(np.uint64(seed), k, PRIORITY, 0) < share for k in lists.key])


def equals_the_formula_by_class(lists: Lists, first: np.ndarray, slots: int) -> None:
    """The first class has a clinic of its own, all together the common list, each in order of arrival."""
    n = lists.after.shape[1]
    for i in range(n):
        here = lists.which == i
        arrivals = daily(lists.joined[here & first], lists.which[here & first], lists.after.shape)[:, i]
        total = lists.arrivals[:, i]
        path, path_of_all = list_path(arrivals, slots), list_path(total, slots)
        assert (lists.after[:, i] == path_of_all).all()
        seen = arrivals - np.diff(path, prepend=0)
        seen_of_all = total - np.diff(path_of_all, prepend=0)
        assert (lists.seen[here & first] == days_seen(arrivals, seen)).all()
        assert (lists.seen[here & ~first] == days_seen(total - arrivals, seen_of_all - seen)).all()


@pytest.mark.parametrize(("load", "slots", "share"), [(0.9, 2, 0.3), (0.9, 6, 0.5), (0.8, 1, 0.7)])
def test_two_classes_wait_as_in_the_exact_priority_queue(load: float, slots: int, share: float) -> None:
    per_day, n = load * slots, 24
    changes = {"system.offers.appointment.queue.priority": [{"share": share}]}
    days = int(240_000 / (n * per_day))
    lists = run_lists(n, 7 * per_day, 7 * slots, days, seed=3, changes=changes)
    first = classes(lists, share, seed=3)
    equals_the_formula_by_class(lists, first, slots)
    exact = priority_bulk_service(share * per_day, (1 - share) * per_day, slots)
    warm_up = math.ceil(5 * relaxation_days(per_day, slots))
    among = (lists.joined >= warm_up) & (lists.joined < days - 2 * warm_up)
    assert (lists.seen[among] != NEVER).all()
    for who, wanted in ((first, exact.mean_wait_days_first), (~first, exact.mean_wait_days_second)):
        wait, error = of_each_list(lists, among & who, lists.waits)
        assert abs(wait - wanted) < 3 * error
    assert exact.mean_wait_days_second > 3 * exact.mean_wait_days_first


def test_children_marked_urgent_in_the_stream_are_a_first_class_of_their_own() -> None:
    changes = {
        "area.mix.urgent_share": 0.25,
        "system.offers.appointment.queue.priority": [{"share": 0}],
    }
    lists = run_lists(0, 7 * 2.8, 7 * 3, 3_640, seed=5, changes=changes)
    assert abs(lists.urgent.mean() - 0.25) < 3 * math.sqrt(0.25 * 0.75 / len(lists.urgent))
    equals_the_formula_by_class(lists, lists.urgent, 3)


# ------------------------------------------------------------------------------------- families who give up


def patience(days: float) -> dict[str, Any]:
    """Patience of a mean number of days, as a change to the plain list."""
    return {"system.offers.appointment.queue.patience_weeks": days / 7}


@pytest.mark.parametrize(
    ("per_day", "slots", "days"), [(1.3, 1, 60.0), (4.5, 4, 30.0), (4.9, 5, 100.0), (12.0, 8, 20.0)]
)
def test_a_list_that_families_leave_is_that_of_the_chain(per_day: float, slots: int, days: float) -> None:
    n, length = 25, max(700, int(250_000 / (25 * per_day)))
    lists = run_lists(n, 7 * per_day, 7 * slots, length, seed=7, changes=patience(days))
    exact = reneging_chain(per_day, slots, days)
    warm_up = math.ceil(7 * days)
    found, error = mean_and_error(lists.after[warm_up:].mean(axis=0))
    assert abs(found - exact.mean_list_after) < 3 * error
    assert error < 0.05 * exact.mean_list_after
    among = (lists.joined >= warm_up) & (lists.joined < length - warm_up)
    wait, wait_error = of_each_list(lists, among, lists.waits)
    assert abs(wait - exact.mean_wait_days) < 3 * wait_error
    lost, lost_error = of_each_list(lists, among, (lists.seen == NEVER).astype(float))
    assert abs(lost - exact.abandonment_share) < 3 * lost_error
    if per_day >= 1.3 * slots:
        fluid = reneging_fluid_whole_days(per_day, slots, days)
        assert found == pytest.approx(fluid.mean_list_after, rel=0.03)
        assert lost == pytest.approx(1 - slots / per_day, rel=0.03)


def test_nobody_gives_up_on_the_day_of_joining_and_whoever_leaves_unseen_was_not_seen() -> None:
    lists = run_lists(0, 7 * 4.5, 7 * 4, 1_820, seed=8, changes=patience(30))
    gave_up = (lists.left != NEVER) & (lists.seen == NEVER)
    assert gave_up.sum() > 500
    assert lists.waits[gave_up].min() == 1
    assert (lists.left[~gave_up] == lists.seen[~gave_up]).all()


@pytest.mark.parametrize(("weeks", "published"), [(26, 78), (52, 156), (104, 312)])
def test_thirty_referrals_for_27_appointments_a_week_settle_where_published(
    weeks: int, published: int
) -> None:
    n, warm_up = 10, 7 * 5 * weeks
    lists = run_lists(n, 30, 27, warm_up + 7 * 9 * weeks, seed=weeks, changes=patience(7 * weeks))
    found, error = mean_and_error(lists.after[warm_up:].mean(axis=0))
    fluid = reneging_fluid_whole_days(30 / 7, 27 / 7, 7 * weeks)
    chance = theory.erlang_a(30, 1, 27, 1 / weeks)
    fluid_now = theory.erlang_a_fluid(30, 27, 1 / weeks)
    for wanted in (published, fluid_now.list_size, fluid.mean_list_after, chance.list_size):
        assert abs(found - wanted) < 3 * error
    assert error < 0.06 * published
    among = (lists.joined >= warm_up) & (lists.left != NEVER)
    lost, lost_error = of_each_list(lists, among, (lists.seen == NEVER).astype(float))
    assert abs(lost - 0.1) < 3 * lost_error


def test_the_benchmarks_pathway_has_the_fluid_lists_and_losses() -> None:
    """Two lists in a row, both overloaded and left by families: each settles at surplus times patience."""
    rate, patience_weeks = 31.25, benchmark.PLAIN_PATHWAY.patience_weeks
    raw = benchmark._plain(rate).model_dump(exclude_unset=True)
    config = type(benchmark._plain(rate)).model_validate(raw | {"history_years": 14.0, "horizon_years": 36.0})
    r = record(config, seed=2).run
    plan = config.system.job_plan["clinician"].offers
    supply = {offer: float(share) * float(config.system.slots_per_week or 0) for offer, share in plan.items()}
    course = benchmark.PLAIN_PATHWAY
    demand = {
        "assessment": course.accepted * rate,
        "block": course.goes_on_to_block * supply["assessment"],
    }
    seen = {"assessment": supply["assessment"], "block": supply["block"] / course.sessions_in_block}
    weeks = r.tables["waiting"]["week"] >= r.decision_day // 7
    for i, offer in enumerate(r.offers):
        size = r.tables["waiting"]["size"][weeks & (r.tables["waiting"]["offer"] == i)]
        fluid = theory.erlang_a_fluid(demand[offer], seen[offer], 1 / patience_weeks)
        parts = np.array([p.mean() for p in np.array_split(size, 6)])  # six years each: three times patience
        found, error = mean_and_error(parts)
        assert abs(found - fluid.list_size) < 3 * error + 0.02 * fluid.list_size
        contacts = r.tables["offers"]["contacts"][i] / len(size)
        assert contacts == pytest.approx(supply[offer], rel=1e-3)


# -------------------------------------------------------------------------------- more referrals than slots


def test_without_giving_up_an_overloaded_list_grows_by_the_difference() -> None:
    n, weeks = 40, 221
    lists = run_lists(n, 10, 9, 7 * weeks, seed=4)
    end = lists.after[-1]
    assert theory.overload_list_size(0, 10, 9, weeks) == 221
    # to the child: what came, less the appointments there were, plus those nobody could use at the start
    lost = lists.unused / SLOT_MINUTES
    assert end.sum() == pytest.approx(lists.arrivals.sum() - 9 * weeks * n + lost, abs=n)
    grown, error = mean_and_error(end - lists.after[7 * 52 - 1])
    assert abs(grown - (10 - 9) * (weeks - 52)) < 3 * error
    # taking out the luck of the arrivals leaves the growth and the appointments lost in the first weeks
    steady = end - (lists.arrivals.sum(axis=0) - 10 * weeks)
    assert steady.min() >= 220
    assert steady.mean() == pytest.approx(221 + lost / n, abs=1)


@pytest.mark.parametrize("slots_per_week", [27, 26.5, 9.1, 0.4])
@pytest.mark.parametrize("calendar", ["every_day", "england"])
def test_in_overload_as_many_are_seen_as_there_are_appointments(calendar: str, slots_per_week: float) -> None:
    england = {"calendar.working_days": ["mon", "tue", "wed", "thu", "fri"], "calendar.bank_holidays": True}
    weeks = 5 * 52
    changes = england if calendar == "england" else {}
    lists = run_lists(3, 2 * slots_per_week + 5, slots_per_week, 7 * weeks, seed=6, changes=changes)
    assert (lists.works.mean() < 0.7) == (calendar == "england")
    share = share_of_working_days(make_config("single_list", changes).calendar)
    for i in range(3):
        here = lists.which == i
        seen = np.bincount(lists.seen[here & (lists.seen != NEVER)], minlength=7 * weeks)
        assert seen[~lists.works].sum() == 0
        start = int(np.flatnonzero(lists.after[:, i] == 0).max(initial=-1)) + 1  # never empty from here on
        assert start < 7 * 26
        # over the calendar's average working days: a year with more bank holidays has fewer appointments
        due = slots_per_week / 7 * np.cumsum(lists.works) / share
        found = np.cumsum(seen)
        assert np.abs((found - found[start]) - (due - due[start]))[start:].max() <= 2
        assert found[-1] == pytest.approx(slots_per_week * weeks, rel=0.005, abs=10)


def test_relief_capacity_clears_the_published_list_in_26_weeks() -> None:
    capacity = theory.relief_capacity(30, 1200, 390, 26)
    # the last week of December brings the list to about 1,200; from January on 30 a week are referred
    flood = (1200 + capacity) / 30
    area = localities(40) | {
        "demand": {"mode": "referrals", "referrals_per_week": 30 * 40, "month_weights": [1] * 11 + [flood]}
    }
    changes = {"area": area, "calendar.start": "2023-12-25"}
    lists = run_lists(40, 30, capacity, 7 * 27, seed=14, changes=changes)
    before, end, came = lists.after[6], lists.after[-1], lists.arrivals[7:].sum(axis=0)
    assert abs(before.mean() - 1200) < 3 * before.std(ddof=1) / math.sqrt(40)
    # taking out the luck of the arrivals, every list is where the formula says
    assert np.abs(end - (before - 1200) - (came - 26 * 30) - 390).max() <= 1
    found, error = mean_and_error(end)
    assert abs(found - 390) < 3 * error


# -------------------------------------------------------------------------- published rules, near full load


def test_near_full_load_waits_are_exponential_so_that_1_8_percent_wait_four_times_the_mean() -> None:
    load, slots = 0.98, 4
    exact = bulk_service(load * slots, slots)
    path, _, _ = long_list(load, slots)
    beyond = np.arange(exact.list_after.size) > 4 * exact.mean_list_after
    share = float(exact.list_after[beyond].sum())
    found = np.array([(part > 4 * exact.mean_list_after).mean() for part in np.array_split(path, 40)])
    mean, error = mean_and_error(found)
    assert abs(mean - share) < 3 * error
    rule = theory.probability_of_missing_target(1, 4)
    assert round(rule, 3) == 0.018
    assert mean == pytest.approx(rule, rel=0.25)
    # the nearer to full load, the nearer to the rule
    off = []
    for nearer in (0.8, 0.9, 0.95, 0.98, 0.995, 0.998):
        law = bulk_service(nearer * slots, slots)
        tail = 1 - np.cumsum(law.list_after)
        off.append(np.interp(4 * law.mean_list_after, np.arange(tail.size), tail) / rule - 1)
    assert off == sorted(off, reverse=True)
    assert abs(off[-1]) < 0.02


def test_the_target_capacity_holds_the_mean_wait_at_a_quarter_of_the_target() -> None:
    # appointments come at fixed times, referrals at random: coefficients of variation 0 and 1
    demand, target = 30.0, 4.0
    capacity = theory.target_capacity(demand, target, cv_demand=1, cv_capacity=0)
    assert capacity == 30.5
    n, days = 18, 9_100
    parts = [run_lists(6, demand, capacity, days, seed=i) for i in range(1, 1 + n // 6)]
    lists, warm_up = side_by_side(parts), 4_000
    among = (lists.joined >= warm_up) & (lists.joined < days - 700)
    wait, error = of_each_list(lists, among, lists.waits)
    assert abs(wait - 7 * theory.target_mean_wait(target)) < 3 * error
    assert error < 0.2 * wait
    # exact, by whole slots a day: the rule is the limit of full load, reached from below
    ratios = [
        bulk_service(load * 4, 4).mean_wait_days / (0.5 / (4 - 4 * load)) for load in (0.9, 0.98, 0.995)
    ]
    assert ratios == sorted(ratios)
    assert 0.97 < ratios[-1] < 1


# --------------------------------------------------------------------- missed appointments, groups, courses


def missed_chain(per_day: float, slots: int, p: float) -> float:
    """Mean list after the clinic when each appointment is missed with chance ``p`` and given again next day.

    ``list' = n - Binomial(min(n, slots), 1 - p)`` with ``n = list + Poisson``: exact, on 400 states.
    """
    n = 400
    arrivals = poisson.pmf(np.arange(n + 1), per_day)
    move = np.zeros((n + 1, n + 1))
    kept = [binom.pmf(np.arange(slots + 1), min(k, slots), 1 - p) for k in range(n + 1)]
    for before in range(n + 1):
        for joined in range(n + 1 - before):
            for seen in range(slots + 1):
                move[before, max(0, before + joined - seen)] += arrivals[joined] * kept[before + joined][seen]
    move /= move.sum(axis=1, keepdims=True)
    balance = move.T - np.eye(n + 1)
    balance[0] = 1
    probability = np.linalg.solve(balance, np.eye(n + 1)[0])
    assert probability[-50:].sum() < 1e-9
    return float(probability @ np.arange(n + 1))


def test_missed_appointments_take_their_share_of_capacity() -> None:
    p, slots = 0.3, 27.0
    changes = {"system.offers.appointment.attendance": {"not_brought": p, "rebook_days": 7}}
    weeks, n = 260, 4
    lists = run_lists(n, 40, slots, 7 * weeks, seed=9, changes=changes)
    contacts, missed = (lists.seen != NEVER).sum(), lists.not_brought.sum()
    assert contacts + missed == pytest.approx(n * slots * weeks - lists.unused / SLOT_MINUTES, abs=n)
    spread = math.sqrt(n * slots * weeks * p * (1 - p))
    assert abs(contacts - slots * (1 - p) * n * weeks) < 3 * spread + lists.unused / SLOT_MINUTES
    assert lists.unused < 0.01 * SLOT_MINUTES * n * slots * weeks
    grown = lists.after[-1].mean()
    assert grown == pytest.approx((40 - slots * (1 - p)) * weeks, rel=0.03)


def test_below_capacity_missed_appointments_lengthen_the_list_as_the_chain_says() -> None:
    per_day, slots, p, n, days = 2.0, 3, 0.2, 30, 3_640
    changes = {"system.offers.appointment.attendance": {"not_brought": p, "rebook_days": 1}}
    lists = run_lists(n, 7 * per_day, 7 * slots, days, seed=10, changes=changes)
    found, error = mean_and_error(lists.after[300:].mean(axis=0))
    exact = missed_chain(per_day, slots, p)
    assert abs(found - exact) < 3 * error
    assert error < 0.02 * exact
    assert exact > 1.5 * bulk_service(per_day, slots).mean_list_after


@pytest.mark.parametrize("size", [2, 5])
def test_a_group_of_some_size_is_as_many_places_a_session(size: int) -> None:
    changes = {"system.offers.appointment.group": {"size": size, "smallest": 1, "longest_wait_days": 0}}
    lists = run_lists(4, 7 * 0.9 * 2 * size, 7 * 2, 1_820, seed=12, changes=changes)
    equals_the_formula(lists, 2 * size)


def test_a_course_of_six_takes_six_appointments_a_child() -> None:
    changes = {"system.offers.appointment.course": {"contacts": 6, "every_days": 7}}
    weeks, slots = 260, 30.0
    config = make_config(
        "single_list",
        {
            "area.referrals_per_week": 12,
            "system.slots_per_week": slots,
            "history_years": 0,
            "horizon_years": 5,
            **changes,
        },
    )
    r = record(config, seed=13).run
    assert r.end_day // 7 >= weeks
    started = (r.tables["needs"]["first_contact_day"] != NEVER).sum()
    contacts = r.tables["needs"]["contacts"].sum()
    assert contacts == pytest.approx(slots * (r.end_day // 7), rel=0.01)
    assert started == pytest.approx(slots / 6 * (r.end_day // 7), rel=0.03)
