"""Lists, diary, tickets and the log: the bookkeeping that everything else stands on.

Lists and diary are chains through the tickets, so joining, leaving and giving up cost the same however long the
list is. A ticket stands on at most one list and has at most one diary entry.
"""

from __future__ import annotations

from sim.jit import inner
from sim.kernel.state import (
    C_FREE,
    C_FULL,
    C_LOG,
    C_USED,
    FREE,
    NEVER,
    NOBODY,
    NOTHING,
    OUTSIDE,
    Books,
    People,
    Rules,
    Tickets,
)


class OutOfTickets(RuntimeError):
    """More tickets were wanted within a day than were kept free."""


@inner
def push(tickets: Tickets, books: Books, queue: int, t: int) -> None:
    """Put a ticket at the end of a list."""
    last = books.lists.tail[queue]
    tickets.ahead[t] = last
    tickets.behind[t] = NOBODY
    if last == NOBODY:
        books.lists.head[queue] = t
    else:
        tickets.behind[last] = t
    books.lists.tail[queue] = t
    books.lists.length[queue] += 1
    tickets.queue[t] = queue


@inner
def pull(tickets: Tickets, books: Books, t: int) -> None:
    """Take a ticket off the list it stands on, if any."""
    queue = tickets.queue[t]
    if queue == NOBODY:
        return
    ahead, behind = tickets.ahead[t], tickets.behind[t]
    if ahead == NOBODY:
        books.lists.head[queue] = behind
    else:
        tickets.behind[ahead] = behind
    if behind == NOBODY:
        books.lists.tail[queue] = ahead
    else:
        tickets.ahead[behind] = ahead
    books.lists.length[queue] -= 1
    tickets.queue[t] = NOBODY
    books.standing.row[t] = NOBODY


@inner
def schedule(tickets: Tickets, books: Books, t: int, day: int, why: int) -> None:
    """Enter a ticket in the diary (replacing its entry); days beyond the end are not kept."""
    unschedule(tickets, books, t)
    if day >= books.diary.head.shape[0]:
        return
    tickets.day[t] = day
    tickets.why[t] = why
    last = books.diary.tail[day]
    tickets.before[t] = last
    tickets.after[t] = NOBODY
    if last == NOBODY:
        books.diary.head[day] = t
    else:
        tickets.after[last] = t
    books.diary.tail[day] = t


@inner
def unschedule(tickets: Tickets, books: Books, t: int) -> None:
    """Strike a ticket's diary entry, if any."""
    day = tickets.day[t]
    if day == NEVER:
        return
    before, after = tickets.before[t], tickets.after[t]
    if before == NOBODY:
        books.diary.head[day] = after
    else:
        tickets.after[before] = after
    if after == NOBODY:
        books.diary.tail[day] = before
    else:
        tickets.before[after] = before
    tickets.day[t] = NEVER
    tickets.why[t] = NOTHING


@inner
def new_ticket(people: People, tickets: Tickets, books: Books, need: int, offer: int) -> int:
    """A ticket from the pool for one need in one offer. The engine keeps the pool large enough."""
    t = books.counter[C_FREE]
    if t == NOBODY:
        raise OutOfTickets("the pool of tickets ran out within a day")
    books.counter[C_FREE] = tickets.after[t]
    books.counter[C_USED] += 1
    tickets.need[t] = need
    tickets.offer[t] = offer
    tickets.team[t] = people.children.locality[people.needs.child[need]]
    tickets.state[t] = FREE
    tickets.day[t] = NEVER
    tickets.why[t] = NOTHING
    tickets.queue[t] = NOBODY
    tickets.contacts[t] = 0
    tickets.tries[t] = 0
    tickets.goal_led[t] = False
    tickets.rate[t] = 0.0
    tickets.fellow[t] = NOBODY
    tickets.sibling[t] = people.needs.tickets[need]
    people.needs.tickets[need] = t
    return t


@inner
def drop_ticket(people: People, tickets: Tickets, books: Books, t: int) -> None:
    """Give a ticket back: off its list, out of the diary, out of its need's chain."""
    pull(tickets, books, t)
    unschedule(tickets, books, t)
    need = tickets.need[t]
    previous = NOBODY
    here = people.needs.tickets[need]
    while here != NOBODY and here != t:
        previous = here
        here = tickets.sibling[here]
    if here == t:
        if previous == NOBODY:
            people.needs.tickets[need] = tickets.sibling[t]
        else:
            tickets.sibling[previous] = tickets.sibling[t]
    tickets.state[t] = FREE
    tickets.after[t] = books.counter[C_FREE]
    books.counter[C_FREE] = t
    books.counter[C_USED] -= 1


@inner
def has_ticket(people: People, tickets: Tickets, need: int, offer: int) -> int:
    """The need's ticket in an offer, or -1."""
    t = people.needs.tickets[need]
    while t != NOBODY:
        if tickets.offer[t] == offer:
            return t
        t = tickets.sibling[t]
    return NOBODY


@inner
def log(rules: Rules, people: People, books: Books, day: int, need: int, offer: int, event: int) -> None:
    """Write one line of the event log, when it is asked for."""
    if not rules.log_events:
        return
    i = books.counter[C_LOG]
    if i >= books.log.day.shape[0]:
        books.counter[C_FULL] += 1
        return
    books.log.day[i] = day
    books.log.need[i] = need
    books.log.place[i] = people.needs.place[need]
    books.log.offer[i] = offer
    books.log.event[i] = event
    books.counter[C_LOG] = i + 1


@inner
def count(people: People, books: Books, day: int, measure: int, need: int) -> None:
    """Add one to a weekly count, for the need's locality, quintile and level."""
    if day < 0:
        return
    week = day // 7
    if week < books.weekly.shape[0]:
        c = people.needs.child[need]
        books.weekly[
            week, measure, people.children.locality[c], people.children.quintile[c], people.needs.level[need]
        ] += 1
        if week < books.by_group.shape[0]:
            books.by_group[week, measure, people.places.pilot[people.needs.place[need]]] += 1


@inner
def outside(people: People, tickets: Tickets, books: Books, need: int) -> int:
    """The ticket of a need's life outside offers; a new one if it has none."""
    t = has_ticket(people, tickets, need, OUTSIDE)
    return t if t != NOBODY else new_ticket(people, tickets, books, need, OUTSIDE)


@inner
def drop_outside(people: People, tickets: Tickets, books: Books, need: int) -> None:
    """Nothing is due any more in the need's life outside offers."""
    t = has_ticket(people, tickets, need, OUTSIDE)
    if t != NOBODY:
        drop_ticket(people, tickets, books, t)
