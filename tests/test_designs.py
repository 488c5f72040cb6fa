"""Designs have the properties that they are known for, and factors turn shares into values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.sweeps.designs import latin_hypercube, morris_trajectories, sobol_sequence
from experiments.sweeps.factors import Factor, is_factor, read_factor
from sim.evidence import EvidenceRow

ROW = EvidenceRow(
    value=0.2,
    low=0.1,
    high=0.4,
    unit="share",
    distribution="triangular",
    grade="assumed",
    mark="b-L",
    source="made up",
)


@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 2**32))
def test_a_latin_hypercube_uses_every_slice_of_every_factor_once(n, d, seed):
    slices = np.floor(latin_hypercube(n, d, seed) * n).astype(int)
    assert (np.sort(slices, axis=0) == np.arange(n)[:, None]).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sobol_sequence_puts_one_point_into_every_elementary_box(seed):
    # its first two dimensions are a (0, m, 2)-net: so is every scrambling of them (Owen 1995)
    u = sobol_sequence(64, 2, seed)
    for a in range(7):
        boxes = np.floor(u[:, 0] * 2**a) * 2 ** (6 - a) + np.floor(u[:, 1] * 2 ** (6 - a))
        assert len(set(boxes)) == 64


def test_a_sobol_sequence_integrates_the_ishigami_function_far_better_than_chance():
    # mean a/2 = 3.5 (Ishigami and Homma 1990, with a = 7, b = 0.1)
    def error(u: np.ndarray) -> float:
        x = np.pi * (2 * u - 1)
        y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
        return abs(float(y.mean()) - 3.5)

    even = np.mean([error(sobol_sequence(1024, 3, seed)) for seed in range(10)])
    chance = np.mean([error(np.random.default_rng(seed).random((1024, 3))) for seed in range(10)])
    assert even < chance / 4


def test_a_sobol_sequence_refuses_a_number_that_is_no_power_of_two():
    with pytest.raises(ValueError, match="found 100 points"):
        sobol_sequence(100, 2, 1)


@given(st.integers(1, 8), st.integers(1, 6), st.sampled_from([2, 4, 6, 8]), st.integers(0, 2**32))
def test_a_morris_trajectory_moves_each_factor_once_by_the_same_step(r, k, levels, seed):
    u = morris_trajectories(r, k, levels, seed).reshape(r, k + 1, k)
    assert set(np.rint(u.ravel() * (levels - 1)) / (levels - 1)) >= set(u.ravel())
    assert u.min() >= 0
    assert u.max() <= 1
    moves = np.diff(u, axis=1)
    assert ((np.abs(moves) > 1e-9).sum(axis=2) == 1).all(), "one factor at a time"
    assert ((np.abs(moves) > 1e-9).sum(axis=1) == 1).all(), "each factor once"
    size = levels / (2 * (levels - 1))
    assert np.allclose(np.abs(moves).max(axis=2), size)


def test_morris_effects_of_a_linear_function_are_its_coefficients():
    slopes = np.array([3.0, -2.0, 0.0, 0.5])
    u = morris_trajectories(20, 4, 4, 7).reshape(20, 5, 4)
    moves, changes = np.diff(u, axis=1), np.diff(u @ slopes, axis=1)
    which = np.abs(moves).argmax(axis=2)
    effects = changes / np.take_along_axis(moves, which[..., None], axis=2)[..., 0]
    for factor, slope in enumerate(slopes):
        assert effects[which == factor] == pytest.approx(slope, abs=1e-9)


def test_morris_values_are_equally_likely():
    u = morris_trajectories(4000, 1, 4, 1)
    shares = np.unique(u, return_counts=True)[1] / len(u)
    assert shares == pytest.approx(0.25, abs=0.03)  # 3.6 standard deviations of 4,000 draws


@pytest.mark.parametrize("levels", [0, 3])
def test_morris_refuses_levels_that_would_make_some_values_likelier(levels):
    with pytest.raises(ValueError, match=f"found {levels}"):
        morris_trajectories(1, 2, levels, 1)


@pytest.mark.parametrize("design", [latin_hypercube, sobol_sequence])
def test_the_same_seed_draws_the_same_design_and_another_seed_another(design):
    assert (design(16, 3, 5) == design(16, 3, 5)).all()
    assert (design(16, 3, 5) != design(16, 3, 6)).any()


# ----------------------------------------------------------------------------------------------- factors


def read(key: str, value: object) -> tuple[Factor | None, list[str]]:
    problems: list[str] = []
    return read_factor(key, value, {"a_share": ROW}, problems), problems


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2.5,x", (1, 2.5, "x")),
        ("0..1:steps=5", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("1..100:log:steps=3", (1.0, pytest.approx(10.0), 100.0)),
        ("1..10:integer:steps=4", (1, 4, 7, 10)),
        (["gatekept", "balanced"], ("gatekept", "balanced")),
        ("[mon],[mon, thu]", (["mon"], ["mon", "thu"])),
        ("[],[1,2.5]", ([], [1, 2.5])),
    ],
)
def test_values_are_read_as_they_are_typed(text, values):
    factor, problems = read("k", text)
    assert problems == []
    assert factor is not None
    assert factor.values == values


def test_a_range_runs_from_its_low_end_to_its_high_end():
    linear, log, whole = (read("k", text)[0] for text in ("2..4", "1..100:log", "1..3:integer"))
    assert [linear.at(u) for u in (0, 0.25, 1)] == [2, 2.5, 4]
    assert [log.at(u) for u in (0, 0.5, 1)] == pytest.approx([1, 10, 100])
    drawn = [whole.at((i + 0.5) / 300) for i in range(300)]
    assert [drawn.count(v) for v in (1, 2, 3)] == [100, 100, 100]
    assert all(type(v) is int for v in drawn)
    assert whole.at(1.0) == 3


def test_the_own_range_of_a_row_has_its_distribution():
    factor = read("evidence.a_share.value", "..")[0]
    drawn = [factor.at((i + 0.5) / 1000) for i in range(1000)]
    assert (factor.at(0.0), factor.at(1.0)) == (0.1, 0.4)
    assert np.mean(drawn) == pytest.approx((0.1 + 0.2 + 0.4) / 3, abs=1e-3)  # of the triangle


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("k", "4..2", "its low end must be below its high end, found 4 and 2"),
        ("k", "2..2", "its low end must be below its high end, found 2 and 2"),
        ("k", "0..1:log", "a log range must lie above 0, found 0"),
        ("k", "0.5..2:integer", "an integer range needs whole ends, found 0.5 and 2"),
        ("k", "0..high", "its high end must be a number, found 'high'"),
        ("k", "0..1:cubic", "unknown word 'cubic'; allowed are log, integer and steps=NUMBER"),
        ("k", "0..1:steps=1", "steps must be a whole number from 2 to 10000, found '1'"),
        ("k", "1,2,1", "k: 1 is named more than once"),
        ("k", "1,,2", "'' cannot be read as a number, a word or a date"),
        ("seed", "1,2", "cannot be varied within a sweep: every point gets the same luck"),
        ("k", "..", "means the own range of an evidence row"),
        ("evidence.b_share.value", "..", "means the own range of an evidence row"),
    ],
)
def test_what_is_no_factor_is_told(key, text, sentence):
    factor, problems = read(key, text)
    assert factor is None
    assert len(problems) == 1
    assert sentence in problems[0]


def test_lists_with_commas_between_them_are_several_values():
    assert is_factor("k=[1,2],[3]")
    assert is_factor("k=[1,2], [3,4]")


@pytest.mark.parametrize("text", ["output=../there", "k=[1,2]", "k='a,b'", "area=oldham", "k=0.5", "f=a..b"])
def test_a_word_with_one_value_is_no_factor(text):
    assert not is_factor(text)
