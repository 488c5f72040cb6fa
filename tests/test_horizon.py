"""How far a run looks ahead, and from which day it counts, changes nothing of what happens before."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from build import make_config
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import simulate
from sim.area_building import build_area
from sim.calendar import lay_out, share_of_working_days
from sim.compile import compile_config
from sim.kernel.state import NEVER
from sim.population import Population
from sim.run import Run, populate
from sim.workforce import Calendar

DAYS = (
    "onset_day",
    "identified_day",
    "concern_day",
    "referred_day",
    "first_contact_day",
    "first_useful_day",
    "second_contact_day",
    "specialist_start_day",
)
SYSTEMS = ("gatekept", "balanced", "no_service", "single_list")


@cache
def lived(system: str, history: float, horizon: float) -> Run:
    years = {"history_years": history, "horizon_years": horizon, "event_log": True}
    return simulate(make_config(system, years), seed=7)


def before(run: Run, table: str, day: int) -> dict[str, np.ndarray]:
    """The rows of a table that are about days before a day."""
    columns = run.tables[table]
    keep = columns["day"] < day if "day" in columns else columns["week"] * 7 < day
    return {name: values[keep] for name, values in columns.items()}


def assert_same_until(day: int, one: Run, other: Run) -> None:
    for table in ("waiting", "weekly", "ledger", "available", "events"):
        rows, twin = before(one, table, day), before(other, table, day)
        assert rows.keys() == twin.keys()
        for name in rows:
            assert rows[name].tobytes() == twin[name].tobytes(), f"{table}.{name}"
    shared = np.intersect1d(one.tables["needs"]["need_id"], other.tables["needs"]["need_id"])
    assert len(shared) > 0
    for name in DAYS:
        seen = []
        for run in (one, other):
            ids, when = run.tables["needs"]["need_id"], run.tables["needs"][name]
            when = when[np.argsort(ids)][np.searchsorted(np.sort(ids), shared)]
            seen.append(np.where(when < day, when, NEVER))
        assert np.array_equal(*seen), name


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_history_is_the_same_to_the_bit_whatever_the_horizon(system):
    short, long = lived(system, 2.0, 1.0), lived(system, 2.0, 3.0)
    assert short.decision_day == long.decision_day < short.end_day < long.end_day
    # not only the history: everything up to the last day that both have
    assert_same_until(short.end_day, short, long)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_happens_does_not_depend_on_the_day_from_which_it_is_counted(system):
    early, late = lived(system, 1.0, 2.0), lived(system, 2.0, 1.0)
    assert early.decision_day < late.decision_day
    assert early.end_day == late.end_day
    assert_same_until(early.end_day, early, late)


def drawn(horizon: float) -> tuple[Population, int]:
    """A population in which most children have several needs, and every severe one changes school."""
    changes = {"horizon_years": horizon, "needs.special_school": 1}
    for kind in ("speech", "language", "dld", "fluency", "social", "feeding"):
        changes[f"needs.kinds.{kind}.ever"] = 0.6
        changes[f"needs.kinds.{kind}.onset_age"] = {"low": 0, "mode": 6, "high": 17}
    config = make_config("gatekept", changes)
    area = build_area(config.area)
    tables = compile_config(config, area, 3)
    return populate(config, tables, area, 3), tables.end_day


def test_a_longer_run_adds_children_and_needs_and_changes_none():
    (short, end), (long, _) = drawn(1.0), drawn(6.0)
    began = long.needs["onset"] < end
    assert 0 < began.sum() < len(began)
    for name in set(short.needs.dtype.names) - {"child"}:
        assert np.array_equal(short.needs[name], long.needs[name][began]), name
    kept = np.unique(long.needs["child"][began])
    for name in set(short.children.dtype.names) - {"first", "needs"}:
        assert np.array_equal(short.children[name], long.children[name][kept]), name
    assert long.children["needs"].max() == 3  # the limit is met, so whom it leaves out is tested as well


# ------------------------------------------------------------------------------------------- working days


def england(start: str, **fields: object) -> Calendar:
    week = ["mon", "tue", "wed", "thu", "fri"]
    return Calendar.model_validate({"name": "test", "start": start, "working_days": week, **fields})


def test_a_year_in_england_has_its_weekdays_less_eight_bank_holidays():
    # 28 years are 1,461 weeks: 7,305 Mondays to Fridays, less eight bank holidays a year (2024 on: none added)
    assert share_of_working_days(england("2024-09-01")) == (1461 * 5 - 28 * 8) / (1461 * 7)


def test_every_day_is_a_working_day_where_the_calendar_says_so():
    every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    calendar = england("2024-01-01", working_days=every, bank_holidays=False)
    assert share_of_working_days(calendar) == 1.0


@given(st.dates(), st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1))
@settings(max_examples=30)
def test_the_share_of_working_days_is_that_of_a_long_run(start, days):
    start = start.replace(year=1990 + start.year % 60, month=1, day=1)
    calendar = england(start.isoformat(), working_days=sorted(days))
    end = start.replace(year=start.year + 28)
    assert share_of_working_days(calendar) == lay_out(calendar, (end - start).days).works.mean()


@pytest.mark.parametrize("system", ["gatekept", "single_list"])
def test_a_working_day_has_the_same_minutes_in_every_run(system):
    minutes = []
    for horizon in (0.5, 1.0, 7.3):
        config = make_config(system, {"horizon_years": horizon, "calendar.bank_holidays": True})
        minutes.append(compile_config(config, build_area(config.area), 1).rules.minutes_per_day)
    assert minutes[0].sum() > 0
    assert all(np.array_equal(minutes[0], other) for other in minutes)


def test_a_year_with_more_bank_holidays_has_fewer_minutes():
    # 2022 had two more than usual
    minutes = []
    for start in ("2021-01-04", "2022-01-03"):  # both a Monday after New Year; 2022 had two holidays more
        changes = {"calendar.start": start, "history_years": 0, "horizon_years": 1.0}
        run = simulate(make_config("gatekept", changes), 1)
        minutes.append(int(run.tables["available"]["minutes"].sum()))
    assert minutes[1] < minutes[0]
