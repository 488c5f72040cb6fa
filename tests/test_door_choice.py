"""Which system's door a family goes to: as many as the plan says, whoever they are, and nobody goes back."""

from __future__ import annotations

import numpy as np
import pytest
from build import make_config, plan_to
from hypothesis import given
from hypothesis import strategies as st
from test_transition import changing

from sim.area_building import build_area
from sim.compile import compile_config
from sim.conditions_acting import in_force
from sim.door_choice import odds_at_average, trusted
from sim.draws import SYSTEM, uniform
from sim.engine import Engine
from sim.errors import InputError
from sim.jit import compiled
from sim.kernel.handles import handle
from sim.kernel.systems import own_system
from sim.run import populate
from sim.timetable import timetable_of

SHARES = st.floats(0.001, 0.999)
ODDS = st.floats(0.05, 20.0)


@given(SHARES, ODDS)
def test_trust_multiplies_the_odds_and_nothing_else(share, odds):
    found = float(trusted(np.array([share]), odds)[0])
    assert found / (1 - found) == pytest.approx(odds * share / (1 - share), rel=1e-9)


@given(ODDS)
def test_where_none_or_all_go_trust_changes_nobody(odds):
    assert trusted(np.array([0.0, 1.0]), odds).tolist() == [0.0, 1.0]


@given(SHARES, st.floats(-3.0, 3.0))
def test_of_all_families_just_the_share_goes_however_ability_matters(share, slope):
    """The mean of the logistic over a standard normal trait, by a sum over a fine grid."""
    odds = odds_at_average(np.array([share]), slope)[0]
    x = np.linspace(-9, 9, 20_001)
    density = np.exp(-(x**2) / 2)
    mean = (density / (1 + np.exp(-(odds + slope * x)))).sum() / density.sum()
    assert mean == pytest.approx(share, abs=1e-5)


def test_where_ability_does_not_matter_the_odds_are_those_of_the_share():
    share = np.array([0.02, 0.5, 0.9])
    np.testing.assert_allclose(odds_at_average(share, 0.0), np.log(share / (1 - share)), atol=1e-9)


@given(st.floats(-3.0, 3.0), st.lists(SHARES, min_size=2, max_size=6))
def test_a_larger_share_draws_more_families_and_loses_none(slope, shares):
    odds = odds_at_average(np.sort(np.array(shares)), slope)
    assert (np.diff(odds) >= 0).all()


# ----------------------------------------------------------------------------------------- in the kernel


def who_goes(day_after: int, **plan):
    """For each need of the area, whether it belongs to the new system so many days after the decision; and people."""
    config = changing("gatekept", "balanced", area="oldham", name="parallel", **plan)
    area = build_area(config.area)
    tables = compile_config(config, area, 5)
    engine = Engine(tables, area, populate(config, tables, area, 5))
    rules, people = handle(engine.rules), handle(engine.people)
    found = np.zeros(len(engine.people.needs), bool)
    with np.errstate(over="ignore"):
        belongs_to(rules, people, tables.decision_day + day_after, found)
    return found, engine.people


@compiled
def belongs_to(rules, people, day, found):
    for need in range(found.shape[0]):
        found[need] = own_system(rules, people, need, day) == 1


@pytest.mark.parametrize(
    ("share", "navigation", "trust"), [(0.5, 4.0, 1.0), (0.2, 0.5, 1.0), (0.5, 2.0, 0.3)]
)
def test_the_share_of_families_goes_and_rather_those_whom_ability_draws(share, navigation, trust):
    goes, people = who_goes(10, to_share=share, new_doors_navigation=navigation, trust=trust)
    child = people.needs.child
    _, one = np.unique(people.children.family[child], return_index=True)  # one need of each family
    ability, goes = people.children.navigation[child][one], goes[one]
    n, expected = len(one), float(trusted(np.array([share]), trust)[0])
    assert abs(goes.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
    for low, high in ((-3.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (1.0, 3.0)):
        inside = (ability > low) & (ability < high)
        odds = odds_at_average(np.array([expected]), float(np.log(navigation)))[0]
        chance = 1 / (1 + np.exp(-(odds + np.log(navigation) * ability[inside])))
        spread = np.sqrt((chance * (1 - chance)).sum()) / inside.sum()
        assert abs(goes[inside].mean() - chance.mean()) < 4 * spread


def test_where_ability_does_not_matter_it_is_the_family_s_luck_alone():
    goes, people = who_goes(10, to_share=0.4, new_doors_navigation=1.0, trust=1.0)
    families = people.children.family[people.needs.child]
    luck = np.array([uniform(np.uint64(5), f, SYSTEM, 0) for f in families.tolist()])
    np.testing.assert_array_equal(goes, luck < 0.4)


def test_children_of_one_family_go_by_the_same_door():
    goes, people = who_goes(10, to_share=0.5)
    families = people.children.family[people.needs.child]
    both = [g for f in np.unique(families) if len(g := goes[families == f]) > 1][:500]
    assert len(both) == 500
    assert all(g.all() or not g.any() for g in both)


def test_while_the_share_grows_nobody_goes_back():
    early, _ = who_goes(70, from_share=0.1, to_share=0.9, ramp_weeks=20.0, new_doors_navigation=3.0)
    late, _ = who_goes(135, from_share=0.1, to_share=0.9, ramp_weeks=20.0, new_doors_navigation=3.0)
    assert not (early & ~late).any()
    assert late.sum() > early.sum() > 0


def test_sceptical_families_go_to_the_new_doors_less_often_unless_told_otherwise():
    plan = {"name": "parallel", "to_share": 0.5}
    shares = []
    for met in (1.0, 0.0):
        config = changing("gatekept", "balanced", {"conditions.families": met}, **plan)
        config = in_force(config)
        area = build_area(config.area)
        tables = compile_config(config, area, 5)
        found = timetable_of(config, area, tables.days, tables.decision_day, tables.end_day, 5)
        shares.append(found.demand_share[-1])
    assert shares[0] == 0.5
    assert shares[1] == pytest.approx(1 / 3)  # the shipped odds of one half


def test_a_trust_of_nothing_is_refused():
    with pytest.raises(InputError, match="new_doors_navigation"):
        make_config("gatekept", plan_to("balanced", "parallel", new_doors_navigation=0.0))
