"""Which system a need belongs to on a day, and which offers are open to it then.

Before a change there is one system. During it a child's place may have changed over or not, and where both systems
run side by side each family belongs to one of them by a luck of its own, the same in every plan.
"""

from __future__ import annotations

from sim.draws import SYSTEM, uniform
from sim.jit import inner
from sim.kernel.state import NEW, OLD, POPULATION, Books, People, Rules


@inner
def system_at(rules: Rules, people: People, need: int, day: int) -> int:
    """The system through whose door a need would go on a day: 0 as at the start, 1 the new one."""
    if rules.switch_day[people.needs.place[need]] > day:
        return 0
    share = rules.demand_share[day]
    if share >= 1.0:
        return 1
    child = people.children.id[people.needs.child[need]]
    return 1 if share > 0.0 and uniform(rules.seed, child, SYSTEM, 0) < share else 0


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
    """Whether an offer of the old system no longer takes anybody on for this need, because those waiting moved over."""
    return (
        rules.lists_close
        and rules.offers.of[offer] == OLD
        and rules.offers.access[offer] != POPULATION
        and rules.offers.request_rate[offer] <= 0.0
        and system_at(rules, people, need, day) == 1
    )


@inner
def visited(rules: Rules, books: Books, offer: int, place: int, day: int) -> bool:
    """Whether an offer's visits go to a place on a day: each system's to the places that work its way.

    The old system's visitors also go where somebody still waits for them.
    """
    of = rules.offers.of[offer]
    switched = rules.switch_day[place] <= day
    if of == NEW:
        return switched
    if of == OLD and switched and rules.demand_share[day] >= 1.0:
        return books.lists.length[rules.offers.list_base[offer] + place] > 0
    return True


@inner
def rostered(rules: Rules, books: Books, team: int, role: int, offer: int) -> bool:
    """Whether a role has time for an offer in the job plan of a system that the team works in this week."""
    for s in range(rules.plan_offer.shape[0]):
        if books.system_share[s, team] > 0.0 and rules.plan_offer[s, role, offer] > 0.0:
            return True
    return False
