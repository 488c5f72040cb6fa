"""What a change itself did: known courses give known answers, no change gives nothing, groups add up to everybody."""

from __future__ import annotations

import dataclasses
import math
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pytest
from build import FREE, make_config, plan_to
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from experiments.certainty.statistics import estimate, estimates
from experiments.comparing.change import (
    Changes,
    are_ways_to_change,
    by_group_frame,
    by_week_frame,
    by_year_frame,
    change_frame,
    with_gains,
)
from experiments.comparing.change_page import cell, change_page, change_table, places_told
from experiments.running.replicate import replicate
from experiments.screen import as_text
from sim import simulate
from sim.config import Config
from sim.dictionary import TABLES_OF_A_CHANGE
from sim.measures.change import (
    BY_GROUP,
    BY_YEAR,
    DISRUPTION,
    MEASURES,
    SUMS,
    change_of,
    disruption,
    fading,
    in_stretches,
    timing,
    worst,
    year_ends,
)
from sim.measures.course import CHANGE_LINES, Course, course_of
from sim.measures.resources import staff_pounds
from sim.system import LEDGER_LINES

LENGTH = {"history_years": 0.5, "horizon_years": 0.75}
WEEKS = 12


def course(**given_values: Any) -> Course:
    """Twelve weeks of two localities and six children, looked at every four weeks; flat unless told otherwise."""
    flat = {
        "first_contacts": np.full(WEEKS, 50.0),
        "first_useful": np.full(WEEKS, 40.0),
        "contacts": np.full(WEEKS, 200.0),
        "list_over_18_weeks": np.full(WEEKS, 100.0),
        "duplicate_contacts": np.zeros(WEEKS),
        "pounds_change": np.zeros(WEEKS),
        "pounds_running": np.full(WEEKS, 1000.0),
        **{f"hours_{line}": np.full(WEEKS, 10.0) for line in LEDGER_LINES},
    }
    values: dict[str, Any] = {
        "weekly": {**flat, **given_values.pop("weekly", {})},
        "gains_week": np.array([4, 8, 12]),
        "years": np.zeros((3, 2, 5)),
        "points": np.full((3, 2, 5), 10.0),
        "child_years": np.zeros(6),
        "child_locality": np.array([0, 0, 0, 1, 1, 1]),
        "child_quintile": np.array([0, 0, 1, 2, 4, 4]),
        "child_place": np.array([0, 0, 1, 2, 2, -1]),
        "children": "the same",
        "change_hours": np.zeros(2),
        "localities": ("North", "South"),
        "places": ("hub", "school", "nursery", "nobody's"),
        **given_values,
    }
    return Course(**values)


def ahead_by(*total: float) -> dict[str, np.ndarray]:
    """Cumulative point-years in all, put on one group."""
    years = np.zeros((3, 2, 5))
    years[:, 1, 3] = total
    return {"years": years}


# ---------------------------------------------------------------------------------- known courses


def numbers(stay: Course, plan: Course, step: float = 0.5) -> dict[str, float]:
    return change_of(stay, plan, step).numbers


def test_a_course_set_against_itself_did_nothing():
    found = numbers(course(), course())
    undefined = {"lowest_week", "worst_week", "fading_point_years"}  # twelve weeks are not three years
    assert {name for name, value in found.items() if math.isnan(value)} == undefined
    assert found.pop("broke_even") == 1.0
    assert {value for name, value in found.items() if name not in undefined} == {0.0}


@pytest.mark.parametrize(
    ("ahead", "even", "lowest", "when"),
    [
        ((-3.0, 1.0, 2.0), 8.0, -3.0, 4.0),
        ((-1.0, -3.0, 0.0), 12.0, -3.0, 8.0),
        ((1.0, -2.0, 5.0), 12.0, -2.0, 8.0),  # ahead, behind again, ahead for good
        ((1.0, 2.0, 3.0), 0.0, 0.0, math.nan),
        ((1.0, 2.0, -0.5), math.nan, -0.5, 12.0),
        ((0.0, 0.0, 0.0), 0.0, 0.0, math.nan),
    ],
)
def test_break_even_is_when_cumulative_impact_is_never_behind_again(ahead, even, lowest, when):
    found = numbers(course(), course(**ahead_by(*ahead)))
    assert found["point_years"] == ahead[-1]
    np.testing.assert_equal(found["break_even_week"], even)
    np.testing.assert_equal(found["lowest_week"], when)
    assert found["lowest_point_years"] == lowest
    assert found["broke_even"] == (0.0 if math.isnan(even) else 1.0)


def test_the_worst_week_is_when_function_is_furthest_below():
    points = np.full((3, 2, 5), 10.0)
    points[0, 0, 0] -= 1.0
    points[1, 1, 2] -= 4.0
    found = numbers(course(), course(points=points))
    assert (found["worst_week"], found["worst_points"]) == (8.0, -4.0)
    found = numbers(course(points=points), course())
    assert math.isnan(found["worst_week"])
    assert found["worst_points"] == 0.0


def test_children_are_harmed_or_helped_by_a_significant_step_for_a_year():
    child = np.array([-0.5, -0.49, 0.5, 0.6, -2.0, 0.0])
    change = change_of(course(), course(child_years=child), 0.5)
    found = change.numbers
    assert (found["children_harmed"], found["children_helped"]) == (2.0, 2.0)
    assert (found["children_worse"], found["children_better"]) == (3.0, 2.0)
    assert found["point_years_lost"] == pytest.approx(2.99)
    assert found["point_years_won"] == pytest.approx(1.1)
    assert change.by_quintile["children_harmed"].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]
    assert change.by_quintile["children_helped"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert change.by_locality["point_years"] == pytest.approx([-0.49, -1.4])
    assert change.by_locality["harmed_share"] == pytest.approx([1 / 3, 1 / 3])
    assert found["harmed_gap"] == 0.0
    # most deprived fifth: two children, -0.99; least deprived: two children, -2.0
    assert found["point_years_gap"] == pytest.approx(1000 * (-0.99 / 2 + 2.0 / 2))


def weekly(name: str, *values: float) -> dict[str, Any]:
    """A course with other values in the three stretches of four weeks."""
    if name == "points":
        return {"points": np.repeat(np.array(values) / 10, 10).reshape(3, 2, 5)}
    return {"weekly": {name: np.repeat(np.array(values), 4)}}


@pytest.mark.parametrize(
    ("name", "values", "weeks"),
    [
        ("first_contacts", (30, 50, 50), 4),
        ("first_contacts", (48, 50, 50), 0),  # 4 per cent
        ("first_contacts", (46, 50, 50), 0),  # 8 per cent, 16 of 200 contacts: no more than chance
        ("contacts", (180, 180, 200), 8),  # 10 per cent, 80 of 800 contacts: more than chance
        ("contacts", (400, 400, 400), 0),
        ("list_over_18_weeks", (100, 140, 140), 8),
        ("list_over_18_weeks", (60, 60, 60), 0),
        ("points", (100, 94, 96), 4),
        ("points", (110, 130, 150), 0),
        ("first_useful", (0, 0, 0), 12),
    ],
)
def test_disruption_is_a_measure_that_is_worse_by_more_than_tolerance_and_chance(name, values, weeks):
    found = numbers(course(), course(**weekly(name, *values)))
    assert found["disruption_weeks"] == weeks
    for measure in DISRUPTION:
        assert found[f"disruption_weeks_{measure}"] == (weeks if measure == name else 0.0)


def test_weeks_of_disruption_by_several_measures_are_counted_once():
    plan = course(weekly={"contacts": np.repeat([100.0, 100.0, 200.0], 4), "first_contacts": np.zeros(WEEKS)})
    found = numbers(course(), plan)
    assert found["disruption_weeks_contacts"] == 8
    assert found["disruption_weeks_first_contacts"] == found["disruption_weeks"] == 12


def test_disruption_by_a_list_that_does_not_exist_is_undefined_and_spoils_nothing_else():
    nothing = {"weekly": {"list_over_18_weeks": np.full(WEEKS, math.nan)}}
    found = numbers(course(**nothing), course(**nothing))
    assert math.isnan(found["disruption_weeks_list_over_18_weeks"])
    assert found["disruption_weeks"] == 0.0


def test_a_last_stretch_that_is_shorter_counts_its_own_weeks():
    shorter = {"gains_week": np.array([4, 8, 10])}
    plan = course(**shorter)
    plan.weekly["contacts"][8:] = 0.0
    short = {name: values[:10] for name, values in plan.weekly.items()}
    stay = {name: values[:10] for name, values in course().weekly.items()}
    found = numbers(course(**{**shorter, "weekly": stay}), course(**{**shorter, "weekly": short}))
    assert found["disruption_weeks_contacts"] == 2.0


def test_hours_and_pounds_are_what_the_plan_has_more_than_staying_put():
    plan = course(weekly={"hours_change": np.full(WEEKS, 12.0), "pounds_change": np.full(WEEKS, 60.0)})
    found = numbers(course(), plan)
    assert (found["hours_change"], found["pounds_change"], found["pounds"]) == (24.0, 720.0, 720.0)
    assert (
        numbers(course(), course(weekly={"duplicate_contacts": np.ones(WEEKS)}))["duplicate_contacts"]
        == WEEKS
    )
    assert found["hours_direct_contact"] == found["pounds_running"] == 0.0


def test_other_children_or_other_weeks_are_refused():
    with pytest.raises(ValueError, match="same children"):
        change_of(course(), course(children="others"), 0.5)
    with pytest.raises(ValueError, match="same weeks"):
        change_of(course(), course(gains_week=np.array([4, 8, 11])), 0.5)


# -------------------------------------------------------------------------------------- properties

curves = st.lists(st.floats(-100, 100), min_size=1, max_size=30).map(np.array)


@given(curves)
@settings(max_examples=200, deadline=None)
def test_from_break_even_on_it_is_never_behind_and_just_before_it_was(ahead):
    week = 4 * np.arange(1, len(ahead) + 1)
    found = timing(week, ahead)
    even = found["break_even_week"]
    if math.isnan(even):
        assert ahead[-1] < 0
        assert found["broke_even"] == 0.0
    else:
        assert (ahead[week >= even] >= -1e-6).all()
        assert even == 0.0 or ahead[week == even - 4][0] < 0
    assert found["lowest_point_years"] <= min(0.0, float(ahead[-1]) + 1e-6)
    low = worst(week, ahead)
    assert low["worst_points"] == found["lowest_point_years"]


@given(st.lists(st.floats(0, 1000), min_size=15, max_size=15), st.floats(0.0, 0.049))
@settings(max_examples=100, deadline=None)
def test_what_is_better_or_within_tolerance_is_no_disruption(values, worse):
    stay = dict(zip(DISRUPTION, np.array(values).reshape(5, 3), strict=True))
    sign = {"higher": -1.0, "lower": 1.0}
    plan = {name: stay[name] * (1.0 + sign[better] * worse) for name, better in DISRUPTION.items()}
    found = disruption(np.full(3, 4.0), stay, plan)
    assert set(found.values()) == {0.0}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_groups_add_up_to_everybody_and_turning_round_swaps_harm_and_help(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    who = {
        "child_locality": rng.integers(0, 2, n),
        "child_quintile": rng.integers(0, 5, n),
        "child_place": rng.integers(0, 4, n),
    }
    one, other = (course(**who, child_years=rng.normal(0, 1, n)) for _ in range(2))
    forth, back = change_of(one, other, 0.5), change_of(other, one, 0.5)
    for name in SUMS:
        assert forth.by_quintile[name].sum() == pytest.approx(forth.by_locality[name].sum())
        assert forth.by_quintile[name].sum() == pytest.approx(forth.by_place[name].sum())
        if name in forth.numbers and name != "point_years":
            assert forth.numbers[name] == pytest.approx(forth.by_locality[name].sum())
    net = forth.by_quintile["point_years_won"] - forth.by_quintile["point_years_lost"]
    assert net == pytest.approx(forth.by_quintile["point_years"])
    assert forth.numbers["children_harmed"] == back.numbers["children_helped"]
    assert forth.numbers["point_years_won"] == pytest.approx(back.numbers["point_years_lost"])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_many_means_at_once_are_the_means_one_by_one(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(int(rng.integers(1, 6)), 4))
    values[rng.random(values.shape) < 0.3] = math.nan
    found = estimates(values)
    for i in range(4):
        one = estimate(values[:, i])
        np.testing.assert_equal(
            (found.mean[i], found.low[i], found.high[i], found.n[i]), (one.mean, one.low, one.high, one.n)
        )


# ------------------------------------------------------------------------------------------ real runs


def plans(to: str = "balanced", **changes: Any) -> dict[str, Config]:
    """Staying put, and a big bang to a system."""
    return with_gains(
        {
            "none": make_config("gatekept", LENGTH),
            "big_bang": make_config("gatekept", {**LENGTH, **plan_to(to, **changes)}),
        }
    )


@cache
def compared(replications: int = 2) -> Changes:
    configs = plans()
    changes = Changes(configs)
    replicate(configs, replications, 7, 1, look=course_of, take=changes.take)
    return changes


def test_a_change_to_an_identical_system_without_costs_did_nothing_to_anybody():
    configs = plans("gatekept", **FREE)
    stay, plan = (course_of(simulate(config, 5)) for config in configs.values())
    found = numbers(stay, plan)
    undefined = {"lowest_week", "worst_week", "fading_point_years"}
    assert found["broke_even"] == 1.0
    assert {v for name, v in found.items() if name not in {*undefined, "broke_even"}} == {0.0}
    assert all(math.isnan(found[name]) or found[name] == 0.0 for name in undefined)
    change = change_of(stay, plan, 0.5)
    for name in BY_GROUP:
        for by in (change.by_quintile, change.by_locality, change.by_place):
            if name in by and name != "children":
                assert (by[name][by["children"] > 0] == 0.0).all(), name


def test_the_course_of_a_run_agrees_with_its_tables():
    run = simulate(plans()["big_bang"], 5)
    found = course_of(run)
    weeks = (run.end_day - run.decision_day) // 7
    assert {values.shape for values in found.weekly.values()} == {(weeks,)}
    pounds = found.weekly["pounds_change"] + found.weekly["pounds_running"]
    assert pounds.sum() == pytest.approx(staff_pounds(run))
    assert found.weekly["pounds_change"].sum() > 0
    ledger, first = run.tables["ledger"], run.decision_day // 7
    hours = ledger["minutes"][ledger["week"] >= first].sum() / 60
    assert sum(found.weekly[f"hours_{line}"].sum() for line in LEDGER_LINES) == pytest.approx(hours)
    on_change = sum(found.weekly[f"hours_{line}"].sum() for line in CHANGE_LINES)
    assert found.change_hours.sum() == pytest.approx(on_change)
    assert on_change > 0
    # child by child or group by group: the same gain
    group = found.child_locality * 5 + found.child_quintile
    by_group = np.bincount(group, found.child_years, found.years[-1].size)
    np.testing.assert_allclose(by_group, found.years[-1].ravel(), atol=1e-9)
    assert in_stretches(found)["contacts"].sum() == found.weekly["contacts"].sum()


def test_staff_brought_in_for_old_lists_are_a_cost_of_the_change_and_all_costs_add_up():
    run = simulate(plans(waiting="blitz")["big_bang"], 5)
    honoured = course_of(simulate(plans()["big_bang"], 5))
    found = course_of(run)
    assert run.tables["available"]["brought_in"].sum() > 0
    pounds = found.weekly["pounds_change"] + found.weekly["pounds_running"]
    assert pounds.sum() == pytest.approx(staff_pounds(run))
    assert found.weekly["pounds_change"].sum() > honoured.weekly["pounds_change"].sum() + 1.0
    assert found.weekly["pounds_running"].sum() == pytest.approx(honoured.weekly["pounds_running"].sum())


def test_a_run_that_was_not_looked_at_has_no_course():
    with pytest.raises(ValueError, match="gains_every_weeks"):
        course_of(simulate(make_config("gatekept", {**LENGTH, "horizon_years": 0.1}), 5))


def test_every_group_adds_up_to_the_whole_area():
    found = compared().pairs["big_bang"][0]
    assert found.by_quintile["children"].sum() > 100
    for name in SUMS:
        assert found.by_quintile[name].sum() == pytest.approx(found.by_locality[name].sum())
        assert found.by_quintile[name].sum() == pytest.approx(
            found.by_place[name].sum()
        )  # all attend a place
    assert found.numbers["point_years"] == pytest.approx(found.by_locality["point_years"].sum(), abs=1e-9)
    assert found.numbers["point_years_won"] > 0


def test_the_tables_are_in_the_columns_of_the_data_dictionary():
    changes = compared()
    frames = {
        "change": change_frame(changes),
        "change_by_week": by_week_frame(changes),
        "change_by_group": by_group_frame(changes),
        "change_by_year": by_year_frame(changes),
    }
    for name, frame in frames.items():
        declared = TABLES_OF_A_CHANGE[name]
        assert list(frame.columns) == [c.name for c in declared]
        for column in declared:
            if column.shown != "string":
                assert frame[column.name].dtype == column.stored, (name, column.name)
    assert list(frames["change"]["measure"]) == list(MEASURES)
    assert set(frames["change_by_group"]["measure"]) == set(BY_GROUP)
    assert list(dict.fromkeys(frames["change_by_year"]["measure"])) == list(BY_YEAR)


def test_the_curve_by_week_ends_where_the_measure_says():
    changes = compared()
    curve = by_week_frame(changes)
    ends = curve[curve["measure"] == "point_years"].iloc[-1]
    told = change_frame(changes).set_index("measure").loc["point_years"]
    assert (ends["difference"], ends["low"], ends["n"]) == pytest.approx((told["mean"], told["low"], 2))
    assert ends["week"] == len(changes.weekly["none"][0]["contacts"])
    cost = curve[curve["measure"] == "pounds_change"]
    assert list(cost["week"]) == list(range(1, len(cost) + 1))
    assert (cost["reference_mean"] == 0).all()
    assert cost["plan_mean"].max() > 0


def test_a_replication_that_one_plan_did_not_finish_is_left_out():
    whole = compared()
    changes = Changes(whole.configs)
    stay, plan = (course_of(simulate(config, 5)) for config in whole.configs.values())
    changes.take("big_bang", 3, plan)
    changes.take("none", 1, stay)
    assert changes.replications == []
    changes.take("none", 3, stay)
    assert changes.replications == [3]
    assert change_frame(changes)["replications"].unique().tolist() == [1]
    assert "one replication: cannot tell" in set(change_frame(changes)["in_words"])


def test_what_a_plan_did_does_not_depend_on_the_order_in_which_plans_are_named():
    configs = {**plans(), "later": plans(start_week=8.0)["big_bang"]}
    courses = {name: course_of(simulate(config, 5)) for name, config in configs.items()}
    told = []
    for order in (["none", "big_bang", "later"], ["none", "later", "big_bang"]):
        changes = Changes({name: configs[name] for name in order})
        for name in reversed(order):
            changes.take(name, 0, courses[name])
        keys = ["plan", "grouping", "group", "measure", "year", "week"]
        frames = [
            change_frame(changes),
            by_year_frame(changes),
            by_group_frame(changes),
            by_week_frame(changes),
        ]
        told.append([f.sort_values([k for k in keys if k in f], ignore_index=True) for f in frames])
    for one, other in zip(*told, strict=True):
        assert one.equals(other)
    assert set(told[0][0]["plan"]) == {"big_bang", "later"}


def test_function_is_looked_at_equally_often_in_every_plan_and_as_often_as_asked():
    configs = plans()
    assert {c.gains_every_weeks for c in configs.values()} == {4}
    configs["none"] = configs["none"].model_copy(update={"gains_every_weeks": 2})
    assert {c.gains_every_weeks for c in with_gains(configs).values()} == {2}
    assert are_ways_to_change(configs)
    assert not are_ways_to_change({"a": configs["none"], "b": configs["none"]})
    assert not are_ways_to_change({"b": configs["big_bang"]})


def test_the_page_has_every_headline_measure_once_and_says_what_it_is_set_against():
    changes = compared()
    out = StringIO()
    Console(file=out, width=200).print(change_table(change_frame(changes)))
    shown = [m.label for m in MEASURES.values() if m.headline]
    lines = [line.strip() for line in out.getvalue().splitlines()]
    for label in shown:
        assert len([line for line in lines if line.startswith((f"{label}  ", f"{label} ("))]) == 1, label
    assert len(shown) > 20
    text = as_text(
        change_page(change_frame(changes), by_year_frame(changes), by_group_frame(changes), changes)
    )
    assert text.startswith("What the change itself did, against none")
    assert max(map(len, text.splitlines())) <= 110
    assert "year 1 (weeks 1 to 39)" in text
    assert "fifth 1 (most deprived)" in text


# ---------------------------------------------------------------------------------- years and places


@pytest.mark.parametrize(
    ("weeks", "ends"),
    [
        ([4, 8, 12], [12]),
        ([52, 77], [77]),  # 25 weeks left over: part of the first year
        ([52, 78], [52, 78]),  # half a year: one of its own
        ([48, 52, 56, 104, 108], [52, 108]),
        ([50, 100, 150], [50, 100, 150]),  # looked at every 50 weeks: the last look within each year
    ],
)
def test_a_year_has_52_weeks_and_what_is_left_over_is_one_from_half_a_year_on(weeks, ends):
    assert [weeks[at] for at in year_ends(np.array(weeks))] == ends


@given(n=st.integers(1, 150), every=st.integers(1, 12))
def test_every_look_belongs_to_one_year(n, every):
    week = every * np.arange(1, n + 1)
    ends = year_ends(week)
    assert (np.diff(ends) > 0).all()
    assert ends[0] >= 0
    assert ends[-1] == n - 1


def test_a_gain_fades_if_years_bring_less_and_less_after_the_first():
    assert fading(np.array([-9.0, 5.0, 4.0])) == -1.0
    assert fading(np.array([-9.0, 1.0, 3.0, 5.0, 7.0])) == pytest.approx(2.0)
    assert fading(np.array([0.0, 4.0, 4.0, 1.0])) == pytest.approx(
        np.polyfit([0, 1, 2], [4.0, 4.0, 1.0], 1)[0]
    )
    assert math.isnan(fading(np.array([7.0, 8.0])))


def test_what_is_spent_in_a_week_belongs_to_the_year_of_that_week():
    weeks = {name: np.zeros(104) for name in course().weekly}
    looked_at = {"gains_week": np.array([52, 104]), **{k: np.zeros((2, 2, 5)) for k in ("years", "points")}}
    spent = {
        "pounds_change": np.arange(1.0, 105.0),
        "first_useful": np.r_[np.zeros(51), 3.0, 5.0, np.zeros(51)],
    }
    stay, plan = course(weekly=weeks, **looked_at), course(weekly={**weeks, **spent}, **looked_at)
    found = change_of(stay, plan, 0.5).by_year
    assert found["pounds_change"].tolist() == [52 * 53 / 2, 104 * 105 / 2 - 52 * 53 / 2]
    assert found["first_useful"].tolist() == [3.0, 5.0]
    assert found["last_week"].tolist() == [52.0, 104.0]


def test_years_add_up_to_the_whole_change():
    found = compared().pairs["big_bang"][0]
    assert found.by_year["point_years"].sum() == pytest.approx(found.numbers["point_years"])
    assert found.by_year["pounds_change"].sum() == pytest.approx(found.numbers["pounds_change"])
    on_change = found.numbers["hours_change"] + found.numbers["hours_coordination"]
    assert found.by_year["hours_on_change"].sum() == pytest.approx(on_change)
    assert on_change > 0


def test_children_are_counted_at_the_place_they_attend_and_those_without_one_at_none():
    lost = {"child_years": np.array([-0.6, 0.7, 0.0, 0.5, 0.1, -9.0])}
    found = change_of(course(), course(**lost), 0.5).by_place
    assert found["children"].tolist() == [2, 1, 2, 0]
    assert found["children_harmed"].tolist() == [1, 0, 0, 0]
    assert found["children_helped"].tolist() == [1, 0, 1, 0]
    assert found["point_years"] == pytest.approx([0.1, 0.0, 0.6, 0.0])
    assert found["harmed_share"][:3].tolist() == [0.5, 0.0, 0.0]
    assert math.isnan(found["harmed_share"][3])


def test_places_that_lose_and_gain_are_told_with_the_extremes_and_places_of_nobody_are_left_out():
    configs = plans()
    changes = Changes(configs)
    for replication, luck in enumerate((0.0, 0.01, 0.02)):
        moved = np.array([-1.0, -1.0, 0.02 * (replication - 1) - 0.001, 2.0, 2.0, 0.0]) + luck * np.array(
            [1, 1, 0, 1, 1, 0]
        )
        changes.take("none", replication, course())
        changes.take("big_bang", replication, course(child_years=moved))
    frame = by_group_frame(changes)
    assert list(dict.fromkeys(frame[frame["grouping"] == "place"]["group"])) == [
        "0: hub",
        "1: school",
        "2: nursery",
    ]
    assert places_told(frame) == {
        "clearly worse": "1 of 3",
        "clearly better": "1 of 3",
        "lowest mean (point-years)": "hub\n−2.0",
        "highest mean (point-years)": "nursery\n+4.0",
    }


def test_a_child_attends_on_the_decision_day_the_place_where_its_needs_are_met_then():
    """Against the log: events of the week before the decision happen at the place the child attends on that day."""
    run = simulate(
        make_config("gatekept", {"history_years": 0.5, "horizon_years": 0.1, "event_log": True}), 5
    )
    events, children = run.tables["events"], run.tables["children"]
    there = dict(zip(children["child_id"], children["place_at_decision"], strict=True))
    week = (events["day"] >= run.decision_day - 7) & (events["day"] < run.decision_day + 7)
    place = events["place"]
    known = [(there[c], p) for c, p in zip(events["child_id"][week], place[week], strict=True) if p >= 0]
    assert len(known) > 20
    assert all(a == b for a, b in known)


def test_a_plan_that_never_breaks_even_is_told_in_words_and_one_that_sometimes_does_with_how_often():
    def row(*values: float) -> dict[str, Any]:
        found = estimate(np.array(values))
        words = "not within the horizon"
        return {
            **dataclasses.asdict(found),
            "measure": "break_even_week",
            "replications": 3,
            "in_words": words,
        }

    measure = MEASURES["break_even_week"]
    assert cell(measure, row(math.nan, math.nan, math.nan)) == "not within the horizon"
    assert cell(measure, row(8.0, math.nan, math.nan)) == "8\nin 1 of 3"
    assert cell(measure, row(8.0, math.nan, 8.0)) == "8\nin 2 of 3"  # all that have it agree
    assert cell(measure, row(8.0, 8.0, 12.0)) == "9\n4 to 15"
    assert cell(measure, row(0.0, 0.0, 40.0)).endswith("*")
