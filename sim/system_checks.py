"""What is wrong with a system as it is drawn: arrows to nowhere, offers nobody can reach, parts that do not fit.

These are the questions a colleague would ask of a pathway drawn on paper, before any number is looked at. What
numbers can get wrong (shares that do not add up, job plans over 100 %) is asked in :mod:`sim.number_checks`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sim.doubt import NO_DOUBT, Doubt
from sim.quantity import Strict
from sim.system import Course, Door, Offer, System

MOST_OFFERS = 60  # the engine keeps who was seen by which offer in the bits of one number
MOST_ALSO = 31  # draws for what runs besides are numbered within one routing


#: Mappings whose entries other parts of a configuration refer to by name.
_NAMED = ("system.offers", "needs.kinds", "workforce.roles")


def structure_problems(
    system: System,
    kinds: tuple[str, ...],
    roles: tuple[str, ...],
    groups: tuple[str, ...],
    doubt: Doubt = NO_DOUBT,
) -> list[str]:
    """One sentence for each unknown name, unreachable offer, or field without effect where it stands.

    Where something that is referred to by name is in doubt nothing is asked, and of parts in doubt only their names.
    """
    if doubt.of_an_entry(*_NAMED):
        return []
    out: list[str] = []
    if len(system.offers) > MOST_OFFERS:
        out.append(f"system.offers: {len(system.offers)} offers; at most {MOST_OFFERS}")
    out += [
        f"system.offers.{name}: the name '{name}' is taken; choose another"
        for name in {"door", "leave"} & {*system.offers}
    ]
    names = _Names({*system.offers, "door", "leave"}, kinds, roles, groups)
    for door_name, door in system.doors.items():
        out += _door_problems(f"system.doors.{door_name}", door, names)
    for name, offer in system.offers.items():
        key = f"system.offers.{name}"
        out += _offer_names(key, offer, names)
        if not doubt.about(key, "system.slots_per_week"):
            out += _access_problems(key, offer, system.slots_per_week is not None)
            out += _queue_problems(key, offer)
        out += _route_problems(key, offer, names)
    out += [
        f"system.offers.{name}: no door or route leads here; nobody can ever receive it"
        for name in ([] if doubt.about("system.doors", "system.offers") else _unreachable(system))
    ]
    for role, plan in system.job_plan.items():
        out += names.unknown(f"system.job_plan.{role}", role, roles, "role in the workforce")
        for offer_name in plan.offers:
            out += names.unknown(f"system.job_plan.{role}.offers", offer_name, system.offers, "offer")
    for locality, local in system.local_plans.items():
        for role, shares in local.items():
            key = f"system.local_plans.{locality}"
            out += names.unknown(key, role, system.job_plan, "role with a job plan")
            for offer_name in shares:
                out += names.unknown(f"{key}.{role}", offer_name, system.offers, "offer")
    for group, role in system.queue_work.items():
        out += names.unknown("system.queue_work", group, groups, "staff group")
        out += names.unknown(f"system.queue_work.{group}", role, roles, "role in the workforce")
    return out


def locality_problems(systems: Mapping[str, System], localities: Collection[str]) -> list[str]:
    """Job plans for localities that the area does not have; ``systems`` by the keys under which they stand."""
    out: list[str] = []
    for key, system in systems.items():
        for name in system.local_plans:
            if name not in localities:
                close = difflib.get_close_matches(name, localities, 1)
                hint = f"did you mean '{close[0]}'?" if close else f"localities: {', '.join(localities)}"
                out.append(f"{key}.local_plans.{name}: no locality of that name in the area; {hint}")
    return out


@dataclass(frozen=True)
class _Names:
    """What may be referred to."""

    targets: set[str]  # of routes
    kinds: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]

    def unknown(self, key: str, name: str, known: Collection[str], what: str) -> list[str]:
        """One sentence if nothing of that name is known."""
        if name in known:
            return []
        options = sorted(known)
        close = difflib.get_close_matches(name, options, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(options) or 'none'}"
        return [f"{key} = {name!r}: no {what} of that name; {hint}"]

    def unknown_kinds(self, key: str, chosen: Iterable[str] | str) -> list[str]:
        """One sentence for each kind of need that is not in the needs file."""
        listed = () if isinstance(chosen, str) else chosen
        return [p for k in listed for p in self.unknown(key, k, self.kinds, "kind of need")]


def _door_problems(key: str, door: Door, names: _Names) -> list[str]:
    out = names.unknown_kinds(f"{key}.kinds", door.kinds)
    for i, b in enumerate(door.to):
        out += names.unknown(f"{key}.to[{i}].to", b.to, names.targets, "offer")
        if b.to == "door":
            out.append(f"{key}.to[{i}].to = 'door': a door cannot lead to the doors again; name an offer")
    return out


def _offer_names(key: str, offer: Offer, names: _Names) -> list[str]:
    """Kinds of need and staff groups that an offer names."""
    out = names.unknown_kinds(f"{key}.kinds", offer.kinds)
    out += names.unknown_kinds(f"{key}.queue.kind_weights", offer.queue.kind_weights)
    for i, rule in enumerate(offer.queue.priority):
        out += names.unknown_kinds(f"{key}.queue.priority[{i}].kinds", rule.kinds)
    tables = {part: getattr(offer, part) for part in ("staff", "indirect", "travel")}
    for part in ("child_month", "chaser", "rebooking", "validation"):
        tables[f"upkeep.minutes_per_{part}"] = getattr(offer.upkeep, f"minutes_per_{part}")
    for part, table in tables.items():
        for group in table:
            out += names.unknown(f"{key}.{part}", group, names.groups, "staff group")
    return out


def _access_problems(key: str, offer: Offer, counts_slots: bool) -> list[str]:
    """Parts of an offer that its access needs, or that have no meaning with it."""
    out: list[str] = []
    written = _said(offer)
    if offer.access == "visit" and offer.visit is None:
        out.append(f"{key}.visit: an offer with access 'visit' must say how long a visit is")
    if offer.access == "visit" and not offer.staff:
        out.append(f"{key}.staff: a visit needs staff minutes per child seen")
    if offer.access not in ("population", "visit") and not offer.staff and not counts_slots:
        out.append(f"{key}.staff: needs staff minutes (only 'population' offers run without)")
    if offer.visit is not None and offer.access != "visit":
        out.append(f"{key}.visit: only for access 'visit', found '{offer.access}'")
    if "walk_in" in written and offer.access != "walk_in":
        out.append(f"{key}.walk_in: only for access 'walk_in', found '{offer.access}'")
    if offer.requests is not None and offer.access != "queue":
        out.append(f"{key}.requests: only for access 'queue', found '{offer.access}'")
    if offer.group is not None and offer.access != "queue":
        out.append(f"{key}.group: only offers with access 'queue' can be groups")
    if offer.access == "population" and "course" in written:
        out.append(f"{key}.course: an offer with access 'population' has no contacts; say effect.lasts_days")
    if offer.serves == "child" and (offer.group is not None or offer.course != Course(**_single(offer))):
        out.append(f"{key}.serves = 'child': only possible for single contacts, not for courses or groups")
    if offer.gate is not None:
        if offer.group is not None or offer.effect is not None:
            out.append(f"{key}.gate: a gate decides; it cannot also be a group or have an effect")
        if offer.access != "queue" or offer.requests is not None:
            out.append(f"{key}.gate: a gate needs a list of referrals: access 'queue', without requests")
        if "attendance" in written or "course" in written:
            out.append(f"{key}.gate: at a gate nobody is seen; it takes neither attendance nor a course")
    if offer.access != "queue":
        given = [
            f for f in ("lists", "kind_weights", "pool", "priority", "carve_out") if f in _said(offer.queue)
        ]
        out += [f"{key}.queue.{f}: only for access 'queue', found '{offer.access}'" for f in given]
    return out


def _said(model: Strict) -> set[str]:
    """Fields that say something: written, and not the default (a stored configuration writes every field)."""
    defaults = _defaults(type(model))
    return {f for f in model.model_fields_set if getattr(model, f) != defaults[f]}


@cache
def _defaults(model: type[Strict]) -> dict[str, object]:
    return {f: i.get_default(call_default_factory=True) for f, i in model.model_fields.items()}


def _single(offer: Offer) -> dict[str, object]:
    """The course of a single contact, with whatever else the offer says that has no meaning then."""
    free = ("every_days", "most_contacts", "review_every", "goal_points", "stall_points")
    return {f: getattr(offer.course, f) for f in free}


def _queue_problems(key: str, offer: Offer) -> list[str]:
    q = offer.queue
    out: list[str] = []
    if q.carve_out is not None and not q.priority:
        out.append(
            f"{key}.queue.carve_out: keeps appointments for the first class, but queue.priority names none"
        )
    return out


def _route_problems(key: str, offer: Offer, names: _Names) -> list[str]:
    out: list[str] = []
    for j, route in enumerate(offer.routes):
        at = f"{key}.routes[{j}]"
        out += names.unknown_kinds(f"{at}.kinds", route.kinds)
        if len(route.also) > MOST_ALSO:
            out.append(f"{at}.also: {len(route.also)} offers; at most {MOST_ALSO}")
        for field in ("to", "also"):
            for i, b in enumerate(getattr(route, field)):
                out += names.unknown(f"{at}.{field}[{i}].to", b.to, names.targets, "offer")
                if field == "also" and b.to in ("leave", "door"):
                    out.append(f"{at}.also[{i}].to = {b.to!r}: 'also' starts offers, not {b.to!r}")
        for outcome in route.when:
            if (outcome in ("accepted", "rejected")) > (offer.gate is not None):
                out.append(
                    f"{at}.when = {outcome!r}: only a gate accepts or rejects, and this offer has none"
                )
    return out


def _unreachable(system: System) -> list[str]:
    """Offers to which no chain of doors and routes leads; visits and work with places need none."""
    offers = system.offers
    reached = {b.to for door in system.doors.values() for b in door.to}
    reached |= {
        name
        for name, o in offers.items()
        if o.requests is not None or o.access == "visit" or (o.access == "population" and bool(o.staff))
    }
    frontier = [name for name in reached if name in offers]
    while frontier:
        for route in offers[frontier.pop()].routes:
            for b in (*route.to, *route.also):
                if b.to in offers and b.to not in reached:
                    reached.add(b.to)
                    frontier.append(b.to)
    return [name for name in offers if name not in reached]
