"""Brothers and sisters: who belongs to one family, and whom a family takes along to another door.

A child may have an elder brother or sister some years older, of the same locality and deprivation quintile; those
linked in this way are one family. They have one ability to find their way through services, go to the same nursery
and schools, and go by the same door. So where places change over in groups, a family may have one child at a place
that has changed and another at one that has not.

The link is drawn for the younger child from its own luck, and leads to the child who stands as far along among those
of that age as the younger one does among its own: nothing has to be kept, and a longer run changes no family.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.draws import ELDER, FOLLOWS, SIBLING_GAP, triangular, uniform
from sim.jit import inner

if TYPE_CHECKING:
    from sim.kernel.state import Records

#: Day of something that does not come, later than any other.
NO_DAY = np.iinfo(np.int16).max


class SiblingRules(NamedTuple):
    """What families are drawn from."""

    elder: float  # share of children who have an elder brother or sister
    gap_low: float  # years
    gap_mode: float
    gap_high: float


def first_ids(children: np.ndarray, cohorts: int) -> np.ndarray:
    """The id of the first child of each cell, in the order in which children are numbered.

    Args:
        children: (localities, ages, quintiles) counts. cohorts: years of births after day 0, each as large as age 0.

    Returns:
        Shape (ages + cohorts, localities, quintiles); the oldest come first, those born in the run last.
    """
    n_ages = children.shape[1]
    age = np.maximum(np.arange(n_ages - 1, -cohorts - 1, -1), 0)
    counts = np.asarray(children)[:, age, :].swapaxes(0, 1)
    return 1 + (np.cumsum(counts.ravel()) - counts.ravel()).reshape(counts.shape)


@inner
def family_of(
    seed: np.uint64,
    rules: SiblingRules,
    first: np.ndarray,
    children: np.ndarray,
    step: int,
    locality: int,
    quintile: int,
    place: int,
) -> int:
    """The id of the eldest of a child's family.

    Args:
        first: see :func:`first_ids`. step, place: the child's row in it, and its place in its cell, from 0.
    """
    n_ages = children.shape[1]
    while True:
        child_id = first[step, locality, quintile] + place
        if uniform(seed, child_id, ELDER, 0) >= rules.elder:
            return child_id
        u = uniform(seed, child_id, SIBLING_GAP, 0)
        gap = max(1, math.floor(triangular(rules.gap_low, rules.gap_mode, rules.gap_high, u) + 0.5))
        older = step - gap
        if older < 0:
            return child_id
        there = children[locality, max(n_ages - 1 - older, 0), quintile]
        if there == 0:
            return child_id
        place = place * there // children[locality, max(n_ages - 1 - step, 0), quintile]
        step = older


def taken_along(
    children: Records,
    needs: Records,
    switch_day: np.ndarray,
    place_locality: np.ndarray,
    days: np.ndarray,
    share: float,
    seed: int,
) -> np.ndarray:
    """From which day on a family takes a child to the new door, because a brother or sister is at a changed place.

    What counts is a brother or sister with a need of its own that has begun, at a place of their own locality; and
    the family notices on the next of ``days``, those on which anybody's system may change.

    Args:
        children, needs: records of a run's people. switch_day, place_locality: (p,). days: increasing.
        share: of families, who do so at all.

    Returns:
        (c,) int16; :data:`NO_DAY` where that does not come.
    """
    begun = np.minimum.reduceat(needs.onset, children.first)
    coming = np.append(days, NO_DAY)
    earliest = np.full(len(children), NO_DAY)
    for place, start, end in (
        (children.early, children.birth, children.to_school),
        (children.primary, children.to_school, children.to_secondary),
        (children.secondary, children.to_secondary, children.out),
    ):
        day = np.maximum(np.maximum(start, begun), switch_day[place])
        day = coming[np.searchsorted(days, day)]
        there = (day < end) & (place_locality[place] == children.locality)
        earliest = np.where(there, np.minimum(earliest, day), earliest)
    return _of_the_others(children.family, earliest, share, seed)


def _of_the_others(family: np.ndarray, day: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The earliest day of the other members of each one's family, where that family takes them along."""
    order = np.lexsort((day, family))
    sorted_day = day[order]
    begins = np.append(True, family[order][1:] != family[order][:-1])
    start = np.flatnonzero(begins)
    group = np.cumsum(begins) - 1
    more = np.diff(np.append(start, len(order))) > 1
    first = sorted_day[start]
    second = np.where(more, sorted_day[np.minimum(start + 1, len(order) - 1)], NO_DAY)
    goes = more & (first < NO_DAY)
    with np.errstate(over="ignore"):
        luck = [uniform(np.uint64(seed), f, FOLLOWS, 0) for f in family[order][start[goes]].tolist()]
    goes[goes] = np.array(luck, float) < share
    others = np.where(begins, second[group], first[group])
    out = np.full(len(day), NO_DAY, np.int16)
    out[order] = np.where(goes[group], others, NO_DAY)
    return out
