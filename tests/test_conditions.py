"""The conditions for success: in place they do nothing, absent they act on the change alone, and as their tables say."""

from __future__ import annotations

from typing import Any

import pytest
from build import fingerprints, make_config, plan_to
from configurations import configuration, problems
from hypothesis import given
from hypothesis import strategies as st
from test_laws import hold_every_law
from test_transition import SHORT, assert_same_past

from experiments.cli import main
from experiments.composing.compose import load_config, options
from experiments.numbers import rows_used
from sim import simulate
from sim.checking import check
from sim.conditions import CONDITIONS, Act
from sim.conditions_acting import effects, in_force, keys_of
from sim.config import Config
from sim.quantity import Resolver

PARALLEL = ("system=gatekept", "transition=parallel", "erosion=typical", "area=example_small")
PRESETS = ("typical", "commissioners_in_silos", "reluctant_practitioners", "sceptical_families")
ABSENT = dict.fromkeys(CONDITIONS, 0.0)


def parallel(levels: dict[str, float], to: str = "balanced", **changes: Any) -> Config:
    """Side by side, with all shipped costs, and conditions at these levels."""
    keys = {f"conditions.{name}": level for name, level in levels.items()}
    return make_config("gatekept", {**SHORT, **plan_to(to, "parallel"), **keys, **changes})


# ---------------------------------------------------------------------------------------- in place


def test_with_all_in_place_the_configuration_is_used_as_it_is():
    config = load_config(list(PARALLEL))
    assert in_force(config) is config
    assert effects(config)
    assert all(effect.now == effect.value for effect in effects(config))


def test_conditions_in_place_give_the_same_bits_as_no_conditions_at_all():
    with_tables = parallel({})
    without = with_tables.model_copy(update={"conditions": type(with_tables.conditions)()})
    assert with_tables.conditions.acts
    assert fingerprints(simulate(with_tables, 4)) == fingerprints(simulate(without, 4))


@pytest.mark.parametrize("system", ["gatekept", "balanced"])
def test_where_nothing_changes_conditions_act_on_nothing(system):
    levels = {f"conditions.{name}": 0.0 for name in CONDITIONS}
    config = make_config(system, {**SHORT, **levels})
    assert effects(config) == []
    assert fingerprints(simulate(config, 4)) == fingerprints(simulate(make_config(system, SHORT), 4))


def test_rows_of_conditions_count_as_used_only_where_they_act():
    used = {
        level: {row for row in rows_used([parallel({"families": level})]) if row.startswith("condition_")}
        for level in (0.0, 1.0)
    }
    assert used[1.0] == set()
    assert used[0.0] == {
        "condition_seeks_odds",
        "condition_not_brought_odds",
        "condition_trust_multiplier",
    } | {row for row in used[0.0] if row == "condition_word_odds"}


# ------------------------------------------------------------------------------------------- absent


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_changes_what_comes_and_never_what_was(name):
    longer = {"horizon_years": 2.0, "transition.to_share": 0.8}
    everything, absent = (simulate(parallel({name: level}, **longer), 4) for level in (1.0, 0.0))
    assert_same_past(everything, absent)
    assert fingerprints(everything)["needs.score_end"] != fingerprints(absent)["needs.score_end"]


def test_the_past_is_the_same_whatever_the_conditions_of_a_change_to_an_identical_system():
    assert_same_past(simulate(parallel({}, "gatekept"), 4), simulate(parallel(ABSENT, "gatekept"), 4))


def test_a_condition_acts_on_the_parameters_of_its_table_and_on_no_others():
    config = load_config([*PARALLEL, "conditions.operational_planning=0"])
    before, after = load_config(list(PARALLEL)), in_force(config)
    evidence = {name: row.value for name, row in config.evidence.items()}
    plan, was = after.transition, before.transition
    resolve = before.resolver()
    assert (
        plan.coordination_minutes
        == resolve(was.coordination_minutes) * evidence["condition_coordination_multiplier"]
    )
    assert plan.closed_weeks == resolve(was.closed_weeks) * evidence["condition_closed_weeks_multiplier"]
    changed = {name for name in type(plan).model_fields if getattr(plan, name) != getattr(was, name)}
    acts = config.conditions.acts["operational_planning"]
    assert changed == {act.key.removeprefix("transition.") for act in acts}
    assert (after.system, after.needs, after.workforce, after.erosion) == (
        before.system,
        before.needs,
        before.workforce,
        before.erosion,
    )


def test_commissioning_in_silos_pools_nothing_and_keeps_staff_where_they_were():
    config = load_config([*PARALLEL, "conditions=commissioners_in_silos"])
    plan = in_force(config).transition
    assert plan.pooled == 0.0
    assert plan.to.staff_by_need == 0.0
    assert plan.to.spare_time == "lost"
    assert {offer.queue.pool for offer in plan.to.offers.values()} == {"locality"}
    pooled = plan_to("balanced")
    pooled["transition"]["to"]["offers"]["assessment"]["queue"]["pool"] = "area"
    for level, pool in ((0.4, "locality"), (0.6, "area")):
        config = make_config("gatekept", {**pooled, "conditions.joint_commissioning": level})
        assert in_force(config).transition.to.offers["assessment"].queue.pool == pool


def test_what_two_conditions_do_to_one_parameter_adds_up_in_their_order():
    config = load_config([*PARALLEL, "conditions.strategic_support=0", "conditions.practitioners=0"])
    value = {name: row.value for name, row in config.evidence.items()}
    expected = (
        value["adoption_fidelity_share"]
        * value["condition_support_adoption_multiplier"]
        * value["condition_adoption_multiplier"]
    )
    assert in_force(config).transition.adoption == pytest.approx(expected)


def test_principles_put_into_practice_by_half_make_the_system_in_between():
    row = 0.5
    config = make_config(
        "gatekept",
        {**plan_to("balanced"), "conditions.practitioners": 0.0},
        {"condition_principles_multiplier": row, "condition_wrong_door_odds": 1.0},
    )
    to = in_force(config).transition.to
    assert set(to.dials.model_dump().values()) == {row}
    assert Resolver(config.evidence, to.dials.model_dump())(to.doors["referral"].share) == 0.5


def test_every_law_holds_with_every_condition_absent():
    hold_every_law(parallel(ABSENT, **{"erosion": {"name": "x", "gated": 0.5, "leavers": 0.3}}), seed=8)


# ------------------------------------------------------------------------------------- between 0 and 1

EMPTY = Resolver({}, {})


@given(level=st.floats(0, 1), now=st.floats(0, 1), factor=st.floats(0.01, 50))
def test_between_absent_and_in_place_lies_a_straight_line(level, now, factor):
    times, odds = Act(key="x", times=factor), Act(key="x", odds=factor)
    assert times.at(level, now, EMPTY) == pytest.approx(level * now + (1 - level) * now * factor)
    there = odds.at(level, now, EMPTY)
    assert 0.0 <= there <= 1.0
    if 0.001 < now < 0.999:
        ratio = there / (1 - there) / (now / (1 - now))
        assert ratio == pytest.approx(factor ** (1 - level))
    share = Act(key="x", to=min(factor, 1.0))
    assert share.at(level, now, EMPTY) == pytest.approx(level * now + (1 - level) * min(factor, 1.0))
    for act in (times, odds, share):
        assert act.at(1.0, now, EMPTY) == now


@pytest.mark.parametrize("level", [0.0, 0.45])
def test_the_past_does_not_depend_on_how_far_conditions_are_met(level):
    assert_same_past(simulate(parallel({}), 4), simulate(parallel(dict.fromkeys(CONDITIONS, level)), 4))


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_a_configuration_in_which_something_is_not_in_place(preset):
    config = load_config([*PARALLEL, f"conditions={preset}"])
    assert config.conditions.name == preset
    assert in_force(config) is not config
    assert config.conditions.acts == load_config(list(PARALLEL)).conditions.acts
    assert preset in options()["conditions"]


def test_every_shipped_line_acts_on_a_parameter_of_some_plan():
    config = load_config([*PARALLEL])
    assert {name for name, acts in config.conditions.acts.items() if acts} == set(CONDITIONS)
    for acts in config.conditions.acts.values():
        for act in acts:
            assert keys_of(config, act.key), act.key


# ------------------------------------------------------------------------------------------ problems


def test_everything_that_is_wrong_with_conditions_is_told_at_once():
    acts = [
        {"key": "transition.coordination_minuts", "times": 2},
        {"key": "system.find_rate", "times": 2},
        {"key": "transition.dip_weeks", "odds": 2},
        {"key": "transition.to.spare_time", "becomes": "gone", "below": 0.5},
        {"key": "transition.waiting", "times": 0.5},
    ]
    found = problems(("conditions.acts.families", acts))
    assert [p.partition(": ")[0].partition(".key")[0] for p in found] == [
        f"conditions.acts.families[{i}]" for i in range(5)
    ]
    assert "did you mean 'coordination_minutes'?" in found[0]
    assert "allowed are keys of transition and of erosion" in found[1]
    assert "takes weeks; odds is for shares, use times" in found[2]
    assert "cannot become 'gone'; allowed is 'shared', 'lost'" in found[3]
    assert "no number to be acted on" in found[4]


def test_levels_outside_0_to_1_and_lines_with_two_ways_or_none_are_refused():
    found = problems(
        ("conditions.families", 1.2),
        ("conditions.practitioners", -0.1),
        (
            "conditions.acts.families",
            [{"key": "transition.dip", "times": 2, "odds": 2}, {"key": "transition.dip"}],
        ),
    )
    assert any(p.startswith("conditions.families = 1.2") for p in found)
    assert any(p.startswith("conditions.practitioners = -0.1") for p in found)
    assert any("found times and odds" in p for p in found)
    assert any("found none" in p for p in found)
    assert len(found) == 4


def test_a_number_that_a_condition_takes_out_of_its_range_is_told():
    lines = [{"key": "transition.closed_share", "times": 10}]
    changes = (("conditions.acts.families", lines), ("conditions.families", 0.0))
    found = problems(*changes, words=("system=gatekept", "transition=big_bang"))
    assert found == ["transition.closed_share = 5: allowed is 0 to 1 (share) (as the conditions make it)"]


def test_evidence_of_ones_own_need_not_know_the_rows_of_conditions_that_are_in_place():
    raw = configuration(words=PARALLEL)
    raw["evidence"] = {k: v for k, v in raw["evidence"].items() if not k.startswith("condition_")}
    check(raw)
    raw["conditions"]["families"] = 0.5
    with pytest.raises(Exception, match=r"condition_seeks_odds.*no evidence row of that name"):
        check(raw)


# ----------------------------------------------------------------------------------------- to be read


def test_show_conditions_prints_what_each_acts_on_with_values_grade_and_source(capsys):
    assert main(["show", "conditions", *PARALLEL, "conditions.operational_planning=0.5"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Operational planning: 0.5" in text
    assert "transition.coordination_minutes 120 90 60 times assumed" in text
    assert "transition.trust 0.5 1 1 times assumed" in text
    assert "No source found" in text
    assert main(["show", "conditions", "transition=phased", "area=example_small"]) == 0
    assert "transition.trust – – –" in " ".join(capsys.readouterr().out.split())
    assert main(["show", "conditions", "system=gatekept", "area=example_small"]) == 0
    assert "Nothing changes here, so they act on nothing" in capsys.readouterr().out
