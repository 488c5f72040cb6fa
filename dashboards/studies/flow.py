"""How needs move through a system: where each of them is at the end of every week, and how many went from where to where.

One simulation is looked at from outside on the evening of each week's last day; nothing in it is changed. A need is in
one place at a time: with somebody who helps, on a list, on its way to the next, or outside the services. Whatever
leaves one place has entered another, so that all places together always hold the same needs.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.both import both_of, offers_by_name
from sim.dictionary import LEFT_REASONS
from sim.kernel.state import (
    BEFORE_START,
    CANDIDATE,
    DELAYED,
    FREE,
    GONE,
    HIDDEN,
    KNOWN,
    NEVER,
    NEVER_SOUGHT,
    NEW,
    OLD,
    ON_THE_WAY,
    OUTSIDE,
    POPULATION,
    TO_COME,
    WAITING,
)
from sim.transition import NoChange

if TYPE_CHECKING:
    import pandas as pd
    import simpy

    from sim.config import Config
    from sim.engine import Engine

#: Columns in which the places stand, from left to right.
COLUMNS = (
    "Outside the services",
    "On the way",
    "Waiting",
    "With somebody who helps",
    "No longer in the services",
)
#: Why needs have left whom the services had helped as far as they would; whoever left for another reason was not.
FINISHED = ("done", "goal_met", "stalled", "not_in_need", "no_longer_needed", "accepted")


class Where(NamedTuple):
    """A place in which a need can be. ``column``: of :data:`COLUMNS`."""

    title: str
    column: int


#: Places outside offers, in the order of their codes.
OUTSIDE_OFFERS = (
    Where("Not begun yet", 0),
    Where("Nobody has noticed", 0),
    Where("Noticed, no help asked for", 0),
    Where("Noticed, nothing going on", 0),
    Where("Known before the simulation began, not in the services", 0),
    Where("Looking for the door", 1),
    Where("Between one offer and the next", 1),
    Where("Left: help has ended", 4),
    Where("Left: not accepted, not brought or gave up", 4),
    Where("Grown too old", 4),
)
NOT_BEGUN, UNNOTICED, NOT_ASKING, IDLE, LONG_KNOWN, SEEKING, BETWEEN_OFFERS = range(7)
HELPED, UNHELPED, TOO_OLD = range(7, 10)


@dataclass(frozen=True)
class Flow:
    """What was seen.

    Attributes:
        places: in which needs can be. weeks: (s,) weeks after the decision, 0 at the start. stock: (s, p) needs in each
        place then. moves: (s - 1,) arrays (m, 3) of from, to, needs, for the time since the last look.
        in_services: (s,) needs with an open episode.
    """

    places: tuple[Where, ...]
    weeks: np.ndarray
    stock: np.ndarray
    moves: tuple[np.ndarray, ...]
    in_services: np.ndarray


def flow_of(config: Config, seed: int, every: int = 1) -> Flow:
    """Where needs are under a system, and how they move.

    Args:
        seed: of the replication, as given to :func:`sim.run.simulate`. every: weeks from one look to the next.
    """
    return counted(*followed(config, seed), every)


def followed(config: Config, seed: int) -> tuple[tuple[Where, ...], np.ndarray]:
    """The places there are, and in which of them each need is: shape (weeks + 1, needs), the first before the decision.

    Needs that begin after the last day, or were too old before the first, are left out.
    """
    from sim.area_building import build_area
    from sim.compile import compile_config
    from sim.run import live

    area = build_area(config.area)
    tables = compile_config(config, area, seed)
    seen: list[np.ndarray] = []

    def attend(engine: Engine) -> None:
        seen.clear()
        engine.env.process(_evenings(engine, seen))

    live(config, tables, area, seed, attend=attend)
    at = np.array(seen)
    moved = ~(np.isin(at[0], (NOT_BEGUN, TOO_OLD)) & (at[0] == at[-1]))
    return places_of(config), at[:, moved]


def places_of(config: Config) -> tuple[Where, ...]:
    """Every place, in the order of the codes: outside offers; then waiting for each offer; then with each offer."""
    titles = _titles(config)
    return (
        *OUTSIDE_OFFERS,
        *(Where(title, COLUMNS.index("Waiting")) for title in titles),
        *(Where(title, COLUMNS.index("With somebody who helps")) for title in titles),
    )


def _titles(config: Config) -> list[str]:
    """Titles of the offers; where two systems side by side have one of the same title, it is said whose it is."""
    offers = offers_by_name(config)
    titles = [offer.title or name.replace("_", " ").capitalize() for name, offer in offers.items()]
    if isinstance(config.transition, NoChange):
        return titles
    whose = {OLD: " (old system)", NEW: " (new system)"}
    return [
        f"{title}{whose.get(of, '')}" if titles.count(title) > 1 else title
        for title, of in zip(titles, both_of(config).of, strict=True)
    ]


def _evenings(engine: Engine, seen: list[np.ndarray]) -> Generator[simpy.Event, Any, None]:
    """Look at every need on the evening of each week's last day, from the last before the decision on."""
    first = -(-engine.rules.decision_day // 7)
    yield engine.env.timeout(0.5)
    while True:
        day = int(engine.env.now)
        if day % 7 == 6 and day // 7 >= first - 1:
            seen.append(whereabouts(engine))
        yield engine.env.timeout(1)


def whereabouts(engine: Engine) -> np.ndarray:
    """The place of each need, as codes of :func:`places_of`; shape (needs,).

    A need that is in several places at once counts where it is furthest on: with somebody rather than on a list, and
    in the offer that is named last in the system's file.
    """
    needs, tickets, offers = engine.people.needs, engine.tickets, engine.rules.offers
    place = _outside(needs)
    used = (tickets.state != FREE) & (tickets.offer != OUTSIDE) & (tickets.state != CANDIDATE)
    rows = np.flatnonzero(used)
    offer = tickets.offer[rows].astype(np.int64)
    rows, offer = (x[offers.access[offer] != POPULATION] for x in (rows, offer))
    state = tickets.state[rows]
    n = len(offers)
    code = np.where(state == WAITING, TOO_OLD + 1 + offer, TOO_OLD + 1 + n + offer)
    code = np.where(state == DELAYED, BETWEEN_OFFERS, code)
    furthest = np.full(len(needs), -1, np.int64)
    np.maximum.at(furthest, tickets.need[rows], code)
    return np.where(furthest >= 0, furthest, place).astype(np.int16)


def _outside(needs: Any) -> np.ndarray:
    """The place of each need, were it in no offer."""
    left = needs.left != NEVER
    finished = np.isin(needs.reason, [LEFT_REASONS.index(name) for name in FINISHED])
    known = np.select(
        [left & finished, left, needs.reason == NEVER_SOUGHT, needs.reason == BEFORE_START],
        [HELPED, UNHELPED, NOT_ASKING, LONG_KNOWN],
        IDLE,
    )
    return np.select(
        [needs.phase == phase for phase in (TO_COME, HIDDEN, KNOWN, ON_THE_WAY, GONE)],
        [NOT_BEGUN, UNNOTICED, known, SEEKING, TOO_OLD],
    )


def counted(places: tuple[Where, ...], at: np.ndarray, every: int = 1) -> Flow:
    """Stocks and moves from the places of single needs; ``at`` as :func:`followed` gives it."""
    n = len(places)
    looks = at[::every].astype(np.int64)
    stock = np.array([np.bincount(row, minlength=n) for row in looks])
    moves = []
    for before, after in pairwise(looks):
        gone = before != after
        pairs = np.bincount(before[gone] * n + after[gone], minlength=n * n)
        found = np.flatnonzero(pairs)
        moves.append(np.column_stack([found // n, found % n, pairs[found]]))
    inside = stock[:, TOO_OLD + 1 :].sum(axis=1) + stock[:, BETWEEN_OFFERS]
    return Flow(places, np.arange(len(looks)) * every, stock, tuple(moves), inside)


def full_title(place: Where) -> str:
    """A place by its title alone, where the column must be said, too."""
    prefix = {2: "Waiting: ", 3: "With: "}.get(place.column, "")
    return f"{prefix}{place.title}"


def flow_frame(flow: Flow) -> pd.DataFrame:
    """All moves as a table: from week, to week, from where, to where, needs."""
    import pandas as pd

    titles = [full_title(place) for place in flow.places]
    rows = [
        (int(flow.weeks[i]), int(flow.weeks[i + 1]), titles[a], titles[b], int(n))
        for i, moves in enumerate(flow.moves)
        for a, b, n in moves
    ]
    return pd.DataFrame(rows, columns=["After week", "Up to week", "From", "To", "Needs"])


def for_the_browser(flow: Flow) -> dict[str, Any]:
    """What the browser draws: places that are ever used, and for each step what stands and what moves."""
    used = np.flatnonzero(flow.stock.any(axis=0))
    new = {int(old): i for i, old in enumerate(used)}
    return {
        "columns": list(COLUMNS),
        "places": [{"title": flow.places[i].title, "column": flow.places[i].column} for i in used],
        "hidden": [new[i] for i in (NOT_BEGUN,) if i in new],
        "weeks": flow.weeks.tolist(),
        "stock": flow.stock[:, used].tolist(),
        "moves": [[[new[int(a)], new[int(b)], int(n)] for a, b, n in _rows(moves)] for moves in flow.moves],
    }


def _rows(moves: np.ndarray) -> Iterator[np.ndarray]:
    yield from moves
