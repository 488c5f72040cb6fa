"""Which waiting lists are lists for a first contact: those that somebody whom nobody has seen yet can stand on.

The published collection counts children who wait for their first contact with the clock running. Under open access
everybody is seen before any list is joined: there is no such list, and its length is not nought but undefined. A list
counts if its clock runs, if being seen there is a contact, and if a way leads to it on which nobody is seen before.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np

from sim.both import both_of
from sim.measures.counting import Bools
from sim.measures.who_counts import RunColumns
from sim.system import Branch, Offer, System

#: Outcomes of an offer with contacts after which somebody may still not have been seen.
UNSEEN = ("rejected", "discharged_not_brought", "gave_up")


def lists_that_count(run: RunColumns) -> Bools:
    """Offers on whose list the first contact is awaited with the clock running; shape (n_offers,), not to be written to."""
    return _lists_that_count(_This(run.config))


class _This:
    """One configuration, known by being that very one: all the replications of a design point have it in common."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def __hash__(self) -> int:
        return id(self.config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.config is other.config


@lru_cache(maxsize=4)
def _lists_that_count(this: _This) -> Bools:
    found = both_of(this.config)
    out = np.zeros(len(found.offers), dtype=bool)
    for system, position in zip(found.systems, found.index, strict=True):
        for name in joined_unseen(system):
            out[position[name]] = _has_a_clock(system.offers[name])
    out.flags.writeable = False
    return out


def joined_unseen(system: System) -> set[str]:
    """Offers that a need can come to before anybody has seen it; the system's quantities are numbers."""
    doors = [door for door in system.doors.values() if cast(float, door.share) > 0.0]
    waiting = [branch for door in doors for branch in door.to]
    found: set[str] = set()
    while waiting:
        branch = waiting.pop()
        if branch.to in found or branch.to not in system.offers or not _ever_taken(branch):
            continue
        found.add(branch.to)
        offer = system.offers[branch.to]
        for route in offer.routes:
            if not _sees(offer) or any(outcome in UNSEEN for outcome in route.when):
                waiting += [*route.to, *route.also]
    return found


def _ever_taken(branch: Branch) -> bool:
    return cast(float, branch.share) > 0.0


def _sees(offer: Offer) -> bool:
    return offer.contact and offer.gate is None and offer.access != "population"


def _has_a_clock(offer: Offer) -> bool:
    """The recorded wait runs by default on lists that referrals join, not for requests from outside."""
    runs = offer.clock if offer.clock is not None else offer.requests is None
    return runs and offer.contact and offer.access == "queue"
