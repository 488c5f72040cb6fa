"""Functional score in closed form, held against a numerical solution of the same equation; arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import solve_ivp

from sim.function import HIGHEST, LOWEST, advance, level_of, no_service, piece, rate_of, windowed
from sim.kernel.state import NEVER
from sim.numerics import exp, log, logistic, normal_quantile

MANY = settings(max_examples=300)
SOME = settings(max_examples=40)
YEAR = 365.25

scores = st.floats(LOWEST, HIGHEST)
drifts = st.floats(-2.0 / YEAR, 2.0 / YEAR)  # points a day
rates = st.floats(1e-5, 0.02)  # per day
FAR = 10**8


def numerical(y: float, days: float, n: float, r: float, p: float) -> tuple[float, float]:
    """Score and integral from the differential equation, held on the scale at its ends."""

    def slope(_t: float, state: np.ndarray) -> list[float]:
        value = state[0]
        change = n + r * max(p - value, 0.0)  # above potential support pulls nobody down
        if (value >= HIGHEST and change > 0) or (value <= LOWEST and change < 0):
            change = 0.0
        return [change, min(max(value, LOWEST), HIGHEST)]

    def top(_t: float, state: np.ndarray) -> float:
        return state[0] - HIGHEST

    def bottom(_t: float, state: np.ndarray) -> float:
        return state[0] - LOWEST

    for event in (top, bottom):
        event.terminal = True  # type: ignore[attr-defined]
    top.direction, bottom.direction = 1, -1  # type: ignore[attr-defined]
    s = solve_ivp(slope, (0.0, days), [y, 0.0], rtol=1e-10, atol=1e-12, events=(top, bottom))
    end, area = float(s.y[0, -1]), float(s.y[1, -1])
    rest = days - float(s.t[-1])
    if rest > 0:
        end = HIGHEST if end > 2.5 else LOWEST
        area += end * rest
    return end, area


# ----------------------------------------------------------------------------------------- one piece


@SOME
@given(y=scores, days=st.integers(1, 2_000), n=drifts)
def test_without_support_the_score_drifts_along_a_line_and_stops_at_the_ends(y, days, n):
    expected = numerical(y, days, n, 0.0, 0.0)
    assert piece(y, float(days), n, 0.0, 4.0) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@SOME
@given(y=scores, days=st.integers(1, 2_000), n=drifts, r=rates, p=scores)
def test_with_support_the_score_is_drawn_to_the_potential(y, days, n, r, p):
    """From below and from above it, and where drift carries the score past it on the way."""
    expected = numerical(y, days, n, r, p)
    assert piece(y, float(days), n, r, p) == pytest.approx(expected, rel=1e-5, abs=1e-4)


@SOME
@given(y=scores, days=st.integers(1, 500), n=drifts, r=rates, p=scores)
def test_harmful_support_drives_the_score_away_from_the_potential(y, days, n, r, p):
    expected = numerical(y, days, n, -r / 10, p)
    assert piece(y, float(days), n, -r / 10, p) == pytest.approx(expected, rel=1e-5, abs=1e-4)
    if y < p:
        assert piece(y, float(days), n, -r / 10, p)[0] <= piece(y, float(days), n, 0.0, p)[0] + 1e-9


@MANY
@given(y=scores, days=st.integers(2, 2_000), cut=st.integers(1, 1_999), n=drifts, r=rates, p=scores)
def test_looking_at_a_score_does_not_change_it(y, days, cut, n, r, p):
    """Two pieces in a row are one: also where the score passes the potential or the end of the scale."""
    cut = min(cut, days - 1)
    then, first = piece(y, float(cut), n, r, p)
    end, second = piece(then, float(days - cut), n, r, p)
    assert (end, first + second) == pytest.approx(piece(y, float(days), n, r, p), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize(
    ("y", "n", "r", "p", "end", "area"),
    [
        (2.0, 0.01, 0.0, 0.0, 3.0, 250.0),  # a line from 2 to 3 over 100 days
        (4.5, 0.01, 0.0, 0.0, 5.0, 0.5 * 9.5 * 50 + 5.0 * 50),  # reaches 5 after 50 days
        (0.5, -0.01, 0.0, 0.0, 0.0, 0.5 * 0.5 * 50),  # reaches 0 after 50 days
        (
            2.0,
            0.0,
            math.log(2) / 100,
            4.0,
            3.0,
            400.0 - 2.0 * 0.5 * 100 / math.log(2),
        ),  # half way in 100 days
        (4.0, -0.01, 0.01, 3.0, 3.0, 350.0),  # above potential: support pulls nobody down, drift does
    ],
)
def test_known_pieces(y, n, r, p, end, area):
    assert piece(y, 100.0, n, r, p) == pytest.approx((end, area), rel=1e-12)


@MANY
@given(y=scores, days=st.integers(0, 20_000), n=drifts, r=st.just(0.0) | rates, p=scores)
def test_a_score_stays_on_the_scale_and_its_integral_between_its_ends(y, days, n, r, p):
    end, area = piece(y, float(days), n, r, p)
    assert LOWEST <= end <= HIGHEST
    low, high = min(y, end), max(y, end)  # within a piece the score moves in one direction only
    assert low * days - 1e-6 <= area <= high * days + 1e-6


@MANY
@given(y=scores, days=st.integers(1, 3_000), n=drifts, r=rates, p=scores)
def test_support_never_harms_and_more_support_helps_more(y, days, n, r, p):
    none, weak, strong = (piece(y, float(days), n, x, p)[0] for x in (0.0, r, 2 * r))
    assert none - 1e-9 <= weak <= strong + 1e-9


# ---------------------------------------------------------------------------------------- several pieces

BANDS = np.array([0, 1_461, 2_557], np.int64)


@MANY
@given(
    y=scores,
    cut=st.integers(0, 4_000),
    days=st.integers(1, 4_000),
    birth=st.integers(-3_000, 1_000),
    drift=st.lists(drifts, min_size=3, max_size=3),
    deviation=drifts,
)
def test_going_in_two_steps_is_going_in_one(y, cut, days, birth, drift, deviation):
    cut = min(cut, days)
    band = np.array(drift)
    whole = advance(y, 0, days, birth, BANDS, band, deviation, 0.0, 0.0)
    half, first = advance(y, 0, cut, birth, BANDS, band, deviation, 0.0, 0.0)
    end, second = advance(half, cut, days, birth, BANDS, band, deviation, 0.0, 0.0)
    assert (end, first + second) == pytest.approx(whole, rel=1e-9, abs=1e-9)


@SOME
@given(
    y=scores,
    days=st.integers(1, 4_000),
    birth=st.integers(-3_000, 0),
    drift=st.lists(drifts, min_size=3, max_size=3),
)
def test_the_drift_changes_with_age_on_the_day(y, days, birth, drift):
    """The sum of daily steps with the drift of each day's age (clipped at whole days there)."""
    end, area = advance(y, 0, days, birth, BANDS, np.array(drift), 0.0, 0.0, 0.0)
    value, total = y, 0.0
    for day in range(days):
        n = drift[int(np.searchsorted(BANDS, day - birth, side="right")) - 1]
        then = min(max(value + n, LOWEST), HIGHEST)
        total += 0.5 * (value + then)
        value = then
    assert end == pytest.approx(value, abs=1e-9)
    assert area == pytest.approx(total, abs=0.05)


@MANY
@given(
    y=scores,
    start=st.integers(-500, 500),
    days=st.integers(0, 2_000),
    window=st.integers(-800, 2_500),
    deviation=drifts,
    r=st.just(0.0) | rates,
    p=scores,
)
def test_the_integral_counts_from_the_window_on(y, start, days, window, deviation, r, p):
    bands, drift = np.array([0, 1_000]), np.array([0.001, -0.0005])
    end = start + days
    at_end, area = windowed(y, start, end, window, -700, bands, drift, deviation, r, p)
    opens = min(max(window, start), end)
    then, _ = advance(y, start, opens, -700, bands, drift, deviation, r, p)
    expected = advance(then, opens, end, -700, bands, drift, deviation, r, p)
    assert (at_end, area) == pytest.approx(expected, rel=1e-9, abs=1e-6)


# ------------------------------------------------------------------------------------------- no service

ONE_BAND, NO_DRIFT = np.array([0]), np.array([0.0])


def alone(y: float, end: int, worsens: int, drift: float = 0.0, window: int = 0) -> tuple[float, float]:
    return no_service(y, 0, end, window, worsens, 0.5, 4.5, -1_000, ONE_BAND, np.array([drift]), 0.0)


def test_a_need_that_worsens_falls_by_one_step():
    assert alone(3.0, 100, NEVER) == (3.0, 300.0)
    assert alone(3.0, 100, 40) == pytest.approx((2.5, 3.0 * 40 + 2.5 * 60))
    assert alone(3.0, 100, 100) == (3.0, 300.0)  # the step of the last day is not counted any more
    assert alone(0.2, 100, 40)[0] == 0.0


def test_a_need_within_the_normal_range_does_not_worsen():
    assert alone(4.4, 200, 100, drift=0.01)[0] == 5.0
    assert alone(4.4, 200, 100, drift=0.0)[0] == pytest.approx(3.9)


def test_what_lies_before_the_window_is_not_counted():
    assert alone(3.0, 100, 40, window=40) == pytest.approx((2.5, 2.5 * 60))
    assert alone(3.0, 100, 40, window=70) == pytest.approx((2.5, 2.5 * 30))
    assert alone(3.0, 100, 40, window=100) == (2.5, 0.0)


# ------------------------------------------------------------------------------------------ support rates


@MANY
@given(gain=st.floats(0.001, 0.9), gap=st.floats(1.0, 4.0), days=st.integers(1, 400))
def test_a_rate_gives_the_gain_it_was_made_for(gain, gap, days):
    """A child that far below potential, with no drift, gains exactly what the trial says."""
    potential = 4.5
    r = rate_of(gain, gap, days)
    end, _ = piece(potential - gap, float(days), 0.0, r, potential)
    assert end - (potential - gap) == pytest.approx(gain, rel=1e-9)


def test_rates_at_the_edges():
    assert rate_of(0.0, 1.5, 70) == 0.0
    assert rate_of(0.3, 1.5, 0) == 0.0
    assert rate_of(0.3, 0.0, 70) == 0.0
    assert rate_of(9.0, 1.5, 70) == pytest.approx(-math.log(0.05) / 70)  # at most 95 % of the gap
    assert rate_of(-0.1, 1.5, 70) < 0.0  # harm stays harm


@pytest.mark.parametrize(("y", "level"), [(0.0, 2), (1.99, 2), (2.0, 1), (3.99, 1), (4.0, 0), (5.0, 0)])
def test_the_level_of_support_follows_from_the_score(y, level):
    assert level_of(y, 4.0, 2.0) == level


# -------------------------------------------------------------------------------------- plain arithmetic


@MANY
@given(st.floats(-700, 700))
def test_exp_agrees_with_the_mathematical_library(x):
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-14)


@MANY
@given(st.floats(1e-300, 1e300))
def test_log_agrees_with_the_mathematical_library(x):
    assert log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


@MANY
@given(st.floats(1e-12, 1 - 1e-12))
def test_normal_quantile_agrees_with_scipy(p):
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=2e-14, abs=1e-15)


@MANY
@given(st.floats(-600, 600))
def test_logistic_agrees_with_its_formula(x):
    expected = 1 / (1 + math.exp(-x)) if x > -700 else 0.0
    assert logistic(x) == pytest.approx(expected, rel=1e-13)


def test_far_out_exp_is_zero_or_held():
    assert exp(-800.0) == 0.0
    assert exp(800.0) == exp(700.0)
    assert exp(0.0) == 1.0
    assert log(1.0) == 0.0
