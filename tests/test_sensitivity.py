"""Sensitivity and the value of information agree with functions whose answers are known, all through real sweeps."""

from __future__ import annotations

import math
from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from analytic import (
    AHEAD,
    DIALS,
    LOSS,
    MEASURE,
    SLOPES,
    WEIGHTS,
    crossing,
    ishigami,
    linear,
    swept,
    two_options,
    with_a_contradiction,
    with_a_failure,
)

from experiments.cli import main
from experiments.sensitivity.analyse import analyse
from experiments.sensitivity.indices import finite, indices_frame, screening_frame
from experiments.sensitivity.information import (
    evpi,
    evpi_halves,
    evppi,
    information_frame,
    plans_frame,
    probability_best,
    wilson,
)
from experiments.sensitivity.tornado import tornado_frame
from experiments.sweeps.plan import plan_sweep
from experiments.sweeps.stored import stored_sweep
from sim.errors import InputError

RANGES = [f"{d}=0..1" for d in DIALS]
BOTH = "system=gatekept,balanced"
NAMES = [d.rsplit(".", 1)[-1] for d in DIALS]


# --------------------------------------------------------------------------- Morris and Sobol's indices


def test_morris_finds_the_slopes_of_a_straight_line_and_no_bend(tmp_path):
    stored = swept(
        tmp_path / "s", linear, [*RANGES, "replications=2"], design="morris", trajectories="8", levels="6"
    )
    frame = screening_frame(stored, MEASURE).set_index("factor")
    for name, slope in zip(NAMES, SLOPES, strict=True):
        assert frame.loc[name, "mu_star"] == pytest.approx(abs(slope), abs=1e-9)
        assert frame.loc[name, "mu"] == pytest.approx(slope, abs=1e-9)
        assert frame.loc[name, "sigma"] == pytest.approx(0.0, abs=1e-9)
    assert list(frame.index[:2]) == ["impact", "easy_access"]
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]


def test_morris_sees_that_the_third_number_of_ishigami_acts_only_with_others(tmp_path):
    stored = swept(
        tmp_path / "s", ishigami, [*RANGES[:3], "replications=1"], design="morris", trajectories="40"
    )
    frame = screening_frame(stored, MEASURE).set_index("factor")
    third = frame.loc["place_based"]
    assert third["sigma"] > 1.0, "it is nought or large, depending on the first"
    assert abs(third["mu"]) < third["mu_star"]


def test_sobols_indices_of_ishigami_are_the_published_ones(tmp_path):
    stored = swept(tmp_path / "s", ishigami, [*RANGES[:3], "replications=1"], design="saltelli", points="512")
    frame = indices_frame(stored, MEASURE).set_index("factor").loc[NAMES[:3]]
    # Ishigami and Homma 1990: a = 7, b = 0.1; variance a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2
    variance = 49 / 8 + 0.1 * math.pi**4 / 5 + 0.01 * math.pi**8 / 18 + 0.5
    first = 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2 / variance
    third = 8 * 0.01 * math.pi**8 / 225 / variance
    assert frame["s1"].tolist() == pytest.approx([first, 49 / 8 / variance, 0.0], abs=0.04)
    assert frame["st"].tolist() == pytest.approx([first + third, 49 / 8 / variance, third], abs=0.04)
    assert frame["variance"].iloc[0] == pytest.approx(variance, rel=0.03)
    assert ((frame["st_low"] < frame["st"]) & (frame["st"] < frame["st_high"])).all()


def test_sobols_indices_of_a_straight_line_are_its_squared_slopes(tmp_path):
    stored = swept(tmp_path / "s", linear, [*RANGES, "replications=1"], design="saltelli", points="512")
    frame = indices_frame(stored, MEASURE).set_index("factor").loc[NAMES]
    shares = np.square(SLOPES) / np.square(SLOPES).sum()
    assert frame["s1"].tolist() == pytest.approx(shares.tolist(), abs=0.05)
    assert frame["st"].tolist() == pytest.approx(shares.tolist(), abs=0.05)
    words = " ".join(analyse(stored, [MEASURE]).words)
    assert "impact is behind" in words


def test_where_nothing_varies_an_index_is_empty_and_not_a_division_by_nought(tmp_path):
    stored = swept(
        tmp_path / "s", two_options, [BOTH, *RANGES[:2], "replications=1"], design="saltelli", points="16"
    )
    frame = indices_frame(stored, MEASURE)
    assert set(frame["output"]) == {"gatekept", "balanced", "balanced − gatekept"}
    assert frame[frame["output"] == "gatekept"][["s1", "st"]].isna().all().all()
    assert frame[frame["output"] == "balanced"]["st"].notna().all()
    assert "no factor changes it at all" in " ".join(analyse(stored, [MEASURE]).words)


def test_nothing_undefined_reaches_the_arithmetic_that_would_take_it_for_nought():
    with pytest.raises(ValueError, match="1 of 3 values are not defined"):
        finite(np.array([1.0, math.nan, 2.0]))


@pytest.mark.parametrize(
    ("design", "words", "frame_of", "lost"),
    [
        ("morris", {"trajectories": "6"}, screening_frame, ("n_trajectories", 5)),
        ("saltelli", {"points": "16"}, indices_frame, ("n_blocks", 15)),
    ],
)
def test_a_failed_run_is_refused_or_its_group_left_out_and_told(tmp_path, design, words, frame_of, lost):
    folder = tmp_path / "s"
    failing = partial(with_a_failure, linear)
    stored = swept(folder, failing, [*RANGES, "replications=2"], design=design, **words)
    with pytest.raises(InputError, match=r"1 of .* runs failed .* --retry-failed"):
        frame_of(stored, MEASURE)
    frame = frame_of(stored_sweep(folder, without_failed=True), MEASURE)
    assert set(frame[lost[0]]) == {lost[1]}
    assert set(frame["left_out"]) == {1}
    if design == "morris":
        assert frame.set_index("factor").loc["impact", "mu_star"] == pytest.approx(3.0, abs=1e-9)
    found = analyse(stored_sweep(folder, without_failed=True), [MEASURE])
    assert "left out" in " ".join(found.words)


def test_a_sweep_that_is_not_finished_is_not_analysed(tmp_path):
    folder = tmp_path / "s"
    swept(folder, linear, [*RANGES, "replications=1"], design="morris", trajectories="3")
    import sqlite3

    with sqlite3.connect(folder / "runs.sqlite") as book:
        book.execute("delete from run where point = 5")
    book.close()
    with pytest.raises(InputError, match="1 of 19 runs have not been made"):
        screening_frame(stored_sweep(folder), MEASURE)


# -------------------------------------------------------------------------------------------- tornado


def test_a_tornado_shows_what_each_end_changes_ordered_by_size(tmp_path):
    stored = swept(
        tmp_path / "s", crossing, [BOTH, *RANGES, "replications=8"], design="one_at_a_time", measures=LOSS
    )
    frame = tornado_frame(stored, LOSS)
    part = frame[frame["output"] == "balanced − gatekept"].set_index("factor")
    assert list(part.index[:2]) == ["easy_access", "continuum"]
    assert part.loc["easy_access", "at_low"] == pytest.approx(1.0, abs=1e-9)
    assert part.loc["easy_access", "at_high"] == pytest.approx(-1.0, abs=1e-9)
    assert part.loc["easy_access", "swing"] == pytest.approx(2.0, abs=1e-9)
    assert part.loc["continuum", "swing"] == pytest.approx(1.0, abs=1e-9)
    assert part.loc["impact", ["at_low", "at_high", "swing"]].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert part["clear"].to_dict() == {n: n in ("easy_access", "continuum") for n in part.index}
    assert (part.loc["easy_access", "low_value"], part.loc["easy_access", "high_value"]) == (0.0, 1.0)


def test_evidence_rows_in_a_tornado_have_their_grade(tmp_path):
    rows = ["evidence.vacancy_share.value=..", "evidence.admin_minutes_per_referral.value=.."]
    stored = swept(
        tmp_path / "s", constant, ["system=gatekept", *rows, "replications=2"], design="one_at_a_time"
    )
    frame = tornado_frame(stored, MEASURE).set_index("factor")
    table = stored.manifest["identity"]["configurations"][0]["config"]["evidence"]
    for name in ("vacancy_share", "admin_minutes_per_referral"):
        assert frame.loc[name, "grade"] == table[name]["grade"]
        assert frame.loc[name, "low_value"] == table[name]["low"]
        assert frame.loc[name, "base"] == table[name]["value"]
        assert frame.loc[name, "source"]
    assert not frame["clear"].any()
    assert "no single number moves it clearly" in " ".join(analyse(stored, [MEASURE]).words)


def constant(run):
    from analytic import measured

    return measured(1.0)


def test_an_end_that_failed_has_no_bar_and_is_not_nought(tmp_path):
    stored = swept(
        tmp_path / "s", partial(with_a_failure, linear), [*RANGES, "replications=1"], design="one_at_a_time"
    )
    frame = tornado_frame(stored, MEASURE).set_index("factor")
    row = frame.loc["easy_access"]  # point 3 is its low end
    assert math.isnan(row["at_low"])
    assert row["note"] == "no value at the low end"
    assert "not known, not nought" in " ".join(analyse(stored, [MEASURE]).words)


# ------------------------------------------------------------------------------- value of information


def loss(mean: float, sd: float) -> float:
    """Expected value of knowing a normal number before choosing between it and nought (Raiffa and Schlaifer 1961)."""
    z, normal = abs(mean) / sd, NormalDist()
    return sd * (normal.pdf(z) - z * (1 - normal.cdf(z)))


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("psa") / "s"
    return swept(folder, two_options, [BOTH, *RANGES, "replications=2"], design="psa", points="600")


def test_two_normal_options_have_the_values_of_information_of_the_closed_form(options):
    frame = information_frame(options, MEASURE)
    total = math.hypot(*WEIGHTS)
    everything = frame.iloc[0]
    assert everything["value"] == pytest.approx(loss(AHEAD, total), abs=3 * everything["standard_error"])
    assert everything["value_halves"] == pytest.approx(everything["value"], abs=1e-9), "no luck of its own"
    numbers = frame.iloc[1:].set_index("factor")
    assert numbers.loc["impact", "value"] == pytest.approx(loss(AHEAD, WEIGHTS[0]), rel=0.1)
    assert numbers.loc["easy_access", "value"] == pytest.approx(loss(AHEAD, WEIGHTS[1]), rel=0.2)
    assert list(numbers.index[:2]) == ["impact", "easy_access"]
    assert numbers["above_noise"].tolist()[:2] == [True, True]
    assert numbers.loc[["place_based", "continuum", "information"], "value"].max() < 0.03


def test_the_probability_that_a_plan_is_best_is_that_of_the_closed_form(options):
    frame = plans_frame(options, MEASURE).set_index("plan")
    truth = NormalDist().cdf(AHEAD / math.hypot(*WEIGHTS))
    row = frame.loc["balanced"]
    assert row["probability_low"] < truth < row["probability_high"]
    assert frame["probability_best"].sum() == pytest.approx(1.0)
    assert frame["best_on_average"].to_dict() == {"gatekept": False, "balanced": True}


def test_the_words_name_the_best_plan_and_what_to_measure_first(options):
    found = analyse(options, [MEASURE])
    words = " ".join(found.words)
    assert "balanced is best in" in words
    assert "Measure first: impact" in words
    assert set(found.tables) == {"information", "plans"}


def test_where_less_is_better_the_other_plan_is_best(options):
    frame = plans_frame(options, LOSS).set_index("plan")
    assert frame["best_on_average"].to_dict() == {"gatekept": True, "balanced": False}


def test_the_value_of_one_number_does_not_depend_on_how_it_is_written():
    random = np.random.default_rng(1)
    x = random.normal(size=300)
    values = np.column_stack([np.zeros(300), 0.3 + x + random.normal(size=300)])
    assert evppi(x, values, 0)[0] == pytest.approx(evppi(np.exp(x), values, 0)[0], abs=1e-12)


def test_a_bent_dependence_is_found_as_well():
    # ahead by z^2 - 1: E max(0, .) = 2 phi(1) (the tail integral of z^2 - 1 beyond 1, twice)
    random = np.random.default_rng(2)
    z = random.normal(size=2000)
    values = np.column_stack([np.zeros(2000), z**2 - 1 + random.normal(size=2000)])
    found, shuffled = evppi(z, values)
    assert found == pytest.approx(2 * NormalDist().pdf(1.0), rel=0.1)
    assert found > 5 * shuffled.max()


def test_a_number_without_influence_is_rarely_above_noise():
    random = np.random.default_rng(3)
    above = 0
    for _ in range(60):
        values = np.column_stack([np.zeros(100), 0.1 + random.normal(size=100)])
        found, shuffled = evppi(random.normal(size=100), values, 100)
        above += found > np.quantile(shuffled, 0.95)
    assert above <= 9  # 5 % of 60 is 3; binomial 99.9 % point 9


def test_of_many_numbers_without_influence_none_is_named():
    # eight numbers that nothing depends on: one of them is named by chance in one sweep of twenty
    random = np.random.default_rng(11)
    named = 0
    for _ in range(20):
        values = np.column_stack([np.zeros(80), random.normal(size=80)])
        found = [evppi(random.normal(size=80), values, 100) for _ in range(8)]
        level = np.quantile(np.max([shuffled for _, shuffled in found], axis=0), 0.95)
        named += max(value for value, _ in found) > level
    assert named <= 5  # binomial 99.7 % point of 20 at 0.05 is 4


def test_three_plans_with_the_same_closed_form():
    # one plan varies, two lie at nought and at minus one: the last is never chosen
    random = np.random.default_rng(4)
    x = random.normal(size=4000)
    values = np.column_stack([np.full(4000, -1.0), 0.5 + x, np.zeros(4000)])
    assert evpi(values)[0] == pytest.approx(loss(0.5, 1.0), rel=0.1)
    assert evppi(x, values, 0)[0] == pytest.approx(loss(0.5, 1.0), rel=0.1)


def test_luck_of_the_simulation_makes_information_look_valuable_and_halves_do_not():
    # the same two plans in every draw, with luck: nothing to know
    values = np.random.default_rng(5).normal(size=(500, 2, 8)) + np.array([0.0, 1.0])[:, None] * 0.2
    assert evpi(values.mean(axis=2))[0] > 0.05
    assert evpi_halves(values) < 0.03
    assert math.isnan(evpi_halves(values[:, :, :1]))


def test_plans_that_tie_share_and_no_interval_leaves_nought_to_one():
    assert probability_best(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist() == [0.25, 0.75]
    assert wilson(0.0, 50)[0] == 0.0
    assert 0.05 < wilson(0.0, 50)[1] < 0.1
    assert wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_a_probabilistic_sweep_draws_every_row_in_use_from_its_own_distribution():
    plan = plan_sweep(
        ["area=example_small", "system=gatekept,balanced", "replications=1"], {"design": "psa", "points": "8"}
    )
    assert len(plan.points) == 2 * 9
    assert len(plan.factors) > 100
    for factor in (f for f in plan.factors if f.is_range):
        drawn = [p.values[factor.key] for p in plan.points[2::2]]
        assert all(factor.low <= v <= factor.high for v in drawn)
        assert len(set(drawn)) > 1


def test_draws_with_a_failed_run_are_refused_or_left_out_in_every_plan(tmp_path):
    folder = tmp_path / "s"
    failing = partial(with_a_failure, two_options)
    stored = swept(folder, failing, [BOTH, *RANGES, "replications=1"], design="psa", points="40")
    with pytest.raises(InputError, match="1 of 82 runs failed"):
        plans_frame(stored, MEASURE)
    frame = plans_frame(stored_sweep(folder, without_failed=True), MEASURE)
    assert set(frame["n_draws"]) == {39}
    assert set(frame["left_out"]) == {1}


def test_draws_that_contradict_themselves_are_left_out_without_asking_and_counted(tmp_path):
    contradicting = partial(with_a_contradiction, two_options)
    stored = swept(
        tmp_path / "s", contradicting, [BOTH, *RANGES, "replications=1"], design="psa", points="40"
    )
    frame = plans_frame(stored, MEASURE)
    assert set(frame["n_draws"]) == {39}
    assert (set(frame["impossible"]), set(frame["left_out"])) == ({1}, {0})
    assert "Left out: 1 draws that cannot be" in " ".join(analyse(stored, [MEASURE]).words)


@pytest.mark.parametrize(
    ("overrides", "measure", "sentence"),
    [
        ([], MEASURE, "there is one plan only"),
        ([BOTH], "time_share_drop_in", "no plan is best in it"),
    ],
)
def test_a_probabilistic_analysis_that_cannot_be_is_told(tmp_path, overrides, measure, sentence):
    stored = swept(
        tmp_path / "s", two_options, [*overrides, *RANGES[:2], "replications=1"], design="psa", points="32"
    )
    with pytest.raises(InputError, match=sentence):
        analyse(stored, [measure])


def test_the_command_keeps_what_it_found_beside_the_sweep(capsys, options):
    assert main(["analyse", str(options.folder), f"measure={MEASURE},{LOSS}"]) == 0
    assert "Measure first: impact" in capsys.readouterr()[0]
    kept = pd.read_parquet(options.folder / "information.parquet")
    assert len(kept) == 12
    assert set(pd.read_csv(options.folder / "plans.csv")["plan"]) == {"gatekept", "balanced"}
    assert main(["results", "delete", str(options.folder), "--yes"]) == 0
