"""One day, in its four phases. These are the functions that the engine calls."""

from __future__ import annotations

import numpy as np

from sim.jit import compiled, inner
from sim.kernel.basics import drop_ticket, push, sort_due, unschedule
from sim.kernel.contacts import give_up
from sim.kernel.life import age_out, arrive, begin, chance, move, request_chance, worsen
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

FIXED_OFFSET = 1 << 20  # days before day 0 that a fixed event may lie; its day is packed with this added


@inner
def fixed_events(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Phase 1: what was going to happen to children on this day whatever the services do."""
    i = books.counter[C_FIXED]
    while i < books.fixed.shape[0]:
        packed = books.fixed[i]
        when = (packed >> 34) - FIXED_OFFSET
        if when > day:
            break
        what, need = (packed >> 32) & 3, packed & 0xFFFFFFFF
        if what == BEGIN:
            begin(rules, people, tickets, books, need, when)
        elif what == WORSEN:
            worsen(rules, people, tickets, books, need, day)
        elif what == MOVE:
            move(rules, people, tickets, books, need, day)
        elif what == AGE_OUT:
            age_out(rules, people, tickets, books, need, day)
        i += 1
    books.counter[C_FIXED] = i


@inner
def what_falls_due(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Phase 2: the diary's entries for the day, in the order of the needs."""
    n = 0
    t = books.diary.head[day]
    while t != NOBODY:
        n += 1
        t = tickets.after[t]
    if n == 0:
        return
    due = np.empty(n, np.int64)
    keys = np.empty(n, np.int64)
    t = books.diary.head[day]
    own = people.needs.child.shape[0]  # tickets below are the needs' own entries
    for i in range(n):
        due[i] = t
        keys[i] = tickets.need[t] * 64 + (0 if t < own else tickets.offer[t] + 1)
        t = tickets.after[t]
    sort_due(keys, due, n)
    for i in range(n):
        t = due[i]
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
        chance(rules, people, tickets, books, t, day)
    elif why == ARRIVE:
        arrive(rules, people, tickets, books, t, day)
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
    if rules.offers.access[offer] == POPULATION:
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
def begin_day(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Phases 1 and 2."""
    fixed_events(rules, people, tickets, books, day)
    what_falls_due(rules, people, tickets, books, day)


@compiled
def sessions(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Phase 3: team by team. Only called on working days."""
    for team in range(rules.n_teams):
        team_day(rules, people, tickets, books, team, day)
    for o in range(rules.offers.access.shape[0]):
        if rules.runs[o, day]:
            books.run_days[o, 1] += 1
