"""An experiment keeps the plans that are compared as a file; compare prints and stores what each change did."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli import main
from experiments.comparing import compare
from experiments.composing.compose import compose, load_config, load_plans
from experiments.composing.scenarios import plans_of
from sim.dictionary import TABLES_OF_A_CHANGE
from sim.errors import InputError
from sim.measures.change import MEASURES

BOARD = "experiment=big_bang_vs_parallel"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's own folder with an experiment of two plans in the small area."""
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "ours.yaml").write_text(
        """\
# @package _global_
defaults:
  - override /area: example_small
  - override /system: gatekept
history_years: 0.5
horizon_years: 0.5
replications: 2
workers: 1
compare:
  plans:
    stay_put: [transition=none]
    invite_all: [transition=big_bang, transition.waiting=invite]
"""
    )
    return tmp_path / "mine"


def test_the_boards_set_has_every_way_to_change_from_one_system_and_staying_put_first():
    plans = load_plans([BOARD])
    assert next(iter(plans)) == "stay_put"
    assert {plan.transition.name for plan in plans.values()} == {"none", "big_bang", "phased", "parallel"}
    assert plans["parallel_then_new"].transition.end_week == 104
    assert plans["parallel_for_good"].transition.end_week is None
    assert {plan.system.name for plan in plans.values()} == {"gatekept"}
    assert {plan.area.name for plan in plans.values()} == {"Oldham"}
    stays = plans["stay_put"]
    for plan in plans.values():
        assert plan.model_copy(update={"transition": stays.transition}) == stays


def test_words_that_follow_hold_for_every_plan_and_those_about_a_change_for_every_change():
    plans = load_plans([BOARD, "seed=9", "area=example_small", "transition.waiting=invite"])
    assert {plan.seed for plan in plans.values()} == {9}
    waiting = {name: getattr(plan.transition, "waiting", None) for name, plan in plans.items()}
    assert waiting.pop("stay_put") is None
    assert set(waiting.values()) == {"invite"}


def test_what_the_plans_differ_in_cannot_be_set_for_all():
    with pytest.raises(InputError) as caught:
        load_plans([BOARD, "transition=phased", "transition.end_week=8"])
    assert len(caught.value.problems) == 2
    assert all("the experiment's plans differ in it" in problem for problem in caught.value.problems)


def test_a_problem_of_one_plan_is_told_with_its_name():
    with pytest.raises(InputError, match=re.escape("(plan=parallel_then_new)")):
        load_plans([BOARD, "horizon_years=1"])


def test_an_experiment_without_plans_says_what_to_do():
    with pytest.raises(InputError, match="the experiment names no plans to compare"):
        load_plans(["experiment=staying_put"])


@pytest.mark.parametrize("name", ["pick_and_mix", "small_grid"])
def test_an_experiment_that_is_a_sweep_is_not_compared_but_swept(name):
    with pytest.raises(InputError, match=f"this is a sweep: opendoor sweep experiment={name}"):
        load_plans([f"experiment={name}", "area=example_small"])


def test_a_run_of_the_experiment_is_one_of_its_configurations():
    assert "compare" not in compose([BOARD])
    assert load_config([BOARD]).transition.name == "none"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([1], "compare = [1]: must be {plans:"),
        ({"plans": {"one": ["seed=1"]}}, "compare.plans: has 1 entries; at least 2"),
        ({"plans": {"a": ["seed=1"], "b": "seed=2"}}, "compare.plans.b = 'seed=2': must be a list of words"),
        ({"plans": {"a": ["seed=1"], "b/c": ["seed=2"]}}, "compare.plans.b/c: a plan's name has letters"),
        ({"plans": {"a": ["seed=1"], "b": ["seed"]}}, "compare.plans.b: 'seed': must be a word like"),
        (
            {"plans": {"a": [], "b": ["experiment=x"]}},
            "compare.plans.b: 'experiment=x': cannot be changed by a plan",
        ),
        ({"plans": {"a": [], "b": []}, "plan": 1}, "compare.plan: unknown key; known keys: plans"),
    ],
)
def test_plans_that_cannot_be_read_are_refused_with_their_key(found, sentence):
    with pytest.raises(InputError) as caught:
        plans_of(found)
    assert any(sentence in problem for problem in caught.value.problems), caught.value.problems


SMALL = ("area=example_small", "history_years=0.5", "horizon_years=1", "replications=1", "workers=1")
LISTED = ("transition.order=listed", "transition.listed=[[Smallbridge East],[Smallbrige West]]")


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (  # of the wrong kind, out of range, too late and impossible: in one go
            [
                "transition=none,parallel",
                *("transition.start_week=-1", "transition.to_share=1.2", "transition.habit=7"),
                *("transition.end_week=900", "transition.learning_rate=0"),
            ],
            [
                "transition.start_week = -1: allowed is 0 to 1040 (weeks) (transition=parallel)",
                "transition.habit = 7: allowed is 0 to 1 (share) (transition=parallel)",
                "transition.to_share = 1.2: allowed is 0 to 1 (share) (transition=parallel)",
                "transition: start_week, ramp_weeks, end_week make a plan of 899 weeks; allowed is below the horizon's "
                "52 weeks (transition=parallel)",
                "transition.learning_rate = 0: allowed is above 0, up to 1 (transition=parallel)",
            ],
        ),
        (  # places are looked up in the area: with what is wrong besides ...
            ["transition=none,phased", *LISTED, "transition.siblings=2"],
            [
                "transition.siblings = 2: allowed is 0 to 1 (share) (transition=phased)",
                "transition.listed[1] = 'Smallbrige West': no locality or place of that name; did you mean "
                "'Smallbridge West'? (transition=phased)",
            ],
        ),
        (  # ... or alone; and before anything is simulated, also of a plan that is not the first
            ["transition=none,phased", "transition.order=listed", "transition.listed=[[Smallbridge East]]"],
            [
                "transition.listed: 6 of 13 places are in no group (",
                "every place must be in one (plan=phased)",
            ],
        ),
        (
            ["transition=none,phased", "transition.order=by_locality", "transition.gap_weeks=60"],
            ["make a plan of 68 weeks; allowed is below the horizon's 52 weeks (plan=phased)"],
        ),
    ],
)
@pytest.mark.parametrize("command", ["compare", "journey"])
def test_a_plan_that_makes_no_sense_is_refused_all_at_once_before_anything_is_simulated(
    command, words, sentences, tmp_path, capsys
):
    assert main([command, *words, *SMALL, f"output={tmp_path / 'out'}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Simulating" not in told.err
    for sentence in sentences:
        assert sentence in told.err
    assert len(told.err.splitlines()) == max(1, sum(s.startswith("transition") for s in sentences))
    assert not (tmp_path / "out").exists()


def test_compare_prints_and_stores_what_the_change_did(mine, tmp_path, capsys):
    folder = tmp_path / "out"
    assert compare.run(["experiment=ours", f"output={folder}"], str(mine)) == 0
    printed = capsys.readouterr().out
    assert "What the change itself did, against stay_put" in printed
    text = (folder / "change.txt").read_text()
    assert text.strip().splitlines()[0] in printed
    for name, columns in TABLES_OF_A_CHANGE.items():
        found = pd.read_parquet(folder / f"{name}.parquet")
        assert list(found.columns) == [c.name for c in columns]
        assert (folder / f"{name}.csv").is_file()
        assert set(found["plan"]) == {"invite_all"}
        assert len(found) > (3 if name == "change_by_year" else 20)
    found = pd.read_parquet(folder / "change.parquet")
    assert list(found["measure"]) == list(MEASURES)
    assert set(found["replications"]) == {2}
    dictionary = pd.read_parquet(folder / "dictionary.parquet")
    assert {"gains", *TABLES_OF_A_CHANGE, "change.measure"} <= set(dictionary["table"])
    assert (folder / "runs" / "invite_all" / "replication-000" / "gains.parquet").is_file()


def test_systems_that_have_always_been_in_place_have_no_table_of_a_change(tmp_path, capsys):
    folder = tmp_path / "out"
    short = ["area=example_small", "history_years=0.1", "horizon_years=0.1", "replications=1", "workers=1"]
    assert compare.run(["system=gatekept,balanced", *short, f"output={folder}"]) == 0
    assert "What the change itself did" not in capsys.readouterr().out
    assert not list(folder.glob("change*"))
