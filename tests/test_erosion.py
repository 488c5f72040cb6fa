"""Erosion: at no strength nothing happens, each part works by itself, and a gain that is worn down is seen to fade."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from build import fingerprints, in_plain_python, make_config, plan_to
from configurations import configuration, problems
from hypothesis import given
from hypothesis import strategies as st
from test_laws import hold_every_law
from test_transition import PLANS, assert_same_past, changing

from experiments.comparing.change import (
    Changes,
    by_group_frame,
    by_year_frame,
    change_frame,
    with_gains,
)
from experiments.comparing.change_page import change_page
from experiments.running.replicate import replicate
from experiments.screen import as_text
from sim import simulate
from sim.area_building import build_area
from sim.checking import check
from sim.compile import compile_config
from sim.costs import loss_of
from sim.dictionary import LEFT_REASONS
from sim.erosion import worn_losses
from sim.kernel.state import EVENTS, NEVER
from sim.measures.course import course_of

STRENGTHS = ("leavers", "vacancies", "place_leavers", "word", "gated")
SHAPES: dict[str, Any] = {"untaught": 0.5, "most_vacancies": 0.2, "word_weeks": 13, "gated_after": 1}
STRONG: dict[str, Any] = {
    **SHAPES,
    "name": "strong",
    "leavers": 0.5,
    "vacancies": 0.2,
    "place_leavers": 1.0,
    "word": 0.4,
    "gated": 0.8,
}


def eroding(**erosion: Any) -> dict[str, Any]:
    return {"erosion": {"name": "test", **erosion}}


# -------------------------------------------------------------------------------------------- leavers


@given(leaving=st.floats(0.0, 0.2), weeks=st.integers(0, 300))
def test_a_team_with_leavers_is_the_average_of_its_members(leaving, weeks):
    """Against everybody one by one: who came when, and what they lose after so many weeks."""
    first = np.linspace(0.3, 0.0, weeks)
    successors = np.linspace(0.3, 0.1, weeks)
    worn = worn_losses(first, successors, leaving)
    share = np.zeros(weeks)  # of the team, by weeks since they came
    old = 1.0
    for week in range(weeks):
        assert worn[week] == pytest.approx(old * first[week] + share @ successors, abs=1e-12)
        assert old + share.sum() == pytest.approx(1.0)
        left = leaving * (old + share.sum())
        old *= 1.0 - leaving
        share = np.roll(share * (1.0 - leaving), 1)
        share[0] = left


def test_without_leavers_the_dip_is_the_learning_curve_itself():
    first = np.array([loss_of(week, 0.2, 20, 0.9, 0.5) for week in range(100)])
    assert worn_losses(first, first + 1.0, 0.0) is first


# --------------------------------------------------------------------------------------- no strength


def test_with_every_strength_at_zero_nothing_erodes_whatever_the_rest_says():
    for plan in ("honoured", "parallel"):
        as_it_is = simulate(changing("gatekept", "balanced", **PLANS[plan], dip=0.2), 5)
        none = simulate(changing("gatekept", "balanced", eroding(**SHAPES), **PLANS[plan], dip=0.2), 5)
        assert fingerprints(as_it_is) == fingerprints(none)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_each_part_works_by_itself_and_never_before_the_change(strength):
    """A drop-in that overflows, so that every part finds something to wear down."""
    full = {"name": "big_bang", "waiting": "invite", "dip": 0.3, "training_hours": 5.0}
    as_it_is = simulate(changing("gatekept", "balanced", **full), 5)
    worn = simulate(
        changing("gatekept", "balanced", eroding(**SHAPES, **{strength: STRONG[strength]}), **full), 5
    )
    assert_same_past(as_it_is, worn)
    assert fingerprints(as_it_is)["needs.score_end"] != fingerprints(worn)["needs.score_end"]


def test_where_nothing_changes_nothing_erodes():
    stays = make_config("balanced", {"horizon_years": 0.5})
    assert fingerprints(simulate(stays, 3)) == fingerprints(
        simulate(make_config("balanced", {"horizon_years": 0.5, "erosion": STRONG}), 3)
    )


# ------------------------------------------------------------------------------------- what each does


def test_posts_stay_empty_only_after_the_change_and_never_more_than_the_most():
    config = changing("gatekept", "balanced", eroding(vacancies=0.2, most_vacancies=0.1), start_week=10)
    rules = compile_config(config, build_area(config.area), 1).rules
    switch = rules.decision_day // 7 + 10
    assert (rules.posts_filled[: switch + 1] == 1.0).all()
    assert (rules.posts_filled[:, :, rules.undivided] == 1.0).all()
    filled = rules.posts_filled[:, 0, np.flatnonzero(~rules.undivided)[0]]
    assert filled[switch + 13] == pytest.approx(1.0 - 0.2 * 13 * 7 / 365.25)
    assert filled.min() == pytest.approx(0.9)
    assert (np.diff(filled) <= 0.0).all()


def test_leavers_make_the_dip_last():
    """In the last weeks of a year in which half the staff have left, more is still being lost than without leavers."""
    lost = {}
    for leavers in (0.0, 0.7):
        config = changing(
            "gatekept", "balanced", eroding(leavers=leavers, untaught=1.0), dip=0.3, dip_weeks=20
        )
        lost[leavers] = (
            compile_config(config, build_area(config.area), 1).rules.change_minutes[-8:, :, :, 0].sum()
        )
    assert lost[0.7] > 1.5 * lost[0.0]


def test_doors_that_overflow_are_shut_for_some_until_a_week_without_anybody_turned_away():
    crowd = {"name": "big_bang", "waiting": "invite"}
    runs = {
        share: simulate(
            changing("gatekept", "balanced", eroding(gated=share, gated_after=2), area="oldham", **crowd), 5
        )
        for share in (0.0, 1.0)
    }
    shut, away = EVENTS.index("finds_door_shut"), EVENTS.index("turned_away")
    assert (runs[0.0].tables["events"]["event"] == shut).sum() == 0
    events = runs[1.0].tables["events"]
    found = events["event"] == shut
    assert found.sum() > 20
    turned = np.unique(events["day"][events["event"] == away] // 7)
    weeks = np.unique(events["day"][found] // 7)
    decision = runs[1.0].decision_day // 7
    assert weeks.min() >= decision + 2
    for week in weeks:  # in some locality families were turned away in the weeks before
        assert week - 1 in turned
        assert week - 2 in turned
    old = [i for i, name in enumerate(runs[1.0].offers) if name == "triage"]
    after = np.isin(events["offer"], old) & (events["event"] == EVENTS.index("joins_list"))
    assert (events["day"][after] > runs[1.0].decision_day + 7).any()


def test_more_families_come_once_word_has_got_round():
    """All of them in the end, if all listen: and those who did not come before, too."""
    never = {}
    for word in (0.0, 0.5, 1.0):
        run = simulate(changing("gatekept", "balanced", eroding(word=word, word_weeks=4), area="oldham"), 5)
        needs = run.tables["needs"]
        known = (needs["identified_day"] != NEVER) & (needs["identified_day"] < run.end_day - 56)
        never[word] = int((known & (needs["left_reason"] == LEFT_REASONS.index("never_sought"))).sum())
    assert never[0.0] > 1.3 * never[0.5] > 1.3 * 1.3 * never[1.0]


# ------------------------------------------------------------------------------------ laws, and fading


@pytest.mark.parametrize("plan", ["phased, invited", "parallel, then new"])
def test_every_law_holds_while_a_change_is_worn_down(plan):
    hold_every_law(changing("gatekept", "balanced", {"erosion": STRONG}, dip=0.3, **PLANS[plan]), seed=9)


def test_compiled_and_plain_python_agree_while_a_change_is_worn_down():
    code = """
from build import fingerprints
from test_erosion import STRONG
from test_transition import PLANS, changing
from sim import simulate
config = changing("gatekept", "balanced", {"erosion": STRONG, "horizon_years": 0.2}, dip=0.3, **PLANS["invited"])
out = fingerprints(simulate(config, 4))
"""
    config = changing(
        "gatekept", "balanced", {"erosion": STRONG, "horizon_years": 0.2}, dip=0.3, **PLANS["invited"]
    )
    assert fingerprints(simulate(config, 4)) == in_plain_python(code)


def test_a_gain_that_is_worn_down_is_seen_to_fade():
    """Year by year against staying put: it grows if nothing erodes and falls from year 2 on if much does; and the page
    that a board reads says which."""
    worst = {**STRONG, "leavers": 1.0, "untaught": 1.0, "vacancies": 0.4, "most_vacancies": 0.9}
    plan = plan_to("balanced", dip=0.3)
    ways = {"none": {}, "kept": plan, "worn": {**plan, "erosion": {**worst, "place_leavers": 2.0}}}
    configs = {n: make_config("gatekept", {"horizon_years": 5.0, **way}) for n, way in ways.items()}
    changes = Changes(with_gains(configs))
    replicate(changes.configs, 8, 1, 1, look=course_of, take=changes.take)
    rows = by_year_frame(changes).set_index(["plan", "measure"]).sort_values("year")["mean"]
    kept, worn = (rows[name, "point_years"].to_numpy() for name in ("kept", "worn"))
    assert len(kept) == len(worn) == 5
    assert (np.diff(kept) > 0.0).all()
    assert (np.diff(worn[1:]) < 0.0).all()
    assert worn[-1] < 0.0 < worn[1]
    told = change_frame(changes).set_index(["plan", "measure"])
    fades = {name: told.loc[(name, "fading_point_years")] for name in ("kept", "worn")}
    assert fades["worn"]["mean"] == pytest.approx(np.polyfit(range(4), worn[1:], 1)[0])
    assert fades["worn"]["high"] < 0.0 < fades["kept"]["low"]
    assert [fades[name]["in_words"] for name in ("kept", "worn")] == ["better", "worse"]
    page = as_text(
        change_page(change_frame(changes), by_year_frame(changes), by_group_frame(changes), changes)
    )
    gained = page[
        page.index("Function gained in the year") : page.index(
            "Staff cost of the change", page.index("year 5")
        )
    ]
    for year, values in enumerate(zip(kept, worn, strict=True), 1):
        (line,) = [x for x in gained.splitlines() if x.strip().startswith(f"year {year} ")]
        for value in values:
            assert f"{value:+,.1f}".replace("-", "−") in line


# ------------------------------------------------------------------------------------------- problems


def test_strengths_that_make_no_sense_are_refused_all_at_once():
    found = problems(
        ("erosion.gated", 1.5),
        ("erosion.leavers", -1),
        ("erosion.word", "eroson_word_share"),
        words=("erosion=typical",),
    )
    assert any(p.startswith("erosion.gated = 1.5: allowed is 0 to 1 (share)") for p in found)
    assert any(p.startswith("erosion.leavers = -1: allowed is") for p in found)
    assert any("no evidence row of that name; did you mean 'erosion_word_share'?" in p for p in found)
    assert len(found) == 3
    plan = ("system=gatekept", "transition=big_bang", "erosion=typical")
    found = problems(("erosion.gated_after", 0.4), words=plan)
    assert found == ["erosion.gated_after = 0.4: overflow is counted by whole weeks; allowed is 1 or more"]
    assert check(configuration(words=("erosion=typical",))).erosion.name == "typical"
