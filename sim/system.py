"""A system described as data: doors, offers and a job plan, as a service would put it on paper.

A *door* is how a known concern enters. An *offer* is something a child, a family or a place can receive.
The *job plan* says how each role's time is divided. Nothing here runs: :mod:`sim.system_checks` says
what in a system cannot work, and :mod:`sim.compile` turns a checked one into the flat tables that the engine
reads, so that a new pathway needs YAML only.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

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
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
STRANDS: tuple[Strand, ...] = get_args(Strand)
LEVELS: tuple[Level, ...] = get_args(Level)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
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
LEDGER_LINES: tuple[LedgerLine, ...] = get_args(LedgerLine)

# whether a list of names was meant or "all" (see sim.quantity for names in brackets)
_LIST, _ALL = "(list)", "(all)"
_Every = Annotated[Literal["all"], Tag(_ALL)]
_list_or_all = Discriminator(lambda value: _LIST if isinstance(value, list | tuple) else _ALL)
KindNames = Annotated[Annotated[list[str], Tag(_LIST), Field(min_length=1)] | _Every, _list_or_all]
LevelNames = Annotated[Annotated[list[Level], Tag(_LIST), Field(min_length=1)] | _Every, _list_or_all]
AgeRange = Annotated[tuple[float, float], Field(description="from (inclusive) and to (exclusive), years")]
EVERY_AGE: tuple[float, float] = (0.0, 25.0)


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
    rebook_days: Days = 1.0  # until the next appointment is due


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
    local_plans: dict[
        str, dict[str, dict[str, Share]]
    ] = {}  # locality -> role -> offer: its share there, in place of that in the job plan
    spare_time: Literal["shared", "lost"] = (
        "shared"  # minutes nobody booked: to other lists of that role, or lost
    )
    queue_work: dict[str, str] = {}  # staff group -> role whose minutes pay for queue management first
    queue_work_most: Share = 1.0  # at most this much of a role's time; the rest of it is left undone
    staff_by_need: Share = 0.0  # 0: staff spread evenly over children; 1: in proportion to predicted need
    find_rate: Multiplier = 1.0  # identification by families and settings, times what the needs file says
    slots_per_week: Annotated[float, Field(ge=0, le=1e6)] | None = (
        None  # plain lists: appointments a week in each locality, instead of staff minutes
    )
