"""The best job plans: found where they are known, told with luck that did not choose them, the same when gone on with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from configurations import composed
from stand_ins import (
    failing_in_two_ways,
    with_a_best_plan,
    with_a_best_plan_in_each_locality,
    without_a_measure,
)

from experiments.cli import main
from experiments.planning import evaluations as evaluations_module
from experiments.planning.evaluations import AllFailed, evaluations, reasons
from experiments.planning.job_plan import bands, split_now
from experiments.planning.optimise import Limit, Question, in_words, optimise
from experiments.sweeps.ledger import read_runs
from sim.checking import check
from sim.measures import LABELS

OFFERS = ("drop_in", "therapy")
AIMS = ("impact_mean_change_points", "reach_share")


def ask(folder, limits=(), trials=48):
    config = check({**composed(("system=balanced", "area=example_small")), "workers": 2})
    asked = Question(OFFERS, AIMS, limits, trials, 1)
    now = bands(config, OFFERS)
    with evaluations(folder, {"balanced": config}, {"command": "x"}, ["x"], function=with_a_best_plan) as at:
        plans, chosen = optimise(at, "balanced", 4, now, asked)
    return split_now(now, OFFERS), plans, chosen


def test_the_front_is_found_where_it_is_known_and_the_present_plan_is_tried_first(tmp_path):
    # pretended: impact is best with 30 % of the time for drop-ins, reach with 80 %: the front lies between them
    present, plans, chosen = ask(tmp_path / "s")
    assert plans.loc[0, "share_drop_in"] == present[0]
    on = plans[plans["on_front"]]
    assert on["share_drop_in"].between(0.28, 0.82).all()
    assert on["share_drop_in"].min() < 0.4
    assert on["share_drop_in"].max() > 0.7
    assert list(dict.fromkeys(chosen["plan"])) == [0, *(i for i in on["plan"] if i)]
    fresh = chosen[(chosen["measure"] == "reach_share") & (chosen["plan"] != 0)]
    truth = -((fresh["share_drop_in"] - 0.8) ** 2) + (present[0] - 0.8) ** 2
    assert fresh["difference_mean"].to_numpy() == pytest.approx(truth.to_numpy(), abs=1e-9)
    assert set(read_runs(tmp_path / "s").replication.tolist()) == set(range(8)), (
        "chosen with four, shown with others"
    )
    text = "\n".join(in_words(plans, chosen, Question(OFFERS, AIMS, (), 48, 1), 4))
    assert "48 plans tried" in text
    assert "now" in text


def test_where_localities_differ_each_gets_the_plan_that_suits_it(tmp_path):
    config = check({**composed(("system=balanced", "area=example_small")), "workers": 2})
    asked, where = Question(OFFERS, AIMS[:1], (), 150, 1, by_locality=True), ("North", "East side")
    best_of = with_a_best_plan_in_each_locality
    with evaluations(tmp_path / "s", {"balanced": config}, {"command": "x"}, ["x"], function=best_of) as at:
        plans, chosen = optimise(at, "balanced", 2, bands(config, OFFERS), asked, where)
    one = plans[plans["on_front"]].iloc[0]
    assert one["share_North_drop_in"] == pytest.approx(0.2, abs=0.1)
    assert one["share_East side_drop_in"] == pytest.approx(0.7, abs=0.1)
    text = "\n".join(in_words(plans, chosen, asked, 2))
    assert f"{one['share_North_drop_in']:.0%}" in text
    assert "East side" in text


def test_a_limit_cuts_the_front_and_one_that_cannot_be_kept_is_told(tmp_path):
    limit = Limit("reach_share", False, 0.5 - 0.2**2)  # luck is 0.5 in the mean of the runs that choose
    _, plans, _ = ask(tmp_path / "s", (limit,))
    on = plans[plans["on_front"]]
    assert len(on)
    assert (on["reach_share"] >= limit.value).all()
    assert (plans["allowed"] == (plans["reach_share"] >= limit.value)).all()
    never = (Limit("reach_share", False, 99.0),)
    _, plans, chosen = ask(tmp_path / "never", never, 8)
    assert not plans["on_front"].any()
    assert (
        "No plan tried keeps all limits" in in_words(plans, chosen, Question(OFFERS, AIMS, never, 8, 1), 4)[1]
    )


def test_a_search_goes_on_from_memory_and_comes_to_the_same_end(tmp_path):
    ask(tmp_path / "s", trials=16)
    before = len(read_runs(tmp_path / "s").point)
    _, plans, chosen = ask(tmp_path / "s", trials=48)
    _, plans_at_once, chosen_at_once = ask(tmp_path / "t", trials=48)
    pd.testing.assert_frame_equal(plans, plans_at_once, check_exact=True)
    pd.testing.assert_frame_equal(chosen, chosen_at_once, check_exact=True)
    assert before < len(read_runs(tmp_path / "s").point)


def test_of_a_gap_the_size_counts():
    gap = next(name for name, measure in LABELS.items() if measure.group == "equity")
    limit = Limit(gap, True, 0.1)
    assert limit.over(-0.3) == limit.over(0.3) == pytest.approx(0.2)
    assert Limit("reach_share", False, 0.5).over(0.7) == pytest.approx(-0.2)
    assert np.isnan(limit.over(float("nan")))


def ask_for_what_is_not_there(folder, function, trials):
    config = check({**composed(("system=balanced", "area=example_small")), "workers": 2})
    asked = Question(OFFERS, AIMS, (Limit("recorded_wait_median_weeks", True, 18.0),), trials, 1)
    how = {"function": function, "required": (*AIMS, "recorded_wait_median_weeks")}
    with evaluations(folder, {"balanced": config}, {"command": "x"}, ["x"], **how) as at:
        return optimise(at, "balanced", 10, bands(config, OFFERS), asked)


def test_a_search_that_cannot_succeed_stops_early_and_says_why(tmp_path, capsys):
    with pytest.raises(AllFailed, match="all failed for the same reason") as first:
        ask_for_what_is_not_there(tmp_path / "s", without_a_measure, 48)
    assert "recorded_wait_median_weeks (no recorded wait)" in str(first.value)
    assert "name another measure" in str(first.value)
    runs = read_runs(tmp_path / "s")
    assert len(runs.point) < 16 * 10 / 2, (
        "about one of each plan of the first batch, not ten, and not 48 plans"
    )
    with pytest.raises(AllFailed):  # the same command again does not need to simulate to know
        ask_for_what_is_not_there(tmp_path / "s", without_a_measure, 48)
    assert len(read_runs(tmp_path / "s").point) == len(runs.point)
    capsys.readouterr()
    assert main(["results", "describe", str(tmp_path / "s")]) == 0
    out = capsys.readouterr().out
    assert f"{len(runs.point)} of {len(runs.point)} runs failed" in out
    assert "NotDefined: recorded_wait_median_weeks: not defined" in out


def test_failures_for_several_reasons_do_not_end_a_search(tmp_path):
    plans, _ = ask_for_what_is_not_there(tmp_path / "s", failing_in_two_ways, 2)
    assert plans["failed"].all()
    assert len(read_runs(tmp_path / "s").point) == 2 * 10 + 10  # the present plan again, with other luck


def test_the_commonest_reasons_of_failure_are_counted_without_their_numbers():
    errors = [None, "E: took 3 days", "E: took 4.5 days", "F", None]
    assert reasons(errors) == ["3 of 5 runs failed:", "  2 x E: took 3 days", "  1 x F"]
    assert reasons([None]) == []


@pytest.mark.parametrize("command", ["optimise", "staff-for"])
def test_a_command_that_gives_up_says_so_with_status_1(tmp_path, capsys, monkeypatch, command):
    def give_up(self, asked, replications):
        raise AllFailed("stopped: the reason")

    monkeypatch.setattr(evaluations_module.Evaluations, "__call__", give_up)
    words = {
        "optimise": ["vary=drop_in,therapy", "aims=reach_share"],
        "staff-for": ["target=reach_share", "at_least=0.5"],
    }
    common = ["system=balanced", "area=example_small", f"output={tmp_path / 's'}"]
    assert main([command, *common, *words[command]]) == 1
    assert capsys.readouterr().err == "opendoor: stopped: the reason\n"


def test_a_search_that_is_stopped_says_where_it_goes_on(tmp_path, capsys, monkeypatch):
    def stop(self, asked, replications):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluations_module.Evaluations, "__call__", stop)
    words = ["vary=drop_in,therapy", "aims=reach_share", f"output={tmp_path / 's'}"]
    assert main(["optimise", "system=balanced", "area=example_small", *words]) == 130
    assert f"what is done is kept in {tmp_path / 's'}; the same command goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        ([], ["needs vary=OFFER,OFFER", "needs aims=MEASURE"]),
        (
            ["vary=drop_in,therapy", "aims=reach_shar", "limits=reach_share<0.5", "trials=0"],
            ["did you mean 'reach_share'?", "must be MEASURE<=NUMBER", "trials=0: must be a whole number"],
        ),
        (["vary=drop_in,theraphy", "aims=reach_share"], ["has time for 'theraphy'"]),
        (["vary=drop_in,therapy", "aims=reach_share", "by=ward"], ["by=ward: must be area or locality"]),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_all_its_problems(capsys, words, sentences):
    assert main(["optimise", "system=balanced", "area=example_small", *words]) == 2
    err = capsys.readouterr().err
    for sentence in sentences:
        assert sentence in err
