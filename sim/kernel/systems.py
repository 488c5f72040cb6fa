"""Which system a need belongs to on a day, and which offers are open to it then.

Before a change there is one system. During it a child's place may have changed over or not, and where both systems
run side by side each family belongs to one of them, by its ability to find its way and a luck of its own that is the
same in every plan.
"""

from __future__ import annotations

from sim.draws import SYSTEM, uniform
from sim.jit import inner
from sim.kernel.state import (
    CANDIDATE,
    NEW,
    NOBODY,
    OLD,
    OUTSIDE,
    POPULATION,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.numerics import logistic


@inner
def switched(rules: Rules, place: int, day: int) -> bool:
    """Whether a place works in the new way on a day."""
    return rules.switch_day[place] <= day and day < rules.back_day[place]


@inner
def system_at(rules: Rules, people: People, need: int, day: int) -> int:
    """The system through whose door a need would go on a day: 0 as at the start, 1 the new one."""
    return 0 if people.needs.gated[need] else own_system(rules, people, need, day)


@inner
def own_system(rules: Rules, people: People, need: int, day: int) -> int:
    """The same while no door is shut: a family that is sent to the old door for now still belongs to the new system."""
    c = people.needs.child[need]
    along = people.taken_along.shape[0] > 0 and people.taken_along[c] <= day
    if not along and not switched(rules, people.needs.place[need], day):
        return 0
    if people.needs.by_habit[need] and rules.side_by_side[day]:
        return 0
    share = rules.demand_share[day]
    if share >= 1.0:
        return 1
    if share <= 0.0:
        return 0
    if rules.demand_navigation != 0.0:
        share = logistic(rules.demand_odds[day] + rules.demand_navigation * people.children.navigation[c])
    return 1 if uniform(rules.seed, people.children.family[c], SYSTEM, 0) < share else 0


@inner
def note_entry(rules: Rules, people: People, need: int, day: int) -> None:
    """Keep the system in which the need was first taken on: through a door, at a visit, or with another need."""
    if not people.needs.entered[need]:
        people.needs.entered[need] = True
        people.needs.system[need] = system_at(rules, people, need, day)


@inner
def leading(rules: Rules, week: int, team: int) -> int:
    """The system that has most of a team's minutes: its ways of managing lists and free time are followed."""
    return 1 if rules.capacity[week, team] >= 0.5 else 0


@inner
def list_closed(rules: Rules, people: People, need: int, offer: int, day: int) -> bool:
    """Whether an offer no longer takes anybody on for this need, because those waiting moved over to the other system."""
    if not rules.lists_close or rules.offers.access[offer] == POPULATION:
        return False
    if rules.offers.request_rate[offer] > 0.0:
        return False
    if rules.offers.of[offer] == OLD:
        return system_at(rules, people, need, day) == 1
    return rules.offers.of[offer] == NEW and rules.back_day[people.needs.place[need]] <= day


@inner
def works_there(rules: Rules, offer: int, place: int, day: int) -> bool:
    """Whether a place works with an offer on a day: with those of its system, or of both where they are side by side."""
    of, new = rules.offers.of[offer], switched(rules, place, day)
    return not ((of == NEW and not new) or (of == OLD and new and rules.demand_share[day] >= 1.0))


@inner
def visited(rules: Rules, books: Books, offer: int, place: int, day: int) -> bool:
    """Whether an offer's visits go to a place on a day: each system's to the places that work its way.

    Visitors also go where somebody still waits for them: a child may have come from a place that works otherwise.
    """
    return (
        works_there(rules, offer, place, day) or books.lists.length[rules.offers.list_base[offer] + place] > 0
    )


@inner
def belongs(rules: Rules, tickets: Tickets, t: int, of: int) -> bool:
    """Whether a ticket is an episode of care in an offer that only one of the systems has: OLD or NEW."""
    offer = tickets.offer[t]
    if offer == OUTSIDE or tickets.state[t] == CANDIDATE:
        return False
    return rules.offers.of[offer] == of and rules.offers.access[offer] != POPULATION


@inner
def held_by(rules: Rules, people: People, tickets: Tickets, need: int, of: int) -> bool:
    """Whether a need has an episode of care in what only one of the systems offers."""
    t = people.needs.tickets[need]
    while t != NOBODY:
        if belongs(rules, tickets, t, of):
            return True
        t = tickets.sibling[t]
    return False


@inner
def rostered(rules: Rules, books: Books, team: int, role: int, offer: int) -> bool:
    """Whether a role has time for an offer in the job plan of a system that the team works in this week."""
    for s in range(rules.plan_offer.shape[0]):
        if books.system_share[s, team] > 0.0 and rules.plan_offer[s, team, role, offer] > 0.0:
            return True
    return False
