"""Tables of the ways between doors and offers."""

from __future__ import annotations

import math

import numpy as np

from sim.both import Both
from sim.kernel.state import (
    LEAVE,
    NOBODY,
    TO_DOOR,
)
from sim.quantity import Resolver
from sim.system import LEVELS, OUTCOMES, Branch
from sim.tables.numbers import age_days, array, flags, logit
from sim.tables.offers import _by_quintile


def route_tables(both: Both, kinds: tuple[str, ...], v: Resolver) -> dict:
    branch_to: list[int] = []
    branch_share: list[float] = []
    branch_days: list[float] = []
    branch_fixed: list[bool] = []

    def add(branches: list[Branch], cumulative: bool, names: dict[str, int]) -> tuple[int, int]:
        first, total = len(branch_to), 0.0
        for b in branches:
            total += v(b.share)
            branch_to.append(LEAVE if b.to == "leave" else TO_DOOR if b.to == "door" else names[b.to])
            # shares that add up to one do so exactly, whatever the rounding of their sum
            cut = 1.0 if cumulative and abs(total - 1.0) < 1e-9 else total
            branch_share.append(cut if cumulative else v(b.share))
            branch_days.append(v(b.after_days, "days"))
            branch_fixed.append(b.spread == "fixed")
        return first, len(branches)

    route = np.full((len(both.offers), len(OUTCOMES), 3, len(kinds)), NOBODY, np.int32)
    spans: list[tuple[int, int, int, int]] = []
    for i, offer in enumerate(both.offers):
        names = both.index[both.home(i)]
        for r in offer.routes:
            number = len(spans)
            spans.append((*add(r.to, True, names), *add(r.also, False, names)))
            for outcome in r.when:
                for j, fits_level in enumerate(flags(LEVELS, r.levels)):
                    for k, fits_kind in enumerate(flags(kinds, r.kinds)):
                        if fits_level and fits_kind and route[i, OUTCOMES.index(outcome), j, k] == NOBODY:
                            route[i, OUTCOMES.index(outcome), j, k] = number
    doors = [d for s in both.systems for d in s.doors.values()]
    door_spans = [
        add(d.to, True, names)
        for s, names in zip(both.systems, both.index, strict=True)
        for d in s.doors.values()
    ]
    n = len(doors)
    door_n = np.array([len(s.doors) for s in both.systems], np.int64)
    span = np.array(spans, np.int32).reshape(len(spans), 4)
    return {
        "route": route,
        "to_from": span[:, 0].copy(),
        "to_n": span[:, 1].copy(),
        "also_from": span[:, 2].copy(),
        "also_n": span[:, 3].copy(),
        "branch_to": array(branch_to, np.int32),
        "branch_share": array(branch_share, float),
        "branch_days": array(branch_days, float),
        "branch_fixed": array(branch_fixed, bool),
        "door_n": door_n,
        "door_first": np.cumsum(door_n) - door_n,
        "door_kinds": array((flags(kinds, d.kinds) for d in doors), bool).reshape(n, len(kinds)),
        "door_levels": array((flags(LEVELS, d.levels) for d in doors), bool).reshape(n, 3),
        "door_ages": array((age_days(d.ages) for d in doors), np.int32).reshape(n, 2),
        "door_share": array((v(d.share) for d in doors), float),
        "door_seeks": array(
            ([logit(v(d.seeks)) + x for x in _by_quintile(v(d.deprived_odds))] for d in doors), float
        ).reshape(n, 5),
        "door_navigation": array((math.log(v(d.navigation_odds)) for d in doors), float),
        "door_days": array((v(d.navigation_days, "days") for d in doors), float),
        "door_wrong": array((logit(v(d.wrong_door)) for d in doors), float),
        "door_wrong_days": array((v(d.wrong_door_days, "days") for d in doors), float),
        "door_first_branch": array((s[0] for s in door_spans), np.int32),
        "door_n_branches": array((s[1] for s in door_spans), np.int32),
    }
