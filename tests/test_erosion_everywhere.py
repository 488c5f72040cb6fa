"""Erosion in every kind of plan: the same past, a part at zero that is not there, the laws, and doors that open again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from build import fingerprints, in_plain_python, record
from test_erosion import SHAPES, STRONG
from test_laws import hold_every_law
from test_transition import PLANS, assert_same_past, changing, staying

from sim import simulate
from sim.both import both_of
from sim.config import Config
from sim.engine import Engine
from sim.kernel.state import EVENTS, GONE, NEW, OLD, TO_COME
from sim.run import Run
from sim.transition import NoChange

#: The other numbers of each part, as they may be where its strength is 0.
OTHER_SHAPES: dict[str, dict[str, Any]] = {
    "leavers": {"untaught": 1.0},
    "vacancies": {"most_vacancies": 0.9},
    "most_vacancies": {"vacancies": 0.9},
    "place_leavers": {},
    "word": {"word_weeks": 0},
    "gated": {"gated_after": 30},
}
CROWD: dict[str, Any] = {"name": "big_bang", "waiting": "invite", "dip": 0.3, "training_hours": 5.0}
#: Pilot places with drop-ins that overflow, and none of them any more after twelve weeks.
BACK: dict[str, Any] = {
    "name": "pilot",
    "share": 0.6,
    "weeks": 12.0,
    "threshold": 1000.0,
    "waiting": "invite",
}
NOTHING = dict.fromkeys(("leavers", "vacancies", "place_leavers", "word", "gated"), 0.0)


def worn(
    plan: dict[str, Any], erosion: dict[str, Any], horizon: float = 0.6, area: str | None = None
) -> Config:
    """A change from gatekept to balanced that is worn down in every way at once, or as ``erosion`` says."""
    more = {"horizon_years": horizon, "erosion": {**STRONG, **erosion}}
    return changing("gatekept", "balanced", more, area, **plan)


def crowded(
    plan: dict[str, Any], erosion: dict[str, Any], horizon: float = 0.6, area: str | None = None
) -> Config:
    """The same, where a contact at a drop-in takes so long that many are turned away."""
    config = worn(plan, erosion, horizon, area)
    assert not isinstance(config.transition, NoChange)
    to = config.transition.to
    offers = {**to.offers, "drop_in": to.offers["drop_in"].model_copy(update={"staff": {"therapist": 150.0}})}
    change = config.transition.model_copy(update={"to": to.model_copy(update={"offers": offers})})
    return config.model_copy(update={"transition": change})


def happened(run: Run, event: str) -> np.ndarray:
    return run.tables["events"]["event"] == EVENTS.index(event)


@pytest.fixture(scope="module")
def with_everything() -> dict[str, str]:
    return fingerprints(simulate(worn(CROWD, {}), 5))


@pytest.mark.parametrize("part", OTHER_SHAPES)
def test_a_part_at_zero_is_not_there_whatever_else_is_said_of_it(part, with_everything):
    off = fingerprints(simulate(worn(CROWD, {part: 0.0}), 5))
    assert off != with_everything
    assert off == fingerprints(simulate(worn(CROWD, {**OTHER_SHAPES[part], part: 0.0}), 5))


def test_untaught_at_zero_has_every_successor_learn_like_the_first():
    """And is then the same as not to be told of."""
    shapes = {k: v for k, v in SHAPES.items() if k != "untaught"}
    told = worn(CROWD, {"untaught": 0.0})
    untold = changing(
        "gatekept",
        "balanced",
        {"horizon_years": 0.6, "erosion": {**{k: v for k, v in STRONG.items() if k != "untaught"}, **shapes}},
        **CROWD,
    )
    assert fingerprints(simulate(told, 5)) == fingerprints(simulate(untold, 5))


@pytest.mark.parametrize(
    "plan",
    ["phased", "at both doors", "rung up", "pilot, then all", "pilot, then back", "pilot side by side"],
)
def test_the_past_is_the_same_however_much_a_plan_is_worn_down(plan):
    stays = simulate(staying("gatekept", {"horizon_years": 0.6}), 5)
    changed = simulate(worn(PLANS[plan], {}), 5)
    assert_same_past(stays, changed)
    assert fingerprints(changed) != fingerprints(simulate(worn(PLANS[plan], NOTHING), 5))


@pytest.mark.parametrize(
    "plan", ["rung up", "blitz", "at both doors, invited", "pilot, then all", "pilot, then back, invited"]
)
def test_every_law_holds_in_plans_of_several_steps_that_are_worn_down(plan):
    r = hold_every_law(crowded({**PLANS[plan], "dip": 0.3, "start_week": 4.43}, {}), seed=9)
    assert happened(r.run, "turned_away").any()


def test_a_family_at_a_shut_door_still_belongs_to_the_new_system():
    """When its place goes back to the old ways it goes back with it: nobody is left at a door that is no longer there."""
    gated: dict[int, int] = {}
    config = crowded(BACK, {"gated": 1.0}, 0.5)

    def inspect(engine: Engine, day: int) -> None:
        needs = engine.people.needs
        live = (needs.phase != GONE) & (needs.phase != TO_COME)
        here = engine.rules.switch_day[needs.place] <= day
        back = engine.rules.back_day[needs.place] <= day
        gated[day] = int(needs.gated.sum())
        assert not (needs.gated & live & (back | ~here)).any()

    r = record(config, 5, inspect)
    told = r.tables.pilot.decide_on
    assert max(n for day, n in gated.items() if day < told) > 0
    assert r.engine.pilot.outcome == "back"


def test_nobody_whom_a_shut_door_sends_to_the_old_one_goes_through_the_new_one_as_well():
    """Side by side, where families with a place on an old list may go to both doors: not while one is shut to them."""
    plan = {**PLANS["at both doors"], "both_doors": 0.9, "end_week": None}
    run = simulate(crowded(plan, {"gated": 1.0}, area="oldham"), 5)
    of, events = np.array(both_of(run.config).of), run.tables["events"]
    shut = np.flatnonzero(happened(run, "finds_door_shut"))
    assert len(shut) > 5
    joins, need, sent = happened(run, "joins_list"), events["need_id"], 0
    for i in shut:  # what comes of the arrival stands in the log directly after it
        end = i
        while end < len(need) and need[end] == need[i]:
            end += 1
        lists = of[events["offer"][i:end][joins[i:end]]]
        assert not (lists == NEW).any()
        sent += int((lists == OLD).any())
    assert sent > 5


HASHES = """
from build import fingerprints
from sim import simulate
from test_erosion_everywhere import BACK, BITS, crowded
from test_transition import PLANS
out = {p: fingerprints(simulate(crowded({**PLANS[p], "dip": 0.3}, {"gated": 1.0}, BITS), 4)) for p in %r}
"""
BITS = 0.3
BOTH_WAYS = ("phased, invited", "pilot, then back, invited")


def test_compiled_and_plain_python_give_the_same_bits_where_doors_are_shut_and_word_gets_round():
    plain = in_plain_python(HASHES % (BOTH_WAYS,))
    shut = 0
    for plan in BOTH_WAYS:
        run = simulate(crowded({**PLANS[plan], "dip": 0.3}, {"gated": 1.0}, BITS), 4)
        assert fingerprints(run) == plain[plan], plan
        shut += int(happened(run, "finds_door_shut").sum())
    assert shut > 0
