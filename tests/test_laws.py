"""What must always hold, whatever the area, the evidence and the system: the laws of the model.

Every shipped system is run on small areas drawn at random, with evidence moved inside its ranges and with
parts of the system changed as a user could change them; each run is held against every law.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from build import SHIPPED, Record, make_config, record
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from sim import simulate
from sim.config import Config
from sim.engine import Engine
from sim.errors import InputError
from sim.kernel.state import (
    C_FREE,
    C_USED,
    CANDIDATE,
    EVENTS,
    GONE,
    HIDDEN,
    NEVER,
    NOBODY,
    OUTSIDE,
    POPULATION,
    TO_COME,
    VISIT,
    WEEKLY_MEASURES,
)

EVENT = {name: i for i, name in enumerate(EVENTS)}
PATHWAYS = ("gatekept", "balanced", "blend")
DIALS = ("impact", "easy_access", "place_based", "continuum", "information")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FEW = settings(
    max_examples=12,
    phases=[Phase.generate],  # a run is too slow to be repeated a thousand times for a smaller example
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# ------------------------------------------------------------------------------ random small configurations

#: Ways in which a user may change the shipped pathways: each works parts of the engine that they leave alone.
TWISTS: dict[str, dict[str, Any]] = {
    "one list for the whole area": {"system.offers.assessment.queue.pool": "area"},
    "one list for all kinds": {"system.offers.assessment.queue.lists": "one"},
    "slots kept for urgent needs and lost": {
        "system.offers.therapy.queue.carve_out": {"share": 0.4, "released": False},
    },
    "slots kept for urgent needs and released": {
        "system.offers.assessment.queue.priority": [{"levels": ["specialist"], "share": 0.6}],
        "system.offers.assessment.queue.carve_out": {"share": 0.3, "released": True},
    },
    "free minutes are lost": {"system.spare_time": "lost"},
    "little patience": {
        "system.offers.triage.queue.patience_weeks": 2,
        "system.offers.assessment.queue.patience_weeks": 6,
        "system.offers.therapy.queue.patience_weeks": 4,
    },
    "few are brought": {"system.offers.assessment.attendance.not_brought": 0.6},
    "small groups soon": {
        "system.offers.targeted_group.group": {"size": 3, "smallest": 2, "longest_wait_days": 7},
        "system.offers.targeted_group.course": {"contacts": 4},
    },
    "everybody to a group": {
        "system.offers.assessment.routes": [
            {
                "when": ["done"],
                "to": [{"to": "targeted_group", "share": 0.8}, {"to": "school_programme", "share": 0.2}],
            }
        ],
    },
    "statutory advice on Mondays": {
        "system.offers.statutory_advice.weekdays": ["mon"],
        "system.offers.statutory_advice.requests.per_year": 3,
    },
    "therapy in term only, on Wednesdays": {
        "system.offers.therapy.term_only": True,
        "system.offers.therapy.weekdays": ["wed"],
    },
    "a full drop-in": {
        "system.offers.drop_in.weekdays": ["fri"],
        "system.offers.drop_in.staff": {"therapist": 240},
    },
    "heavy lists": {
        "system.offers.assessment.upkeep.minutes_per_child_month": {"admin": 200, "therapist": 60}
    },
    "two visits find much": {"system.offers.link_visit.visit.finds_per_visit": 0.5},
    "every day is a working day": {"calendar.working_days": list(DAYS), "calendar.bank_holidays": False},
}


@st.composite
def areas(draw: st.DrawFn) -> dict[str, Any]:
    """One to three localities with a few hundred children, some of them without a whole age band."""
    localities = []
    for i in range(draw(st.integers(1, 3))):
        counts = st.lists(st.integers(0, 90), min_size=5, max_size=5)
        children = {band: draw(counts) for band in ("0-4", "5-10", "11-17", "18-19")}
        children["0-4"][draw(st.integers(0, 4))] += 20
        localities.append(
            {
                "name": f"Locality {i}",
                "easting": 400_000 + 3_000 * i,
                "northing": 400_000,
                "spread_metres": 800,
                "children": children,
                "settings": {
                    "primary": [draw(st.integers(1, 3)), 150, 0.3, 60, 300],
                    "secondary": [1, 350, 0.0, 350, 350],
                    "special": [1, 30, 0.0, 30, 30],
                },
            }
        )
    return {"area.localities": localities, "area.name": "Drawn at random"}


@st.composite
def choices(draw: st.DrawFn, system: str) -> tuple[dict[str, Any], dict[str, float]]:
    """Changes to a shipped system and its area, and to the evidence, that make a small configuration."""
    changes: dict[str, Any] = {
        "event_log": True,
        "history_years": draw(st.sampled_from([0.0, 0.3, 0.6])),
        "horizon_years": draw(st.sampled_from([0.1, 0.5, 1.0])),
        "calendar.start": draw(st.dates(min_value=_date(2015), max_value=_date(2030))).isoformat(),
    }
    evidence: dict[str, float] = {}
    if system == "single_list":
        changes |= {
            "area.referrals_per_week": draw(st.floats(0.5, 60)),
            "area.growth_per_year": draw(st.floats(-0.5, 1.0)),
            "area.mix.urgent_share": draw(st.floats(0, 1)),
            "system.slots_per_week": draw(st.floats(0, 80)),
            "system.offers.appointment.queue": {
                "patience_weeks": draw(st.none() | st.floats(0.5, 50)),
                "notice_days": draw(st.integers(0, 30)),
                "priority": draw(st.sampled_from([[], [{"share": 0.0}], [{"share": 0.2}, {"ages": [0, 5]}]])),
            },
            "system.offers.appointment.attendance": {
                "not_brought": draw(st.floats(0, 0.9)),
                "discharge": draw(st.floats(0, 1)),
            },
            "system.offers.appointment.course": draw(st.sampled_from([{}, {"contacts": 4}])),
            "system.offers.appointment.weekdays": draw(
                st.lists(st.sampled_from(DAYS), min_size=1, unique=True)
            ),
        }
    else:
        changes |= draw(areas())
        names = sorted(make_config("gatekept").evidence)
        rows = draw(st.lists(st.sampled_from(names), max_size=6, unique=True))
        table = make_config("gatekept").evidence
        evidence = {n: table[n].low + draw(st.floats(0, 1)) * (table[n].high - table[n].low) for n in rows}
        evidence["slt_wte_per_100k_children"] = draw(st.sampled_from([0.0, 10.0, 40.0, 150.0]))
    if system in PATHWAYS:
        for twist in draw(st.lists(st.sampled_from(sorted(TWISTS)), max_size=4, unique=True)):
            changes |= TWISTS[twist]
    if system == "blend":
        changes |= {
            f"system.dials.{d}": draw(st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)) for d in DIALS
        }
    return changes, evidence


def _date(year: int) -> Any:
    import datetime as dt

    return dt.date(year, 1, 1)


# ------------------------------------------------------------------------------------- laws of each day


def lists_are_sound(engine: Engine, day: int) -> None:
    """Each list is one chain, the same from both ends, as long as it says, of tickets that are on it."""
    tickets, lists = engine.tickets, engine.books.lists
    queue, ahead, behind = tickets.queue.tolist(), tickets.ahead.tolist(), tickets.behind.tolist()
    heads, tails, lengths = lists.head.tolist(), lists.tail.tolist(), lists.length.tolist()
    standing = np.bincount(tickets.queue[tickets.queue != NOBODY], minlength=len(lists))
    assert standing.tolist() == lengths, day
    for q in range(len(lists)):
        previous, here, length = NOBODY, heads[q], 0
        while here != NOBODY:
            assert queue[here] == q
            assert ahead[here] == previous
            previous, here, length = here, behind[here], length + 1
            assert length <= lengths[q]
        assert tails[q] == previous
        assert length == lengths[q]


def nobody_is_on_a_list_after_leaving(engine: Engine, day: int) -> None:
    """On a waiting list stand open needs that have not left; on a list of unknown needs, unknown needs."""
    tickets, needs, rules = engine.tickets, engine.people.needs, engine.rules
    on = np.flatnonzero(tickets.queue != NOBODY)
    own, episodes = on[tickets.offer[on] == OUTSIDE], on[tickets.offer[on] != OUTSIDE]
    whose = tickets.need[own]
    assert len(np.unique(whose)) == len(whose)
    assert (needs.phase[whose] == HIDDEN).all(), day
    assert (tickets.queue[own] == rules.hidden_base + needs.place[whose]).all()
    assert (tickets.queue[episodes] < rules.hidden_base).all()
    who = tickets.need[episodes]
    empty_chair = tickets.tries[episodes] < 0  # a group goes on when its first member has grown out
    gone = (needs.phase[who] == GONE) | (needs.left[who] != NEVER) | (needs.open[who] <= 0)
    assert not (gone & ~empty_chair).any(), (day, who[gone & ~empty_chair])
    born = engine.people.children.birth[needs.child[who]]
    assert (day - born < engine.compiled.needs.leaves_at)[~empty_chair].all()


def open_episodes_are_tickets(engine: Engine, day: int) -> None:
    """What a need has open is what it holds tickets for; supports running are tickets with a rate."""
    tickets, people, rules, books = engine.tickets, engine.people, engine.rules, engine.books
    needs = people.needs
    access, of, offer, rate_of = rules.offers.access, tickets.need, tickets.offer, tickets.rate
    opened, supports, rate = np.zeros(len(needs), int), np.zeros(len(needs), int), np.zeros(len(needs))
    holds: list[np.ndarray] = []
    at = needs.tickets.copy()
    while (who := np.flatnonzero(at != NOBODY)).size:  # the chains of all needs, a ticket of each at a time
        t = at[who]
        assert (of[t] == who).all()
        at[who] = tickets.sibling[t]
        holds.append(who * (len(access) + 1) + offer[t])
        assert len(holds) <= len(access) + 1, "more tickets than there are offers"
        own = offer[t] != OUTSIDE
        who, t = who[own], t[own]
        episode = (access[offer[t]] != POPULATION) & (tickets.state[t] != CANDIDATE)
        opened[who] += episode & (tickets.tries[t] >= 0)
        supports[who] += rate_of[t] != 0.0
        rate[who] += rate_of[t]
    keys = np.concatenate(holds) if holds else np.zeros(0, int)
    held = len(keys)
    assert len(np.unique(keys)) == held, "two tickets for one offer"
    assert (needs.open == opened).all(), day
    assert (needs.supports == supports).all()
    assert np.abs(needs.support - rate).max(initial=0.0) < 1e-12
    assert (needs.support[supports == 0] == 0.0).all()
    assert books.in_contact.sum() == (opened > 0).sum()
    assert not (opened[needs.left != NEVER]).any()
    free, t, after = 0, int(books.counter[C_FREE]), tickets.after.tolist()
    while t != NOBODY:
        free, t = free + 1, after[t]
    assert held == books.counter[C_USED]
    assert held + free == len(tickets)


def nothing_due_is_left_over(engine: Engine, day: int) -> None:
    """The diary has no entry for a day that has passed."""
    due = engine.tickets.day
    assert (due[due != NEVER] > day).all()


def scores_are_on_the_scale(engine: Engine, day: int) -> None:
    """Scores, potentials and capabilities stay within their ranges."""
    needs, places = engine.people.needs, engine.people.places
    for values, most in ((needs.y, 5.0), (needs.potential, 5.0), (places.capability, 1.0)):
        assert ((values >= 0.0) & (values <= most)).all(), day


EVERY_WEEK = (
    lists_are_sound,
    nobody_is_on_a_list_after_leaving,
    open_episodes_are_tickets,
    nothing_due_is_left_over,
    scores_are_on_the_scale,
)


# ------------------------------------------------------------------------------------- laws of a whole run


def children_and_needs_are_conserved(r: Record) -> None:
    """Nobody appears, disappears or changes; every need begins once, when the population says."""
    people, before = r.engine.people, r.population
    for name in ("id", "birth", "quintile", "locality", "navigation", "out"):
        assert (people.children[name] == before.children[name]).all()
    for name in ("child", "key", "kind", "onset", "onset_score", "potential", "deviation", "worsens"):
        assert (people.needs[name] == before.needs[name]).all()
    assert len(np.unique(people.children.id)) == len(people.children)
    assert len(np.unique(people.needs.key)) == len(people.needs)
    assert people.children.needs.sum() == len(people.needs)
    assert (np.repeat(np.arange(len(people.children)), people.children.needs) == people.needs.child).all()
    events = r.run.tables["events"]
    begun = events["need_id"][events["event"] == EVENT["need_begins"]]
    assert sorted(begun) == sorted(people.needs.key)
    alive = people.children.out[people.needs.child] > r.tables.end_day
    assert (people.needs.phase != TO_COME).all()
    assert (r.run.tables["needs"]["aged_out"] | alive | (people.needs.phase != GONE)).all()


def every_minute_is_in_one_ledger_line(r: Record) -> None:
    """Every week, locality and role; and what is available is what the working days give, to the minute."""
    ledger, available = r.engine.books.ledger, r.engine.books.available
    assert (ledger >= 0).all()
    assert (ledger.sum(axis=3) == available).all()
    assert ledger.sum() == r.run.tables["ledger"]["minutes"].sum()
    rules = r.engine.rules
    days = rules.works.reshape(-1, 7).sum(axis=1)
    moved = np.append(rules.staff_share, rules.staff_share[-1:])[: len(days), None, None]
    per_day = (1.0 - moved) * rules.minutes_per_day[0] + moved * rules.minutes_per_day[-1]
    per_day = per_day * rules.posts_filled[: len(days)]
    available = available - rules.extra_minutes
    assert (np.abs(available - per_day * days[:, None, None]) <= 1.0 + 1e-6).all()
    stays = np.flatnonzero(rules.staff_share == 0.0)
    if len(stays) == len(days):
        assert (available.sum(axis=0) == np.floor(per_day[0] * rules.works.sum() + 1e-6)).all()
    closed = ~rules.works.reshape(-1, 7).any(axis=1)
    assert (available[closed] == 0).all()


@dataclasses.dataclass
class Replay:
    """The lists as the event log tells them: changes by (offer, locality, day) and the waits behind them."""

    change: np.ndarray  # (offers, localities, days)
    waits: dict[tuple[int, int], int]  # (offer, locality) -> days waited by all, those still waiting included


def replay(r: Record) -> Replay:
    events, needs = r.run.tables["events"], r.engine.people.needs
    row = {int(k): i for i, k in enumerate(needs.key)}
    locality = r.engine.people.children.locality[needs.child]
    groups = r.engine.rules.offers.group_size > 0
    end = r.tables.end_day
    change = np.zeros((len(r.tables.offers), len(r.area.localities), end), int)
    waits: dict[tuple[int, int], int] = defaultdict(int)
    since: dict[tuple[int, int], int] = {}
    exits = {
        EVENT[e] for e in ("contact", "gives_up", "sent_away", "invited", "called_off", "gives_back_place")
    }
    for day, key, offer, event in zip(
        *(events[c].tolist() for c in ("day", "need_id", "offer", "event")), strict=True
    ):
        need = row[key]
        if event == EVENT["joins_list"]:
            assert (need, offer) not in since, "joined a list while standing on it"
            since[need, offer] = day
            change[offer, locality[need], day] += 1
            continue
        off: list[int] = []
        if event in exits or (event == EVENT["not_brought"] and groups[offer]):
            off = [offer]
        elif event == EVENT["leaves_with_age"]:
            off = [o for n, o in since if n == need]
        for o in off:
            start = since.pop((need, o), None)
            if start is not None:
                assert day >= start, "a wait is never negative"
                waits[o, int(locality[need])] += day - start
                change[o, locality[need], day] -= 1
    for (need, offer), start in since.items():
        waits[offer, int(locality[need])] += end - start
    return Replay(change, waits)


def littles_law_holds_on_every_list(r: Record) -> None:
    """Sum of the list's length over the days = sum of the waits of all who stood on it; and day by day."""
    told = replay(r)
    size = told.change.cumsum(axis=2)
    offers = r.engine.rules.offers
    waiting = r.run.tables["waiting"]
    for o in range(len(offers)):
        first, end = int(offers.list_base[o]), int(offers.owed_base[o])
        seen = r.lengths[:, first:end].sum(axis=1)
        assert seen.sum() == sum(w for (offer, _), w in told.waits.items() if offer == o)
        assert (seen == size[o].sum(axis=0)).all()
        if offers.access[o] == POPULATION:
            continue
        for place in range(len(r.area.localities)):
            if not offers.pooled[o] and offers.access[o] != VISIT:  # visits wait where the child's place is
                here = (waiting["offer"] == o) & (waiting["locality"] == place)
                assert (waiting["size"][here] == size[o, place, 6::7]).all()
                assert size[o, place].sum() == told.waits.get((o, place), 0)
        mine = waiting["offer"] == o
        weekly = np.bincount(waiting["week"][mine], waiting["size"][mine], minlength=len(seen) // 7)
        assert (weekly == seen[6::7]).all()
    bands = sum(waiting[b] for b in ("w0_1", "w1_2", "w2_4", "w4_12", "w12_18", "w18_52", "w52_plus"))
    assert (waiting["size"] == bands).all()


def no_wait_is_negative(r: Record) -> None:
    """Nothing happens to a need before it has begun and is known, nor after the child has grown out."""
    t = r.run.tables["needs"]
    order = (
        ("onset_day", "identified_day"),
        ("identified_day", "concern_day"),
        ("concern_day", "referred_day"),
        ("identified_day", "first_contact_day"),
        ("identified_day", "first_useful_day"),
        ("first_contact_day", "second_contact_day"),
        ("first_contact_day", "specialist_start_day"),
        ("identified_day", "left_day"),
    )
    for earlier, later in order:
        both = (t[earlier] != NEVER) & (t[later] != NEVER)
        assert (t[later][both] >= t[earlier][both]).all(), (earlier, later)
    for name in ("referred_day", "first_contact_day", "first_useful_day", "left_day"):
        there = t[name] != NEVER
        assert (t["identified_day"][there] != NEVER).all(), name
        assert (t[name][there] <= t["out_day"][there]).all(), name
        assert (t[name][there] < r.tables.end_day).all(), name
    assert ((t["second_contact_day"] == NEVER) | (t["first_contact_day"] != NEVER)).all()


def events_come_in_a_sane_order(r: Record) -> None:
    """A need begins, is noticed, and only then is something done; nothing happens after growing out."""
    events = r.run.tables["events"]
    day, event = events["day"], events["event"]
    order = np.argsort(events["need_id"], kind="stable")
    cuts = np.flatnonzero(np.diff(events["need_id"][order])) + 1
    identified = dict(
        zip(r.run.tables["needs"]["need_id"], r.run.tables["needs"]["identified_day"], strict=True)
    )
    unknowing = {EVENT[e] for e in ("need_begins", "worsens", "moves_place", "leaves_with_age", "noticed")}
    for rows in np.split(order, cuts):
        if len(rows) == 0:
            continue
        mine = event[rows].tolist()
        known_before = day[rows[0]] < 0 and identified[events["need_id"][rows[0]]] < 0
        assert mine[0] == EVENT["need_begins"]
        assert mine.count(EVENT["need_begins"]) == 1
        assert mine.count(EVENT["noticed"]) <= 1
        assert (np.diff(day[rows]) >= 0).all()
        if EVENT["leaves_with_age"] in mine:
            rest = mine[mine.index(EVENT["leaves_with_age"]) + 1 :]
            assert rest in ([], [EVENT["leaves"]])
        done = [i for i, e in enumerate(mine) if e not in unknowing]
        if done and not known_before:
            assert EVENT["noticed"] in mine[: done[0]]
        for a, b in pairwise(mine):
            if a == EVENT["not_brought"]:
                assert b not in (EVENT["accepted"], EVENT["rejected"])
            if b in (EVENT["accepted"], EVENT["rejected"], EVENT["more_information"]):
                assert a == EVENT["contact"]


def weekly_counts_agree_with_the_needs(r: Record) -> None:
    """Each weekly series adds up to the same events in the table of needs."""
    t, weekly = r.run.tables["needs"], r.run.tables["weekly"]

    def total(measure: str) -> int:
        return int(weekly["value"][weekly["measure"] == WEEKLY_MEASURES.index(measure)].sum())

    assert total("onsets") == (t["onset_day"] >= 0).sum()
    assert total("identified") == (t["identified_day"] >= 0).sum()
    assert total("referred") == (t["referred_day"] != NEVER).sum()
    assert total("first_contacts") == (t["first_contact_day"] != NEVER).sum()
    assert total("first_useful") == (t["first_useful_day"] != NEVER).sum()
    assert total("specialist_starts") == (t["specialist_start_day"] != NEVER).sum()
    assert total("contacts") == t["contacts"].sum()
    assert total("duplicate_contacts") == t["duplicate_contacts"].sum()
    assert total("not_brought") == t["not_brought"].sum()
    log = r.run.tables["events"]["event"]
    for measure, name in (
        ("left", "leaves"),
        ("gave_up", "gives_up"),
        ("turned_away", "turned_away"),
        ("statutory_requests", "request"),
    ):
        assert total(measure) == (log == EVENT[name]).sum(), measure
    last = weekly["week"] == r.tables.end_day // 7 - 1
    now = weekly["value"][last & (weekly["measure"] == WEEKLY_MEASURES.index("in_contact"))].sum()
    assert now == t["open"].sum()
    assert total("statutory_on_time") <= total("statutory_requests")


def function_stays_on_the_scale(r: Record) -> None:
    """Scores lie between 0 and 5, and so does their mean over the horizon."""
    t = r.run.tables["needs"]
    for name in ("score_start", "score_end", "score_no_service", "potential"):
        assert ((t[name] >= 0.0) & (t[name] <= 5.0)).all(), name
    first = np.maximum(t["onset_day"], r.tables.decision_day)
    years = np.maximum(np.minimum(t["out_day"], r.tables.end_day) - first, 0) / 365.25
    for name in ("score_years", "score_years_no_service"):
        assert (t[name] >= -1e-9).all(), name
        assert (t[name] <= 5.0 * years + 1e-9).all(), name


def those_whom_nothing_touched_have_no_impact(r: Record) -> None:
    """Without support and in a place that never gained capability the counterfactual is met to the bit."""
    t, needs = r.run.tables["needs"], r.engine.people.needs
    children, places = r.engine.people.children, r.engine.people.places
    coached = places.capability_days > 0.0
    c = needs.child
    anywhere = coached[children.early[c]] | coached[children.primary[c]] | coached[children.secondary[c]]
    alone = ~anywhere & (t["first_useful_day"] == NEVER)
    assert (t["score_end"][alone] == t["score_no_service"][alone]).all()
    assert (t["score_years"][alone] == t["score_years_no_service"][alone]).all()


OF_A_RUN = (
    children_and_needs_are_conserved,
    every_minute_is_in_one_ledger_line,
    littles_law_holds_on_every_list,
    no_wait_is_negative,
    events_come_in_a_sane_order,
    weekly_counts_agree_with_the_needs,
    function_stays_on_the_scale,
    those_whom_nothing_touched_have_no_impact,
)


def hold_every_law(config: Config, seed: int) -> Record:
    def inspect(engine: Engine, day: int) -> None:
        for law in EVERY_WEEK:
            law(engine, day)

    r = record(config, seed, inspect)
    for law in OF_A_RUN:
        law(r)
    return r


@pytest.mark.parametrize("system", SHIPPED)
@FEW
@given(data=st.data())
def test_every_law_holds_in_random_small_areas(system, data):
    changes, evidence = data.draw(choices(system))
    try:
        config = make_config(system, changes, evidence)
    except InputError:  # job plans over 100 % and the like: not for a user either
        assume(False)
    hold_every_law(config, data.draw(st.integers(0, 2**62)))


@pytest.mark.parametrize("twist", TWISTS)
def test_every_law_holds_with_each_change_a_user_may_make(twist):
    """On a system half way between gatekept and balanced, in which every offer is at work."""
    half = {f"system.dials.{d}": 0.5 for d in DIALS}
    hold_every_law(make_config("blend", {**half, **TWISTS[twist], "event_log": True}), seed=11)


def test_the_laws_are_put_to_work():
    """The shipped pathways and the changes to them lead through every event there is."""
    seen: set[int] = set()
    for system, names in {
        "gatekept": ("little patience", "few are brought"),
        "balanced": ("a full drop-in", "two visits find much"),
    }.items():
        changes = {"event_log": True, "horizon_years": 2.0}
        for name in names:
            changes |= TWISTS[name]
        run = simulate(make_config(system, changes), seed=3)
        seen |= set(run.tables["events"]["event"].tolist())
    assert [name for name, i in EVENT.items() if i not in seen] == [
        "invited",
        "called_off",
        "gives_back_place",
        "finds_door_shut",
    ]  # need a change of system


# ------------------------------------------------------------------------------------------ more staff

MORE = 1.2


def total_wait(config: Config, seed: int) -> float:
    """Child-weeks on all waiting lists of the horizon."""
    run = simulate(config, seed)
    waiting = run.tables["waiting"]
    return float(waiting["size"][waiting["week"] >= run.decision_day // 7].sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_appointments_never_lengthen_the_total_of_waits_of_a_plain_list(seed):
    slots = [20.0, 24.0, 27.0, 28.5, 30.0, 33.0]
    for few in slots:
        less = total_wait(make_config("single_list", {"system.slots_per_week": few}), seed)
        more = total_wait(make_config("single_list", {"system.slots_per_week": few * MORE}), seed)
        assert more <= less


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("system", ["gatekept", "balanced"])
def test_a_fifth_more_staff_never_lengthens_the_total_of_waits_of_a_shipped_system(system, seed):
    """The shipped area, three years: every role has 20 % more people."""
    changes = {"history_years": 1.0, "horizon_years": 2.0}
    base = make_config(system, changes, area="oldham")
    rows = ("slt_wte_per_100k_children", "school_staff_wte_per_100k_children")
    more = {name: base.evidence[name].value * MORE for name in rows}
    assert total_wait(make_config(system, changes, more, area="oldham"), seed) < total_wait(base, seed)
