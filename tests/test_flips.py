"""Cases in which the change on one day is not the better choice, and the numbers at which they flip.

The model must be able to say so: nothing favours a way of changing by construction.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from experiments.compose import load_plans
from experiments.replicate import replication_seed
from experiments.statistics import Estimate, paired_difference
from sim import simulate

IMPACT, WAITS = "impact_mean_change_points", "first_useful_within_18_weeks_all_needs_share"
LOW_DIP = "evidence.transition_productivity_dip_share.value=0.05"
CHEAP = (LOW_DIP, "evidence.adoption_fidelity_share.value=0.95")


@cache
def values(experiment: str, plans: str, n: int, *words: str) -> dict[str, dict[str, np.ndarray]]:
    """Measures of each plan, replication by replication."""
    configs = load_plans([f"transition={plans}", f"experiment={experiment}", *words])
    out: dict[str, dict[str, np.ndarray]] = {}
    for name, config in configs.items():
        told = [simulate(config, replication_seed(1, r)).summary() for r in range(n)]
        out[name] = {m: np.array([s[m] for s in told]) for m in (IMPACT, WAITS)}
    return out


def apart(found: dict[str, dict[str, np.ndarray]], reference: str, other: str, measure: str) -> Estimate:
    return paired_difference(found[reference][measure], found[other][measure])


def test_staying_put_is_better_than_a_change_that_is_not_worth_its_costs():
    found = values("staying_put", "none,big_bang,parallel", 16)
    for plan in ("big_bang", "parallel"):
        assert apart(found, "none", plan, IMPACT).high < 0.0, plan
        assert apart(found, "none", plan, WAITS).high < 0.0, plan


def test_and_it_flips_when_the_dip_is_small_and_the_new_ways_are_taken_up():
    found = values("staying_put", "none,big_bang", 24, *CHEAP)
    assert apart(found, "none", "big_bang", IMPACT).low > 0.0


@pytest.mark.parametrize(("words", "better"), [((), "parallel"), ((LOW_DIP,), "big_bang")])
def test_side_by_side_is_better_or_worse_than_one_day_by_the_dip_alone(words, better):
    found = values("side_by_side", "big_bang,parallel", 24, *words)
    difference = apart(found, "big_bang", "parallel", IMPACT)
    assert difference.low > 0.0 if better == "parallel" else difference.high < 0.0
    assert (
        apart(found, "big_bang", "parallel", WAITS).high < 0.0
    )  # in either case fewer are helped within 18 weeks
