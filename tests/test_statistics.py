"""Intervals are Student's t intervals of paired differences, and say so when they cannot be had."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.certainty.statistics import Estimate, estimate, paired_difference, t_quantile
from experiments.comparing.comparison import beyond_possible, in_words
from sim.measures import LABELS

numbers = st.floats(-1e6, 1e6, allow_nan=False)
samples = st.lists(numbers, min_size=2, max_size=30).map(np.array)


@pytest.mark.parametrize(
    ("degrees_of_freedom", "printed"),
    # two-sided 95 % points as printed in NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2
    [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (19, 2.093), (30, 2.042), (100, 1.984)],
)
def test_quantiles_are_those_of_the_printed_table(degrees_of_freedom, printed):
    assert t_quantile(degrees_of_freedom) == pytest.approx(printed, abs=5e-4)


def test_the_interval_of_a_sample_is_the_one_worked_out_by_hand():
    # mean 4, sd sqrt(10/4) = 1.5811, standard error 0.7071, t(4) = 2.7764
    found = estimate(np.array([2.0, 3.0, 4.0, 5.0, 6.0]))
    assert found.mean == 4.0
    assert found.sd == pytest.approx(1.58114, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((2.0368, 5.9632), abs=1e-4)
    assert found.n == 5


def test_replications_without_a_value_are_left_out_and_not_counted():
    found = estimate(np.array([1.0, math.nan, 3.0]))
    assert (found.mean, found.n) == (2.0, 2)
    pair = paired_difference(np.array([1.0, math.nan, 3.0]), np.array([2.0, 5.0, math.nan]))
    assert (pair.mean, pair.n) == (1.0, 1)


def test_one_replication_has_a_mean_but_no_interval_and_excludes_nothing():
    found = estimate(np.array([7.0]))
    assert found.mean == 7.0
    assert math.isnan(found.low)
    assert found.includes_zero


def test_nothing_to_average_is_undefined_not_nought():
    found = estimate(np.array([math.nan]))
    assert found.n == 0
    assert math.isnan(found.mean)


@given(samples)
def test_a_system_does_not_differ_from_itself(values):
    found = paired_difference(values, values)
    assert (found.mean, found.sd, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)
    assert found.includes_zero


@given(samples, numbers)
def test_luck_shared_by_both_systems_drops_out(values, shift):
    luck = np.linspace(-1, 1, len(values)) * 1e3
    plain = paired_difference(values, values + shift)
    lucky = paired_difference(values + luck, values + luck + shift)
    assert lucky.mean == pytest.approx(plain.mean, abs=1e-6)
    assert lucky.high - lucky.low == pytest.approx(0.0, abs=1e-3)


@given(samples)
def test_the_mean_lies_inside_its_interval_and_changing_sides_mirrors_it(values):
    other = values[::-1] * 0.5
    there, back = paired_difference(values, other), paired_difference(other, values)
    assert there.low <= there.mean <= there.high
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), rel=1e-9, abs=1e-9)


def test_the_interval_holds_the_truth_in_95_of_100_samples():
    generator = np.random.default_rng(5)
    held = sum(
        found.low <= 3.0 <= found.high
        for found in (estimate(generator.normal(3.0, 2.0, 8)) for _ in range(4000))
    )
    # binomial standard error of 0.95 over 4000 is 0.0034
    assert held / 4000 == pytest.approx(0.95, abs=0.0138)


UNDEFINED = Estimate(math.nan, math.nan, 0, math.nan, math.nan)


def difference(low: float, high: float, n: int = 10) -> Estimate:
    return Estimate((low + high) / 2, 1.0, n, low, high)


@pytest.mark.parametrize(
    ("measure", "reference", "other", "found", "words"),
    [
        ("impact_mean_change_points", 0.1, 0.3, difference(0.1, 0.3), "better"),
        ("impact_mean_change_points", 0.3, 0.1, difference(-0.3, -0.1), "worse"),
        ("recorded_wait_median_weeks", 20.0, 5.0, difference(-16.0, -14.0), "better"),
        ("recorded_wait_median_weeks", 20.0, 19.0, difference(-3.0, 1.0), "no clear difference"),
        ("recorded_wait_median_weeks", 5.0, 5.004, difference(0.003, 0.005), "the same"),
        ("time_share_drop_in", 0.0, 0.2, difference(0.1, 0.3), "more"),
        ("reach_share_gap", -0.2, -0.05, difference(0.1, 0.2), "more equal"),
        ("reach_share_gap", 0.02, 0.12, difference(0.05, 0.15), "less equal"),
        ("reach_share_gap", -0.02, 0.12, difference(0.1, 0.18), "less equal"),
        ("reach_share_gap", -0.056, 0.037, difference(0.085, 0.1), "more equal"),
        (
            "reach_share_gap",
            -0.049,
            0.088,
            difference(0.084, 0.192),
            "differs; not clear which is more equal",
        ),
        ("reach_share_gap", -0.1, 0.1, difference(0.05, 0.35), "differs; not clear which is more equal"),
        ("recorded_wait_median_weeks", 9.0, math.nan, UNDEFINED, "no recorded wait: balanced"),
        ("recorded_wait_median_weeks", math.nan, math.nan, UNDEFINED, "no recorded wait: both"),
        ("list_size_per_1000_children", 9.0, math.nan, UNDEFINED, "no such list: balanced"),
        (
            "first_useful_median_weeks",
            math.nan,
            2.0,
            UNDEFINED,
            "not reached by half within the run: gatekept",
        ),
        ("first_useful_median_weeks", 4.0, 2.0, UNDEFINED, "never defined in both at once"),
        (
            "first_useful_median_weeks",
            4.0,
            2.0,
            difference(-3.0, -1.0, n=2),
            "defined in 2 of 10 replications only: cannot tell",
        ),
        ("first_useful_median_weeks", 4.0, 2.0, difference(-3.0, -1.0, n=7), "better"),
        ("time_share_travel", 0.06, 0.06, difference(-0.0001, 0.0002), "the same"),
        ("statutory_on_time_share", 0.999, 1.0, difference(-0.0001, 0.001), "no clear difference"),
        (
            "reach_share",
            0.1,
            0.2,
            Estimate(0.1, math.nan, 1, math.nan, math.nan),
            "one replication: cannot tell",
        ),
        ("reach_share", 0.1, 0.1, Estimate(0.0, 0.0, 10, 0.0, 0.0), "the same"),
    ],
)
def test_a_difference_is_put_into_words_by_what_is_better_for_children(
    measure, reference, other, found, words
):
    of = 1 if found.n == 1 else 10
    assert in_words(LABELS[measure], reference, other, found, ("gatekept", "balanced"), of) == words


@pytest.mark.parametrize(
    ("measure", "low", "high", "beyond"),
    [
        ("reach_share", 0.2, 1.0, False),
        ("reach_share", 0.2, 1.01, True),
        ("reach_share", -0.01, 0.3, True),
        ("reach_share", -0.0001, 0.3, False),  # not to be seen in the digits shown
        ("recorded_wait_median_weeks", -1.0, 3.0, True),
        ("impact_mean_change_points", -1.0, 3.0, False),
        ("reach_share_gap", -0.4, 0.1, False),
        ("reach_share", math.nan, math.nan, False),
    ],
)
def test_an_interval_that_reaches_where_no_value_can_lie_is_found_out(measure, low, high, beyond):
    assert beyond_possible(LABELS[measure], low, high) == beyond
