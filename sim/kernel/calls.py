"""Calls to the families on the old lists, instead of asking all of them in on one day.

The lists are closed. Every week the role that rings keeps some of its minutes for calls; they are made day by day,
the most severe needs first and within a level in the order of the lists, until nobody is left to be called. What was
kept and not needed is unused.
"""

from __future__ import annotations

import numpy as np

from sim.jit import inner
from sim.kernel.change import call
from sim.kernel.score import level_now
from sim.kernel.state import (
    CALL_CARRY,
    CALL_MINUTES,
    CALLS,
    L_CHANGE,
    L_UNUSED,
    NOBODY,
    OLD,
    POPULATION,
    QUEUE,
    TO_CALL,
    VISIT,
    WAITING,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import list_closed


@inner
def is_to_be_called(rules: Rules, people: People, tickets: Tickets, t: int, day: int) -> bool:
    """Whether a ticket stands on an old list that is closed to its need."""
    return (
        tickets.state[t] == WAITING
        and rules.offers.of[tickets.offer[t]] == OLD
        and list_closed(rules, people, tickets.need[t], tickets.offer[t], day)
    )


@inner
def keep_for_calls(rules: Rules, books: Books, left: np.ndarray, team: int, week: int) -> None:
    """Minutes of the coming week for whole calls. What is too little for one is saved up for the next week."""
    books.calls[team, CALLS] = 0
    minutes, role = rules.call_minutes, rules.call_role
    if minutes == 0 or books.calls[team, TO_CALL] == 0:
        books.calls[team, CALL_CARRY] = 0
        return
    saved = books.calls[team, CALL_CARRY] + int(left[role] * rules.call_most)
    n = min(books.calls[team, TO_CALL], min(saved // minutes, left[role] // minutes))
    books.calls[team, CALL_CARRY] = min(saved - n * minutes, minutes)
    books.calls[team, CALLS] = n
    books.calls[team, CALL_MINUTES] = n * minutes
    left[role] -= n * minutes


@inner
def calls_of_a_day(rules: Rules, people: People, tickets: Tickets, books: Books, team: int, day: int) -> None:
    """A working day's part of the week's calls, the most severe needs first."""
    n = books.calls[team, CALLS]
    if n == 0:
        return
    first = day - day % 7
    end = min(first + 7, rules.works.shape[0])
    days = rules.works_before[end] - rules.works_before[first]
    gone = rules.works_before[day] - rules.works_before[first]
    today = n * (gone + 1) // days - n * gone // days
    for turn in range(3):
        for offer in range(rules.offers.access.shape[0]):
            access = rules.offers.access[offer]
            if today > 0 and rules.offers.of[offer] == OLD and access != POPULATION:
                base = rules.offers.list_base[offer]
                if access == VISIT:
                    for i in range(people.team_first[team], people.team_first[team + 1]):
                        q = base + people.team_place[i]
                        today -= call_list(rules, people, tickets, books, q, team, day, 2 - turn, today)
                else:
                    one = (rules.offers.n_classes[offer] + 1) * rules.offers.n_kind_groups[offer]
                    lists = one if access == QUEUE else 1
                    row = 0 if rules.offers.pooled[offer] else team
                    for q in range(base + row * lists, base + (row + 1) * lists):
                        today -= call_list(rules, people, tickets, books, q, team, day, 2 - turn, today)


@inner
def call_list(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    queue: int,
    team: int,
    day: int,
    level: int,
    most: int,
) -> int:
    """Ring up the team's families with needs of a level on one list; the number of calls made."""
    made, week = 0, day // 7
    t = books.lists.head[queue]
    while t != NOBODY and made < most:
        following, need = tickets.behind[t], tickets.need[t]
        ours = tickets.team[t] == team and is_to_be_called(rules, people, tickets, t, day)
        if ours and level_now(rules, people, need, day) == level:
            books.calls[team, CALL_MINUTES] -= rules.call_minutes
            books.ledger[week, team, rules.call_role, L_CHANGE] += rules.call_minutes
            call(rules, people, tickets, books, need, day)
            made += 1
        t = following
    return made


@inner
def close_calls(rules: Rules, books: Books, team: int, week: int) -> None:
    """Minutes kept for calls that were not needed."""
    books.ledger[week, team, rules.call_role, L_UNUSED] += books.calls[team, CALL_MINUTES]
    books.calls[team, CALL_MINUTES] = 0
