"""Two systems in one set of tables: the offers of the old one, then those of the new one that differ.

What stays as it is does not change hands: an offer that is the same in both systems, and leads to the same places,
is one offer with one waiting list, before and after. So a change to an identical system changes nothing, and the
difference that a change makes comes from what really differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from sim.conditions_acting import in_force
from sim.config import Config
from sim.kernel.state import BOTH, NEW, OLD
from sim.quantity import Blend, Product, Resolver, Shift, Unit, unit_of
from sim.system import Offer, System
from sim.system_checks import MOST_OFFERS
from sim.transition import NoChange

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Both:
    """The systems of a run with every quantity as a number, and their offers in one order."""

    systems: tuple[System, ...]  # the one at the start and, if there is a change, the one it leads to
    names: tuple[str, ...]  # of the offers
    offers: tuple[Offer, ...]
    of: tuple[int, ...]  # OLD: of the system at the start only; NEW: of the other only; BOTH
    index: tuple[dict[str, int], ...]  # by system: name in it -> position in the one order

    def home(self, offer: int) -> int:
        """The system by whose names an offer's routes go."""
        return 1 if self.of[offer] == NEW else 0


def settled(model: M, value: Resolver) -> M:
    """The same model with every quantity as a number, in its field's unit."""
    fields = {
        name: _settle(getattr(model, name), unit_of(field), value)
        for name, field in type(model).model_fields.items()
    }
    return type(model).model_construct(**fields)


def _settle(found: Any, unit: Unit | None, value: Resolver) -> Any:
    if isinstance(found, BaseModel) and not isinstance(found, Blend | Product | Shift):
        return settled(found, value)
    if isinstance(found, Mapping):
        return {k: _settle(v, unit, value) for k, v in found.items()}
    if isinstance(found, (list, tuple)):
        return type(found)(_settle(v, unit, value) for v in found)
    if unit is not None and found is not None and not isinstance(found, bool):
        return value(found, unit.name)
    return found


def systems_of(config: Config) -> tuple[System, ...]:
    """The systems of a run as they are written: the one at the start and, if there is a change, the one after.

    The one after is as the conditions for success make it.
    """
    plan = in_force(config).transition
    return (config.system,) if isinstance(plan, NoChange) else (config.system, plan.to)


def both_of(config: Config) -> Both:
    """The one order of offers of a run's systems."""
    written = systems_of(config)
    systems = tuple(settled(s, Resolver(config.evidence, s.dials.model_dump())) for s in written)
    old = systems[0]
    if len(systems) == 1:
        return Both(
            systems,
            tuple(old.offers),
            tuple(old.offers.values()),
            (BOTH,) * len(old.offers),
            ({name: i for i, name in enumerate(old.offers)},),
        )
    new, same = systems[1], same_offers(*systems)
    names, offers = list(old.offers), list(old.offers.values())
    of = [BOTH if name in same else OLD for name in names]
    there = {name: names.index(name) for name in new.offers if name in same}
    for name, offer in new.offers.items():
        if name not in same:
            there[name] = len(names)
            names.append(_shown(name, old, new) if name in old.offers else name)
            offers.append(offer)
            of.append(NEW)
    here = {name: i for i, name in enumerate(old.offers)}
    return Both(systems, tuple(names), tuple(offers), tuple(of), (here, there))


def _shown(name: str, old: System, new: System) -> str:
    """Name of a new offer whose name the old system has for another one."""
    return f"{new.name if new.name != old.name else f'new {new.name}'}: {name}"


def same_offers(old: System, new: System) -> set[str]:
    """Names of the offers that are the same in two systems whose quantities are numbers.

    Same name, same numbers, and routes that lead to offers which are themselves the same: the largest set for
    which this holds.
    """
    if (old.slots_per_week is None) != (new.slots_per_week is None):
        return set()
    told = [{name: o.model_dump(exclude={"title"}) for name, o in s.offers.items()} for s in (old, new)]
    same = {name for name in told[0] if told[0][name] == told[1].get(name)}
    while True:
        lost = {name for name in same if not _targets(old, name) <= same}
        if not lost:
            return same
        same -= lost


def _targets(system: System, name: str) -> set[str]:
    """Offers to which anybody is sent on from an offer."""
    return {
        b.to
        for route in system.offers[name].routes
        for b in (*route.to, *route.also)
        if b.to in system.offers and cast(float, b.share) > 0.0
    }


def offers_by_name(config: Config) -> dict[str, Offer]:
    """Definitions of a run's offers by the names that its tables use."""
    if isinstance(getattr(config, "transition", None) or NoChange(), NoChange):
        return config.system.offers
    found = both_of(config)
    return dict(zip(found.names, found.offers, strict=True))


def merging_problems(config: Config) -> list[str]:
    """What keeps two systems from standing in one set of tables."""
    written = systems_of(config)
    if len(written) == 1:
        return []
    old, new = written
    out: list[str] = []
    if (old.slots_per_week is None) != (new.slots_per_week is None):
        counts, plans = (
            ("system", "transition.to") if new.slots_per_week is None else ("transition.to", "system")
        )
        out.append(
            f"transition.to: {counts} counts appointments (slots_per_week) and {plans} divides minutes by a job plan; "
            "both must do the same"
        )
    n = len(both_of(config).names)
    if n > MOST_OFFERS:
        out.append(f"transition.to.offers: {n} offers in the two systems together; at most {MOST_OFFERS}")
    return out
