"""Effects of a factorial design are the coefficients of the response, and the answers in words follow from them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from analytic import (
    DIALS,
    MEAN,
    MEASURE,
    SINGLE,
    SMALL,
    TOGETHER,
    half_is_worse,
    response,
    swept,
    with_a_failure,
)

from experiments.cli import main
from experiments.sensitivity.analyse import analyse
from experiments.sensitivity.factorial import contrasts, effects, effects_frame, in_words
from experiments.sensitivity.preference import known
from experiments.sweeps.designs import factorial
from experiments.sweeps.plan import plan_sweep
from experiments.sweeps.stored import stored_sweep
from sim.errors import InputError

PICK = ["experiment=pick_and_mix", "replications=4"]
NAMES = [d.rsplit(".", 1)[-1] for d in DIALS]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("mix") / "sweep", response, PICK)


def at(frame: pd.DataFrame, kind: str, what: str = "everything") -> pd.Series:
    (row,) = [r for _, r in frame[(frame["kind"] == kind) & (frame["what"] == what)].iterrows()]
    return row


def test_the_shipped_experiment_is_every_combination_and_the_centre():
    plan = plan_sweep([*SMALL, "experiment=pick_and_mix"], {})
    assert len(plan.points) == 33
    corners = {tuple(p.values[d] for d in DIALS) for p in plan.points[:-1]}
    assert len(corners) == 32
    assert {v for c in corners for v in c} == {0.0, 1.0}
    assert [plan.points[-1].values[d] for d in DIALS] == [0.5] * 5
    assert (plan.points[0].label, plan.points[-1].label) == ("all low", "centre")
    assert plan.points[3].label == "impact + easy_access"
    assert plan.base.system.name == "blend"


def test_a_full_design_tells_every_effect_apart():
    signs = 2 * factorial(5) - 1
    told = contrasts(signs, NAMES)
    assert len(told) == 31
    columns = np.array([*told.values(), np.ones(32)])
    assert (columns @ columns.T == 32 * np.eye(32)).all()


def test_a_fraction_names_together_what_it_cannot_tell_apart():
    half = 2 * factorial(5, resolution=5) - 1
    assert half.shape == (16, 5)
    told = contrasts(half, NAMES)
    assert len(told) == 15
    assert all(len(aliases) == 2 for aliases in told)
    assert sum(" x " not in aliases[0] for aliases in told) == 5
    quarter = contrasts(2 * factorial(5, resolution=3) - 1, NAMES)
    assert any(" x " not in aliases[0] and aliases[1].count(" x ") == 1 for aliases in quarter)


@pytest.mark.parametrize("resolution", [2, 6])
def test_a_fraction_that_does_not_exist_is_refused(resolution):
    with pytest.raises(ValueError, match=f"found {resolution}"):
        factorial(5, resolution)


def test_effects_are_the_known_coefficients(mixed):
    frame = effects_frame(mixed, MEASURE)
    for name, b in zip(NAMES, SINGLE, strict=True):
        row = at(frame, "effect", name)
        assert row["mean"] == pytest.approx(2 * b, abs=0.02)
        assert row["high"] - row["low"] < 0.1, "luck of standard deviation 5 is shared and drops out"
        assert row["all_low"] < row["low"]
    assert at(frame, "interaction", "impact x easy_access")["mean"] == pytest.approx(2 * TOGETHER, abs=0.02)
    others = frame[(frame["kind"] == "interaction") & (frame["what"] != "impact x easy_access")]
    assert len(others) == 25
    assert np.abs(others["mean"]).max() < 0.03
    assert set(frame["n"]) == {4}


def test_whole_parts_half_and_what_is_left_out_follow_from_the_coefficients(mixed):
    frame = effects_frame(mixed, MEASURE)
    # in units of -1 and 1 the response at all low is b0 - sum(b) + c, at all high b0 + sum(b) + c
    assert at(frame, "whole")["mean"] == pytest.approx(2 * sum(SINGLE), abs=0.05)
    # switching on one of the two that act together also costs 2 c: so do both
    parts = 2 * sum(SINGLE) - 4 * TOGETHER
    assert at(frame, "sum_of_parts")["mean"] == pytest.approx(parts, abs=0.1)
    assert at(frame, "synergy")["mean"] == pytest.approx(4 * TOGETHER, abs=0.1)
    assert at(frame, "half")["mean"] == pytest.approx(sum(SINGLE) - TOGETHER, abs=0.05)
    assert at(frame, "curvature")["mean"] == pytest.approx(-TOGETHER, abs=0.05)
    assert at(frame, "alone", "impact")["mean"] == pytest.approx(2 * SINGLE[0] - 2 * TOGETHER, abs=0.05)
    assert at(frame, "left_out", "impact")["mean"] == pytest.approx(2 * SINGLE[0] + 2 * TOGETHER, abs=0.05)
    words = " ".join(in_words(frame, MEASURE))
    assert "More than the sum of its parts" in words
    assert "Half a change is better than none" in words
    assert "No clear loss if left out of everything: place_based" in words


def test_what_everything_is_better_without_is_told_with_its_size_and_not_if_it_shows_as_nought():
    about = known(MEASURE)
    row = {"kind": "left_out", "includes_no_difference": False, "worth": -1.0, "n": 5}
    harm = {**row, "what": "impact", "mean": -0.2, "low": -0.3, "high": -0.1}
    nothing = {**row, "what": "information", "mean": -1e-9, "low": -2e-9, "high": -1e-10}
    words = in_words(pd.DataFrame([harm, nothing]), MEASURE)
    size = f"with it {about.difference_text(-0.2)} [{about.difference_text(-0.3).removesuffix(' pp')} to"
    assert any(line.startswith("Everything is better without: impact (" + size) for line in words), words
    assert any(line.startswith("No clear loss if left out of everything: information") for line in words), (
        words
    )


def test_half_a_change_that_is_worse_than_none_is_told(tmp_path):
    stored = swept(tmp_path / "sweep", half_is_worse, PICK)
    words = " ".join(analyse(stored, [MEASURE]).words)
    assert "Half a change is worse than none" in words
    assert "More than the sum of its parts" in words


def test_where_less_is_better_the_words_turn_round():
    signs = np.vstack([2 * factorial(2) - 1, np.zeros(2)])
    random = np.random.default_rng(1)
    # weeks of waiting: each part alone takes 5 off, both together 15, half of both 4 on top
    values = (
        np.array([20, 15, 15, 5, 24])[:, None] + random.normal(size=8) + 0.01 * random.normal(size=(5, 8))
    )
    frame = pd.DataFrame(effects(values, signs, ["a", "b"]))
    frame["worth"] = -frame["mean"]
    words = " ".join(in_words(frame, "recorded_wait_median_weeks"))
    assert "More than the sum of its parts" in words
    assert "Half a change is worse than none" in words


def test_differences_that_luck_explains_are_not_called_differences():
    signs = np.vstack([2 * factorial(2) - 1, np.zeros(2)])
    values = np.random.default_rng(2).normal(size=(5, 10))
    frame = pd.DataFrame(effects(values, signs, ["a", "b"]))
    frame["worth"] = frame["mean"]
    words = in_words(frame, MEASURE)
    assert words[0].startswith("No clear difference between the whole and the sum of its parts")
    assert words[1].startswith("No clear difference between half a change and none")


def test_intervals_of_effects_hold_the_truth_in_95_of_100_sweeps():
    signs = 2 * factorial(3) - 1
    random = np.random.default_rng(3)
    held = []
    for _ in range(800):
        values = (
            MEAN + signs @ np.array([1.0, 0, 0])[:, None] + random.normal(size=(8, 6)) + random.normal(size=6)
        )
        row = effects(values, signs, ["a", "b", "c"])[0]
        held.append(row["low"] <= 2.0 <= row["high"])
    assert 0.93 < np.mean(held) < 0.97  # binomial standard error 0.008


def test_from_a_fraction_the_sum_of_the_parts_is_not_told(tmp_path):
    stored = swept(tmp_path / "sweep", response, [*PICK, "replications=2"], resolution="5", centre="false")
    found = analyse(stored, [MEASURE])
    assert "cannot be told from a fraction" in " ".join(found.words)
    frame = found.tables["effects"]
    assert frame[frame["what"].str.startswith("information")].iloc[0]["mean"] == pytest.approx(4, abs=0.05)


def test_a_failed_run_is_never_taken_for_nought(tmp_path):
    folder = tmp_path / "sweep"
    stored = swept(folder, partial(with_a_failure, response), PICK)
    with pytest.raises(InputError, match=r"1 of 132 runs failed .* --retry-failed"):
        effects_frame(stored, MEASURE)
    frame = effects_frame(stored_sweep(folder, without_failed=True), MEASURE)
    assert set(frame["n"]) == {3}, "its replication is left out at every point"
    assert at(frame, "effect", "information")["mean"] == pytest.approx(4.0, abs=0.05)


def test_the_command_prints_the_answer_and_keeps_the_tables(capsys, mixed):
    assert main(["analyse", str(mixed.folder)]) == 0
    out, _ = capsys.readouterr()
    assert "More than the sum of its parts" in out
    kept = pd.read_parquet(mixed.folder / "effects.parquet")
    assert len(kept) == 31 + 5 + 5 + 5
    assert len(pd.read_csv(mixed.folder / "effects.csv")) == len(kept)
    assert "More than the sum" in (mixed.folder / "analysis.txt").read_text()
    assert (
        main(
            [
                "results",
                "export",
                str(mixed.folder),
                "--to",
                str(mixed.folder.parent / "e.csv"),
                "--table",
                "effects",
            ]
        )
        == 0
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "takes one folder, found 0"),
        (["{folder}", "measure=reach_shar"], "did you mean 'reach_share'?"),
        (["nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_analysed_is_told(capsys, mixed, words, sentence):
    assert main(["analyse", *(w.format(folder=mixed.folder) for w in words)]) == 2
    assert sentence in capsys.readouterr()[1]


@pytest.mark.parametrize(
    ("overrides", "words", "sentence"),
    [
        (["system=blend"], {"design": "factorial"}, "design=factorial: no range to draw from"),
        (
            [f"{DIALS[0]}=0..1", f"{DIALS[1]}=0..1"],
            {"design": "factorial", "resolution": "3"},
            "leave it out",
        ),
        ([f"{DIALS[0]}=0..1"], {"design": "lhs", "points": "4", "centre": "true"}, "is for design=factorial"),
        ([f"{DIALS[0]}=0..1"], {"design": "saltelli", "points": "5"}, "nearest are 4 and 8"),
        ([], {"design": "psa"}, "design=psa: needs points=NUMBER"),
    ],
)
def test_designs_that_do_not_fit_are_told(overrides, words, sentence):
    with pytest.raises(InputError) as caught:
        plan_sweep([*SMALL, *overrides], words)
    assert sentence in " ".join(caught.value.problems)
