"""Families, lists and staff between two systems: calls, extra staff, both doors at once, habit, pools, pilots, borders.

Each mechanism is nothing at all when it is switched off, and does what it says, and no more, when it is on.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from build import FREE, FREE_SIDE_BY_SIDE, fingerprints, in_plain_python, make_config, plan_to
from hypothesis import assume, given
from hypothesis import strategies as st
from test_laws import FEW, choices, hold_every_law
from test_transition import changing, on_line, without

from experiments.composing.data import read_data
from sim import simulate
from sim.both import both_of
from sim.compile import compile_config
from sim.config import Config
from sim.costs import loss_of
from sim.dictionary import LEFT_REASONS
from sim.errors import InputError
from sim.kernel.state import BOTH, EVENTS, NEW, OLD, WEEKLY_MEASURES
from sim.run import Run

SIDE = {"name": "parallel", "to_share": 0.5}
PILOT = {"name": "pilot", "share": 0.4, "weeks": 10.0, "start_week": 2.43}
CALLS = {"role": "therapist_b6", "minutes": 20.0, "most": 0.1, "no_longer": {}}


def run_of(area: str | None = None, **plan: Any) -> Run:
    """A run from gatekept to balanced by a plan without costs but those it names; each is lived once."""
    return _run(area, json.dumps(plan))


@cache
def _run(area: str | None, plan: str) -> Run:
    return simulate(changing("gatekept", "balanced", area=area, **json.loads(plan)), 5)


def called(minutes: float, area: str = "oldham", **no_longer: float) -> Run:
    calls = {**CALLS, "minutes": minutes, "no_longer": no_longer}
    return simulate(
        changing("gatekept", "balanced", area=area, start_week=2, waiting="triage_call", calls=calls), 5
    )


def days_of(run: Run, event: str) -> np.ndarray:
    events = run.tables["events"]
    return events["day"][events["event"] == EVENTS.index(event)]


def counted(run: Run, measure: str) -> np.ndarray:
    """A weekly count by week of the run."""
    weekly = run.tables["weekly"]
    here = weekly["measure"] == WEEKLY_MEASURES.index(measure)
    return np.bincount(weekly["week"][here], weekly["value"][here], run.end_day // 7)


# ------------------------------------------------------------------------------- those who wait: calls


def test_calls_that_take_no_time_and_find_nobody_settled_are_invitations():
    rung = called(0.0, area="example_small")
    invited = simulate(changing("gatekept", "balanced", start_week=2, waiting="invite"), 5)
    assert fingerprints(rung) == fingerprints(invited)


def test_a_call_takes_its_minutes_and_longer_calls_take_more_weeks():
    last = {}
    for minutes in (15.0, 45.0):
        run = called(minutes, universal=0.5, targeted=0.5, specialist=0.5)
        events = run.tables["events"]
        rung = np.isin(events["event"], [EVENTS.index("invited"), EVENTS.index("called_off")])
        # one call for a need, however many lists it stands on; those met on their way to a list are not called
        calls = len(set(zip(events["day"][rung], events["need_id"][rung], strict=True)))
        assert on_line(run, "change").sum() == minutes * calls > 0
        last[minutes] = events["day"][rung].max()
        spent = on_line(run, "change")
        assert spent[:2].sum() == 0
        tables = compile_config(run.config, run.area, 1)
        role = run.roles.index("therapist_b6")
        most = tables.rules.minutes_per_day[0, :, role].sum() * 5 * 0.1
        assert spent.max() <= most + minutes * len(run.localities)
    assert last[45.0] > last[15.0] + 7


def test_families_that_need_nothing_more_leave_and_only_they():
    run = called(20.0, targeted=1.0)
    events, needs = run.tables["events"], run.tables["needs"]
    off = events["event"] == EVENTS.index("called_off")
    assert off.sum() > 5
    assert (events["event"] == EVENTS.index("invited")).any()
    reason = needs["left_reason"] == LEFT_REASONS.index("no_longer_needed")
    assert set(needs["need_id"][reason]) <= set(events["need_id"][off])
    nobody = called(20.0)
    assert (nobody.tables["events"]["event"] == EVENTS.index("called_off")).sum() == 0


def test_the_most_severe_needs_are_called_first():
    run = called(40.0)
    events, needs = run.tables["events"], run.tables["needs"]
    rows = np.flatnonzero(events["event"] == EVENTS.index("invited"))
    level = dict(zip(needs["need_id"], needs["level"], strict=True))
    day: dict[int, list[int]] = {x: [] for x in range(3)}
    for i in rows:
        day[int(level[events["need_id"][i]])].append(events["day"][i])
    assert min(len(day[1]), len(day[2])) > 20
    assert np.mean(day[2]) < np.mean(day[1])


# ------------------------------------------------------------------------------- those who wait: a blitz


@pytest.mark.parametrize("zero", [{"extra": 0.0}, {"weeks": 0.0}])
def test_a_blitz_of_nothing_is_to_honour_the_lists(zero):
    blitz = {"extra": 0.3, "weeks": 8.0, "pay": 1.5, **zero}
    honour = simulate(changing("gatekept", "balanced", start_week=2), 5)
    none = simulate(changing("gatekept", "balanced", start_week=2, waiting="blitz", blitz=blitz), 5)
    assert fingerprints(honour) == fingerprints(none)


def test_a_blitz_brings_its_minutes_for_its_weeks_and_each_is_paid_for_at_its_own_rate():
    def blitz(pay: float) -> Run:
        return run_of(start_week=2, waiting="blitz", blitz={"extra": 0.25, "weeks": 6.0, "pay": pay})

    honour, run = run_of(start_week=2), blitz(1.0)
    there, here = honour.tables["available"], run.tables["available"]
    assert (here["minutes"] - here["brought_in"] == there["minutes"]).all()
    week = here["week"] - run.decision_day // 7
    works_old = np.isin(here["role"], here["role"][here["brought_in"] > 0])
    assert works_old.any()
    assert not works_old.all()
    inside = (week >= 2) & (week < 8) & works_old
    assert (here["brought_in"][inside] == np.floor(0.25 * there["minutes"][inside])).all()
    assert here["brought_in"][~inside].sum() == 0
    value, roles = run.config.resolver(), run.config.workforce.roles
    rate = np.array([value(roles[name].pounds_per_hour) for name in run.roles])
    pounds = (here["brought_in"] * rate[here["role"]]).sum() / 60.0
    assert pounds > 0
    children = run.population.sum() * (run.end_day - run.decision_day) / 365.25
    cost = [r.summary()["pounds_per_child_per_year"] * children for r in (honour, run, blitz(2.0))]
    assert cost[1] - cost[0] == pytest.approx(pounds, rel=1e-9)
    assert cost[2] - cost[0] == pytest.approx(2.0 * pounds, rel=1e-9)


def test_a_blitz_shortens_the_old_lists():
    def child_weeks(run: Run) -> int:
        waiting = run.tables["waiting"]
        old = np.array(both_of(run.config).of)[waiting["offer"]] == OLD
        return waiting["size"][old & (7 * waiting["week"] >= run.decision_day)].sum()

    blitz = {"extra": 0.5, "weeks": 20.0, "pay": 1.0}
    honour = run_of(area="oldham", start_week=2)
    assert child_weeks(run_of(area="oldham", start_week=2, waiting="blitz", blitz=blitz)) < child_weeks(
        honour
    )


# --------------------------------------------------------------------------------- both doors, and habit


def contacts_of(run: Run, of: int) -> int:
    offers = run.tables["offers"]
    return int(offers["contacts"][np.array(both_of(run.config).of)[offers["offer"]] == of].sum())


def test_families_at_both_doors_are_seen_by_both_and_it_is_counted():
    one, both = run_of(area="oldham", **SIDE), run_of(area="oldham", **SIDE, both_doors=1.0, withdraws=0.0)
    assert one.tables["needs"]["duplicate_contacts"].sum() == counted(one, "duplicate_contacts").sum() == 0
    assert one.summary()["duplicate_contact_share"] == 0.0
    twice = both.tables["needs"]["duplicate_contacts"]
    assert twice.sum() == counted(both, "duplicate_contacts").sum() > 20
    assert counted(both, "duplicate_contacts")[: both.decision_day // 7].sum() == 0
    assert (twice <= both.tables["needs"]["contacts"]).all()
    assert contacts_of(both, NEW) > contacts_of(one, NEW)
    assert both.summary()["duplicate_contact_share"] > 0.0


def test_those_who_have_been_helped_give_back_their_other_place_if_they_withdraw():
    stay, leave = (run_of(area="oldham", **SIDE, both_doors=1.0, withdraws=share) for share in (0.0, 1.0))
    assert len(days_of(stay, "gives_back_place")) == 0
    assert len(days_of(leave, "gives_back_place")) > 10
    assert counted(leave, "duplicate_contacts").sum() < counted(stay, "duplicate_contacts").sum()


def test_families_who_find_their_way_about_go_to_both_doors_more_often():
    run = run_of(area="oldham", **SIDE, both_doors=0.5, both_doors_navigation=10.0, withdraws=0.0)
    twice = run.tables["needs"]["duplicate_contacts"] > 0
    ability = run.tables["children"]["navigation"][run.tables["needs"]["child_row"]]
    assert twice.sum() > 20
    assert ability[twice].mean() > 0.5


@pytest.mark.parametrize("waiting", ["honour", "invite"])
def test_with_habit_alone_every_concern_goes_to_the_old_door_while_it_is_open(waiting):
    run = run_of(area="oldham", **SIDE, families=1.0, habit=1.0, end_week=26.0, waiting=waiting)
    events, of = run.tables["events"], np.array(both_of(run.config).of)
    begin, end = run.decision_day, run.decision_day + 26 * 7
    went = {OLD: 0, NEW: 0}
    known = dict(zip(*(run.tables["needs"][c] for c in ("need_id", "identified_day")), strict=True))
    for i in np.flatnonzero(events["event"][:-1] == EVENTS.index("arrives")):
        day, offer = events["day"][i], events["offer"][i + 1]
        joins = events["event"][i + 1] == EVENTS.index("joins_list")
        # those on their way through the old system on the first day are asked to the new door: only later concerns
        later = known[events["need_id"][i]] > begin and events["need_id"][i + 1] == events["need_id"][i]
        if joins and later and of[offer] != BOTH:
            assert of[offer] == (OLD if day < end else NEW)
            went[int(of[offer])] += 1
    assert min(went.values()) > 20


# ------------------------------------------------------------------------------------ pools and old lists


def test_two_diaries_leave_more_minutes_unused_than_one():
    unused = {
        share: on_line(run_of(area="oldham", **SIDE, pooled=share), "unused").sum() for share in (0, 0.5, 1)
    }
    assert unused[0] > unused[0.5] > unused[1]


def test_work_for_old_lists_beside_the_new_system_can_be_left_out():
    def queue_work(share: float) -> np.ndarray:
        return on_line(run_of(area="oldham", **SIDE, start_week=4, old_upkeep=share), "queue_management")

    assert (queue_work(0.0)[:4] == queue_work(1.0)[:4]).all()
    assert queue_work(0.0)[4:].sum() < 0.5 * queue_work(1.0)[4:].sum()


# ------------------------------------------------------------------------------------------- zero is zero

#: Costs, each switched off by one of its numbers while its others are large.
OFF: dict[str, dict[str, Any]] = {
    "training": {"training_hours": 0.0, "training_weeks": 30.0},
    "closed clinics: no weeks": {"closed_weeks": 0.0, "closed_share": 1.0},
    "closed clinics: no share": {"closed_weeks": 10.0, "closed_share": 0.0},
    "no dip": {"dip": 0.0, "dip_weeks": 40.0, "adoption": 0.0},
    "a dip of no weeks": {"dip": 0.5, "dip_weeks": 0.0, "adoption": 0.0},
    "two jobs": {"switching_minutes": 0.0, "coordination_minutes": 0.0},
    "both doors": {"both_doors": 0.0, "both_doors_navigation": 5.0, "withdraws": 1.0},
    "habit": {"habit": 0.0},
    "pools": {"pooled": 1.0},
    "calls": {"calls": {**CALLS, "minutes": 90.0, "no_longer": {"universal": 1.0}}},
    "blitz": {"blitz": {"extra": 1.0, "weeks": 50.0, "pay": 9.0}},
}


@cache
def free() -> dict[str, str]:
    return fingerprints(run_of(**SIDE))


@pytest.mark.parametrize("cost", OFF)
def test_each_cost_is_nothing_at_zero(cost):
    assert fingerprints(simulate(changing("gatekept", "balanced", **SIDE, **OFF[cost]), 5)) == free()


#: Costs that are felt when they are on: the other side of the test above.
ON: dict[str, dict[str, Any]] = {
    "training": {"training_hours": 10.0},
    "closed clinics": {"closed_weeks": 2.0, "closed_share": 0.5},
    "dip": {"dip": 0.3},
    "two jobs": {"switching_minutes": 10.0},
    "meetings": {"coordination_minutes": 60.0},
    "both doors": {"both_doors": 0.5},
    "habit": {"habit": 0.5},
    "pools": {"pooled": 0.0},
    "old lists": {"old_upkeep": 0.0},
}


@pytest.mark.parametrize("cost", ON)
def test_each_cost_is_felt_when_it_is_on(cost):
    assert fingerprints(simulate(changing("gatekept", "balanced", **SIDE, **ON[cost]), 5)) != free()


def test_the_dip_is_over_when_its_evidence_says_so_for_those_who_adopt_all():
    for dip, rate in ((0.15, 0.9), (0.3, 0.8), (0.05, 0.95)):
        assert loss_of(0, dip, 20.0, rate, 1.0) == pytest.approx(dip)
        assert loss_of(20, dip, 20.0, rate, 1.0) == pytest.approx(0.0, abs=1e-12)
        assert loss_of(19, dip, 20.0, rate, 1.0) > 0.0
        assert loss_of(40, dip, 20.0, rate, 0.5) == pytest.approx(0.0, abs=1e-12)
        lost = [loss_of(w, dip, 20.0, rate, 0.55) for w in range(60)]
        assert lost == sorted(lost, reverse=True)
        assert loss_of(500, dip, 20.0, rate, 0.0) == pytest.approx(dip)
    assert loss_of(30, 1.0, 20.0, 0.9, 1.0) == 1.0
    assert loss_of(30, 0.2, 20.0, 1.0, 1.0) == 0.2


def test_the_dip_halves_what_wright_says_it_halves():
    """Twice the experience, rate times the time per piece of work."""
    dip, rate = 0.3, 0.8
    slope = -np.log2(rate)
    unit = 10.0 / ((1 - dip) ** (-1 / slope) - 1)  # weeks that make the first unit of experience
    for weeks in (0.0, unit, 3 * unit):
        pace = [1.0 - loss_of(w, dip, 10.0, rate, 1.0) for w in (weeks, 2 * weeks + unit)]
        if pace[1] < 1.0:
            assert pace[0] / pace[1] == pytest.approx(rate)


# -------------------------------------------------------------------------------------------------- pilots


def test_a_pilot_is_judged_by_what_was_counted_in_its_places_and_elsewhere():
    """Counted again from the event log, place by place."""
    run = run_of(area="oldham", **PILOT, measure="first_contacts")
    told = {name: values[0] for name, values in run.tables["pilot"].items()}
    tables = compile_config(run.config, run.area, 5)
    first = run.decision_day + 17
    assert told["day"] == tables.pilot.decide_on == 7 * -(-(first + 70) // 7)
    events, needs = run.tables["events"], run.tables["needs"]
    day = dict(zip(needs["need_id"], needs["first_contact_day"], strict=True))
    count = {(when, where): 0 for when in ("before", "during") for where in ("elsewhere", "inside")}
    weeks = told["day"] // 7 - -(-first // 7)
    spans = {"before": (first // 7 - weeks, first // 7), "during": (-(-first // 7), told["day"] // 7)}
    done = set()
    of = [o.contact and o.gate is None and o.access != "population" for o in both_of(run.config).offers]
    for d, need, place, offer, event in zip(
        *(events[c] for c in ("day", "need_id", "place", "offer", "event")), strict=True
    ):
        if event == EVENTS.index("contact") and of[offer] and d == day[need] and need not in done:
            done.add(need)
            for when, (low, high) in spans.items():
                if low <= d // 7 < high:
                    count[when, "inside" if tables.pilot.inside[place] else "elsewhere"] += 1
    assert {f"{when}_{where}": n for (when, where), n in count.items()} == {
        k: v for k, v in told.items() if k.startswith(("before", "during"))
    }
    assert min(count.values()) > 0
    growth = {w: count["during", w] / count["before", w] for w in ("inside", "elsewhere")}
    assert told["growth_ratio"] == pytest.approx(growth["inside"] / growth["elsewhere"])


@pytest.mark.parametrize("rule", ["at_least", "at_most"])
def test_the_rule_decides_on_either_side_of_its_threshold(rule):
    found = run_of(area="oldham", **PILOT, measure="contacts").tables["pilot"]["growth_ratio"][0]
    assert np.isfinite(found)
    for threshold in (found * 0.99, found * 1.01):
        run = run_of(area="oldham", **PILOT, measure="contacts", rule=rule, threshold=float(threshold))
        goes_on = (found >= threshold) == (rule == "at_least")
        assert run.tables["pilot"]["went_on"][0] == goes_on
        assert run.summary()["pilot_went_on_share"] == float(goes_on)
        assert run.summary()["pilot_growth_ratio"] == pytest.approx(found)


def outcome_of(name: str, area: str | None = None, **more: Any) -> Run:
    plan = {"go_on": {"threshold": 0.0}, "back": {"threshold": 1000.0}}.get(
        name, {"threshold": 1000.0, "otherwise": "stay"}
    )
    return run_of(area=area, **PILOT, measure="contacts", **plan, **more)


def test_until_the_decision_all_outcomes_of_a_pilot_are_the_same():
    runs = [outcome_of(name, area="oldham") for name in ("go_on", "back", "stay")]
    day = runs[0].tables["pilot"]["day"][0]
    for run in runs[1:]:
        for table in ("events", "ledger", "waiting", "available"):
            ours, theirs = runs[0].tables[table], run.tables[table]
            when = "day" if table == "events" else "week"
            last = day if table == "events" else day // 7
            a, b = ours[when] < last, theirs[when] < last
            for column in ours:
                assert (ours[column][a] == theirs[column][b]).all(), (table, column)
    assert len({fingerprints(r)["needs.score_end"] for r in runs}) == 3


def test_after_going_back_nobody_new_joins_the_new_system_and_its_courses_are_finished():
    run = outcome_of("back", area="oldham")
    events, day = run.tables["events"], run.tables["pilot"]["day"][0]
    new = np.array(both_of(run.config).of)[events["offer"]] == NEW
    new &= events["offer"] >= 0
    joins = events["event"] == EVENTS.index("joins_list")
    assert (new & joins & (events["day"] < day)).sum() > 10
    entered = events["event"] == EVENTS.index("arrives")
    who = set(events["child_id"][new & (events["day"] < day)])
    for i in np.flatnonzero(new & joins & (events["day"] >= day)):
        assert events["child_id"][i] in who  # on their way through the new system already
    waiting = run.tables["waiting"]
    theirs = np.array(both_of(run.config).of)[waiting["offer"]] == NEW
    lists = np.bincount(waiting["week"][theirs], waiting["size"][theirs], run.end_day // 7)
    assert lists[day // 7 - 1] > 0
    assert lists[-1] < lists[day // 7 - 1]
    assert (new & (events["event"] == EVENTS.index("contact")) & (events["day"] > day)).any()
    assert (entered & (events["day"] > day)).any()


def test_a_pilot_that_went_on_ends_like_a_big_bang():
    run = outcome_of("go_on", roll_out_weeks=2.0)
    events = run.tables["events"]
    after = run.tables["pilot"]["day"][0] + 14
    joined = (events["event"] == EVENTS.index("joins_list")) & (events["day"] > after)
    arrives = set(
        zip(
            *(events[c][(events["event"] == EVENTS.index("arrives"))] for c in ("day", "need_id")),
            strict=True,
        )
    )
    of = np.array(both_of(run.config).of)
    by_door = [i for i in np.flatnonzero(joined) if (events["day"][i], events["need_id"][i]) in arrives]
    assert len(by_door) > 3
    assert all(of[events["offer"][i]] in (NEW, BOTH) for i in by_door)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"share": 0.0}, "transition.share = 0: allowed is above 0 and below 1"),
        ({"share": 1.0}, "transition.share = 1: allowed is above 0 and below 1"),
        ({"weeks": 1.0}, "transition.weeks = 1: allowed is 2 or more"),
        ({"weeks": 40.0}, "transition.weeks = 40: a pilot is held against as many weeks before it"),
        ({"weeks": 80.0, "start_week": 60.0}, "transition.start_week = 60: after the horizon"),
        ({"to_share": 0.0}, "transition.to_share = 0: nothing would be tried in the pilot"),
        ({"listed": ["x"]}, "transition.listed: only used with order 'listed', found order 'neediest_first'"),
        ({"order": "listed"}, "transition.listed: order 'listed' needs at least one locality or place"),
        ({"measure": "happiness"}, "transition.measure = 'happiness': allowed is"),
        (
            {"waiting": "triage_call", "calls": {**CALLS, "role": "nurse"}},
            "transition.calls.role = 'nurse': no such role; allowed are therapist_b5",
        ),
        (
            {"calls": {**CALLS, "no_longer": {"severe": 0.1}}},
            "transition.calls.no_longer.severe: unknown key",
        ),
        ({"both_doors": 1.5}, "transition.both_doors = 1.5: allowed is 0 to 1 (share)"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_key(plan, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        changing("gatekept", "balanced", **{**PILOT, **plan})


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            {**PILOT, "order": "listed", "listed": ["Nowhere"]},
            "transition.listed[0] = 'Nowhere': no locality",
        ),
        ({"name": "phased", "order": "listed", "listed": [["Nowhere"]]}, "transition.listed[0] = 'Nowhere'"),
        ({**PILOT, "share": 0.0001}, "transition.share: the pilot takes in 0 of"),
        (
            {"name": "phased", "order": "by_locality", "gap_weeks": 100.0},
            "transition: start_week, groups and gap_weeks make a plan of",
        ),
    ],
)
def test_names_of_places_are_checked_before_anything_is_simulated(plan, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_data(changing("gatekept", "balanced", **plan))


# --------------------------------------------------------------------------------------- borders of phases


def test_at_the_borders_of_a_phased_change_every_family_that_takes_nobody_along_goes_by_the_door_of_its_place():
    """Whoever arrives joins what that day's system of its place offers: also those who moved, in both directions."""
    plan = {"order": "random", "groups": 2, "gap_weeks": 40.0, "start_week": 1, "siblings": 0.0}
    run = run_of(area="oldham", name="phased", **plan)
    switch_day = compile_config(run.config, run.area, 5).rules.switch_day
    of, events = np.array(both_of(run.config).of), run.tables["events"]
    day, event, place = events["day"], events["event"], events["place"]
    moved = events["need_id"][event == EVENTS.index("moves_place")]
    checked = {True: 0, False: 0}
    for i in np.flatnonzero((event[:-1] == EVENTS.index("arrives")) & (day[:-1] >= run.decision_day)):
        follows = i + 1
        if (
            event[follows] == EVENTS.index("joins_list")
            and events["need_id"][follows] == events["need_id"][i]
        ):
            new = switch_day[place[i]] <= day[i]
            assert of[events["offer"][follows]] in ((NEW, BOTH) if new else (OLD, BOTH))
            checked[bool(new)] += events["need_id"][i] in moved
    assert min(checked.values()) > 0


def test_children_who_move_back_to_an_old_place_are_still_visited_if_they_wait_for_it():
    """Nobody waits for ever for a visitor of the new system because the new place has none yet."""
    run = run_of(area="oldham", name="phased", order="random", groups=2, gap_weeks=45.0, start_week=1)
    both = both_of(run.config)
    visits = [i for i, o in enumerate(both.offers) if o.access == "visit" and both.of[i] == NEW]
    assert visits
    events = run.tables["events"]
    switch_day = compile_config(run.config, run.area, 5).rules.switch_day
    since: dict[tuple[int, int], int] = {}
    for d, need, offer, event in zip(*(events[c] for c in ("day", "need_id", "offer", "event")), strict=True):
        if offer in visits and event == EVENTS.index("joins_list"):
            since[need, offer] = d
        elif offer in visits:
            since.pop((need, offer), None)
        elif event == EVENTS.index("leaves_with_age"):
            for o in visits:
                since.pop((need, o), None)
    place = dict(zip(run.tables["needs"]["need_id"], run.tables["needs"]["place"], strict=True))
    stuck = [
        n for (n, _), d in since.items() if switch_day[place[n]] > run.end_day - 8 and d < run.end_day - 90
    ]
    assert stuck == []


# ------------------------------------------------------------------------ random small configurations


@st.composite
def small(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, float], int]:
    """Changes and evidence of a small gatekept area, and a seed; half a year each of history and horizon."""
    changes, evidence = draw(choices("gatekept"))
    changes = {k: v for k, v in changes.items() if not k.startswith("system.")}
    return {**changes, "history_years": 0.4, "horizon_years": 0.5}, evidence, draw(st.integers(0, 2**62))


def random_change(new: str, drawn: tuple[dict[str, Any], dict[str, float], int], **plan: Any) -> Config:
    changes, evidence, _ = drawn
    costs = FREE_SIDE_BY_SIDE if plan.get("name") in ("parallel", "pilot") else FREE
    plan = {"name": "big_bang", **costs, **plan}
    return make_config("gatekept", {**changes, **plan_to(new, **plan)}, evidence)


def told(config: Config, seed: int) -> dict[str, str]:
    return fingerprints(simulate(config, seed))


@FEW
@given(drawn=small(), waiting=st.sampled_from(["honour", "invite", "triage_call", "blitz"]))
def test_null_changes_are_no_changes_in_random_areas(drawn, waiting):
    """To an identical system: none. Phased in one group, and side by side with everything: a big bang."""
    changes, evidence, seed = drawn
    try:
        stays = make_config("gatekept", changes, evidence)
        same = [random_change("gatekept", drawn, name=n, waiting=waiting) for n in ("big_bang", "parallel")]
        bang = random_change("balanced", drawn, waiting=waiting, start_week=2.6)
        group = random_change("balanced", drawn, name="phased", groups=1, waiting=waiting, start_week=2.6)
        side = random_change(
            "balanced", drawn, name="parallel", to_share=1.0, waiting=waiting, start_week=2.6
        )
        nothing = random_change("balanced", drawn, name="parallel", to_share=0.0, waiting=waiting)
    except InputError:
        assume(False)
    unchanged = told(stays, seed)
    for config in same:
        assert without(told(config, seed), "needs.system_at_entry") == without(
            unchanged, "needs.system_at_entry"
        )
    one = told(bang, seed)
    assert one == told(group, seed) == told(side, seed)
    tables = ("needs", "weekly", "ledger", "available", "events")
    old = told(nothing, seed)
    assert {k: v for k, v in old.items() if k.startswith(tables)} == {
        k: v for k, v in unchanged.items() if k.startswith(tables)
    }


WAYS: dict[str, dict[str, Any]] = {
    "rung up": {"name": "big_bang", "waiting": "triage_call", "calls": CALLS},
    "blitz": {"name": "phased", "groups": 2, "gap_weeks": 5.0, "waiting": "blitz"},
    "both doors": {
        **SIDE,
        "both_doors": 0.7,
        "habit": 0.3,
        "pooled": 0.2,
        "old_upkeep": 0.4,
        "end_week": 15.0,
    },
    "both doors, rung up": {
        **SIDE,
        "both_doors": 0.7,
        "habit": 0.3,
        "waiting": "triage_call",
        "end_week": 9.0,
    },
    "pilot": {"name": "pilot", "weeks": 6.0, "share": 0.5, "both_doors": 0.4, "to_share": 0.6},
    "pilot back": {"name": "pilot", "weeks": 6.0, "share": 0.5, "threshold": 1000.0, "waiting": "invite"},
}
COSTS = {"training_hours": 8.0, "closed_weeks": 1.0, "dip": 0.2}  # and those of each way
#: First days of the run, so that the switch, 21 weeks later, is on a bank holiday or in the summer break.
STARTS = {"a bank holiday": "2025-12-08", "the summer break": "2026-03-02"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("start", STARTS)
def test_every_law_holds_between_systems_with_all_costs_when_the_switch_is_on(start, way):
    dates = {"calendar.start": STARTS[start], "history_years": 0.4, "horizon_years": 0.4}
    r = hold_every_law(changing("gatekept", "balanced", dates, **{**COSTS, **WAYS[way]}), seed=3)
    day, days = r.run.decision_day, r.tables.days
    assert days.works[day] == (start != "a bank holiday")
    assert not (days.term[day] and start == "the summer break")


@pytest.mark.parametrize("way", [way for way in WAYS if "pilot" not in way])  # a pilot needs weeks before it
def test_every_law_holds_between_systems_when_the_switch_is_on_the_very_first_day(way):
    dates = {"history_years": 0.0, "horizon_years": 0.4}
    r = hold_every_law(changing("gatekept", "balanced", dates, **{**COSTS, **WAYS[way]}), seed=3)
    assert r.run.decision_day == 0


@pytest.mark.parametrize(
    "way",
    [
        {"waiting": "triage_call", "calls": CALLS},
        {"waiting": "blitz"},
        {**SIDE, "both_doors": 0.7, "habit": 0.3, "pooled": 0.2, "old_upkeep": 0.4},
    ],
    ids=["rung up", "blitz", "both doors"],
)
def test_every_law_holds_between_systems_when_the_switch_is_on_the_last_day(way):
    dates = {"history_years": 0.2, "horizon_years": 0.4}
    plan = {**COSTS, **way, "start_week": 20.86}
    r = hold_every_law(changing("gatekept", "balanced", dates, **plan), seed=3)
    assert r.run.decision_day + round(7 * 20.86) == r.run.end_day - 1


# ----------------------------------------------------------------------------------------------- same bits

HASHES = """
from build import fingerprints
from sim import simulate
from test_between_systems import BITS, COSTS, WAYS, changing
out = {w: fingerprints(simulate(changing("gatekept", "balanced", BITS, **{**COSTS, **WAYS[w]}), 4)) for w in WAYS}
"""
BITS = {"history_years": 0.2, "horizon_years": 0.3}


def test_compiled_and_plain_python_give_the_same_bits_between_systems_with_all_costs():
    plain = in_plain_python(HASHES)
    for way in WAYS:
        run = simulate(changing("gatekept", "balanced", BITS, **{**COSTS, **WAYS[way]}), 4)
        assert fingerprints(run) == plain[way], way
