"""Erosion as it happens: word of the new doors gets round, and doors that overflow are shut again for a while."""

from __future__ import annotations

from sim.draws import GATED, uniform
from sim.jit import inner
from sim.kernel.state import OLD, WALK_IN, Books, People, Rules
from sim.kernel.systems import switched, system_at

TURNED_AWAY_NOW, WEEKS_RUNNING = 0, 1


@inner
def word_at(rules: Rules, place: int, door: int, day: int) -> float:
    """Share of families who would not come to a door of the new system, but have heard enough of it by a day to come."""
    if rules.word_share <= 0.0 or rules.door_first.shape[0] < 2 or door < rules.door_first[1]:
        return 0.0
    if not switched(rules, place, day):
        return 0.0
    return rules.word_share * min(1.0, (day - rules.switch_day[place]) / rules.word_length)


@inner
def note_overflow(rules: Rules, books: Books, team: int, offer: int, day: int) -> None:
    """A walk-in of the new system has turned a family away."""
    if rules.offers.of[offer] != OLD and rules.capacity[day // 7, team] > 0.0:
        books.overflow[team, TURNED_AWAY_NOW] = 1


@inner
def count_overflow(rules: Rules, books: Books) -> None:
    """At the end of a week: how many weeks running families were turned away. Weeks without a walk-in do not count."""
    ran = False
    for offer in range(rules.offers.access.shape[0]):
        walk_in = rules.offers.access[offer] == WALK_IN and rules.offers.of[offer] != OLD
        if walk_in and books.run_days[offer, 0] > 0:
            ran = True
    for team in range(rules.n_teams):
        if ran:
            running = books.overflow[team, WEEKS_RUNNING] + 1
            books.overflow[team, WEEKS_RUNNING] = running if books.overflow[team, TURNED_AWAY_NOW] > 0 else 0
        books.overflow[team, TURNED_AWAY_NOW] = 0


@inner
def mind_gates(rules: Rules, people: People, books: Books, need: int, day: int) -> bool:
    """Whether a family on its way to the new doors finds them shut and is sent to the old ones instead."""
    if rules.gated_share <= 0.0:
        return False
    people.needs.gated[need] = False
    team = people.children.locality[people.needs.child[need]]  # whose drop-ins the family goes to
    shut = books.overflow[team, WEEKS_RUNNING] >= rules.gated_after
    if shut and system_at(rules, people, need, day) == 1:
        u = uniform(rules.seed, people.needs.key[need], GATED, people.needs.arrivals[need])
        people.needs.gated[need] = u < rules.gated_share
    return people.needs.gated[need]
