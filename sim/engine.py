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
from sim.calendar import september_firsts
from sim.compile import Compiled
from sim.function import DAYS_PER_YEAR
from sim.kernel import day as kernel_day
from sim.kernel import week as kernel_week
from sim.kernel.handles import handle
from sim.kernel.state import (
    AGE_OUT,
    BANDS,
    BEGIN,
    C_FREE,
    C_LOG,
    C_USED,
    CHILD,
    DIARY,
    EVENT,
    LIST,
    MOVE,
    NEED,
    NEVER,
    NOBODY,
    NOT_LEFT,
    PLACE,
    TALLY,
    TICKET,
    WEEKLY_MEASURES,
    WORSEN,
    Books,
    People,
    Tickets,
    records,
)
from sim.population import Population
from sim.system import LEDGER_LINES

EVENTS_PER_TICKET_AND_DAY = 8
MOST_TICKETS_PER_EVENT = 4


class Engine:
    """One run: the arrays, and the environment that moves them through time."""

    def __init__(self, compiled: Compiled, area: Area, population: Population) -> None:
        self.rules = compiled.rules
        self.compiled = compiled
        self.people = lay_out_people(compiled, area, population)
        n = len(self.people.needs)
        self.books = lay_out_books(compiled, self.people)
        self.tickets = lay_out_tickets(n, max(64, n // 16), self.books)
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

    def _calendar(self) -> Generator[simpy.Event, Any, None]:
        """Phases 1 and 2, every day."""
        while True:
            day = int(self.env.now)
            self._make_room(day)
            kernel_day.begin_day(self._rules, self._people, self.tickets, self._books, day)
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
                kernel_week.end_week(self._rules, self._people, self.tickets, self._books, day)
                if progress is not None:
                    progress(day + 1, self.rules.end_day)
            # every day, although there is work on one in seven: a longer timeout, scheduled earlier than those of
            # the other processes, would put the end of the week before the sessions of its last day
            yield self.env.timeout(1)

    def _make_room(self, day: int) -> None:
        """Enlarge the pool of tickets and the log before a day that might need more."""
        live = int(self.books.counter[C_USED])
        events = int(self.books.begins[day]) + live
        free = len(self.tickets) - len(self.people.needs) - live
        wanted = 256 + live + MOST_TICKETS_PER_EVENT * int(self.books.begins[day])
        if free < wanted:
            self.tickets = enlarge_tickets(self.tickets, self.books, wanted)
        if self.rules.log_events:
            room = int(self.books.counter[C_LOG]) + EVENTS_PER_TICKET_AND_DAY * (events + 64)
            if room > len(self.books.log):
                self.books = enlarge_log(self.books, room)
                self._books = handle(self.books)


def lay_out_people(compiled: Compiled, area: Area, population: Population) -> People:
    """Children, needs and places as they are before day 0."""
    c, n = population.children, population.needs
    size, end = len(n["child"]), compiled.end_day
    child = n["child"]
    start = np.maximum(n["onset"], 0)
    september = september_firsts(compiled.days.first_day, end)
    to_school = _next_september(september, c["birth"] + compiled.needs.school_age)
    to_secondary = _next_september(september, c["birth"] + compiled.needs.secondary_age)
    at_school, at_secondary = start >= to_school[child], start >= to_secondary[child]
    place = np.where(
        at_secondary, c["secondary"][child], np.where(at_school, c["primary"][child], c["early"][child])
    )
    places = len(area.place_name)
    order = np.argsort(area.place_locality, kind="stable").astype(np.int32)
    first = np.searchsorted(area.place_locality[order], np.arange(len(area.localities) + 1)).astype(np.int32)

    days = ("identified", "concern", "referred", "first_contact", "first_useful", "second_contact")
    needs = records(
        NEED,
        size,
        {
            **n,
            "identified": n["identified"],
            "place": place,
            "y": n["onset_score"],
            "y_day": n["onset"],
        },
        {
            **{name: NEVER for name in (*days[1:], "specialist_start", "left")},
            "reason": NOT_LEFT,
            "tickets": NOBODY,
        },
    )
    children = records(
        CHILD,
        len(c["birth"]),
        {("id" if k == "child_id" else k): v for k, v in c.items()}
        | {"to_school": to_school, "to_secondary": to_secondary},
    )
    table = records(
        PLACE,
        places,
        {"pupils": area.place_size, "visit_weight": compiled.visit_weight, "locality": area.place_locality},
    )
    return People(children, needs, table, order, first)


def _next_september(september: np.ndarray, day: np.ndarray) -> np.ndarray:
    """First 1 September on or after each day; beyond the calendar's ends, by whole years from them."""
    at = np.searchsorted(september, day)
    inside = september[np.minimum(at, len(september) - 1)]
    after = september[-1] + np.ceil(np.ceil((day - september[-1]) / DAYS_PER_YEAR) * DAYS_PER_YEAR)
    # long before the calendar the exact day no longer matters: the move lies in the past
    return np.where(at < len(september), inside, after).astype(np.int64)


def fixed_schedule(people: People, end_day: int) -> np.ndarray:
    """Everything that happens to children whatever services do, packed as (day, what, need) and sorted."""
    need = np.arange(len(people.needs.child), dtype=np.int64)
    child = people.needs.child
    # stock: found to be there before day 0; those known already enter in the order in which they became known
    begins = np.where(
        (people.needs.onset < 0) & (people.needs.identified != NEVER),
        people.needs.identified,
        people.needs.onset,
    )
    parts = [_pack(begins, BEGIN, need)]
    worsens = people.needs.worsens
    keep = (worsens != NEVER) & (worsens >= 0) & (worsens < end_day)
    parts.append(_pack(worsens[keep], WORSEN, need[keep]))
    for move_day in (people.children.to_school[child], people.children.to_secondary[child]):
        keep = (move_day > np.maximum(people.needs.onset, 0)) & (move_day < end_day)
        parts.append(_pack(move_day[keep], MOVE, need[keep]))
    out = people.children.out[child]
    keep = out < end_day
    parts.append(_pack(out[keep], AGE_OUT, need[keep]))
    return np.sort(np.concatenate(parts))


def _pack(day: np.ndarray, what: int, need: np.ndarray) -> np.ndarray:
    return ((day.astype(np.int64) + kernel_day.FIXED_OFFSET) << 34) | (what << 32) | need


def lay_out_books(compiled: Compiled, people: People) -> Books:
    """Empty lists, diary, minutes and counts."""
    rules = compiled.rules
    t, r, o, g = rules.n_teams, rules.n_roles, len(compiled.offers), rules.n_groups
    weeks = rules.end_day // 7
    fixed = fixed_schedule(people, rules.end_day)
    begins = np.bincount(
        np.clip((fixed >> 34) - kernel_day.FIXED_OFFSET, 0, rules.end_day), minlength=rules.end_day + 1
    ).astype(np.int32)
    return Books(
        lists=records(LIST, compiled.n_lists, empty={"head": NOBODY, "tail": NOBODY}),
        diary=records(DIARY, rules.end_day, empty={"head": NOBODY, "tail": NOBODY}),
        fixed=fixed,
        begins=begins,
        counter=np.array([NOBODY, 0, 0, 0, 0], np.int64),
        carve=np.zeros((o, t)),
        credit=np.zeros((t, o, r), np.int64),
        week_budget=np.zeros((t, o, r), np.int64),
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


def lay_out_tickets(n_needs: int, pool: int, books: Books) -> Tickets:
    """The needs' own entries and an empty pool behind them."""
    tickets = records(TICKET, n_needs + pool, empty=_EMPTY_TICKET)
    tickets.need[:n_needs] = np.arange(n_needs)
    _chain_free(tickets, books, n_needs, n_needs + pool)
    return tickets


def enlarge_tickets(tickets: Tickets, books: Books, more: int) -> Tickets:
    """The same tickets with ``more`` free ones."""
    old = len(tickets)
    grown = records(TICKET, old + more, empty=_EMPTY_TICKET)
    grown[:old] = tickets
    _chain_free(grown, books, old, old + more)
    return grown


def _chain_free(tickets: Tickets, books: Books, first: int, end: int) -> None:
    tickets.after[first:end] = np.arange(first + 1, end + 1)
    tickets.after[end - 1] = books.counter[C_FREE]
    books.counter[C_FREE] = first


def enlarge_log(books: Books, wanted: int) -> Books:
    """The same books with room for more events."""
    grown = records(EVENT, max(wanted, 2 * len(books.log)))
    grown[: len(books.log)] = books.log
    return books._replace(log=grown)
