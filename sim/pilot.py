"""A pilot, and the decision that follows from it: everywhere, back, or as it is.

In some places the new system is tried for some weeks. What was counted there each week, against as many weeks before
it, is held against the same growth in the other places: a difference in differences, as a ratio, so that neither the
needier places nor the season are taken for an effect. The decision is taken inside the run, from its own books, and
the same books always lead to the same decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.kernel.state import Rules
from sim.timetable import Outcome


@dataclass(frozen=True)
class PilotRule:
    """When and by what is decided, and the tables of the plan for each decision."""

    decide_on: int  # day: the first of a week
    first_week: int  # first whole week of the pilot
    measure: int  # code of the weekly count
    at_least: bool  # go on if the result is at least the threshold, else if it is at most that
    threshold: float
    otherwise: Outcome  # back or stay
    inside: np.ndarray  # (p,) bool: places that take part
    tables: Mapping[Outcome, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class PilotDecision:
    """What was found and decided.

    Attributes:
        before, during: the count in as many weeks before and in the pilot: others, pilot places. result: growth in
        pilot places over growth in the others; NaN if there was nothing to divide by, and then nothing goes on.
    """

    day: int
    before: tuple[int, int]
    during: tuple[int, int]
    result: float
    outcome: Outcome

    def columns(self) -> dict[str, np.ndarray]:
        """The decision as a table of one row."""
        counts = {"before": self.before, "during": self.during}
        return {
            "day": np.array([self.day], np.int32),
            **{
                f"{when}_{where}": np.array([n[i]], np.int64)
                for when, n in counts.items()
                for i, where in enumerate(("elsewhere", "inside"))
            },
            "growth_ratio": np.array([self.result]),
            "went_on": np.array([self.outcome == "go_on"]),
        }


def decide(rule: PilotRule, by_group: np.ndarray) -> PilotDecision:
    """The decision on the counts so far: by_group is (weeks, measures, 2), others and pilot places."""
    last = rule.decide_on // 7
    n = last - rule.first_week
    # the week in which a pilot begins on another day than its first counts neither here nor there
    start = rule.tables["stay"]["switch_day"].min() // 7
    counts = by_group[:, rule.measure].astype(np.int64)
    before = counts[start - n : start].sum(axis=0)
    during = counts[rule.first_week : last].sum(axis=0)
    (b_out, b_in), (d_out, d_in) = before.tolist(), during.tolist()
    result = d_in * b_out / (b_in * d_out) if b_in * d_out > 0 else math.nan
    good = result >= rule.threshold if rule.at_least else result <= rule.threshold
    return PilotDecision(
        rule.decide_on, (b_out, b_in), (d_out, d_in), result, "go_on" if good else rule.otherwise
    )


def with_own_tables(rules: Rules, rule: PilotRule) -> Rules:
    """The same rules, with copies of everything that the decision changes."""
    own: dict[str, Any] = {name: np.array(getattr(rules, name)) for name in rule.tables["stay"]}
    return rules._replace(**own)


def put_in_force(rules: Rules, rule: PilotRule, outcome: Outcome) -> None:
    """Go on by the tables of the decision. They agree with those so far up to its day."""
    for name, values in rule.tables[outcome].items():
        getattr(rules, name)[...] = values
