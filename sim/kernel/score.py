"""A need's functional score during a run: looked at when needed, re-anchored only when support changes.

Between anchors the score is a closed form of time. A need that no service ever touches is therefore worked out
by the very same operations as its no-service counterfactual, and its impact is zero to the bit.
"""

from __future__ import annotations

import numpy as np

from sim.draws import KEPT_UP, uniform
from sim.function import level_of, no_service, windowed
from sim.jit import compiled, inner
from sim.kernel.basics import count, log
from sim.kernel.state import (
    E_SUPPORT,
    E_SUPPORT_ENDS,
    GONE,
    NEVER,
    POPULATION,
    RUNNING,
    W_USEFUL,
    Books,
    People,
    Rules,
    Tickets,
)


@inner
def capability_days(people: People, place: int, day: int) -> float:
    """Integral of a place's capability up to a day (it is constant within a week)."""
    return people.places.capability_days[place] + people.places.capability[place] * (day % 7)


@inner
def look(rules: Rules, people: People, need: int, day: int) -> tuple[float, float]:
    """Score on a day, and the integral since the last anchor that falls in the horizon."""
    start = people.needs.y_day[need]
    if day <= start:
        return people.needs.y[need], 0.0
    kind = people.needs.kind[need]
    gained = capability_days(people, people.needs.place[need], day) - people.needs.capability_then[need]
    # the place's capability enters as its mean since the anchor: exact without support, weekly steps with it
    drift = people.needs.deviation[need] + rules.capability_drift * gained / (day - start)
    return windowed(
        people.needs.y[need],
        start,
        day,
        rules.decision_day,
        people.children.birth[people.needs.child[need]],
        rules.band_from[kind],
        rules.band_drift[kind],
        drift,
        people.needs.support[need],
        people.needs.potential[need],
    )


@inner
def score(rules: Rules, people: People, need: int, day: int) -> float:
    """Score on a day."""
    return look(rules, people, need, day)[0]


@compiled
def anchor(rules: Rules, people: People, need: int, day: int) -> float:
    """Make the score on a day the new starting point; returns it."""
    y, area = look(rules, people, need, day)
    people.needs.score_days[need] += area
    people.needs.y[need] = y
    people.needs.y_day[need] = max(day, people.needs.y_day[need])
    people.needs.capability_then[need] = capability_days(people, people.needs.place[need], day)
    return y


@inner
def alone(rules: Rules, people: People, need: int, day: int) -> tuple[float, float]:
    """Score on a day had there never been a service, and its integral over the horizon up to that day."""
    kind = people.needs.kind[need]
    return no_service(
        people.needs.onset_score[need],
        people.needs.onset[need],
        day,
        rules.decision_day,
        people.needs.worsens[need],
        rules.worsen_points,
        rules.kinds.normal[kind],
        people.children.birth[people.needs.child[need]],
        rules.band_from[kind],
        rules.band_drift[kind],
        people.needs.deviation[need],
    )


@inner
def level_now(rules: Rules, people: People, need: int, day: int) -> int:
    """Level of support the need calls for on a day: 0 universal, 1 targeted, 2 specialist."""
    kind = people.needs.kind[need]
    return level_of(score(rules, people, need, day), rules.kinds.targeted[kind], rules.kinds.special[kind])


@inner
def in_normal_range(rules: Rules, people: People, need: int, day: int) -> bool:
    """Whether the need is none any more."""
    return score(rules, people, need, day) >= rules.kinds.normal[people.needs.kind[need]]


@inner
def start_support(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """An offer begins to work on a child: its rate joins the others."""
    need, offer = tickets.need[t], tickets.offer[t]
    tickets.y_then[t] = score(rules, people, need, day)
    tickets.y_last[t] = tickets.y_then[t]
    if not rules.offers.helps[offer]:
        return
    if people.needs.first_useful[need] == NEVER:
        people.needs.first_useful[need] = day
        count(people, books, day, W_USEFUL, need)
    log(rules, people, books, day, need, offer, E_SUPPORT)
    rate = rules.rate[offer, level_now(rules, people, need, day)]
    floor = rules.fidelity_floor
    fidelity = floor + (1.0 - floor) * people.places.capability[people.needs.place[need]]
    rate *= 1.0 - rules.offers.school_share[offer] * (1.0 - fidelity)
    if rules.offers.kept_up[offer] < 1.0:
        u = uniform(rules.seed, people.needs.key[need], KEPT_UP, people.needs.routings[need])
        if u >= rules.offers.kept_up[offer]:
            rate = 0.0
    if rate == 0.0:
        return
    anchor(rules, people, need, day)
    people.needs.support[need] += rate
    people.needs.supports[need] += 1
    tickets.rate[t] = rate


@inner
def end_support(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """An offer stops working on a child."""
    need, offer = tickets.need[t], tickets.offer[t]
    if rules.offers.helps[offer] and rules.offers.access[offer] == POPULATION and tickets.state[t] == RUNNING:
        log(rules, people, books, day, need, offer, E_SUPPORT_ENDS)
    if tickets.rate[t] == 0.0:
        return
    anchor(rules, people, need, day)
    people.needs.supports[need] -= 1
    # no support is exactly zero, not what is left over by rounding
    people.needs.support[need] = (
        0.0 if people.needs.supports[need] == 0 else people.needs.support[need] - tickets.rate[t]
    )
    tickets.rate[t] = 0.0


@compiled
def final_scores(
    rules: Rules,
    people: People,
    level: np.ndarray,
    y_start: np.ndarray,
    y_none: np.ndarray,
    days_none: np.ndarray,
) -> None:
    """Bring every need's score up to the end of the run, and work out the same needs with no service at all.

    Fills, by need: the level at the start of the horizon (or onset) and the score then; the score at the end and the
    point-days of the horizon without service.
    """
    for i in range(level.shape[0]):
        c = people.needs.child[i]
        k = people.needs.kind[i]
        onset = people.needs.onset[i]
        last = max(onset, min(rules.end_day, people.children.out[c]))
        first = min(max(rules.decision_day, onset), last)
        if people.needs.phase[i] != GONE or people.needs.y_day[i] < last:
            anchor(rules, people, i, last)
        y_none[i], days_none[i] = alone(rules, people, i, last)
        y_start[i] = alone(rules, people, i, first)[0]
        level[i] = level_of(y_start[i], rules.kinds.targeted[k], rules.kinds.special[k])
