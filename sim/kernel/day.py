"""One day, in its four phases. These are the functions that the engine calls."""

from __future__ import annotations

import numpy as np

from sim.jit import compiled, inner
from sim.kernel.basics import drop_ticket, push, unschedule
from sim.kernel.change import change_over, move_on
from sim.kernel.contacts import give_up
from sim.kernel.life import age_out, arrive, begin, chance, enter, request_chance, worsen
from sim.kernel.routes import begin_support, closed, finish, join, leave, serves
from sim.kernel.sessions import team_day
from sim.kernel.state import (
    AGE_OUT,
    ARRIVE,
    BEGIN,
    C_FIXED,
    CHANCE,
    DONE,
    END_SUPPORT,
    GIVE_UP,
    JOIN,
    LEADS_GROUP,
    MOVE,
    NOBODY,
    NOT_SERVED,
    OWED,
    POPULATION,
    REQUEST_CHANCE,
    SESSION,
    WORSEN,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import list_closed

FIXED_BITS = 30  # a fixed event is packed as what happens, and below it the need
FIXED_AT_ONCE = 4096
TICKET_BITS = 30  # tickets are numbered below 2^30


@inner
def fixed_events(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> bool:
    """Phase 1: what was going to happen to children on this day whatever the services do.

    At most ``FIXED_AT_ONCE`` events; False if there are more, for which the engine first makes room.
    """
    i = books.counter[C_FIXED]
    until = books.fixed_until[day]
    end = min(until, i + FIXED_AT_ONCE)
    while i < end:
        packed = int(books.fixed[i])
        what, need = packed >> FIXED_BITS, packed & ((1 << FIXED_BITS) - 1)
        if what == BEGIN:
            begin(rules, people, tickets, books, need)
        elif what == WORSEN:
            worsen(rules, people, tickets, books, need, day)
        elif what == MOVE:
            move_on(rules, people, tickets, books, need, day)
        elif what == AGE_OUT:
            age_out(rules, people, tickets, books, need, day)
        i += 1
    books.counter[C_FIXED] = i
    return i >= until


@inner
def number_due(tickets: Tickets, books: Books, day: int) -> int:
    """How many tickets the diary holds for the day."""
    n = 0
    t = books.diary.head[day]
    while t != NOBODY:
        n += 1
        t = tickets.after[t]
    return n


@inner
def list_due(tickets: Tickets, books: Books, day: int, due: np.ndarray) -> None:
    """The diary's tickets for the day, each packed behind its need and offer."""
    t = books.diary.head[day]
    for i in range(due.shape[0]):
        due[i] = ((int(tickets.need[t]) * 64 + int(tickets.offer[t]) + 1) << TICKET_BITS) | int(t)
        t = tickets.after[t]


@compiled
def due_today(tickets: Tickets, books: Books, day: int) -> np.ndarray:
    """The diary's tickets for the day, in the order of needs and offers: (due,), packed behind what orders them."""
    due = np.empty(number_due(tickets, books, day), np.int64)
    list_due(tickets, books, day, due)
    due.sort()
    return due


@inner
def what_falls_due(
    rules: Rules, people: People, tickets: Tickets, books: Books, due: np.ndarray, day: int
) -> None:
    """Phase 2: the diary's entries for the day."""
    for i in range(due.shape[0]):
        t = due[i] & ((1 << TICKET_BITS) - 1)
        if tickets.day[t] == day:  # not struck by something earlier today
            why = tickets.why[t]
            unschedule(tickets, books, t)
            fall_due(rules, people, tickets, books, t, why, day)


@inner
def fall_due(
    rules: Rules, people: People, tickets: Tickets, books: Books, t: int, why: int, day: int
) -> None:
    """One diary entry."""
    if why == CHANCE:
        chance(rules, people, tickets, books, tickets.need[t], day)
    elif why == ARRIVE:
        arrive(rules, people, tickets, books, tickets.need[t], day)
    elif why == GIVE_UP:
        give_up(rules, people, tickets, books, t, day)
    elif why == END_SUPPORT:
        finish(rules, people, tickets, books, t, DONE, day)
    elif why == REQUEST_CHANCE:
        request_chance(rules, people, tickets, books, t, day)
    elif why == SESSION:
        if tickets.state[t] != LEADS_GROUP:
            tickets.state[t] = OWED
        push(tickets, books, rules.offers.owed_base[tickets.offer[t]] + tickets.team[t], t)
    elif why == JOIN:
        join_after_delay(rules, people, tickets, books, t, day)


@inner
def join_after_delay(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """A delay is over: stand on the list, unless the child has grown out of the offer meanwhile."""
    need, offer = tickets.need[t], tickets.offer[t]
    if list_closed(rules, people, need, offer, day):  # while they were on their way to it
        drop_ticket(people, tickets, books, t)
        closed(people, books, need)
        enter(rules, people, tickets, books, need, day, day)
    elif rules.offers.access[offer] == POPULATION:
        drop_ticket(people, tickets, books, t)
        if serves(rules, people, need, offer, day):
            begin_support(rules, people, tickets, books, need, offer, day)
    elif serves(rules, people, need, offer, day):
        join(rules, people, tickets, books, t, day, day)
    else:
        drop_ticket(people, tickets, books, t)
        closed(people, books, need)
        leave(rules, people, books, need, day, NOT_SERVED)


@compiled
def begin_day(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> bool:
    """Phases 1 and 2. False while there is more to do on this day: call again."""
    if not change_over(rules, people, tickets, books, day):
        return False
    if not fixed_events(rules, people, tickets, books, day):
        return False
    what_falls_due(rules, people, tickets, books, due_today(tickets, books, day), day)
    return True


@compiled
def sessions(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Phase 3: team by team. Only called on working days."""
    for team in range(rules.n_teams):
        team_day(rules, people, tickets, books, team, day)
    for o in range(rules.offers.access.shape[0]):
        if rules.runs[o, day]:
            books.run_days[o, 1] += 1
