"""What happens to a child on the day on which its place, or its family, goes over to the new system."""

from __future__ import annotations

from sim.jit import inner
from sim.kernel.basics import drop_ticket, has_ticket, log, new_ticket
from sim.kernel.life import consider, door_of, enter, move, next_chance, next_request, seeks
from sim.kernel.routes import closed
from sim.kernel.score import in_normal_range
from sim.kernel.state import (
    C_CROSSED,
    C_CROSSING,
    CANDIDATE,
    E_INVITED,
    GONE,
    HIDDEN,
    KNOWN,
    NEVER_SOUGHT,
    NEW,
    NOBODY,
    OLD,
    OUTSIDE,
    TO_COME,
    WAITING,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import list_closed, system_at

CROSS_AT_ONCE = 4096


@inner
def change_over(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> bool:
    """Go through the needs on a day on which somebody's system changes.

    At most ``CROSS_AT_ONCE`` needs cross in one call; False if there are more, for which the engine makes room.
    """
    if not rules.changes[day]:
        return True
    if books.counter[C_CROSSING] != day:
        books.counter[C_CROSSING] = day
        books.counter[C_CROSSED] = 0
    need, n = books.counter[C_CROSSED], 0
    while need < people.needs.child.shape[0] and n < CROSS_AT_ONCE:
        if system_at(rules, people, need, day) == 1 and system_at(rules, people, need, day - 1) == 0:
            cross(rules, people, tickets, books, need, day)
            n += 1
        need += 1
    books.counter[C_CROSSED] = need
    return need >= people.needs.child.shape[0]


@inner
def move_on(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The child goes on to school or to secondary school: perhaps from a place of the old system to one of the new."""
    before = system_at(rules, people, need, day)
    move(rules, people, tickets, books, need, day)
    if before == 0 and system_at(rules, people, need, day) == 1:
        cross(rules, people, tickets, books, need, day)


@inner
def cross(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A need belongs to the new system from today on."""
    phase, kind = people.needs.phase[need], people.needs.kind[need]
    if phase == TO_COME or phase == GONE:
        return
    if phase == HIDDEN:
        if rules.noticed_fastest[0, kind] != rules.noticed_fastest[1, kind]:
            people.needs.noticed_chances[need] += (
                1  # the wait begins afresh at the other rate: it has no memory
            )
            next_chance(rules, people, tickets, books, need, day)
        return
    hand_over_requests(rules, people, tickets, books, need, day)
    if rules.lists_close:
        invite(rules, people, tickets, books, need, day)
    if phase == KNOWN and people.needs.open[need] == 0 and people.needs.reason[need] == NEVER_SOUGHT:
        hear_of_it(rules, people, tickets, books, need, day)


@inner
def hand_over_requests(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int
) -> None:
    """A request with the force of law that may come one day will come to the new system, if it has another offer for it.

    The luck of the chances goes on where it was. A system that knew no such requests hands over every known need.
    """
    chances, old = -1, False
    for offer in range(rules.offers.access.shape[0]):
        if rules.offers.request_rate[offer] > 0.0 and rules.offers.of[offer] == OLD:
            old = True
            t = has_ticket(people, tickets, need, offer)
            if t != NOBODY and tickets.state[t] == CANDIDATE:
                chances = max(chances, int(tickets.contacts[t]) + 1)
                drop_ticket(people, tickets, books, t)
    if old and chances < 0:
        return
    for offer in range(rules.offers.access.shape[0]):
        theirs = rules.offers.of[offer] == NEW and rules.offers.request_rate[offer] > 0.0
        if theirs and has_ticket(people, tickets, need, offer) == NOBODY:
            t = new_ticket(people, tickets, books, need, offer)
            tickets.state[t] = CANDIDATE
            tickets.contacts[t] = max(chances, 0)
            next_request(rules, people, tickets, books, t, day)


@inner
def invite(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """Off the old lists, and in through the new door today. The recorded wait runs on from the referral."""
    n = 0
    t = people.needs.tickets[need]
    while t != NOBODY:
        following = tickets.sibling[t]
        offer = tickets.offer[t]
        if offer != OUTSIDE and tickets.state[t] == WAITING and list_closed(rules, people, need, offer, day):
            drop_ticket(people, tickets, books, t)
            closed(people, books, need)
            log(rules, people, books, day, need, offer, E_INVITED)
            n += 1
        t = following
    if n > 0:
        enter(rules, people, tickets, books, need, day, day)


@inner
def hear_of_it(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A family that did not ask for help hears of the new door: it comes if it would not have come to the old one."""
    if in_normal_range(rules, people, need, day):
        return
    old, new = door_of(rules, people, need, day, 0), door_of(rules, people, need, day, 1)
    if new < 0 or not seeks(rules, people, need, new):
        return
    if old < 0 or not seeks(rules, people, need, old):
        consider(rules, people, tickets, books, need, day)
