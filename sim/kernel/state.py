"""The arrays that the kernel reads and changes, grouped by what they are about.

``Rules`` is the compiled configuration (never changed), ``People`` the children, needs and places, ``Tickets`` the
episodes of care (one need in one offer), ``Books`` the lists, the diary, staff minutes and counts. Days are whole
numbers from the first day of the history; ``NEVER`` stands for a day that has not come. Shapes are given with
o offers, k kinds, g staff groups, r roles, t teams (= localities), p places, d days, w weeks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

NEVER = -32_768  # days are kept in 16 bits: 89 years either way
NOBODY = -1
OUTSIDE = -1  # for an offer: the need's life outside offers

# access of an offer
QUEUE, WALK_IN, VISIT, POPULATION = 0, 1, 2, 3
# where a branch leads, besides offers
LEAVE, TO_DOOR = -1, -2
# where an offer belongs, when there is a change of system
OLD, NEW, BOTH = range(3)
# outcomes, in the order of sim.system.OUTCOMES
ACCEPTED, REJECTED, DONE, GOAL_MET, STALLED, NOT_IN_NEED, SENT_AWAY, GAVE_UP = range(8)
# reasons for leaving, besides the outcomes
NOT_SERVED, AGED_OUT, NEVER_SOUGHT, BEFORE_START, NOT_LEFT, NO_LONGER = 8, 9, 10, 11, 12, 13
# what a need is doing outside offers
TO_COME, HIDDEN, KNOWN, ON_THE_WAY, GONE = range(5)
# state of a ticket
FREE, DELAYED, WAITING, RUNNING, BETWEEN, OWED, IN_GROUP, LEADS_GROUP, CANDIDATE = range(9)
# why the diary holds a ticket
NOTHING, CHANCE, ARRIVE, JOIN, GIVE_UP, END_SUPPORT, SESSION, REQUEST_CHANCE = range(8)
# fixed events, in the order in which those of one day are handled
BEGIN, WORSEN, MOVE, AGE_OUT = range(4)
# families in two systems at once: in one only, in both, and in both once one of them has seen the child
ONE_SYSTEM, IN_BOTH, FIRST_OLD, FIRST_NEW = range(4)
# calls to those on the old lists of a team: to be made, for this week, minutes left for them, minutes saved up
TO_CALL, CALLS, CALL_MINUTES, CALL_CARRY = range(4)
# minutes of a contact
MAIN, INDIRECT, TRAVEL, LOST, COACHED = range(5)
# ledger lines, in the order of sim.system.LEDGER_LINES
(
    L_DIRECT,
    L_GROUP,
    L_DROP_IN,
    L_VISIT,
    L_COACHING,
    L_UNIVERSAL,
    L_STATUTORY,
    L_TRIAGE,
    L_QUEUE,
    L_LOST,
    L_INDIRECT,
    L_TRAVEL,
    L_COORDINATION,
    L_CHANGE,
    L_UNUSED,
) = range(15)
# weekly counts
WEEKLY_MEASURES = (
    "onsets",
    "identified",
    "referred",
    "first_contacts",
    "first_useful",
    "specialist_starts",
    "contacts",
    "not_brought",
    "turned_away",
    "left",
    "gave_up",
    "in_contact",
    "statutory_requests",
    "statutory_on_time",
    "duplicate_contacts",
)
(
    W_ONSETS,
    W_IDENTIFIED,
    W_REFERRED,
    W_FIRST,
    W_USEFUL,
    W_SPECIALIST,
    W_CONTACTS,
    W_NOT_BROUGHT,
    W_TURNED_AWAY,
    W_LEFT,
    W_GAVE_UP,
    W_IN_CONTACT,
    W_REQUESTS,
    W_ON_TIME,
    W_DUPLICATES,
) = range(15)
# event log
EVENTS = (
    "need_begins",
    "worsens",
    "moves_place",
    "leaves_with_age",
    "noticed",
    "does_not_seek",
    "seeks",
    "wrong_door",
    "arrives",
    "joins_list",
    "support_starts",
    "support_ends",
    "accepted",
    "rejected",
    "more_information",
    "contact",
    "not_brought",
    "turned_away",
    "gives_up",
    "sent_away",
    "course_ends",
    "leaves",
    "found_at_visit",
    "request",
    "invited",
    "called_off",
    "gives_back_place",
    "finds_door_shut",
)
(
    E_BEGIN,
    E_WORSEN,
    E_MOVE,
    E_AGE_OUT,
    E_NOTICED,
    E_NOT_SEEKING,
    E_SEEKS,
    E_WRONG_DOOR,
    E_ARRIVES,
    E_JOINS,
    E_SUPPORT,
    E_SUPPORT_ENDS,
    E_ACCEPTED,
    E_REJECTED,
    E_MORE_INFORMATION,
    E_CONTACT,
    E_NOT_BROUGHT,
    E_TURNED_AWAY,
    E_GIVES_UP,
    E_SENT_AWAY,
    E_COURSE_ENDS,
    E_LEAVES,
    E_FOUND,
    E_REQUEST,
    E_INVITED,
    E_CALLED_OFF,
    E_WITHDRAWS,
    E_GATED,
) = range(28)
# scalars that change: positions in Books.counter
C_FREE, C_FIXED, C_LOG, C_FULL, C_USED, C_CROSSING, C_CROSSED = range(7)
BANDS = 7  # weeks waited: 0-1, >1-2, >2-4, >4-12, >12-18, >18-52, >52


Spec = dict[str, type]
Records = Any
"""A numpy array of records whose fields are attributes (``people.needs.onset[i]``)."""


def records(
    spec: Spec, n: int, columns: dict[str, np.ndarray] | None = None, empty: dict[str, object] | None = None
) -> Records:
    """An array of ``n`` records with the fields of ``spec``: what belongs to one thing lies together in memory.

    ``columns`` fills fields, ``empty`` gives fields a constant; the rest is zero.
    """
    out = np.zeros(n, np.dtype(list(spec.items()), align=True))
    fill(out, empty or {})
    for name, values in (columns or {}).items():
        out[name] = values
    return out.view(np.recarray)


def fill(rows: np.ndarray, values: dict[str, object]) -> None:
    """Make every row the same: these values, and zero for the other fields."""
    if values and len(rows):
        pattern = np.zeros(1, rows.dtype)
        for name, value in values.items():
            pattern[name] = value
        whole = np.dtype((np.void, rows.dtype.itemsize))
        rows.view(whole)[:] = pattern.view(whole)[0]


OFFER: Spec = {
    "of": np.int8,  # OLD, NEW, BOTH
    "access": np.int8,
    "serves_child": np.bool_,
    "age_from": np.int32,  # days
    "age_to": np.int32,
    "line": np.int8,
    "is_contact": np.bool_,
    "clock": np.bool_,
    "specialist": np.bool_,
    "pooled": np.bool_,
    "n_kind_groups": np.int32,
    "n_classes": np.int32,
    "rule_from": np.int32,  # priority rules of the offer: first, and number
    "rule_n": np.int32,
    "carve_share": np.float64,
    "carve_released": np.bool_,
    "patience": np.float64,  # mean days; 0: for ever
    "notice": np.int32,  # days
    "contacts": np.int32,
    "every": np.int32,  # days
    "goal_led": np.float64,
    "most_contacts": np.int32,
    "review_every": np.int32,
    "goal_points": np.float64,
    "stall_points": np.float64,
    "nb_base": np.float64,  # was not brought: log odds at zero wait; -1e9: never
    "nb_day": np.float64,  # log odds per day waited
    "nb_winter": np.float64,
    "nb_most": np.float64,
    "nb_discharge": np.float64,
    "rebook": np.int32,  # days
    "gate": np.bool_,
    "more_information": np.float64,
    "more_information_days": np.float64,
    "school_share": np.float64,  # of the delivery, to which the place's capability applies
    "kept_up": np.float64,
    "lasts": np.int32,  # days
    "helps": np.bool_,  # has an effect on the child
    "group_size": np.int32,  # 0: individual
    "group_smallest": np.int32,
    "group_wait": np.int32,  # days
    "visit_minutes": np.int32,
    "visit_children": np.float64,  # share
    "visit_finds": np.float64,
    "gives_up_full": np.float64,
    "request_rate": np.float64,  # per day
    "request_wait": np.int32,  # days
    "request_hazard": np.float64,
    "request_deadline": np.int32,  # days
    "validation_every": np.int32,  # weeks; 0: never
    "list_base": np.int32,  # first list of the offer
    "owed_base": np.int32,  # first owed list (one per team)
}
STEP: Spec = {"offer": np.int32, "new": np.bool_}  # of a team's day; new: from the list, else sessions owed
SPAN: Spec = {"to_from": np.int32, "to_n": np.int32, "also_from": np.int32, "also_n": np.int32}
BRANCH: Spec = {
    "to": np.int32,
    "share": np.float64,  # alternatives: cumulative; also: probability
    "days": np.float64,
    "fixed": np.bool_,
}
DOOR: Spec = {
    "share": np.float64,
    "navigation": np.float64,  # log odds per sd
    "days": np.float64,
    "wrong": np.float64,  # log odds
    "wrong_days": np.float64,
    "first_branch": np.int32,
    "n_branches": np.int32,
}
KIND: Spec = {"normal": np.float64, "targeted": np.float64, "special": np.float64}


class Rules(NamedTuple):
    """The compiled system, needs and workforce; see :mod:`sim.compile`."""

    seed: np.uint64
    n_teams: int
    n_groups: int
    n_roles: int
    decision_day: int
    end_day: int
    log_events: bool
    offers: Records  # (o,) OFFER
    offer_kinds: np.ndarray  # (o, k) bool
    kind_group: np.ndarray  # (o, k) list within the offer that a kind waits on
    kind_weight: np.ndarray  # (o, k) per kind group: how much a day waited counts
    rule_kinds: np.ndarray  # (priority rules, k) bool
    rule_levels: np.ndarray  # (priority rules, 3) bool
    rule_ages: np.ndarray  # (priority rules, 2) days
    rule_share: np.ndarray  # (priority rules,)
    nb_deprived: np.ndarray  # (o, 5) log odds of not being brought
    accept: np.ndarray  # (o, 3)
    rate: np.ndarray  # (o, 3) per day, by level of the need
    request_levels: np.ndarray  # (o, 3) bool
    upkeep_child: np.ndarray  # (o, g) minutes per child on the list per week
    upkeep_rebook: np.ndarray  # (o, g) minutes per rebooking
    upkeep_validation: np.ndarray  # (o, g) minutes per child on the list per round
    minutes: np.ndarray  # (o, g, 3) main, indirect, travel
    runs: np.ndarray  # (o, d) bool
    sequence: Records  # (steps,) STEP, the order of a team's day
    hidden_base: int  # lists of unknown needs, one per place
    route: np.ndarray  # (o, outcomes, 3, k) span or -1
    spans: Records  # (routes,) SPAN
    branches: Records  # (branches,) BRANCH
    doors: Records  # (doors,) DOOR
    door_kinds: np.ndarray  # (doors, k) bool
    door_levels: np.ndarray  # (doors, 3) bool
    door_ages: np.ndarray  # (doors, 2) days
    door_seeks: np.ndarray  # (doors, 5) log odds by quintile
    kinds: Records  # (k,) KIND
    band_from: np.ndarray  # (k, bands) days of age
    band_drift: np.ndarray  # (k, bands) points a day
    noticed_from: np.ndarray  # (k, bands)
    noticed_rate: np.ndarray  # (systems, k, bands) per day
    noticed_fastest: np.ndarray  # (systems, k) per day: the highest rate at which a need can ever be noticed
    worsen_points: float
    start_waiting: int  # days: concerns up to this old at the start are still to be dealt with
    start_returns: float  # per day: those known for longer come back
    capability_drift: float  # points a day at full capability
    capability_notices: float
    capability_gain: float  # per hour per 100 children
    capability_keep: float  # per week
    fidelity_floor: float
    plan_offer: np.ndarray  # (systems, t, r, o) share
    plan_overhead: np.ndarray  # (systems, r, lines) share
    undivided: np.ndarray  # (r,) bool: the role's plan is the same in all systems
    group_of: np.ndarray  # (r,)
    queue_role: np.ndarray  # (systems, g) role that pays first; -1: none
    queue_most: np.ndarray  # (systems,) queue management takes at most this share of a role's time
    spare_shared: np.ndarray  # (systems,) bool
    minutes_per_day: np.ndarray  # (systems, t, r) of a working day
    place_weight: np.ndarray  # (systems, p) visits and universal work go to places in proportion to it
    door_first: np.ndarray  # (systems,) the system's first door
    door_n: np.ndarray  # (systems,)
    switch_day: np.ndarray  # (p,) the place works in the new way from this day on ...
    back_day: np.ndarray  # (p,) ... and again in the old one from this day on
    demand_share: np.ndarray  # (d,) of families in such places who go by the new doors
    demand_odds: np.ndarray  # (d,) their log odds at average navigation ability ...
    demand_navigation: float  # ... and what a standard deviation of it adds
    side_by_side: np.ndarray  # (d,) bool: both systems work in the same places
    capacity: np.ndarray  # (w, t) share of the team's minutes for the new system
    staff_share: np.ndarray  # (w,) how far staff are placed as the new system places them
    changes: np.ndarray  # (d,) bool: somebody's system changes
    change_minutes: np.ndarray  # (w, t, r, 2) taken by the change, and by coordinating two systems
    extra_minutes: np.ndarray  # (w, t, r) brought in for the old lists
    lists_close: bool  # those waiting in the old system are asked over to the new one
    by_call: bool  # ... when they have been rung up
    call_role: int  # who rings
    call_minutes: int  # of a call; 0: all on the day of the change
    call_most: float  # share of the role's week
    call_settled: np.ndarray  # (3,) need nothing more, by level
    siblings: float  # of families, who take a child to the new door of its brother or sister
    both_doors: float  # log odds that a family with a place on an old list goes to the new door as well
    both_navigation: float  # log odds per sd
    withdraws: float  # give up the other place once one system has helped
    habit: float  # share of concerns sent to the old door
    spare_pooled: float  # share of what one system has left over that may serve the other
    old_upkeep: float  # share of the work for old lists that goes on beside the new system
    posts_filled: np.ndarray  # (w, t, r) share; 1 unless staff leave after a change and are not replaced
    place_keep: float  # per week: of a place's capability, where its staff leave after a change
    word_days: np.ndarray  # (d,) bool: families who did not come may have heard more of the new doors
    word_share: float  # of them, who come once word has got round ...
    word_length: float  # ... which takes so many days
    gated_share: float  # of those on their way to new doors that overflow, who are sent to the old ones
    gated_after: int  # weeks running of families turned away
    run_off: float  # share of minutes kept for the old system after the change, while it holds anybody
    works: np.ndarray  # (d,) bool
    works_before: np.ndarray  # (d + 1,) working days before a day
    winter: np.ndarray  # (d,) bool


CHILD: Spec = {
    "navigation": np.float64,
    "id": np.int32,
    "family": np.int32,  # id of its eldest
    "early": np.int32,  # place before school
    "primary": np.int32,
    "secondary": np.int32,
    "first": np.int32,  # first need
    "birth": np.int16,
    "locality": np.int16,
    "out": np.int16,  # day of leaving with age
    "to_school": np.int16,  # day of the move to primary school
    "to_secondary": np.int16,
    "needs": np.int8,  # number of needs
    "quintile": np.int8,  # 0..4
}
NEED: Spec = {
    "key": np.int64,  # who draws random numbers: child_id * 64 + kind
    "seen_by": np.int64,  # bits: offers that reached the need in the horizon
    "onset_score": np.float64,
    "deviation": np.float64,  # points a day
    "potential": np.float64,
    "y": np.float64,  # score at ...
    "support": np.float64,  # sum of rates, per day
    "capability_then": np.float64,  # place's capability-days at y_day
    "score_days": np.float64,  # integral of the score over the horizon so far, point-days
    "child": np.int32,  # row of the child
    "place": np.int32,  # where the child is now
    "tickets": np.int32,  # first of the need's tickets, or -1
    "minutes": np.int32,
    "contacts": np.int16,
    "y_day": np.int16,  # ... this day
    "onset": np.int16,
    "worsens": np.int16,  # day, or NEVER
    "identified": np.int16,
    "concern": np.int16,
    "referred": np.int16,
    "first_contact": np.int16,
    "first_useful": np.int16,
    "second_contact": np.int16,
    "specialist_start": np.int16,
    "left": np.int16,
    "lists_joined": np.int16,  # occasions of draws
    "arrivals": np.int16,
    "routings": np.int16,
    "appointments": np.int16,
    "noticed_chances": np.int16,  # chances of being noticed drawn so far
    "not_brought": np.int16,
    "duplicates": np.int16,  # contacts by the second of two systems that work with the child at once
    "kind": np.int8,
    "phase": np.int8,  # TO_COME .. GONE
    "supports": np.int8,  # number of supports running
    "reason": np.int8,
    "open": np.int8,  # episodes open
    "sought": np.int8,
    "level": np.int8,  # level called for when the need began
    "system": np.int8,  # by which it was first taken on
    "in_both": np.int8,  # ONE_SYSTEM .. FIRST_NEW
    "gated": np.bool_,  # sent to the old door because the new ones overflow
    "by_habit": np.bool_,  # sent to the old door although the family belongs to the new one
    "referral": np.bool_,  # known and referred on the day it begins (a given stream)
    "entered": np.bool_,  # has been taken on by a system
    "urgent": np.bool_,  # marked in the stream's file
}
PLACE: Spec = {
    "pupils": np.float64,
    "capability": np.float64,
    "capability_new": np.float64,  # gained this week, in force from next week on
    "capability_days": np.float64,  # integral up to the start of the week
    "visit_credit": np.float64,
    "visits": np.int32,
    "locality": np.int32,
    "pilot": np.int8,  # 1: takes part in a pilot
}


class People(NamedTuple):
    """Children (c,), their needs (n,) and the places (p,)."""

    children: Records  # (c,) CHILD
    needs: Records  # (n,) NEED
    places: Records  # (p,) PLACE
    team_place: np.ndarray  # places in the order of their teams
    team_first: np.ndarray  # (t + 1,) where a team's places begin in that order
    taken_along: (
        np.ndarray
    )  # (c,) int16: from which day on by the new door of a brother or sister; or no rows


TICKET: Spec = {
    "rate": np.float64,  # support while it runs
    "y_then": np.float64,  # score at the start
    "y_last": np.float64,  # score at the last review
    "need": np.int32,
    "day": np.int32,  # diary day, or NEVER
    "after": np.int32,  # diary chain
    "before": np.int32,
    "behind": np.int32,  # list chain
    "ahead": np.int32,
    "queue": np.int32,  # list it stands on, or -1
    "ready": np.int32,  # not to be seen before this day
    "fellow": np.int32,  # next member of the group
    "sibling": np.int32,  # next ticket of the same need
    "joined": np.int16,
    "contacts": np.int16,
    "tries": np.int16,
    "team": np.int16,
    "offer": np.int16,  # or OUTSIDE
    "state": np.int8,
    "why": np.int8,  # reason for the diary entry
    "goal_led": np.bool_,
}
Tickets = Records
"""Episodes of care, one need in one offer, and what is due in a need's life outside offers: (pool,) TICKET."""

#: A ticket on a waiting list: the list's row in the weekly count (or -1), and the day from which its wait counts.
#: Apart from the tickets, so that the weekly count reads little memory, and in order.
STANDING: Spec = {"row": np.int32, "since": np.int16}
LIST: Spec = {"head": np.int32, "tail": np.int32, "length": np.int32}
DIARY: Spec = {"head": np.int32, "tail": np.int32}
TALLY: Spec = {"contacts": np.int64, "minutes": np.int64}
EVENT: Spec = {"day": np.int32, "need": np.int32, "place": np.int32, "offer": np.int16, "event": np.int8}


class Books(NamedTuple):
    """Lists, diary, minutes, counts."""

    lists: Records  # (lists,) LIST
    standing: Records  # (pool,) STANDING, by ticket
    diary: Records  # (d,) DIARY
    fixed: np.ndarray  # (events,) packed (what, need), in the order in which they happen
    fixed_until: np.ndarray  # (d,) where the events after a day begin
    counter: np.ndarray
    carve: np.ndarray  # (o, t) kept appointments owed
    credit: np.ndarray  # (t, o, r) minutes left today
    week_budget: np.ndarray  # (t, o, r)
    system_share: np.ndarray  # (systems, t) of this week's minutes
    held: np.ndarray  # (2, t) tickets of offers that only the old, and only the new system has
    calls: np.ndarray  # (t, 4) TO_CALL .. CALL_CARRY
    by_group: np.ndarray  # (w, measures, 2) weekly counts outside and inside a pilot; no weeks: not kept
    overflow: np.ndarray  # (t, 2) families turned away this week (0, 1), and in how many weeks running
    run_days: np.ndarray  # (o, 2) days the offer runs this week, and those gone
    debt: np.ndarray  # (t, o, r, 5) minutes of work begun and not yet paid
    queue_carry: np.ndarray  # (t, g) part of a minute of queue management
    rebookings: np.ndarray  # (t, o) since last week
    available: np.ndarray  # (w, t, r)
    ledger: np.ndarray  # (w, t, r, lines)
    waiting: np.ndarray  # (w, o, t, bands + 1)
    weekly: np.ndarray  # (w, measures, t, 5, 3)
    in_contact: np.ndarray  # (t, 5, 3)
    tallies: Records  # (o,) TALLY, in the horizon
    log: Records  # (events,) EVENT
