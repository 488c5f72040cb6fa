"""The children and their needs, as arrays: who has which need, from when, and how it would go by itself.

Children are numbered by age, locality and deprivation quintile, then the cohorts born during the run; only those
who ever have a need in the run become rows. The stock on the first day and the onsets after it come from one
mechanism (a child ever has a kind or not; if so, an age of onset), so they agree with each other. Brothers and
sisters (:mod:`sim.siblings`) share what belongs to a family.

In a given stream (``demand.mode = referrals``) every referral is a child with one need that is known, and at the
door, on the day it begins.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim import draws
from sim.area import EARLY_YEARS, HUB, PRIMARY, SECONDARY, SPECIAL, Area
from sim.draws import exponential, normal, triangular, uniform
from sim.function import DAYS_PER_YEAR, HIGHEST, LOWEST, advance, level_of
from sim.jit import compiled, inner
from sim.kernel.state import CHILD, NEED, NEVER, NOBODY, NOT_LEFT, Records, records
from sim.siblings import SiblingRules, family_of, first_ids
from sim.stream import Stream

MOST_NEEDS = 3  # per child
LAST_DAY = 32_767  # that a record can hold
KINDS_PER_CHILD = 64  # keys of draws: child_id * this + kind


class NeedRules(NamedTuple):
    """What the population is drawn from; arrays by kind (k,) unless stated."""

    ever: np.ndarray  # (k, 5) by quintile
    second_need: float
    onset_low: np.ndarray  # years
    onset_mode: np.ndarray
    onset_high: np.ndarray
    score: np.ndarray
    score_sd: np.ndarray
    drift_sd: np.ndarray  # points a day
    potential: np.ndarray
    potential_sd: np.ndarray
    normal: np.ndarray
    targeted: np.ndarray
    special: np.ndarray
    band_from: np.ndarray  # (k, bands) days
    band_drift: np.ndarray  # (k, bands) points a day
    noticed_from: np.ndarray
    noticed_rate: np.ndarray  # per day
    noticed_fastest: np.ndarray  # (k,) per day, in the best of places
    worsens: np.ndarray  # (5,) per day, by quintile
    worsen_points: float
    special_school: float
    leaves_at: int  # days of age
    school_age: int  # days: the school year that begins on or after it is the first at school
    secondary_age: int
    september: np.ndarray  # (years,) days of 1 September, around those of the run
    siblings: SiblingRules


class PlaceTable(NamedTuple):
    """Places to choose from: for each locality and phase, cumulative sizes over a stretch of ``place``."""

    first: np.ndarray  # (n_localities, 4) phases: early years, primary, secondary, special
    number: np.ndarray
    place: np.ndarray
    cumulative: np.ndarray


class Population(NamedTuple):
    """Children (c,) and needs (n,) as records; the needs of a child stand together. Days count from day 0."""

    children: Records  # CHILD
    needs: Records  # NEED


_UNTOUCHED: dict[str, object] = {
    **{name: NEVER for name in ("identified", "concern", "referred", "first_contact", "first_useful")},
    **{name: NEVER for name in ("second_contact", "specialist_start", "left")},
    "reason": NOT_LEFT,
    "tickets": NOBODY,
}


def _records(n_children: int, n_needs: int) -> Population:
    return Population(records(CHILD, n_children), records(NEED, n_needs, empty=_UNTOUCHED))


def place_table(area: Area) -> PlaceTable:
    """Where children of each phase may go; a phase with no place in a locality uses the area's, else the hub."""
    n = len(area.localities)
    first = np.zeros((n, 4), np.int32)
    count = np.zeros((n, 4), np.int32)
    stretch: list[np.ndarray] = []
    at = 0
    for locality in range(n):
        for phase, kind in enumerate((EARLY_YEARS, PRIMARY, SECONDARY, SPECIAL)):
            here = np.flatnonzero((area.place_kind == kind) & (area.place_locality == locality))
            if len(here) == 0:
                here = np.flatnonzero(area.place_kind == kind)
            if len(here) == 0:
                here = np.flatnonzero((area.place_kind == HUB) & (area.place_locality == locality))
            first[locality, phase], count[locality, phase] = at, len(here)
            stretch.append(here)
            at += len(here)
    place = np.concatenate(stretch).astype(np.int32)
    cumulative = np.zeros(len(place))
    for locality in range(n):
        for phase in range(4):
            a, m = first[locality, phase], count[locality, phase]
            sizes = np.maximum(area.place_size[place[a : a + m]], 1.0)
            cumulative[a : a + m] = np.cumsum(sizes) / sizes.sum()
    return PlaceTable(first, count, place, cumulative)


def from_area(rules: NeedRules, area: Area, seed: int, end_day: int) -> Population:
    """Children of an area who have a need at some time before ``end_day``."""
    table = place_table(area)
    cohorts = math.ceil(end_day / DAYS_PER_YEAR)
    first = first_ids(area.children, cohorts)
    args = (np.uint64(seed), rules, table, area.children, first, cohorts, end_day)
    with np.errstate(over="ignore"):
        out = _records(*_build(*args, _records(0, 0), False))
        _build(*args, out, True)
    return out


@compiled
def _build(
    seed: np.uint64,
    rules: NeedRules,
    table: PlaceTable,
    children: np.ndarray,
    first: np.ndarray,
    cohorts: int,
    end_day: int,
    out: Population,
    write: bool,
) -> tuple[int, int]:
    """Walk through all children; count (``write`` False) or fill in those with needs. Same draws both times."""
    n_localities, n_ages, n_quintiles = children.shape
    n_children, n_needs = 0, 0
    child_id = 0
    kinds = np.empty(MOST_NEEDS, np.int64)
    onsets = np.empty(MOST_NEEDS, np.int64)
    # oldest first, then the cohorts born in the run (negative), so that a longer run renumbers nobody
    for age in range(n_ages - 1, -cohorts - 1, -1):
        for locality in range(n_localities):
            for quintile in range(n_quintiles):
                for i_here in range(children[locality, max(age, 0), quintile]):
                    child_id += 1
                    u = uniform(seed, child_id, draws.BIRTHDAY, 0)
                    birth = (
                        math.floor(-(age + u) * DAYS_PER_YEAR)
                        if age >= 0
                        else math.floor((-age - u) * DAYS_PER_YEAR)
                    )
                    if birth >= end_day or birth + rules.leaves_at <= 0:
                        continue
                    n_ever = _needs_of(seed, rules, child_id, quintile, birth, kinds, onsets)
                    special = write and _goes_to_special_school(seed, rules, child_id, kinds, n_ever)
                    n = _begun_before(end_day, kinds, onsets, n_ever)
                    if n == 0:
                        continue
                    if write:
                        step = n_ages - 1 - age
                        family = family_of(
                            seed, rules.siblings, first, children, step, locality, quintile, i_here
                        )
                        _write_child(
                            seed,
                            rules,
                            table,
                            out,
                            n_children,
                            child_id,
                            family,
                            birth,
                            locality,
                            quintile,
                            n_needs,
                            n,
                        )
                        for i in range(n):
                            _write_need(
                                seed,
                                rules,
                                out,
                                n_children,
                                n_needs + i,
                                child_id,
                                kinds[i],
                                onsets[i],
                                birth,
                                quintile,
                            )
                        if special:
                            u = uniform(seed, child_id, draws.PLACE, 3)
                            place = _choose_place(table, locality, 3, u)
                            out.children.primary[n_children] = place
                            out.children.secondary[n_children] = place
                        _settle(out, n_children)
                    n_children += 1
                    n_needs += n
    return n_children, n_needs


@inner
def _needs_of(
    seed: np.uint64,
    rules: NeedRules,
    child_id: int,
    quintile: int,
    birth: int,
    kinds: np.ndarray,
    onsets: np.ndarray,
) -> int:
    """Kinds and onset days of a child's needs; those gone by themselves before day 0 are none.

    Whether the run lasts until they begin is asked afterwards, so that its length changes nothing before its end.
    """
    n = 0
    had = 0
    for k in range(rules.ever.shape[0]):
        p = rules.ever[k, quintile]
        if had > 0:
            p = min(1.0, p * rules.second_need)
        if n == MOST_NEEDS or uniform(seed, child_id, draws.EVER, k) >= p:
            continue
        had += 1
        key = child_id * KINDS_PER_CHILD + k
        u = uniform(seed, key, draws.ONSET_AGE, 0)
        years = triangular(rules.onset_low[k], rules.onset_mode[k], rules.onset_high[k], u)
        onset = birth + math.floor(years * DAYS_PER_YEAR)
        if onset >= birth + rules.leaves_at:
            continue
        if onset < 0 and _gone_by(seed, rules, key, k, onset, 0, birth, quintile):
            continue
        kinds[n] = k
        onsets[n] = onset
        n += 1
    return n


@inner
def _begun_before(end_day: int, kinds: np.ndarray, onsets: np.ndarray, n: int) -> int:
    """Keep, at the front and in order, the needs that begin before the run ends; how many."""
    kept = 0
    for i in range(n):
        if onsets[i] < end_day:
            kinds[kept] = kinds[i]
            onsets[kept] = onsets[i]
            kept += 1
    return kept


@inner
def _traits(seed: np.uint64, rules: NeedRules, key: int, k: int) -> tuple[float, float, float]:
    """Score at onset (always below the normal range), deviation of drift, potential (never below the score)."""
    y = normal(rules.score[k], rules.score_sd[k], uniform(seed, key, draws.SCORE, 0))
    y = min(max(y, LOWEST), rules.normal[k] - 0.01)
    deviation = normal(0.0, rules.drift_sd[k], uniform(seed, key, draws.DRIFT, 0))
    p = normal(rules.potential[k], rules.potential_sd[k], uniform(seed, key, draws.POTENTIAL, 0))
    return y, deviation, min(max(p, y), HIGHEST)


@inner
def _worsens(seed: np.uint64, rules: NeedRules, key: int, onset: int, quintile: int) -> int:
    """Day of the step down; NEVER if the rate is zero, or the day is beyond any run."""
    if rules.worsens[quintile] <= 0.0:
        return NEVER
    u = uniform(seed, key, draws.ESCALATION, 0)
    day = onset + math.ceil(min(exponential(1.0 / rules.worsens[quintile], u), 1e6))
    return day if day <= LAST_DAY else NEVER


@inner
def _gone_by(
    seed: np.uint64, rules: NeedRules, key: int, k: int, onset: int, day: int, birth: int, quintile: int
) -> bool:
    """Whether the need is back in the normal range by a day, with no service."""
    y, deviation, _ = _traits(seed, rules, key, k)
    t = onset
    worse = _worsens(seed, rules, key, onset, quintile)
    if worse != NEVER and worse < day:
        y, _ = advance(y, onset, worse, birth, rules.band_from[k], rules.band_drift[k], deviation, 0.0, 0.0)
        if y < rules.normal[k]:
            y = max(LOWEST, y - rules.worsen_points)
        t = worse
    y, _ = advance(y, t, day, birth, rules.band_from[k], rules.band_drift[k], deviation, 0.0, 0.0)
    return y >= rules.normal[k]


@inner
def _write_child(
    seed: np.uint64,
    rules: NeedRules,
    table: PlaceTable,
    out: Population,
    c: int,
    child_id: int,
    family: int,
    birth: int,
    locality: int,
    quintile: int,
    first: int,
    n: int,
) -> None:
    """One row of the children."""
    children = out.children
    children.id[c] = child_id
    children.family[c] = family
    children.birth[c] = birth
    children.locality[c] = locality
    children.quintile[c] = quintile
    children.navigation[c] = normal(0.0, 1.0, uniform(seed, family, draws.NAVIGATION, 0))
    children.early[c] = _choose_place(table, locality, 0, uniform(seed, family, draws.PLACE, 0))
    children.primary[c] = _choose_place(table, locality, 1, uniform(seed, family, draws.PLACE, 1))
    children.secondary[c] = _choose_place(table, locality, 2, uniform(seed, family, draws.PLACE, 2))
    children.first[c] = first
    children.needs[c] = n
    children.out[c] = birth + rules.leaves_at
    children.to_school[c] = _next_september(rules.september, birth + rules.school_age)
    children.to_secondary[c] = _next_september(rules.september, birth + rules.secondary_age)


@inner
def _next_september(september: np.ndarray, day: int) -> int:
    """First 1 September on or after a day.

    Long before the calendar the exact day no longer matters: the move lies in the past.
    """
    low, high = 0, september.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if september[middle] >= day:
            high = middle
        else:
            low = middle + 1
    return september[low]


@inner
def _settle(out: Population, c: int) -> None:
    """Where the child is when each need begins (or on day 0)."""
    children, needs = out.children, out.needs
    for i in range(children.first[c], children.first[c] + children.needs[c]):
        start = max(needs.onset[i], 0)
        if start >= children.to_secondary[c]:
            needs.place[i] = children.secondary[c]
        elif start >= children.to_school[c]:
            needs.place[i] = children.primary[c]
        else:
            needs.place[i] = children.early[c]


@inner
def _choose_place(table: PlaceTable, locality: int, phase: int, u: float) -> int:
    """A place of a phase, in proportion to size."""
    first = table.first[locality, phase]
    n = table.number[locality, phase]
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) // 2
        if table.cumulative[first + middle] > u:
            high = middle
        else:
            low = middle + 1
    return table.place[first + low]


@inner
def _goes_to_special_school(
    seed: np.uint64, rules: NeedRules, child_id: int, kinds: np.ndarray, n: int
) -> bool:
    """Some children one of whose ``n`` needs calls for specialist support from its start go to a special school."""
    if uniform(seed, child_id, draws.SPECIAL_SCHOOL, 0) >= rules.special_school:
        return False
    for i in range(n):
        k = kinds[i]
        y, _, _ = _traits(seed, rules, child_id * KINDS_PER_CHILD + k, k)
        if level_of(y, rules.targeted[k], rules.special[k]) == 2:
            return True
    return False


@inner
def _write_need(
    seed: np.uint64,
    rules: NeedRules,
    out: Population,
    c: int,
    i: int,
    child_id: int,
    k: int,
    onset: int,
    birth: int,
    quintile: int,
) -> None:
    """One row of the needs; for the stock at the start also whether it is known already."""
    needs = out.needs
    key = child_id * KINDS_PER_CHILD + k
    y, deviation, potential = _traits(seed, rules, key, k)
    needs.child[i] = c
    needs.key[i] = key
    needs.kind[i] = k
    needs.onset[i] = onset
    needs.worsens[i] = _worsens(seed, rules, key, onset, quintile)
    needs.onset_score[i] = y
    needs.y[i] = y
    needs.y_day[i] = onset
    needs.deviation[i] = deviation
    needs.potential[i] = potential
    chance = 0
    if onset < 0:
        fastest = rules.noticed_fastest[k]
        day = onset
        while fastest > 0.0 and day < 0 and chance < 30_000:
            gap = exponential(1.0 / fastest, uniform(seed, key, draws.NOTICED_GAP, chance))
            day += max(1, math.ceil(gap))
            if day >= 0:
                chance += 1  # the wait from day 0 on has no memory: a fresh draw
                break
            rate = rules.noticed_rate[k, 0]
            for b in range(1, rules.noticed_rate.shape[1]):
                if day - birth >= rules.noticed_from[k, b]:
                    rate = rules.noticed_rate[k, b]
            taken = uniform(seed, key, draws.NOTICED, chance) * fastest < rate
            chance += 1
            if taken:
                needs.identified[i] = day
                break
    needs.noticed_chances[i] = chance


def from_stream(rules: NeedRules, area: Area, stream: Stream, seed: int, end_day: int) -> Population:
    """One child with one need per referral."""
    table = place_table(area)
    weights = area.children.sum(axis=(1, 2)).astype(float)
    localities = (
        np.cumsum(weights / weights.sum()) if weights.sum() > 0 else np.linspace(0, 1, len(weights) + 1)[1:]
    )
    with np.errstate(over="ignore"):
        if stream.dated is None:
            days = _arrival_days(np.uint64(seed), stream.per_day[:end_day])
            given = np.full((4, len(days)), -1.0)
        else:
            keep = stream.dated["day"] < end_day
            days = stream.dated["day"][keep].astype(np.int64)
            given = np.array(
                [stream.dated[c][keep] for c in ("kind", "age_years", "quintile", "urgent")], float
            )
        out = _records(len(days), len(days))
        _write_stream(
            np.uint64(seed),
            rules,
            table,
            out,
            days,
            given,
            stream.kind_shares,
            stream.age_from,
            stream.age_to,
            stream.age_shares,
            stream.quintile_shares,
            localities,
            stream.urgent_share,
        )
    return out


@compiled
def _arrival_days(seed: np.uint64, per_day: np.ndarray) -> np.ndarray:
    """Days of the referrals, in order."""
    counts = np.empty(per_day.shape[0], np.int64)
    for d in range(per_day.shape[0]):
        counts[d] = draws.poisson(per_day[d], seed, d, draws.ARRIVALS)
    return np.repeat(np.arange(per_day.shape[0]), counts)


@inner
def _pick(cumulative: np.ndarray, u: float) -> int:
    for i in range(cumulative.shape[0] - 1):
        if u < cumulative[i]:
            return i
    return cumulative.shape[0] - 1


@compiled
def _write_stream(
    seed: np.uint64,
    rules: NeedRules,
    table: PlaceTable,
    out: Population,
    days: np.ndarray,
    given: np.ndarray,
    kind_shares: np.ndarray,
    age_from: np.ndarray,
    age_to: np.ndarray,
    age_shares: np.ndarray,
    quintile_shares: np.ndarray,
    localities: np.ndarray,
    urgent_share: float,
) -> None:
    """Rows of a stream; what the file does not give is drawn from the mix."""
    for i in range(days.shape[0]):
        child_id = i + 1
        day = days[i]
        kind = (
            int(given[0, i])
            if given[0, i] >= 0
            else _pick(kind_shares, uniform(seed, child_id, draws.REFERRAL_KIND, 0))
        )
        years = given[1, i]
        if years < 0:
            band = _pick(age_shares, uniform(seed, child_id, draws.REFERRAL_AGE, 0))
            v = uniform(seed, child_id, draws.REFERRAL_AGE, 1)
            years = age_from[band] + v * (age_to[band] - age_from[band])
        if given[2, i] >= 0:
            quintile = int(given[2, i])
        else:
            quintile = _pick(quintile_shares, uniform(seed, child_id, draws.REFERRAL_QUINTILE, 0))
        locality = _pick(localities, uniform(seed, child_id, draws.REFERRAL_LOCALITY, 0))
        birth = day - math.floor(years * DAYS_PER_YEAR)
        _write_child(seed, rules, table, out, i, child_id, child_id, birth, locality, quintile, i, 1)
        _write_need(seed, rules, out, i, i, child_id, kind, day, birth, quintile)
        _settle(out, i)
        out.needs.identified[i] = NEVER
        out.needs.referral[i] = True
        if given[3, i] >= 0:
            out.needs.urgent[i] = given[3, i] > 0
        else:
            out.needs.urgent[i] = uniform(seed, child_id, draws.REFERRAL_KIND, 1) < urgent_share
