"""The table of gains: it is there when asked for, agrees with the needs to the end, and looking changes nothing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from build import fingerprints, in_plain_python, make_config, plan_to

from sim import simulate
from sim.config import Config, config_hash
from sim.dictionary import TABLES, column_names
from sim.measures.who_counts import who_counts
from sim.run import Run

LENGTH = {"history_years": 0.5, "horizon_years": 0.6}


def watched(every: int, system: str = "gatekept", **more: object) -> Config:
    plan = plan_to("balanced") if system == "gatekept" else {}
    return make_config(system, {**LENGTH, **plan, "gains_every_weeks": every, **more})


@cache
def looked_at(every: int, system: str = "gatekept") -> Run:
    return simulate(watched(every, system), 5)


@pytest.mark.parametrize("system", ["gatekept", "balanced", "no_service"])
def test_looking_at_gains_changes_no_bit_of_any_other_table(system):
    theirs = fingerprints(looked_at(1, system))
    ours = fingerprints(looked_at(0, system))
    assert not any(name.startswith("gains.") for name in ours)
    gains = {name for name in theirs if name.startswith("gains.")}
    assert len(gains) == len(TABLES["gains"])
    assert {name: bits for name, bits in theirs.items() if name not in gains} == ours


@pytest.mark.parametrize("system", ["gatekept", "balanced"])
def test_the_last_gains_are_those_of_the_needs_table_by_locality_and_quintile(system):
    run = looked_at(4, system)
    gains, needs = run.tables["gains"], run.tables["needs"]
    counted = who_counts(run).present
    group = needs["locality"].astype(int) * 5 + needs["imd_quintile"] - 1
    n = 5 * len(run.localities)
    last = gains["week"] == run.end_day // 7 - 1
    assert last.sum() == n

    def by_group(values: np.ndarray) -> np.ndarray:
        return np.bincount(group[counted], values[counted], n)

    assert (gains["needs"][last] == by_group(np.ones(len(group)))).all()
    years = by_group(needs["score_years"] - needs["score_years_no_service"])
    points = by_group(needs["score_end"] - needs["score_no_service"])
    np.testing.assert_allclose(gains["score_years_gained"][last], years, rtol=0, atol=1e-9)
    np.testing.assert_allclose(gains["points_gained"][last], points, rtol=0, atol=1e-9)
    assert abs(years.sum()) > 1.0


def test_gains_on_the_way_are_the_last_ones_of_a_run_that_ends_there():
    """Nothing that comes later can be in them: the run up to then is the same."""
    gains = looked_at(4).tables["gains"]
    short = simulate(watched(4, horizon_years=0.3), 5).tables["gains"]
    assert 0 < len(short["week"]) < len(gains["week"])
    for name in ("week", "needs"):
        assert (gains[name][: len(short[name])] == short[name]).all()
    for name in ("score_years_gained", "points_gained"):
        np.testing.assert_allclose(gains[name][: len(short[name])], short[name], rtol=0, atol=1e-9)


def test_gains_are_taken_every_so_many_weeks_from_the_decision_and_at_the_end():
    run = looked_at(4)
    decision, end = run.decision_day // 7, run.end_day // 7
    weeks = sorted(set(run.tables["gains"]["week"] + 1 - decision))
    assert weeks == [*range(4, end - decision, 4), end - decision]
    assert len(run.tables["gains"]["week"]) == len(weeks) * 5 * len(run.localities)


def test_they_are_taken_also_when_nothing_was_lived_before():
    run = simulate(watched(10, history_years=0.0, horizon_years=0.4), 5)
    assert sorted(set(run.tables["gains"]["week"])) == [9, 19, 20]


def test_where_there_is_no_service_nothing_is_ever_gained():
    gains = looked_at(4, "no_service").tables["gains"]
    assert gains["needs"].sum() > 100
    assert (gains["points_gained"] == 0.0).all()
    assert (gains["score_years_gained"] == 0.0).all()


def test_the_table_is_declared_and_has_names_for_its_codes():
    frame = looked_at(4).frame("gains")
    assert list(frame.columns) == column_names("gains")
    assert set(frame["locality"]) == set(looked_at(4).localities)
    assert set(frame["imd_quintile"]) == {1, 2, 3, 4, 5}


def test_looking_is_no_other_configuration():
    assert config_hash(watched(0)) == config_hash(watched(4))


HASHES = """
from build import fingerprints
from sim import simulate
from test_gains import watched
out = fingerprints(simulate(watched(4, history_years=0.2, horizon_years=0.3), 4))
"""


def test_compiled_and_plain_python_see_the_same_gains():
    assert in_plain_python(HASHES) == fingerprints(
        simulate(watched(4, history_years=0.2, horizon_years=0.3), 4)
    )
