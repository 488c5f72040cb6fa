"""A system described as data: doors, offers and a job plan, as a service would put it on paper.

A *door* is how a known concern enters. An *offer* is something a child, a family or a place can receive.
The *job plan* says how each role's time is divided. Nothing here runs: :mod:`sim.compile` turns a checked
system into the flat tables that the engine reads, so that a new pathway needs YAML only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from sim.quantity import (
    Count,
    Days,
    Minutes,
    Multiplier,
    OddsRatio,
    PerYear,
    Points,
    Share,
    StandardDeviations,
    Strict,
    Weeks,
)

Strand = Literal["family_support", "environment", "workforce", "identification", "intervention"]
Level = Literal["universal", "targeted", "specialist"]
Access = Literal["queue", "walk_in", "visit", "population"]
Outcome = Literal[
    "accepted",  # the gate let the need through
    "rejected",  # the gate turned it away
    "done",  # the contact or the course is over; more may be needed
    "goal_met",  # the course ended because the functional goal was reached
    "stalled",  # the course ended because progress stopped
    "not_in_need",  # found within the normal range
    "discharged_not_brought",  # sent away after not being brought
    "gave_up",  # left the list, or turned away from a full drop-in once too often
    "not_served",  # the offer is not for this kind or age
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
STRANDS: tuple[Strand, ...] = ("family_support", "environment", "workforce", "identification", "intervention")
LEVELS: tuple[Level, ...] = ("universal", "targeted", "specialist")
OUTCOMES: tuple[Outcome, ...] = (
    "accepted",
    "rejected",
    "done",
    "goal_met",
    "stalled",
    "not_in_need",
    "discharged_not_brought",
    "gave_up",
    "not_served",
)
LEDGER_LINES = (
    "direct_contact",
    "group",
    "drop_in",
    "link_visit",
    "coaching",
    "universal_work",
    "statutory",
    "triage",
    "queue_management",
    "lost_to_non_attendance",
    "indirect",
    "travel",
    "coordination",
    "change",
    "unused",
)
LedgerLine = Literal[
    "direct_contact",
    "group",
    "drop_in",
    "link_visit",
    "coaching",
    "universal_work",
    "statutory",
    "triage",
    "queue_management",
    "lost_to_non_attendance",
    "indirect",
    "travel",
    "coordination",
    "change",
    "unused",
]

# whether a list of names was meant or "all" (see sim.quantity for names in brackets)
_LIST, _ALL = "(list)", "(all)"
_Every = Annotated[Literal["all"], Tag(_ALL)]
_list_or_all = Discriminator(lambda value: _LIST if isinstance(value, list | tuple) else _ALL)
KindNames = Annotated[Annotated[list[str], Tag(_LIST), Field(min_length=1)] | _Every, _list_or_all]
LevelNames = Annotated[Annotated[list[Level], Tag(_LIST), Field(min_length=1)] | _Every, _list_or_all]
AgeRange = Annotated[tuple[float, float], Field(description="from (inclusive) and to (exclusive), years")]
EVERY_AGE: tuple[float, float] = (0.0, 25.0)
MOST_OFFERS = 60  # the engine keeps who was seen by which offer in the bits of one number
MOST_ALSO = 31  # draws for what runs besides are numbered within one routing


def _in_order(ages: tuple[float, float]) -> tuple[float, float]:
    if not 0.0 <= ages[0] < ages[1] <= EVERY_AGE[1]:
        raise ValueError(
            f"from {ages[0]:g} to {ages[1]:g} years; "
            f"allowed is a range that rises, between 0 and {EVERY_AGE[1]:g}"
        )
    return ages


class Branch(Strict):
    """Where a child's need goes next: an offer, ``door`` (find the way in again) or ``leave``."""

    to: str
    share: Share = 1.0
    after_days: Days = 0.0  # mean delay; see spread
    spread: Literal["fixed", "exponential"] = "exponential"


class Door(Strict):
    """How a known concern enters, who it is for, and what stands in the way."""

    ages: AgeRange = EVERY_AGE
    kinds: KindNames = "all"
    levels: LevelNames = "all"
    share: Share = 1.0  # of the concerns that several doors would fit
    seeks: Share = 1.0  # families with a known need who come at all (average navigation, middle quintile)
    deprived_odds: OddsRatio = 1.0  # odds of coming, quintile 1 against quintile 5
    navigation_odds: OddsRatio = 1.0  # odds of coming per standard deviation of navigation ability
    navigation_days: Days = 0.0  # mean days from concern to arriving, average navigation ability
    wrong_door: Share = 0.0  # arrive at the wrong door and are sent on
    wrong_door_days: Days = 0.0  # mean days lost by a wrong door
    to: list[Branch] = Field(min_length=1)

    @field_validator("ages")
    @classmethod
    def _ages_rise(cls, ages: tuple[float, float]) -> tuple[float, float]:
        return _in_order(ages)


class Route(Strict):
    """What happens after an outcome. ``to`` are alternatives (the rest leaves), ``also`` runs besides."""

    when: list[Outcome] = Field(min_length=1)
    kinds: KindNames = "all"
    levels: LevelNames = "all"
    to: list[Branch] = []
    also: list[Branch] = []


class PriorityRule(Strict):
    """Who goes before whom: the first rule that fits gives the class; those who fit none come last."""

    kinds: KindNames = "all"
    levels: LevelNames = "all"
    ages: AgeRange = EVERY_AGE
    share: Share = 1.0  # of those who fit, how many are marked (for example 10 % urgent)

    @field_validator("ages")
    @classmethod
    def _ages_rise(cls, ages: tuple[float, float]) -> tuple[float, float]:
        return _in_order(ages)


class CarveOut(Strict):
    """A share of the appointments kept for the first priority class."""

    share: Share
    released: bool = True  # unused kept slots go to the others on the day; false: they are lost


class Queue(Strict):
    """A waiting list: who shares it, in which order it is served, how long people stay on it."""

    lists: Literal["one", "by_kind"] = "one"
    kind_weights: dict[str, Multiplier] = {}  # by_kind: waits settle in inverse proportion to these
    pool: Literal["locality", "area"] = "locality"  # area: one list served by all teams
    priority: list[PriorityRule] = []
    carve_out: CarveOut | None = None
    patience_weeks: Weeks | None = None  # mean time before giving up (exponential)
    notice_days: Days = 0.0  # an appointment needs at least this much notice


class Course(Strict):
    """How many contacts, how far apart, and what ends the course."""

    contacts: Count = 1.0  # the fixed package
    every_days: Days = 7.0  # weekly unless said otherwise
    goal_led: Share = 0.0  # of courses: end when the goal is met or progress stalls, not after the package
    most_contacts: Count | None = None  # a goal-led course never runs longer, and must say so
    review_every: Count = 1.0  # contacts between looks at progress
    goal_points: Points | None = None  # gain that meets the goal; null: only the normal range does
    stall_points: Points = 0.0  # less gain than this since the last look is a stall


class Attendance(Strict):
    """Was not brought: how often, how it grows with the wait, what follows."""

    not_brought: Share = 0.0  # at zero wait
    odds_per_month: OddsRatio = 1.0  # odds ratio per month waited
    winter_odds: OddsRatio = 1.0  # September to February
    deprived_odds: OddsRatio = 1.0  # quintile 1 against quintile 5
    most: Share = 1.0  # never above
    discharge: Share = 0.0  # sent away after a missed appointment
    rebook_days: Days = 0.0  # until the next appointment is due


class Gate(Strict):
    """Triage: who is let through, and who must first send more information."""

    accept: dict[Level, Share]
    more_information: Share = 0.0
    more_information_days: Days = 0.0


class Effect(Strict):
    """What the offer does for function while it runs: a pull towards the child's potential.

    ``gain`` is what a child ``gap`` below potential gains over ``over_days`` of the offer (no drift).
    """

    gain: StandardDeviations
    gap: Points
    over_days: Days
    fit: dict[Level, Multiplier] = {}  # how well the offer fits a need of that level (1 if not given)
    kept_up: Share = 1.0  # families or schools who keep it up (population offers)
    lasts_days: Days = 0.0  # population offers: how long it runs; courses run from first to last contact


class Group(Strict):
    """Several children share one session."""

    size: Count
    smallest: Count = 1.0
    longest_wait_days: Days | None = None  # then the group starts however small; null: it waits


class Visit(Strict):
    """A link therapist's visit to a place: sees children there, finds needs, coaches staff."""

    minutes: Minutes  # length of a visit
    children_share: Share = 1.0  # at most this much of a visit is spent on children; the rest is coaching
    finds_per_visit: Share = 0.0  # chance that a visit finds a given unknown need in the place


class WalkIn(Strict):
    """A session without appointments and with a capacity."""

    gives_up_when_full: Share = 0.0  # of families turned away, each time


class Requests(Strict):
    """Asked for from outside, with the force of law: for example advice for an EHC needs assessment."""

    per_year: PerYear  # for a known need of the levels given
    levels: LevelNames = "all"
    waiting_weeks: Weeks = 0.0  # families waiting longer than this ...
    waiting_hazard: Multiplier = 1.0  # ... ask this many times as often
    deadline_weeks: Weeks | None = None  # null: never late


class Upkeep(Strict):
    """Queues eat capacity: staff minutes that a waiting list costs, by staff group."""

    minutes_per_child_month: dict[str, Minutes] = {}
    chasers_per_100_week: Count = 0.0  # calls and complaints per 100 waiting, per week
    minutes_per_chaser: dict[str, Minutes] = {}
    minutes_per_rebooking: dict[str, Minutes] = {}
    validation_every_weeks: Weeks = 0.0  # 0: never
    minutes_per_validation: dict[str, Minutes] = {}


class Offer(Strict):
    """Something a child, a family or a place can receive."""

    title: str = ""
    strand: Strand
    level: Level
    access: Access
    serves: Literal["need", "child"] = "need"  # child: all of the child's open needs at one contact
    kinds: KindNames = "all"
    ages: AgeRange = EVERY_AGE
    staff: dict[str, Minutes] = {}  # by staff group, per contact (group offers: per session)
    indirect: dict[str, Minutes] = {}  # reports, liaison: charged when the contact took place
    travel: dict[str, Minutes] = {}
    line: LedgerLine | None = None  # default follows from the access
    contact: bool = True  # counts as being seen (triage does not)
    clock: bool | None = None  # joining starts the recorded wait; default: only for queues
    specialist: bool = False  # its first contact is a specialist start
    stage: Literal["statutory", "triage", "drop_in", "visit", "group", "assessment", "start"] | None = None
    weekdays: list[Weekday] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    term_only: bool = False
    queue: Queue = Queue()
    walk_in: WalkIn = WalkIn()
    visit: Visit | None = None
    course: Course = Course()
    group: Group | None = None
    attendance: Attendance = Attendance()
    gate: Gate | None = None
    effect: Effect | None = None
    requests: Requests | None = None
    upkeep: Upkeep = Upkeep()
    routes: list[Route] = []

    @field_validator("ages")
    @classmethod
    def _ages_rise(cls, ages: tuple[float, float]) -> tuple[float, float]:
        return _in_order(ages)

    @field_validator("weekdays")
    @classmethod
    def _some_day(cls, v: list[Weekday]) -> list[Weekday]:
        if not v:
            raise ValueError("an offer must run on at least one weekday")
        return v


class RolePlan(Strict):
    """How one role's minutes are divided; shares of offers and overheads together must not exceed 1."""

    offers: dict[str, Share] = {}
    overheads: dict[LedgerLine, Share] = {}


class Dials(Strict):
    """The five core delivery principles, each from 0 (gatekept practice) to 1 (Balanced System practice)."""

    impact: Annotated[float, Field(ge=0, le=1)] = 0.0
    easy_access: Annotated[float, Field(ge=0, le=1)] = 0.0
    place_based: Annotated[float, Field(ge=0, le=1)] = 0.0
    continuum: Annotated[float, Field(ge=0, le=1)] = 0.0
    information: Annotated[float, Field(ge=0, le=1)] = 0.0


class System(Strict):
    """A whole system: doors, offers, job plan and the dials that blend it."""

    name: str
    title: str
    about: str = ""
    dials: Dials = Dials()
    doors: dict[str, Door] = {}
    offers: dict[str, Offer] = {}
    job_plan: dict[str, RolePlan] = {}
    spare_time: Literal["shared", "lost"] = (
        "shared"  # minutes nobody booked: to other lists of that role, or lost
    )
    queue_work: dict[str, str] = {}  # staff group -> role whose minutes pay for queue management first
    queue_work_most: Share = 1.0  # at most this much of a role's time; the rest of it is left undone
    staff_by_need: Share = 0.0  # 0: staff spread evenly over children; 1: in proportion to predicted need
    find_rate: Multiplier = 1.0  # identification by families and settings, times what the needs file says
    slots_per_week: Annotated[float, Field(ge=0, le=1e6)] | None = (
        None  # plain lists: appointments a week, no job plan
    )


def structure_problems(
    system: System, kinds: tuple[str, ...], roles: tuple[str, ...], groups: tuple[str, ...]
) -> list[str]:
    """One sentence for each unknown name, unreachable offer, or field without effect where it stands."""
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
        out += _access_problems(key, offer, system.slots_per_week is not None)
        out += _queue_problems(key, offer)
        out += _route_problems(key, offer, names)
    out += [
        f"system.offers.{name}: no door or route leads here; nobody can ever receive it"
        for name in _unreachable(system)
    ]
    for role, plan in system.job_plan.items():
        out += names.unknown(f"system.job_plan.{role}", role, roles, "role in the workforce")
        for offer_name in plan.offers:
            out += names.unknown(f"system.job_plan.{role}.offers", offer_name, system.offers, "offer")
    for group, role in system.queue_work.items():
        out += names.unknown("system.queue_work", group, groups, "staff group")
        out += names.unknown(f"system.queue_work.{group}", role, roles, "role in the workforce")
    return out


@dataclass(frozen=True)
class _Names:
    """What may be referred to."""

    targets: set[str]  # of routes
    kinds: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]

    def unknown(self, key: str, name: str, known: Iterable[str], what: str) -> list[str]:
        """One sentence if nothing of that name is known."""
        options = sorted(known)
        if name in options:
            return []
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
    fields = type(model).model_fields
    return {
        f
        for f in model.model_fields_set
        if getattr(model, f) != fields[f].get_default(call_default_factory=True)
    }


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
            if outcome == "not_served":
                out.append(f"{at}.when = 'not_served': the pathway ends there; no route can follow")
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
