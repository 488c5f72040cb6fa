"""The difference between two plans is split over what can be switched off: the parts add up, and nothing is left over."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from test_transition import changing

from experiments.comparing.attribution import (
    DIVIDED,
    MEASURES,
    MECHANISMS,
    WHOLE,
    attribution,
    on_one_day,
    parts,
    text_of,
    without,
)
from sim import simulate
from sim.config import Config

#: Costs at zero; the mechanisms that emerge from two systems in one place are on.
SIDE = {"name": "parallel", "both_doors": 0.8, "withdraws": 0.2, "habit": 0.4, "pooled": 0.0}
EMERGENT = [
    "families at both doors",
    "which door: habit, trust and finding the way",
    "minutes not pooled",
    "work for the old lists",
]


def side_by_side(**plan: float) -> Config:
    config = changing(
        "gatekept",
        "balanced",
        {"horizon_years": 2.0, "event_log": False},
        **{**SIDE, "to_share": 0.5, **plan},
    )
    return config


def test_parts_are_what_a_game_of_two_must_give():
    """Worth 1 alone, 2 alone, 7 together, 0.5 with nobody: the surplus is halved."""
    a, b = frozenset("a"), frozenset("b")
    worth = {frozenset(): 0.5, a: 1.0, b: 2.0, a | b: 7.0}
    found = parts({on: np.array([v]) for on, v in worth.items()}, ["a", "b"])
    assert found["a"][0] == pytest.approx(((1.0 - 0.5) + (7.0 - 2.0)) / 2)
    assert found["b"][0] == pytest.approx(((2.0 - 0.5) + (7.0 - 1.0)) / 2)
    assert (found[DIVIDED][0], found[WHOLE][0]) == (0.5, 7.0)
    turn = parts({on: np.array([v]) for on, v in worth.items()}, ["a", "b"], "in_turn")
    assert (turn["a"][0], turn["b"][0]) == (7.0 - 2.0, 2.0 - 0.5)


@pytest.mark.parametrize("order", ["shapley", "in_turn"])
def test_parts_of_any_game_add_up(order):
    names = list("abcd")
    rng = np.random.default_rng(1)
    worth = {frozenset(c): rng.normal(size=3) for n in range(5) for c in combinations(names, n)}
    found = parts(worth, names, order)
    assert sum(found[n] for n in [*names, DIVIDED]) == pytest.approx(found[WHOLE])


def test_the_difference_to_a_big_bang_is_explained_by_named_mechanisms():
    config = side_by_side()
    frame = attribution(config, on_one_day(config), 2, 7).set_index(["measure", "mechanism"])
    assert list(frame.index.unique("mechanism")) == [*EMERGENT, DIVIDED, WHOLE]
    for measure in MEASURES:
        rows = frame.loc[measure]["effect"]
        assert rows.notna().all()
        assert rows[WHOLE] == pytest.approx(rows.drop(WHOLE).sum(), abs=1e-12)
    moved = frame.loc[MEASURES[0]]["effect"].drop([WHOLE, DIVIDED])
    assert (moved != 0.0).all()
    told = text_of(frame.reset_index(), "parallel")
    assert all(name in told for name in (*EMERGENT, DIVIDED, WHOLE))


def test_with_nothing_divided_the_remainder_is_exactly_zero():
    """All minutes and families in the new system: whatever the mechanisms would do, there is nothing to do it to."""
    config = side_by_side(to_share=1.0)
    frame = attribution(config, on_one_day(config), 1, 7, order="in_turn")
    assert (frame["effect"] == 0.0).all()


def test_switching_off_reaches_both_plans():
    config = changing("gatekept", "balanced", name="parallel", dip=0.3, switching_minutes=20.0)
    off = without(config, list(MECHANISMS))
    assert off.transition.dip == off.transition.switching_minutes == off.transition.both_doors == 0.0
    bang = without(on_one_day(config), list(MECHANISMS))
    assert bang.transition.dip == 0.0
    assert bang.transition.name == "big_bang"
    assert simulate(bang, 1).summary()  # and it can be run
