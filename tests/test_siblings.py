"""Brothers and sisters: families are what they are in every plan, and take a child along only where they would."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from build import fingerprints, make_config
from hypothesis import given
from hypothesis import strategies as st
from test_transition import changing

from sim import simulate
from sim.area import SPECIAL, Area
from sim.area_building import build_area
from sim.both import both_of
from sim.compile import compile_config
from sim.config import Config
from sim.draws import ELDER, FOLLOWS, SIBLING_GAP, triangular, uniform
from sim.engine import Engine
from sim.kernel.state import EVENTS, NEW, OLD
from sim.population import Population
from sim.run import populate
from sim.siblings import NO_DAY, SiblingRules, family_of, first_ids, taken_along

SEED = 11


@cache
def oldham() -> tuple[Config, Area, Any, Population]:
    config = make_config("gatekept", area="oldham")
    area = build_area(config.area)
    tables = compile_config(config, area, SEED)
    return config, area, tables, populate(config, tables, area, SEED)


def children() -> Any:
    return oldham()[3].children


def as_families() -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for row, family in enumerate(children().family.tolist()):
        out.setdefault(family, []).append(row)
    return out


def test_the_ids_of_cells_are_those_by_which_children_are_numbered():
    counts = np.array([[[2, 0, 1, 0, 3], [1, 1, 0, 0, 0]], [[0, 4, 0, 0, 0], [2, 0, 0, 0, 5]]])  # (2, 2, 5)
    first, number = first_ids(counts, 2), 1
    for step, age in enumerate((1, 0, 0, 0)):
        for locality in range(2):
            for quintile in range(5):
                assert first[step, locality, quintile] == number
                number += counts[locality, age, quintile]


@given(st.integers(0, 2**40), st.integers(0, 39), st.floats(0.0, 1.0))
def test_a_family_is_the_eldest_to_whom_links_lead_one_by_one(seed, place, elder):
    """Link by link in plain arithmetic, on ten ages of forty children each."""
    counts = np.full((1, 10, 1), 40)
    found = getattr(family_of, "py_func", family_of)  # compiled, it is only for compiled callers
    rules, first = SiblingRules(elder, 1.0, 3.0, 6.0), first_ids(counts, 0)
    step, here = 9, place
    while True:
        child = int(first[step, 0, 0]) + here
        if uniform(np.uint64(seed), child, ELDER, 0) >= elder:
            break
        gap = int(triangular(1.0, 3.0, 6.0, uniform(np.uint64(seed), child, SIBLING_GAP, 0)) + 0.5)
        if step - gap < 0:
            break
        step -= gap
    with np.errstate(over="ignore"):
        assert found(np.uint64(seed), rules, first, counts, 9, 0, 0, place) == child


def test_brothers_and_sisters_share_ability_home_and_schools_and_are_of_different_ages():
    c, special = children(), oldham()[1].place_kind == SPECIAL
    several = [rows for rows in as_families().values() if len(rows) > 1]
    assert len(several) > 1000
    for rows in several[:500]:
        for name in ("navigation", "locality", "quintile", "early"):
            assert len(np.unique(c[name][rows])) == 1
        ordinary = [r for r in rows if not special[c.primary[r]]]
        assert len(np.unique(c.primary[ordinary])) <= 1
        assert len(np.unique(c.secondary[ordinary])) <= 1
        assert (np.diff(np.sort(c.birth[rows])) >= 0).all()
        assert c.family[rows[0]] <= c.id[rows].min()


def test_about_as_many_have_an_elder_brother_or_sister_as_the_evidence_says():
    """Of all children of whom the elder could still be a child; the eldest bear their own number."""
    c, rules = children(), oldham()[2].needs.siblings
    young = c.birth > -8 * 365
    n, found = young.sum(), (c.family != c.id)[young].mean()
    assert abs(found - rules.elder) < 4 * np.sqrt(rules.elder * (1 - rules.elder) / n)


def test_a_family_s_ability_is_that_of_the_whole_population():
    """Sharing it changes no child's own distribution: each family's value is one draw of the same."""
    one_of_each = np.array([rows[0] for rows in as_families().values()])
    ability = children().navigation[one_of_each]
    n = len(ability)
    assert abs(ability.mean()) < 4 / np.sqrt(n)
    assert abs(ability.var() - 1) < 4 * np.sqrt(2 / n)


def test_without_brothers_and_sisters_every_child_is_a_family_of_its_own():
    config = make_config("gatekept", {"needs.siblings": None})
    area = build_area(config.area)
    c = populate(config, compile_config(config, area, 3), area, 3).children
    np.testing.assert_array_equal(c.family, c.id)


# --------------------------------------------------------------------------------- taken along, by hand


def two_families(**later: int) -> tuple[Any, Any]:
    """Rows 0 and 1 are brothers, at the nursery 0 and at the school 1; row 2 is alone at the nursery."""
    children = SimpleNamespace(
        family=np.array([7, 7, 9]),
        first=np.array([0, 1, 2]),
        locality=np.zeros(3, int),
        early=np.array([0, 0, 0]),
        primary=np.array([1, 1, 1]),
        secondary=np.array([2, 2, 2]),
        birth=np.array([-900, -2500, -900]),
        to_school=np.array([700, -600, 700]),
        to_secondary=np.array([3300, 1600, 3300]),
        out=np.array([6000, 4400, 6000]),
    )
    children = type("Rows", (SimpleNamespace,), {"__len__": lambda self: 3})(**vars(children))
    return children, SimpleNamespace(onset=np.array([-5, later.get("elder_onset", -5), -5]))


NEVER_SWITCHES = 10**8


@pytest.mark.parametrize(
    ("switch_day", "elder_onset", "expected"),
    [
        (
            [NEVER_SWITCHES, 100, NEVER_SWITCHES],
            -5,
            [100, 700, NO_DAY],
        ),  # the younger starts school there later
        (
            [NEVER_SWITCHES, 100, NEVER_SWITCHES],
            320,
            [350, 700, NO_DAY],
        ),  # noticed on the next day of the list
        ([50, NEVER_SWITCHES, NEVER_SWITCHES], -5, [NO_DAY, 50, NO_DAY]),
        ([NEVER_SWITCHES, NEVER_SWITCHES, 100], -5, [1600, 3300, NO_DAY]),
        ([NEVER_SWITCHES] * 3, -5, [NO_DAY, NO_DAY, NO_DAY]),
    ],
)
def test_a_child_is_taken_along_from_the_day_on_which_another_is_at_a_changed_place(
    switch_day, elder_onset, expected
):
    children, needs = two_families(elder_onset=elder_onset)
    days = np.array([0, 50, 100, 350, 700, 1600, 3300])
    found = taken_along(children, needs, np.array(switch_day), np.zeros(3, int), days, 1.0, SEED)
    assert found.tolist() == expected


def test_places_of_another_locality_take_nobody_along():
    children, needs = two_families()
    found = taken_along(
        children, needs, np.array([0, 0, 0]), np.array([1, 1, 1]), np.array([0, 700]), 1.0, SEED
    )
    assert (found == NO_DAY).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_families_take_children_along_at_the_share_said_and_all_of_them_or_none(share):
    _, area, _, people = oldham()
    switch_day = np.where(np.arange(len(area.place_name)) % 2 == 0, 200, NEVER_SWITCHES)
    given = (people.children, people.needs, switch_day, area.place_locality, np.array([200, 300, 540]))
    could, does = (taken_along(*given, s, SEED) != NO_DAY for s in (1.0, share))
    families = np.unique(people.children.family[could])
    go = np.array([uniform(np.uint64(SEED), f, FOLLOWS, 0) < share for f in families.tolist()])
    assert abs(go.mean() - share) <= 4 * np.sqrt(share * (1 - share) / len(families))
    np.testing.assert_array_equal(does, could & np.isin(people.children.family, families[go]))


# ----------------------------------------------------------------------------------------- in a whole run

PHASED = {"name": "phased", "order": "random", "groups": 2, "gap_weeks": 40.0, "start_week": 1}


def test_who_is_taken_along_joins_the_new_system_s_offers_and_nobody_else_across_a_border():
    config = changing("gatekept", "balanced", area="oldham", **PHASED, siblings=1.0)
    run = simulate(config, 5)
    tables = compile_config(config, run.area, 5)
    engine = Engine(tables, run.area, populate(config, tables, run.area, 5))
    along = dict(zip(engine.people.children.id.tolist(), engine.people.taken_along.tolist(), strict=True))
    of, events = np.array(both_of(config).of), run.tables["events"]
    across = 0
    event, day = events["event"], events["day"]
    for i in np.flatnonzero((event[:-1] == EVENTS.index("arrives")) & (day[:-1] >= run.decision_day)):
        joins = event[i + 1] == EVENTS.index("joins_list")
        if joins and events["need_id"][i + 1] == events["need_id"][i]:
            place_new = tables.rules.switch_day[events["place"][i]] <= day[i]
            new = place_new or along[int(events["child_id"][i])] <= day[i]
            assert of[events["offer"][i + 1]] != (OLD if new else NEW)
            across += bool(new and not place_new)
    assert across > 0


@pytest.mark.parametrize(
    ("changes", "plan"),
    [
        ({"needs.siblings": None}, PHASED),
        ({"needs.special_school": 0.0}, {"name": "phased", "order": "by_locality", "gap_weeks": 9.0}),
    ],
    ids=["no brothers and sisters", "no border inside a locality"],
)
def test_where_no_family_stands_on_a_border_it_is_all_the_same_whom_it_would_take_along(changes, plan):
    some, none = (
        fingerprints(
            simulate(changing("gatekept", "balanced", changes, area="oldham", **plan, siblings=share), 5)
        )
        for share in (1.0, 0.0)
    )
    assert some == none
