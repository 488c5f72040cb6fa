"""What happens to a child on the day on which its place, or its family, goes over to the other system."""

from __future__ import annotations

from sim.draws import CALL, uniform
from sim.jit import inner
from sim.kernel.basics import drop_ticket, has_ticket, log, new_ticket
from sim.kernel.life import (
    consider,
    door_of,
    enter,
    move,
    next_chance,
    next_request,
    seeks,
    try_both_doors,
)
from sim.kernel.routes import closed, leave
from sim.kernel.score import in_normal_range, level_now
from sim.kernel.state import (
    C_CROSSED,
    C_CROSSING,
    CANDIDATE,
    E_CALLED_OFF,
    E_INVITED,
    GONE,
    HIDDEN,
    KNOWN,
    NEVER_SOUGHT,
    NEW,
    NO_LONGER,
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
from sim.kernel.systems import list_closed, own_system

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
    both = rules.side_by_side[day] and (day == 0 or not rules.side_by_side[day - 1])
    while need < people.needs.child.shape[0] and n < CROSS_AT_ONCE:
        now = own_system(rules, people, need, day)
        if now != (own_system(rules, people, need, day - 1) if day > 0 else 0):
            cross(rules, people, tickets, books, need, day, now)
            n += 1
        elif rules.word_days[day] and now == 1 and hears_more(rules, people, tickets, books, need, day):
            n += 1
        if both and people.needs.open[need] > 0:
            try_both_doors(rules, people, tickets, books, need, day)
            n += 1
        need += 1
    books.counter[C_CROSSED] = need
    return need >= people.needs.child.shape[0]


@inner
def move_on(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The child goes on to school or to secondary school: perhaps to a place that works in the other system."""
    before = own_system(rules, people, need, day)
    move(rules, people, tickets, books, need, day)
    now = own_system(rules, people, need, day)
    if now != before:
        cross(rules, people, tickets, books, need, day, now)


@inner
def cross(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int, to: int) -> None:
    """A need belongs to another system from today on: ``to`` is 1 for the new one, 0 for the old one."""
    phase, kind = people.needs.phase[need], people.needs.kind[need]
    if phase == TO_COME or phase == GONE:
        return
    people.needs.gated[need] = False  # whatever door was shut, it was another one
    if phase == HIDDEN:
        if rules.noticed_fastest[0, kind] != rules.noticed_fastest[1, kind]:
            people.needs.noticed_chances[need] += (
                1  # the wait begins afresh at the other rate: it has no memory
            )
            next_chance(rules, people, tickets, books, need, day)
        return
    hand_over_requests(rules, people, tickets, books, need, day, to)
    if rules.lists_close:
        if not rules.by_call or to == 0:
            invite(rules, people, tickets, books, need, day)
        elif rules.call_minutes == 0:
            call(rules, people, tickets, books, need, day)
    if phase == KNOWN and people.needs.open[need] == 0 and people.needs.reason[need] == NEVER_SOUGHT:
        hear_of_it(rules, people, tickets, books, need, day, to)


@inner
def hand_over_requests(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int, to: int
) -> None:
    """A request with the force of law that may come one day will come to the other system, if that has an offer for it.

    The luck of the chances goes on where it was. A system that knew no such requests hands over every known need.
    """
    chances, old = -1, False
    before, after = (OLD, NEW) if to == 1 else (NEW, OLD)
    for offer in range(rules.offers.access.shape[0]):
        if rules.offers.request_rate[offer] > 0.0 and rules.offers.of[offer] == before:
            old = True
            t = has_ticket(people, tickets, need, offer)
            if t != NOBODY and tickets.state[t] == CANDIDATE:
                chances = max(chances, int(tickets.contacts[t]) + 1)
                drop_ticket(people, tickets, books, t)
    if old and chances < 0:
        return
    for offer in range(rules.offers.access.shape[0]):
        theirs = rules.offers.of[offer] == after and rules.offers.request_rate[offer] > 0.0
        if theirs and has_ticket(people, tickets, need, offer) == NOBODY:
            t = new_ticket(people, tickets, books, need, offer)
            tickets.state[t] = CANDIDATE
            tickets.contacts[t] = max(chances, 0)
            next_request(rules, people, tickets, books, t, day)


@inner
def invite(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """Off the closed lists, and in through the other door today. The recorded wait runs on from the referral."""
    if take_off(rules, people, tickets, books, need, day, E_INVITED):
        enter(rules, people, tickets, books, need, day, day)


@inner
def call(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The family is rung up: it needs nothing more, or is asked in through the new door today."""
    level = level_now(rules, people, need, day)
    settled = uniform(rules.seed, people.needs.key[need], CALL, 0) < rules.call_settled[level]
    if take_off(rules, people, tickets, books, need, day, E_CALLED_OFF if settled else E_INVITED):
        if settled:
            leave(rules, people, books, need, day, NO_LONGER)
        else:
            enter(rules, people, tickets, books, need, day, day)


@inner
def take_off(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int, event: int
) -> bool:
    """Off all the lists that are closed to a need; whether it stood on any."""
    n = 0
    t = people.needs.tickets[need]
    while t != NOBODY:
        following = tickets.sibling[t]
        offer = tickets.offer[t]
        if offer != OUTSIDE and tickets.state[t] == WAITING and list_closed(rules, people, need, offer, day):
            drop_ticket(people, tickets, books, t)
            closed(people, books, need)
            log(rules, people, books, day, need, offer, event)
            n += 1
        t = following
    return n > 0


@inner
def hear_of_it(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int, to: int
) -> None:
    """A family that did not ask for help hears of the other door: it comes if it would not have come to the one before."""
    if in_normal_range(rules, people, need, day):
        return
    old, new = door_of(rules, people, need, day, 1 - to), door_of(rules, people, need, day, to)
    if new < 0 or not seeks(rules, people, need, new, day):
        return
    if old < 0 or not seeks(rules, people, need, old, day):
        consider(rules, people, tickets, books, need, day)


@inner
def hears_more(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> bool:
    """A family that did not ask for help has heard more of the new door by now, and may come after all."""
    idle = people.needs.phase[need] == KNOWN and people.needs.open[need] == 0
    if not idle or people.needs.reason[need] != NEVER_SOUGHT or in_normal_range(rules, people, need, day):
        return False
    door = door_of(rules, people, need, day, 1)
    if door < 0 or not seeks(rules, people, need, door, day):
        return False
    consider(rules, people, tickets, books, need, day)
    return True
