"""The SimPy model: an environment whose processes drive the kernel through the days.

Three processes share one clock. The *calendar* wakes every day for what happens to children whatever the services
do and for what falls due (phases 1 and 2). The *teams* wake on working days for their sessions (phase 3). The
*week's end* counts lists and plans next week's minutes (phase 4). SimPy handles events of one moment in the order
in which they were scheduled, and each process schedules its next day when it has finished one, so the order of the
phases is the order in which the processes are started.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from sim.area import Area
from sim.compile import Compiled
from sim.kernel import change as kernel_change
from sim.kernel import day as kernel_day
from sim.kernel import week as kernel_week
from sim.kernel.handles import handle
from sim.kernel.state import (
    AGE_OUT,
    BANDS,
    BEGIN,
    C_FIXED,
    C_FREE,
    C_LOG,
    C_USED,
    DIARY,
    EVENT,
    LIST,
    MOVE,
    NEVER,
    NOBODY,
    PLACE,
    STANDING,
    TALLY,
    TICKET,
    WEEKLY_MEASURES,
    WORSEN,
    Books,
    People,
    Records,
    Rules,
    Tickets,
    fill,
    records,
)
from sim.pilot import PilotDecision, decide, put_in_force, with_own_tables
from sim.population import Population
from sim.siblings import taken_along
from sim.system import LEDGER_LINES

EVENTS_PER_TICKET_AND_DAY = 8
MOST_TICKETS_PER_EVENT = 4
POOL = 64  # tickets to begin with


class Engine:
    """One run: the arrays, and the environment that moves them through time.

    ``reserve`` is the share of the tickets in use that is kept free for one day's new ones. Should that not be
    enough, the run stops with OutOfTickets, and gives the same results with a larger reserve.
    """

    def __init__(
        self, compiled: Compiled, area: Area, population: Population, reserve: float = 1 / 32
    ) -> None:
        self.rules = compiled.rules
        self.pilot: PilotDecision | None = None
        if compiled.pilot is not None:
            self.rules = with_own_tables(compiled.rules, compiled.pilot)
        self.compiled = compiled
        self.reserve = reserve
        self.people = lay_out_people(area, population, compiled.rules)
        if compiled.pilot is not None:
            self.people.places.pilot[:] = compiled.pilot.inside
        self.books = lay_out_books(compiled, self.people)
        self.tickets = new_tickets(POOL, self.books)
        self.env = simpy.Environment()
        self._rules, self._people = handle(self.rules), handle(self.people)
        self._books = handle(self.books)

    def run(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Go through the days of history and horizon. ``progress(day, end_day)`` is called at each week's end."""
        with np.errstate(over="ignore"):  # draws wrap around on purpose; only seen without compilation
            kernel_week.plan_week(self._rules, self._people, self._books, 0)
            self.env.process(self._calendar())
            self.env.process(self._teams())
            self.env.process(self._week_end(progress))
            self.env.run(until=self.rules.end_day)

    def let_go(self) -> None:
        """Give back the memory of what a finished run needs no more."""
        self.tickets = new_tickets(1, self.books)
        self.books = self.books._replace(
            fixed=self.books.fixed[:0].copy(), standing=records(STANDING, 1, empty={"row": NOBODY})
        )
        self._books = None

    def _calendar(self) -> Generator[simpy.Event, Any, None]:
        """Phases 1 and 2, every day."""
        while True:
            day = int(self.env.now)
            done = False
            while not done:
                self._make_room(day)
                done = kernel_day.begin_day(self._rules, self._people, self.tickets, self._books, day)
            yield self.env.timeout(1)

    def _teams(self) -> Generator[simpy.Event, Any, None]:
        """Phase 3, on working days: all teams' sessions, in the order of the teams."""
        works = self.rules.works
        while True:
            day = int(self.env.now)
            if works[day]:
                kernel_day.sessions(self._rules, self._people, self.tickets, self._books, day)
            yield self.env.timeout(1)

    def _week_end(self, progress: Callable[[int, int], None] | None) -> Generator[simpy.Event, Any, None]:
        """Phase 4, on the last day of each week."""
        while True:
            day = int(self.env.now)
            if day % 7 == 6:
                self._decide(day + 1)
                kernel_week.end_week(self._rules, self._people, self.tickets, self._books, day)
                if progress is not None:
                    progress(day + 1, self.rules.end_day)
            # every day, although there is work on one in seven: a longer timeout, scheduled earlier than those of
            # the other processes, would put the end of the week before the sessions of its last day
            yield self.env.timeout(1)

    def _decide(self, day: int) -> None:
        """On the eve of its day the decision on a pilot is taken, so that the week is planned by it."""
        rule = self.compiled.pilot
        if rule is not None and day == rule.decide_on:
            self.pilot = decide(rule, self.books.by_group)
            put_in_force(self.rules, rule, self.pilot.outcome)

    def _make_room(self, day: int) -> None:
        """Enlarge the pool of tickets and the log before a day that might need more."""
        live = int(self.books.counter[C_USED])
        events = int(self.books.fixed_until[day] - self.books.counter[C_FIXED])
        events = min(events, kernel_day.FIXED_AT_ONCE)
        if self.rules.changes[day]:
            events += kernel_change.CROSS_AT_ONCE
        wanted = 256 + int(self.reserve * live) + MOST_TICKETS_PER_EVENT * events
        if len(self.tickets) - live < wanted:
            self.tickets = more_tickets(self.tickets, self.books, wanted)
            self.books = self.books._replace(standing=more_standing(self.books.standing, len(self.tickets)))
            self._books = handle(self.books)
        if self.rules.log_events:
            room = int(self.books.counter[C_LOG]) + EVENTS_PER_TICKET_AND_DAY * (events + live + 64)
            if room > len(self.books.log):
                self.books = enlarge_log(self.books, room)
                self._books = handle(self.books)


def lay_out_people(area: Area, population: Population, rules: Rules) -> People:
    """Children, needs and places as they are before day 0. The records are the population's own."""
    order = np.argsort(area.place_locality, kind="stable").astype(np.int32)
    first = np.searchsorted(area.place_locality[order], np.arange(len(area.localities) + 1)).astype(np.int32)
    places = records(
        PLACE,
        len(area.place_name),
        {"pupils": area.place_size, "locality": area.place_locality},
    )
    along = np.zeros(0, np.int16)
    if rules.siblings > 0.0 and len(population.children):
        along = taken_along(
            population.children,
            population.needs,
            rules.switch_day,
            area.place_locality,
            np.flatnonzero(rules.changes),
            rules.siblings,
            int(rules.seed),
        )
    return People(population.children, population.needs, places, order, first, along)


def fixed_schedule(people: People, end_day: int) -> tuple[np.ndarray, np.ndarray]:
    """Everything that happens to children whatever services do: packed events in order, and where each day's end."""
    need = np.arange(len(people.needs), dtype=np.int64)
    needs, children, child = people.needs, people.children, people.needs.child
    # stock: found to be there before day 0; those known already enter in the order in which they became known
    known = (needs.onset < 0) & (needs.identified != NEVER)
    parts = [_pack(np.where(known, needs.identified, needs.onset), BEGIN, need)]
    keep = (needs.worsens >= 0) & (needs.worsens < end_day)
    parts.append(_pack(needs.worsens[keep], WORSEN, need[keep]))
    for move_day in (children.to_school[child], children.to_secondary[child]):
        keep = (move_day > np.maximum(needs.onset, 0)) & (move_day < end_day)
        parts.append(_pack(move_day[keep], MOVE, need[keep]))
    out = children.out[child]
    keep = out < end_day
    parts.append(_pack(out[keep], AGE_OUT, need[keep]))
    events = np.concatenate(parts)
    events.sort()
    until = np.searchsorted(events, np.arange(1, end_day + 1) << 32)
    return (events & 0xFFFFFFFF).astype(np.uint32), until


def _pack(day: np.ndarray, what: int, need: np.ndarray) -> np.ndarray:
    return (day.astype(np.int64) << 32) | (what << kernel_day.FIXED_BITS) | need


def lay_out_books(compiled: Compiled, people: People) -> Books:
    """Empty lists, diary, minutes and counts."""
    rules = compiled.rules
    t, r, o, g = rules.n_teams, rules.n_roles, len(compiled.offers), rules.n_groups
    weeks = rules.end_day // 7
    fixed, until = fixed_schedule(people, rules.end_day)
    return Books(
        lists=records(LIST, compiled.n_lists, empty={"head": NOBODY, "tail": NOBODY}),
        standing=records(STANDING, POOL, empty={"row": NOBODY}),
        diary=records(DIARY, rules.end_day, empty={"head": NOBODY, "tail": NOBODY}),
        fixed=fixed,
        fixed_until=until,
        counter=np.array([NOBODY, 0, 0, 0, 0, NEVER, 0], np.int64),
        carve=np.zeros((o, t)),
        credit=np.zeros((t, o, r), np.int64),
        week_budget=np.zeros((t, o, r), np.int64),
        system_share=np.zeros((len(rules.plan_offer), t)),
        held=np.zeros((2, t), np.int64),
        calls=np.zeros((t, 4), np.int64),
        by_group=np.zeros((0 if compiled.pilot is None else weeks, len(WEEKLY_MEASURES), 2), np.int32),
        overflow=np.zeros((t, 2), np.int64),
        run_days=np.zeros((o, 2), np.int64),
        debt=np.zeros((t, o, r, 5), np.int64),
        queue_carry=np.zeros((t, g)),
        rebookings=np.zeros((t, o), np.int64),
        available=np.zeros((weeks, t, r), np.int64),
        ledger=np.zeros((weeks, t, r, len(LEDGER_LINES)), np.int64),
        waiting=np.zeros((weeks, o, t, BANDS + 1), np.int32),
        weekly=np.zeros((weeks, len(WEEKLY_MEASURES), t, 5, 3), np.int32),
        in_contact=np.zeros((t, 5, 3), np.int32),
        tallies=records(TALLY, o),
        log=records(EVENT, 1024 if rules.log_events else 0),
    )


_EMPTY_TICKET: dict[str, object] = {
    **{
        name: NOBODY
        for name in ("need", "offer", "after", "before", "behind", "ahead", "queue", "fellow", "sibling")
    },
    **{name: NEVER for name in ("day", "joined", "ready")},
}


def new_tickets(n: int, books: Books) -> Tickets:
    """A pool of free tickets."""
    tickets = records(TICKET, n, empty=_EMPTY_TICKET)
    _chain_free(tickets, books, 0)
    return tickets


def more_tickets(tickets: Tickets, books: Books, more: int) -> Tickets:
    """The same tickets with at least ``more`` free ones, and never many small steps. The old array is used up."""
    old = len(tickets)
    pool = tickets.base
    pool.resize(old + max(more, old // 16), refcheck=False)  # in place where the system can: no second copy
    fill(pool[old:], _EMPTY_TICKET)
    tickets = pool.view(np.recarray)
    _chain_free(tickets, books, old)
    return tickets


def more_standing(standing: Records, n: int) -> Records:
    """The same, for ``n`` tickets. The old array is used up."""
    old = len(standing)
    rows = standing.base
    rows.resize(n, refcheck=False)
    fill(rows[old:], {"row": NOBODY})
    return rows.view(np.recarray)


def _chain_free(tickets: Tickets, books: Books, first: int) -> None:
    tickets.after[first:] = np.arange(first + 1, len(tickets) + 1)
    tickets.after[-1] = books.counter[C_FREE]
    books.counter[C_FREE] = first


def enlarge_log(books: Books, wanted: int) -> Books:
    """The same books with room for more events."""
    grown = records(EVENT, max(wanted, 2 * len(books.log)))
    grown[: len(books.log)] = books.log
    return books._replace(log=grown)
