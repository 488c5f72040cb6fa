"""A search for the best compromises finds them where they are known, keeps its limits, and can be gone through again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from configurations import composed

from experiments.planning.job_plan import bands, even_split, split_now, stick_of, values_for
from experiments.planning.search import Tried, front, search
from experiments.sweeps.points import Point, config_of
from sim.checking import check
from sim.errors import InputError

OFFERS = ["drop_in", "link_visit", "targeted_group", "therapy"]


def two_aims(plans):
    """Schaffer's problem: the front is where the first number lies between 0.2 and 0.7 and the second is 0."""
    return [((-((x - 0.2) ** 2) - y, -((x - 0.7) ** 2) - y), ()) for x, y in plans]


def test_the_front_of_a_known_problem_is_found():
    tried = search(two_aims, 2, 2, 480, seed=1)
    found = front(tried)
    assert len(found) >= 8
    for i in found:
        x, y = tried[i].x
        assert 0.2 - 0.03 <= x <= 0.7 + 0.03
        assert y < 0.05
    first = sorted(tried[i].x[0] for i in found)
    assert first[0] < 0.35
    assert first[-1] > 0.55


def test_limits_are_kept_by_every_plan_of_the_front():
    def judge(plans):
        return [(aims, (0.5 - x[0],)) for (aims, _), x in zip(two_aims(plans), plans, strict=True)]

    tried = search(judge, 2, 2, 320, seed=1)
    found = front(tried)
    assert found
    assert all(tried[i].x[0] >= 0.5 for i in found)
    assert any(one.x[0] < 0.5 for one in tried), "some that were tried broke it"


def test_the_same_seed_goes_the_same_way_and_begins_with_the_present_plan():
    one, other = (search(two_aims, 2, 2, 64, seed=5, first=[(0.9, 0.9)]) for _ in range(2))
    assert one == other
    assert one[0].x == (0.9, 0.9)
    assert search(two_aims, 2, 2, 64, seed=6)[1:] != one[1:]


def test_a_plan_that_failed_is_in_no_front_and_does_not_stop_the_search():
    def judge(plans):
        return [
            ((math.nan, 0.0) if x[0] > 0.6 else aims, ())
            for (aims, _), x in zip(two_aims(plans), plans, strict=True)
        ]

    tried = search(judge, 2, 2, 96, seed=2)
    assert any(not one.allowed for one in tried)
    assert all(tried[i].x[0] <= 0.6 for i in front(tried))


def test_the_front_holds_those_that_nobody_beats():
    worth = [(1, 1), (2, 0), (0, 2), (0.5, 0.5), (2, 0), (3, 3)]
    tried = [Tried((0.0,), w, (1.0,) if w == (3, 3) else (0.0,)) for w in worth]
    assert front(tried) == [0, 1, 2]


@pytest.mark.parametrize(
    "split", [[0.25] * 4, [1, 0, 0, 0], [0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0, 0]]
)
def test_a_division_of_time_can_be_written_as_numbers_from_0_to_1_and_back(split):
    there = stick_of(np.array(split))
    assert all(0 <= u <= 1 for u in there)
    assert even_split(there) == pytest.approx(split, abs=1e-12)


def test_divisions_are_spread_evenly():
    drawn = np.array([even_split(row) for row in np.random.default_rng(1).random((20_000, 3))])
    assert drawn.sum(axis=1) == pytest.approx(1.0)
    assert (drawn >= 0).all()
    # an even spread over all divisions: each part has mean 1/4 and variance 3/80
    assert drawn.mean(axis=0) == pytest.approx([0.25] * 4, abs=0.006)
    assert drawn.var(axis=0) == pytest.approx([3 / 80] * 4, abs=0.0015)


def test_dividing_time_anew_takes_no_more_of_it_and_leaves_a_sound_configuration():
    config = check(composed(("system=balanced", "area=example_small")))
    now = bands(config, OFFERS)
    assert set(now) == {"therapist_b5", "therapist_b6", "therapist_b7"}, "assistants serve one of these only"
    tree = config.model_dump(mode="json")
    for split in (split_now(now, OFFERS), np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.97, 0.01, 0.01, 0.01])):
        changed = check(config_of(Point(0, (), values_for(now, OFFERS, split), ""), {(): tree}))
        for role, shares in bands(changed, OFFERS).items():
            assert sum(shares.values()) == pytest.approx(sum(now[role].values()), rel=1e-12)
            got = np.array([shares[name] for name in OFFERS])
            assert got / got.sum() == pytest.approx(split, abs=1e-12)


def test_offers_that_cannot_share_time_are_refused():
    config = check(composed(("system=balanced", "area=example_small")))
    with pytest.raises(InputError, match="has time for 'dropin'"):
        bands(config, ["dropin", "therapy"])
    with pytest.raises(InputError, match="needs two or more different offers"):
        bands(config, ["therapy"])
    with pytest.raises(InputError, match="no band of balanced has time for two"):
        bands(config, ["drop_in", "school_programme"])
