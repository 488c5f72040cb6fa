"""Intervals hold the truth as often as they say, replications stop when the answer is sharp enough, and the best of
several plans is found as often as promised: all on made-up numbers whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from experiments.certainty.best import read_words
from experiments.certainty.bootstrap import bootstrap_estimate, paired_bootstrap
from experiments.certainty.precision import Precision, read_precision, until_precise, widest
from experiments.certainty.selection import kn
from experiments.certainty.simultaneous import bonferroni_quantile, intervals_frame, max_t_quantile
from experiments.certainty.spin_up import mser5, spin_up_frame
from experiments.certainty.statistics import t_quantile
from experiments.cli import main
from experiments.comparing.compare import warnings_told_once
from experiments.running.replicate import Replications, joined
from experiments.sensitivity.preference import worth
from sim.errors import InputError

MEASURE = "reach_share"


# ------------------------------------------------------------------------------------------ bootstrap


def test_the_percentile_interval_is_made_of_quantiles_of_redrawn_means():
    # two values: a redraw of two has mean 0, 1/2 or 1 with chances 1/4, 1/2, 1/4
    found = bootstrap_estimate(np.array([0.0, 1.0]), method="percentile")
    assert (found.low, found.mean, found.high) == (0.0, 0.5, 1.0)


def test_the_bca_interval_agrees_with_scipys():
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).exponential(1.0, 25)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=1).confidence_interval
    ours = bootstrap_estimate(values, redraws=20_000)
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05 * width)


def test_the_same_seed_gives_the_same_interval_and_shared_luck_drops_out():
    random = np.random.default_rng(1)
    before, luck = random.normal(size=20), random.normal(size=20) * 1000
    after = before + random.normal(1.0, 0.1, 20)
    plain, lucky = paired_bootstrap(before, after, 7), paired_bootstrap(before + luck, after + luck, 7)
    assert (lucky.low, lucky.high) == pytest.approx((plain.low, plain.high), abs=1e-9)
    assert paired_bootstrap(before, after, 7) == plain
    assert paired_bootstrap(before, after, 8) != plain


def test_the_bootstrap_interval_of_thirty_replications_holds_the_truth_in_about_95_of_100():
    random = np.random.default_rng(4)
    held = [
        e.low <= 2.0 <= e.high
        for e in (bootstrap_estimate(random.normal(2.0, 1.0, 30), redraws=1000) for _ in range(1500))
    ]
    # n = 30 costs a bootstrap about one and a half points; binomial standard error 0.006
    assert 0.915 < np.mean(held) < 0.965


def test_a_bootstrap_of_too_few_or_equal_values_says_so():
    assert math.isnan(bootstrap_estimate(np.array([3.0, math.nan])).low)
    same = bootstrap_estimate(np.full(5, 0.1))
    assert (same.low, same.mean, same.high, same.sd) == (0.1, 0.1, 0.1, 0.0)


# --------------------------------------------------------------------------------------- simultaneous


def test_one_comparison_needs_no_allowance():
    assert bonferroni_quantile(1, 20) == pytest.approx(t_quantile(19))
    assert max_t_quantile(np.random.default_rng(1).normal(size=(20, 1))) == pytest.approx(t_quantile(19))


def test_comparisons_that_say_the_same_need_no_allowance_either():
    one = np.random.default_rng(2).normal(size=20)
    assert max_t_quantile(np.column_stack([one, 2 * one, -one])) == pytest.approx(t_quantile(19), rel=0.03)


def test_a_difference_that_is_the_same_in_every_replication_counts_for_nothing():
    varying = np.random.default_rng(1).normal(size=(20, 2))
    # 0.1 is no binary number: the mean of twenty of them is not quite 0.1
    constant = np.full((20, 1), 0.1)
    assert max_t_quantile(np.hstack([varying, constant])) == max_t_quantile(varying)
    assert np.isnan(max_t_quantile(constant))


def test_all_pairs_of_five_systems_hold_together_in_95_of_100_experiments(monkeypatch):
    monkeypatch.setattr("experiments.certainty.simultaneous.EXPERIMENTS", 1000)  # as many as is enough here
    no_bootstrap = bootstrap_estimate(np.array([0.0, 1.0]))  # its intervals are not looked at
    monkeypatch.setattr("experiments.certainty.simultaneous.paired_bootstrap", lambda *values: no_bootstrap)
    random = np.random.default_rng(6)
    truth = np.array([0.0, 0.5, 1.0, 1.0, 3.0])
    spread = np.array([1.0, 1.0, 2.0, 0.5, 1.0])
    together = single = 0
    experiments = 400
    for _ in range(experiments):
        luck = random.normal(size=(15, 1)) * 5
        values = truth + luck + random.normal(size=(15, 5)) * spread
        frame = intervals_frame({str(i): {MEASURE: values[:, i]} for i in range(5)}, [MEASURE])
        true = truth[frame["other"].astype(int)] - truth[frame["reference"].astype(int)]
        together += ((frame["all_low"] <= true) & (true <= frame["all_high"])).all()
        single += ((frame["low"] <= true) & (true <= frame["high"])).all()
    # binomial standard error 0.011; unequal spreads make the normal model a little conservative or not at all
    assert 0.92 < together / experiments <= 0.99
    assert single / experiments < 0.85, "intervals that hold one by one do not hold together"


def test_max_t_is_never_wider_than_bonferroni_and_narrower_where_luck_is_shared():
    values = np.random.default_rng(8).normal(size=(20, 6))
    pairs = np.column_stack([values[:, j] - values[:, i] for i in range(6) for j in range(i + 1, 6)])
    assert max_t_quantile(pairs) < 0.98 * bonferroni_quantile(15, 20)


def test_a_system_without_a_value_has_no_interval_and_not_nought():
    values = {"a": {MEASURE: np.arange(5.0)}, "b": {MEASURE: np.full(5, np.nan)}}
    row = intervals_frame(values, [MEASURE]).iloc[0]
    assert row["n"] == row["all_n"] == 0
    assert row[["difference", "low", "high", "bootstrap_low", "all_low"]].isna().all()


# ------------------------------------------------------------------------------------------ precision


def batches(sd: float, seed: int, truth: float = 1.0):
    """Replications of two systems that differ by ``truth`` and luck; a replication is the same in any batch."""

    def batch(start: int, count: int) -> Replications:
        luck = np.array(
            [np.random.default_rng([seed, r]).normal(size=2) for r in range(start, start + count)]
        )
        one = 100 * luck[:, 0]
        summaries = {"a": {MEASURE: one}, "b": {MEASURE: one + truth + sd * luck[:, 1]}}
        return Replications(list(range(start, start + count)), summaries, [], {"a": one, "b": one})

    return batch


def test_replications_go_on_until_the_interval_is_as_narrow_as_asked_for():
    done, reached = until_precise(batches(1.0, 1), 20, 2, Precision(MEASURE, 0.1, 5000))
    assert reached.reached
    assert reached.half_width <= 0.1
    # 1.96 squared x 1 / 0.1 squared = 384, found without overshooting by much
    assert 300 < len(done.replications) < 520
    assert done.replications == list(range(len(done.replications)))
    assert "reached" in reached.in_words


def test_a_cap_that_is_too_low_is_kept_and_told():
    done, reached = until_precise(batches(1.0, 1), 20, 2, Precision(MEASURE, 0.1, 100))
    assert (len(done.replications), reached.reached) == (100, False)
    assert "NOT reached" in reached.in_words
    assert "precision.most=100" in reached.in_words


def test_replications_in_batches_are_those_of_one_batch():
    batch = batches(1.0, 3)
    done, _ = until_precise(batch, 20, 2, Precision(MEASURE, 0.2, 5000))
    at_once = batch(0, len(done.replications))
    assert (done.summaries["b"][MEASURE] == at_once.summaries["b"][MEASURE]).all()


def test_stopping_when_sharp_enough_costs_little_certainty():
    held = []
    for seed in range(1000):
        done, _ = until_precise(batches(1.0, seed), 20, 2, Precision(MEASURE, 0.3, 5000))
        difference = done.summaries["b"][MEASURE] - done.summaries["a"][MEASURE]
        held.append(abs(difference.mean() - 1.0) <= widest(done, MEASURE))
    assert 0.925 < np.mean(held) < 0.97  # binomial standard error 0.007


def test_a_measure_that_is_never_defined_is_never_precise():
    def batch(start: int, count: int) -> Replications:
        nothing = {MEASURE: np.full(count, np.nan)}
        return Replications(list(range(start, start + count)), {"a": nothing, "b": nothing}, [], {})

    _, reached = until_precise(batch, 20, 2, Precision(MEASURE, 0.1, 60))
    assert (reached.reached, reached.replications) == (False, 60)
    assert "not defined" in reached.in_words


def test_a_batch_that_fails_ends_the_sequence_and_keeps_what_there_was():
    good = batches(1.0, 1)

    def batch(start: int, count: int) -> Replications:
        if start:
            raise RuntimeError("replication 20 of system a failed: out of memory")
        return good(start, count)

    done, reached = until_precise(batch, 20, 2, Precision(MEASURE, 0.01, 5000))
    assert (len(done.replications), reached.reached) == (20, False)
    assert done.failures == ["replication 20 of system a failed: out of memory"]
    assert "failed" in reached.in_words


def test_joined_batches_keep_their_pairs():
    one, other = batches(1.0, 1)(0, 3), batches(1.0, 1)(3, 2)
    both = joined(one, other)
    assert both.replications == [0, 1, 2, 3, 4]
    assert both.summaries["a"][MEASURE].tolist() == [
        *one.summaries["a"][MEASURE],
        *other.summaries["a"][MEASURE],
    ]


def test_every_mistake_in_the_words_about_precision_is_told():
    with pytest.raises(InputError) as caught:
        read_precision(
            {"precision.measure": "reach_shar", "precision.half_width": "-1", "precision.most": "5"}, 20
        )
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "precision.measure=reach_shar",
        "precision.half_width=-1",
        "precision.most=5",
    ]
    assert read_precision({}, 20) is None


# ------------------------------------------------------------------------------------------ selection


def normal_plans(means: list[float], sd: float, shared: float, seed: int):
    def draw(plans, first, count):
        out = np.empty((count, len(plans)))
        for row, r in enumerate(range(first, first + count)):
            luck = np.random.default_rng([seed, r]).normal(size=len(means) + 1)
            everything = np.array(means) + shared * luck[0] + sd * luck[1:]
            out[row] = everything[list(plans)]
        return out

    return draw


@pytest.mark.parametrize("shared", [0.0, 3.0])
def test_kn_names_the_best_of_five_at_least_as_often_as_promised(shared):
    # the hardest case: all others exactly one smallest difference behind
    trials = 300
    right = sum(
        kn(normal_plans([0, 0, 0, 0, 0.5], 1.0, shared, seed), 5, 0.5, 10, 2000, 5).best == 4
        for seed in range(trials)
    )
    assert right / trials >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / trials)


def test_kn_drops_far_worse_plans_early_and_needs_fewer_runs_with_shared_luck():
    found = kn(normal_plans([0, 3, 3.2], 1.0, 0.0, 1), 3, 0.2, 10, 5000)
    assert found.decided
    assert found.best == 2
    assert found.used[0] < found.used[2] / 3
    assert found.dropped_after[0] == found.used[0]
    assert found.dropped_after[2] == 0
    apart = kn(normal_plans([0, 0.5], math.hypot(0.3, 3.0), 0.0, 1), 2, 0.5, 10, 5000)
    together = kn(normal_plans([0, 0.5], 0.3, 3.0, 1), 2, 0.5, 10, 5000)
    assert together.used.sum() < apart.used.sum() / 3


def test_kn_says_when_the_cap_came_first_and_does_not_go_beyond_it():
    found = kn(normal_plans([0, 0.0], 5.0, 0.0, 1), 2, 0.1, 10, 40, 7)
    assert not found.decided
    assert found.left == (0, 1)
    assert found.used.tolist() == [40, 40]


def test_decisions_do_not_depend_on_how_many_are_drawn_at_a_time():
    one, seven = (kn(normal_plans([0, 1, 1.3], 1.0, 0.5, 2), 3, 0.2, 10, 3000, b) for b in (1, 7))
    assert (one.best, one.dropped_after) == (seven.best, seven.dropped_after)
    assert one.means.tolist() == seven.means.tolist()


def test_a_replication_without_a_value_counts_for_no_plan_and_not_as_nought():
    plain = normal_plans([10, 10.5], 0.5, 0.0, 3)

    def draw(plans, first, count):
        out = plain(plans, first, count)
        out[(np.arange(first, first + count) % 4 == 1), 0] = np.nan
        return out

    found = kn(draw, 2, 0.3, 12, 4000)
    assert found.best == 1
    assert found.left_out >= 3
    assert found.means == pytest.approx([10, 10.5], abs=0.6)
    with pytest.raises(RuntimeError, match="only 0 have values"):
        kn(lambda p, f, c: np.full((c, len(p)), np.nan), 2, 0.3, 12, 4000)


def test_worth_is_larger_for_what_is_better():
    up, down = np.array([1.0, 2.0]), np.array([-2.0, 1.0])
    assert worth("reach_share", up).argmax() == 1
    assert worth("recorded_wait_median_weeks", up).argmax() == 0
    assert worth("reach_share_gap", down).argmax() == 1
    with pytest.raises(InputError, match="no plan is best in it"):
        worth("time_share_drop_in", up)


def test_every_mistake_in_the_words_about_the_best_is_told():
    with pytest.raises(InputError) as caught:
        read_words({"measure": "time_share_drop_in", "matters": "0", "first": "3"})
    assert len(caught.value.problems) == 3


# -------------------------------------------------------------------------------------------- spin-up


def test_mser_cuts_where_a_start_has_died_away():
    random = np.random.default_rng(5)
    weeks = np.arange(400)
    cut, settled = mser5(100 * (1 - np.exp(-weeks / 20)) + random.normal(size=400))
    assert settled
    assert 50 <= cut <= 150  # 100 e^(-w/20) falls below one standard deviation at week 92


def test_a_list_that_keeps_growing_has_not_settled_and_neither_has_a_short_one():
    assert not mser5(np.arange(300.0))[1]
    assert not mser5(np.full(49, 10.0))[1]
    assert mser5(np.full(60, 10.0)) == (0, True)


class History:
    history_years = 2.0


def test_a_history_that_is_too_short_is_told_with_what_to_do(tmp_path):
    for system, size in (
        ("growing", np.arange(300)),
        ("steady", np.full(300, 5)),
        ("without", np.zeros(300)),
    ):
        folder = tmp_path / system / "replication-000"
        folder.mkdir(parents=True)
        pd.DataFrame({"week": np.arange(300), "size": size}).to_parquet(folder / "waiting.parquet")
    frame = spin_up_frame(tmp_path, dict.fromkeys(("growing", "steady", "without", "absent"), History()))  # type: ignore[arg-type]
    assert dict(zip(frame["system"], frame["settled"], strict=True)) == {
        "growing": False,
        "steady": True,
        "without": True,
    }
    assert frame["history_weeks"].tolist() == [104] * 3
    assert frame["mean_before_decision"].tolist() == [101, 5, 0]
    assert "history_years=4" in frame["in_words"][0]
    assert frame["in_words"].tolist()[1:] == ["", ""]


# ------------------------------------------------------------------------------------------- commands

SMALL = [
    "area=referral_stream",
    "needs=plain",
    "workforce=one_team",
    "calendar=every_day",
    "history_years=0.5",
]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "mine/system").mkdir(parents=True)
    for name, slots in (("quick_list", 33), ("slow_list", 27)):
        (tmp_path / f"mine/system/{name}.yaml").write_text(
            f"defaults: [single_list, _self_]\nname: {name}\nslots_per_week: {slots}\n"
        )
    return ["--config-dir", str(tmp_path / "mine")]


def test_compare_goes_on_to_the_precision_asked_for_and_stores_every_interval(capsys, tmp_path, own):
    words = [
        "system=slow_list,quick_list",
        *SMALL,
        "horizon_years=0.5",
        "replications=2",
        f"output={tmp_path}/out",
    ]
    wanted = [
        "precision.measure=recorded_wait_median_weeks",
        "precision.half_width=0.000001",
        "precision.most=12",
    ]
    assert main(["compare", *words, *wanted, *own]) == 1
    out, err = capsys.readouterr()
    assert "Precision NOT reached" in out
    assert "too short to tell whether waiting lists had settled" in err
    found = pd.read_parquet(tmp_path / "out/intervals.parquet")
    assert found["n"].max() == 12
    assert pd.read_parquet(tmp_path / "out/summaries.parquet")["replication"].nunique() == 12
    assert (tmp_path / "out/spin_up.csv").is_file()


def test_the_command_best_names_the_quicker_of_two_lists_and_keeps_what_it_simulated(capsys, tmp_path, own):
    words = ["system=slow_list,quick_list", *SMALL, "horizon_years=0.5", f"output={tmp_path}/out"]
    status = main(["best", *words, "measure=recorded_wait_median_weeks", "matters=0.5", "first=10", *own])
    out, _ = capsys.readouterr()
    assert status == 0
    assert "quick_list, with at least 95 % certainty" in out
    frame = pd.read_parquet(tmp_path / "out/selection.parquet")
    assert frame.set_index("system")["chosen"].to_dict() == {"slow_list": False, "quick_list": True}
    assert len(pd.read_parquet(tmp_path / "out/summaries.parquet")) == frame["replications"].sum()
    assert main(["results", "describe", f"{tmp_path}/out"]) == 0
    assert "Best in" in capsys.readouterr()[0]


def test_a_warning_that_holds_for_several_systems_is_told_once():
    settled = pd.DataFrame(
        {"system": ["a", "b", "c"], "in_words": ["a: still changing", "b: still changing", ""]}
    )
    assert warnings_told_once(settled) == ["a, b: still changing"]
