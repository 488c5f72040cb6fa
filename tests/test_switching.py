"""Switching values and frontiers are those of a response that is known, with how sure they are, and never made up."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from analytic import DIALS, LOSS, MEASURE, crossing, measured, planned, swept, system_of, with_a_failure

from experiments.cli import main
from experiments.running.pool import in_common
from experiments.sensitivity.analyse import analyse
from experiments.sensitivity.preference_map import map_frames
from experiments.sensitivity.preferred import preferred, rival
from experiments.sensitivity.switch_command import evaluator, switch
from experiments.sensitivity.switching import Side, bracket, look, switching_frames
from experiments.sweeps.plan import plan_sweep
from experiments.sweeps.stored import stored_sweep
from sim.errors import InputError

BOTH = "system=gatekept,balanced"
EASY, CONTINUUM, INFORMATION = DIALS[1], DIALS[3], DIALS[4]
SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5"]


def switched(folder, function, overrides, measure=MEASURE):
    stored = swept(folder, function, overrides, design="one_at_a_time", measures=measure)
    plan = planned(overrides, design="one_at_a_time", measures=measure)
    return switch(stored, plan, measure, function)


# ----------------------------------------------------------------------------------- one at a time


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Balanced is ahead by 0.6 - 2 (easy - 0.5) + (continuum - 0.5), with luck of its own; the base of every dial in the
    configuration of ``gatekept`` is 0, where the made-up runs take 0.5 for what is not set."""
    ranges = [f"{EASY}=0.2..1", f"{CONTINUUM}=0.1..1", f"{INFORMATION}=0.1..1"]
    return switched(tmp_path_factory.mktemp("s") / "s", crossing, [BOTH, *ranges, "replications=8"])


def test_the_switching_value_is_where_the_plans_are_level(found):
    frame = found.tables["switching"].set_index("key")
    row = frame.loc[EASY]
    luck = np.mean([0.1 * np.random.default_rng([s, 7]).normal() for s in seeds()])
    assert (row["found"], row["preferred"], row["switches_to"]) == ("switches", "balanced", "gatekept")
    # level at 0.8, but for the mean luck of these replications: 0.6 - 2 (x - 0.5) + luck = 0
    assert row["switching_value"] == pytest.approx(0.8 + luck / 2, abs=1e-9)
    assert row["switching_value"] == pytest.approx(0.8, abs=0.05)


def seeds() -> list[int]:
    from experiments.running.replicate import replication_seed

    return [replication_seed(1, r) for r in range(8)]


def test_beside_it_stand_the_nearest_values_at_which_the_difference_is_clear(found):
    row = found.tables["switching"].set_index("key").loc[EASY]
    assert row["clear_before"] < row["switching_value"] < row["clear_beyond"]
    # the interval of the luck is about 0.08 either way: 0.04 of the dial
    assert row["clear_beyond"] - row["clear_before"] < 0.25
    looked_at = found.tables["switching_runs"]
    near = looked_at[(looked_at["key"] == EASY) & ~looked_at["clear"]]["value"]
    assert ((near > row["clear_before"]) & (near < row["clear_beyond"])).all()


def test_an_assumption_that_cannot_change_the_choice_has_none_within_its_range(found):
    frame = found.tables["switching"].set_index("key")
    for key in (CONTINUUM, INFORMATION):
        assert frame.loc[key, "found"] == "none within its range"
        assert math.isnan(frame.loc[key, "switching_value"])
        assert "both ends looked at" in frame.loc[key, "in_words"]
    assert found.tables["switching"]["found"].iloc[0] == "switches"
    words = " ".join(found.words)
    assert "balanced is preferred with every number as it is" in words
    assert "1 numbers change that within their range; 2 do not" in words


def test_where_less_is_better_the_preference_turns_round(tmp_path):
    found = switched(tmp_path / "s", crossing, [BOTH, f"{EASY}=0.2..1", "replications=4"], LOSS)
    row = found.tables["switching"].iloc[0]
    assert (row["preferred"], row["switches_to"]) == ("gatekept", "balanced")
    assert row["switching_value"] == pytest.approx(0.8, abs=0.1)


def unclear(run):
    """Two plans that differ by luck of their own only."""
    own = float(np.random.default_rng([run.seed, 8]).normal())
    return measured(own if system_of(run) == "balanced" else 0.0)


def test_a_preference_that_luck_explains_is_told_as_not_clear(tmp_path):
    found = switched(tmp_path / "s", unclear, [BOTH, f"{EASY}=0..1", "replications=4"])
    assert not found.tables["switching"]["preferred_clear"].any()
    assert "but not clearly" in found.words[0]


def test_an_end_that_failed_is_not_known_and_not_none(tmp_path):
    found = switched(
        tmp_path / "s", partial(with_a_failure, crossing), [BOTH, f"{CONTINUUM}=0.1..1", "replications=1"]
    )
    row = found.tables["switching"].iloc[0]  # point 3 is balanced at the low end
    assert row["found"] == "not known"
    assert "no replication has a value of every plan at 0.1" in row["note"]
    assert "not the same as none" in " ".join(found.words)


def half_way_fails(run):
    """As :func:`crossing`, but nothing between the base and the end can be run."""
    value = in_common().points[run.point].values.get(EASY, 0.5)
    if 0.5 < value < 1.0:
        raise ValueError("cannot be done")
    return crossing(run)


def test_a_way_on_which_runs_fail_is_not_known_and_no_value_is_made_up(tmp_path):
    found = switched(tmp_path / "s", half_way_fails, [BOTH, f"{EASY}=0.2..1", "replications=2"])
    assert found.tables["switching"].iloc[0]["found"] == "not known"
    assert found.tables["switching"]["switching_value"].isna().all()


def test_whole_numbers_are_only_looked_at_where_they_are_whole():
    asked: list[float] = []

    def evaluate(pairs):
        asked.extend(v for _, v in pairs)
        return [np.array([[5.4] * 3, [v] * 3]) for _, v in pairs]

    side = Side(0, 2.0, 10.0, True, {2.0: np.array([[5.4] * 3, [2.0] * 3])})
    look(side, 0, 10.0, np.array([[5.4] * 3, [10.0] * 3]))
    bracket([side], 0, evaluate, 20)
    assert (side.here, side.there) == (5.0, 6.0)
    assert asked == [6.0, 4.0, 5.0]


def test_all_changes_are_closed_in_on_together():
    rounds: list[int] = []

    def evaluate(pairs):
        rounds.append(len(pairs))
        return [np.array([[0.0] * 2, [v - 0.3 - 0.4 * f] * 2]) for f, v in pairs]

    sides = [Side(f, 0.0, 1.0, False, {0.0: np.array([[0.0] * 2, [-1.0] * 2])}) for f in (0, 1)]
    for side in sides:
        look(side, 0, 1.0, evaluate([(side.factor, 1.0)])[0])
    rounds.clear()
    bracket(sides, 0, evaluate, 6)
    assert rounds == [2] * 6
    assert [s.there - s.here for s in sides] == [1 / 64, 1 / 64]


def test_the_plan_ahead_is_told_from_replications_that_all_plans_have():
    worths = np.array([[1.0, 2.0, math.nan], [0.0, 2.5, 100.0], [0.5, 1.0, 0.0]])
    found = preferred(worths)
    assert found is not None
    assert (found.plan, found.next, found.ahead.n) == (0, 1, 2)
    assert found.ahead.mean == 0.25
    other = rival(worths, 0)
    assert other is not None
    assert (other.plan, other.ahead.mean) == (1, -0.25)
    assert preferred(np.full((2, 3), math.nan)) is None


def test_switching_values_need_several_plans(tmp_path):
    stored = swept(tmp_path / "s", crossing, [f"{EASY}=0..1", "replications=1"], design="one_at_a_time")
    with pytest.raises(InputError, match="need design=one_at_a_time and several plans"):
        switching_frames(stored, MEASURE, lambda pairs: [])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["system=gatekept"], "several plans to choose from"),
        ([BOTH, "measure=time_share_drop_in"], "no plan is best in it"),
        ([BOTH, "measure=reach_shar"], "did you mean 'reach_share'?"),
        ([BOTH, "evidence.vacancy_shar.value=.."], "no row 'vacancy_shar'; did you mean 'vacancy_share'?"),
    ],
)
def test_what_the_command_cannot_use_is_told(capsys, words, sentence):
    assert main(["switching", *SMALL, *words, f"{EASY}=0..1"]) == 2
    assert sentence in capsys.readouterr()[1]


def test_the_command_simulates_and_keeps_its_tables(capsys, tmp_path):
    words = [BOTH, *SMALL, "evidence.vacancy_share.value=..", "replications=2", f"output={tmp_path}/s"]
    assert main(["switching", *words, "measure=reach_share"]) == 0
    assert "is preferred with every number as it is" in capsys.readouterr()[0]
    frame = pd.read_parquet(tmp_path / "s/switching.parquet")
    assert frame["grade"].iloc[0]
    assert len(pd.read_csv(tmp_path / "s/switching_runs.csv")) >= 4
    # a value between is simulated as a point of a sweep with that value is
    stored = stored_sweep(tmp_path / "s")
    plan = plan_sweep([w for w in words if not w.startswith("output")], {"design": "one_at_a_time"})
    again = evaluator(stored, plan, "reach_share")([(0, stored.settings[1, 0])])[0]
    assert (again == stored.values("reach_share")[1]).all()


# -------------------------------------------------------------------------------------- two at once


def slope(run):
    """Balanced is ahead where easy access + continuum > 1.1; without luck of its own."""
    values = in_common().points[run.point].values
    ahead = values[EASY] + values[CONTINUUM] - 1.1
    return measured(ahead if system_of(run) == "balanced" else 0.0)


GRID = [BOTH, f"{EASY}=0..1:steps=5", f"{CONTINUUM}=0..1:steps=5", "replications=2"]


def test_the_map_says_which_plan_is_preferred_in_each_cell_and_the_frontier_is_the_line(tmp_path):
    stored = swept(tmp_path / "s", slope, GRID)
    cells, lines = map_frames(stored, MEASURE)
    assert len(cells) == 25
    assert (cells["preferred"] == np.where(cells["x"] + cells["y"] > 1.1, "balanced", "gatekept")).all()
    assert np.allclose(lines["x"] + lines["y"], 1.1)
    assert set(lines["between"]) == {"gatekept | balanced"}
    assert (lines.groupby("segment").size() == 2).all()
    # the segments hang together, from one edge of the map to the other
    assert (lines["x"].min(), lines["x"].max()) == pytest.approx((0.1, 1.0))
    ends = lines.round(9).value_counts(["x", "y"])
    assert (ends == 1).sum() == 2
    assert set(ends) == {1, 2}


def test_a_cell_that_failed_is_not_known_and_the_frontier_leaves_it_out(tmp_path):
    stored = swept(tmp_path / "s", partial(with_a_failure, slope), [*GRID, "replications=1"])
    cells, lines = map_frames(stored, MEASURE)
    (unknown,) = [row for _, row in cells.iterrows() if row["preferred"] == ""]
    assert math.isnan(unknown["ahead"])
    assert (unknown["x"], unknown["y"]) == (0.0, 0.75)
    assert lines["x"].min() == pytest.approx(0.25), "squares that touch it have no frontier"
    found = analyse(stored, [MEASURE])
    assert "1 cells are not known" in " ".join(found.words)
    assert set(found.tables) == {"map", "frontier"}


def test_where_one_plan_is_preferred_everywhere_there_is_no_frontier(tmp_path):
    stored = swept(
        tmp_path / "s", crossing, [BOTH, f"{DIALS[0]}=0,1", f"{INFORMATION}=0,1", "replications=1"]
    )
    cells, lines = map_frames(stored, MEASURE)
    assert set(cells["preferred"]) == {"balanced"}
    assert len(lines) == 0
    analyse(stored, [MEASURE])


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([f"{EASY}=0,1", f"{CONTINUUM}=0,1"], "nothing to prefer"),
        ([BOTH, f"{EASY}=0,1"], "found 1"),
    ],
)
def test_a_grid_that_is_no_map_is_told(tmp_path, overrides, sentence):
    stored = swept(tmp_path / "s", crossing, [*overrides, "replications=1"])
    with pytest.raises(InputError, match=sentence):
        map_frames(stored, MEASURE)
