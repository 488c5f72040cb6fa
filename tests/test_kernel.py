"""The kernel's bookkeeping piece by piece, as plain Python: lists, diary, minutes, turns; the calendar."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from build import fingerprints, make_config, record
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sim import engine, run, simulate
from sim.calendar import lay_out, september_firsts, share_of_working_days, whole_weeks
from sim.compile import compile_config
from sim.dictionary import LEFT_REASONS
from sim.engine import more_tickets, new_tickets
from sim.kernel import basics, contacts, minutes, sessions, state, week
from sim.kernel.day import TICKET_BITS, due_today
from sim.kernel.state import (
    BOTH,
    DIARY,
    L_LOST,
    L_UNUSED,
    LIST,
    NEVER,
    NOBODY,
    PLACE,
    STANDING,
    records,
)
from sim.system import LEDGER_LINES, OUTCOMES
from sim.tables.offers import line_of
from sim.workforce import Calendar, establishment


def plain(function: Any) -> Any:
    """A kernel function, and all that it calls, as ordinary Python, compiled or not."""
    code = getattr(function, "py_func", function)
    seen: dict[str, Any] = {}
    for name in code.__code__.co_names:
        value = code.__globals__.get(name)
        if hasattr(value, "py_func") or (
            isinstance(value, FunctionType) and value.__module__.startswith("sim.")
        ):
            seen[name] = plain(value)
    return FunctionType(code.__code__, {**code.__globals__, **seen}, code.__name__, code.__defaults__)


push, pull = plain(basics.push), plain(basics.pull)
schedule, unschedule = plain(basics.schedule), plain(basics.unschedule)


def empty_books(n_lists: int = 3, n_days: int = 20) -> SimpleNamespace:
    return SimpleNamespace(
        lists=records(LIST, n_lists, empty={"head": NOBODY, "tail": NOBODY}),
        diary=records(DIARY, n_days, empty={"head": NOBODY, "tail": NOBODY}),
        standing=records(STANDING, 400, empty={"row": NOBODY}),
        counter=np.zeros(5, np.int64),
    )


def walk(first: int, following: np.ndarray) -> list[int]:
    out = []
    while first != NOBODY:
        out.append(int(first))
        first = following[first]
    return out


# ---------------------------------------------------------------------------------------- lists and diary

steps = st.lists(
    st.tuples(
        st.sampled_from(["push", "pull", "schedule", "unschedule"]), st.integers(0, 7), st.integers(0, 24)
    ),
    max_size=60,
)


@settings(max_examples=150)
@given(steps)
def test_lists_and_the_diary_behave_like_lists(operations):
    books = empty_books()
    tickets = new_tickets(12, books)
    lists: list[list[int]] = [[], [], []]
    diary: dict[int, list[int]] = {d: [] for d in range(20)}

    def strike(t: int) -> None:
        for entries in diary.values():
            if t in entries:
                entries.remove(t)

    for what, t, where in operations:
        if what == "push":
            pull(tickets, books, t)
            push(tickets, books, where % 3, t)
            for q in lists:
                if t in q:
                    q.remove(t)
            lists[where % 3].append(t)
        elif what == "pull":
            pull(tickets, books, t)
            for q in lists:
                if t in q:
                    q.remove(t)
        elif what == "schedule":
            schedule(tickets, books, t, where, 3)
            strike(t)
            if where < 20:  # later days are not kept: the run is over by then
                diary[where].append(t)
        else:
            unschedule(tickets, books, t)
            strike(t)
    for q, expected in enumerate(lists):
        assert walk(books.lists.head[q], tickets.behind) == expected
        assert walk(books.lists.tail[q], tickets.ahead) == expected[::-1]
        assert books.lists.length[q] == len(expected)
    for day, entries in diary.items():
        assert walk(books.diary.head[day], tickets.after) == entries
        assert walk(books.diary.tail[day], tickets.before) == entries[::-1]
        assert all(tickets.day[t] == day for t in entries)
    on_no_day = set(range(8)) - {t for e in diary.values() for t in e}
    assert all(tickets.day[t] == NEVER for t in on_no_day)


def test_a_pool_that_has_run_out_says_so():
    books = empty_books()
    people = SimpleNamespace(
        children=SimpleNamespace(locality=np.zeros(1, int)),
        needs=SimpleNamespace(child=np.zeros(8, int), tickets=np.full(8, NOBODY)),
    )
    books.counter[0] = NOBODY
    tickets = new_tickets(2, books)
    new, drop = plain(basics.new_ticket), plain(basics.drop_ticket)
    first, second = new(people, tickets, books, 3, 0), new(people, tickets, books, 3, 1)
    assert walk(people.needs.tickets[3], tickets.sibling) == [second, first]
    with pytest.raises(basics.OutOfTickets, match="pool"):
        new(people, tickets, books, 4, 0)
    drop(people, tickets, books, first)
    assert walk(people.needs.tickets[3], tickets.sibling) == [second]
    assert new(people, tickets, books, 4, 0) == first
    tickets = more_tickets(tickets, books, 3)
    assert len(tickets) == 5
    assert walk(people.needs.tickets[3], tickets.sibling) == [second], "what was there stays"
    assert sorted(new(people, tickets, books, 5, o) for o in range(3)) == [2, 3, 4]


def test_a_run_that_needs_more_tickets_in_a_day_than_were_kept_starts_again_with_more(monkeypatch):
    config = make_config("gatekept", area="example_small")
    plenty = fingerprints(simulate(config, 3))
    tried = []

    def make(*args):
        monkeypatch.setattr(engine, "MOST_TICKETS_PER_EVENT", 4 * len(tried))
        tried.append(args[-1])
        return engine.Engine(*args)

    monkeypatch.setattr(run, "RESERVES", (-1.0, 0.5))
    monkeypatch.setattr(run, "Engine", make)
    assert fingerprints(simulate(config, 3)) == plenty
    assert tried == [-1.0, 0.5]


@given(
    st.lists(st.tuples(st.integers(0, 2**27 - 1), st.integers(-1, 59)), max_size=30, unique=True),
    st.randoms(),
)
@settings(max_examples=60)
def test_what_falls_due_on_a_day_is_handled_in_the_order_of_needs_and_offers(pairs, shuffle):
    books = empty_books()
    tickets = new_tickets(max(1, len(pairs)), books)
    order = list(range(len(pairs)))
    shuffle.shuffle(order)
    for t in order:
        tickets.need[t], tickets.offer[t] = pairs[t]
        schedule(tickets, books, t, 4, 1)
    due = plain(due_today)(tickets, books, 4) & ((1 << TICKET_BITS) - 1)
    assert [pairs[t] for t in due] == sorted(pairs)


def test_codes_and_their_names_agree():
    """The kernel counts in codes, tables show names: one step apart and each reason is another's."""
    codes = ("ACCEPTED", "REJECTED", "DONE", "GOAL_MET", "STALLED", "NOT_IN_NEED", "SENT_AWAY", "GAVE_UP")
    more = ("NOT_SERVED", "AGED_OUT", "NEVER_SOUGHT", "BEFORE_START", "NOT_LEFT", "NO_LONGER")
    assert len(set(LEFT_REASONS)) == len(LEFT_REASONS) == len(codes) + len(more)
    for name in (*codes, *more):
        shown = LEFT_REASONS[getattr(state, name)]
        ours = {"SENT_AWAY": "discharged_not_brought", "NO_LONGER": "no_longer_needed"}
        assert shown == ours.get(name, name.lower())
    assert LEFT_REASONS[: len(OUTCOMES)] == OUTCOMES
    for i, line in enumerate(LEDGER_LINES):
        code = {"direct_contact": "L_DIRECT", "link_visit": "L_VISIT", "universal_work": "L_UNIVERSAL"} | {
            "queue_management": "L_QUEUE",
            "lost_to_non_attendance": "L_LOST",
        }
        assert getattr(state, code.get(line, f"L_{line.upper()}")) == i
    assert [getattr(state, f"L_{x}") for x in ("COACHING", "UNUSED")] == [4, 14]


# -------------------------------------------------------------------------------------------------- waits


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, 0),
        (7, 0),
        (8, 1),
        (14, 1),
        (15, 2),
        (28, 2),
        (29, 3),
        (84, 3),
        (85, 4),
        (126, 4),
        (127, 5),
        (364, 5),
        (365, 6),
    ],
)
def test_weeks_waited_fall_into_the_bands_of_the_published_collection(days, band):
    assert plain(week.band)(days) == band


# ------------------------------------------------------------------------------------------------ minutes


def desk(
    main: int = 45, indirect: int = 30, travel: int = 5, credit: tuple[int, int] = (60, 0)
) -> tuple[Any, Any]:
    """One offer, one team, one staff group of two roles."""
    rules = SimpleNamespace(
        n_groups=1,
        n_roles=2,
        decision_day=0,
        minutes=np.array([[[main, indirect, travel]]]),
        group_of=np.array([0, 0]),
        plan_offer=np.array([[[1.0], [0.0]]]),
        offers=SimpleNamespace(line=np.array([0])),
    )
    books = SimpleNamespace(
        credit=np.array(credit).reshape(1, 1, 2),
        debt=np.zeros((1, 1, 2, 5), np.int64),
        ledger=np.zeros((1, 1, 2, 15), np.int64),
        tallies=SimpleNamespace(minutes=np.zeros(1, np.int64)),
    )
    return rules, books


@settings(max_examples=100)
@given(
    st.integers(0, 90),
    st.integers(0, 90),
    st.integers(0, 30),
    st.integers(0, 120),
    st.integers(0, 120),
    st.booleans(),
)
def test_what_a_contact_costs_is_paid_or_owed_to_the_minute(main, indirect, travel, first, second, lost):
    rules, books = desk(main, indirect, travel, (first, second))
    spent = plain(minutes.charge)(rules, books, 0, 0, 0, lost)
    cost = main if lost else main + indirect + travel
    assert spent == (0 if lost else cost)
    assert books.ledger.sum() + books.debt.sum() == cost
    assert books.ledger.sum() == first + second - books.credit.sum() == min(cost, first + second)
    assert (books.credit >= 0).all()
    if lost:
        assert books.ledger.sum() == books.ledger[..., L_LOST].sum()


def test_an_appointment_may_begin_while_any_minutes_are_left_and_the_rest_is_paid_first_thing():
    rules, books = desk(main=45, indirect=30, travel=0, credit=(10, 0))
    can_start = plain(minutes.can_start)
    assert can_start(rules, books, 0, 0)
    plain(minutes.charge)(rules, books, 0, 0, 0, False)
    assert not can_start(rules, books, 0, 0)
    assert books.debt.sum() == 65
    books.credit[0, 0, 0] = 70
    plain(minutes.pay_debts)(rules, books, 0, 0, 0, 0)
    assert books.debt.sum() == 0
    assert books.credit[0, 0, 0] == 5
    assert books.ledger.sum() == 75


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_a_weeks_minutes_are_spread_over_its_days_to_the_minute(budget, n):
    rules, books = desk(credit=(0, 0))
    rules.offers.access = np.array([0])
    rules.runs, rules.works = np.ones((1, 7), bool), np.ones(7, bool)
    books.run_days, books.week_budget = np.array([[n, 0]]), np.array([[[budget, 0]]])
    given_out = []
    for day in range(n):
        plain(minutes.open_day)(rules, books, day, 0)
        given_out.append(int(books.credit[0, 0, 0]))
        books.run_days[0, 1] += 1
    assert sum(given_out) == budget
    assert max(given_out) - min(given_out) <= 1


# -------------------------------------------------------------------------------------------------- turns


def gate(n_kinds: int, weights: list[float]) -> tuple[Any, Any, Any]:
    """One offer with a list for each kind (two chains each: rebooked, and waiting)."""
    rules = SimpleNamespace(
        offers=SimpleNamespace(
            n_classes=np.array([1]),
            n_kind_groups=np.array([n_kinds]),
            pooled=np.array([False]),
            list_base=np.array([0]),
            carve_share=np.array([0.0]),
            carve_released=np.array([True]),
        ),
        kind_weight=np.array([weights]),
    )
    books = empty_books(2 * n_kinds)
    tickets = new_tickets(400, books)
    tickets.ready[:] = 0
    return rules, tickets, books


@pytest.mark.parametrize(("joined", "who"), [(6, 2), (7, 1)])
def test_the_kind_whose_first_has_the_strongest_claim_is_next(joined, who):
    """Days on the list, the first included, times the kind's weight: 10 x 1 against 4 x 3, or 3 x 3."""
    rules, tickets, books = gate(2, [1.0, 3.0])
    push(tickets, books, 1, 1)
    push(tickets, books, 3, 2)
    tickets.joined[1], tickets.joined[2] = 0, joined
    assert plain(sessions.next_on_list)(rules, tickets, books, 0, 0, 9, False) == who


def test_waits_of_kinds_settle_in_inverse_proportion_to_their_weights():
    """One of each kind joins every day and three in two days are seen: both wait ever longer, one half as long."""
    rules, tickets, books = gate(2, [1.0, 2.0])
    following = plain(sessions.next_on_list)
    waits: dict[int, int] = {}
    for day in range(180):
        for kind in (0, 1):
            t = 2 * day + kind
            tickets.joined[t] = day
            push(tickets, books, 2 * kind + 1, t)
        for _ in range(1 + day % 2):
            t = int(following(rules, tickets, books, 0, 0, day, False))
            waits[t % 2] = day - t // 2
            pull(tickets, books, t)
    assert waits[1] > 20
    assert waits[0] == pytest.approx(2 * waits[1], abs=2)


def test_those_rebooked_go_first_and_nobody_is_seen_before_the_notice_is_over():
    rules, tickets, books = gate(1, [1.0])
    push(tickets, books, 1, 1)
    push(tickets, books, 0, 2)
    following = plain(sessions.next_on_list)
    assert following(rules, tickets, books, 0, 0, 5, False) == 2
    tickets.ready[2] = 9
    assert following(rules, tickets, books, 0, 0, 5, False) == 1
    tickets.ready[1] = 6
    assert following(rules, tickets, books, 0, 0, 5, False) == NOBODY
    assert following(rules, tickets, books, 0, 0, 6, False) == 1


@pytest.mark.parametrize("released", [True, False])
def test_kept_appointments_are_for_the_first_class(released):
    rules, tickets, books = gate(1, [1.0])
    rules.offers.n_classes[0], rules.offers.carve_share[0], rules.offers.carve_released[0] = 2, 0.5, released
    books = empty_books(3)
    following = plain(sessions.next_on_list)
    push(tickets, books, 2, 7)  # second class only
    assert following(rules, tickets, books, 0, 0, 5, True) == (7 if released else NOBODY)
    assert following(rules, tickets, books, 0, 0, 5, False) == 7
    push(tickets, books, 1, 8)
    assert following(rules, tickets, books, 0, 0, 5, True) == 8
    assert following(rules, tickets, books, 0, 0, 5, False) == 7  # the other slots are not for them ...
    pull(tickets, books, 7)
    assert following(rules, tickets, books, 0, 0, 5, False) == 8  # ... while anybody else waits


def test_places_are_visited_in_proportion_to_their_need():
    people = SimpleNamespace(
        places=records(PLACE, 3),
        team_place=np.arange(3),
        team_first=np.array([0, 3]),
    )
    rules = SimpleNamespace(
        place_weight=np.array([[1.0, 3.0, 0.0]]),
        offers=SimpleNamespace(of=np.array([BOTH])),
        capacity=np.zeros((1, 1)),
        switch_day=np.full(3, 99),
    )
    visits = [plain(contacts.next_place)(rules, people, None, 0, 0, 0) for _ in range(40)]
    assert Counter(visits) == {0: 10, 1: 30}
    assert (
        max(
            b - a
            for a, b in zip(*[[i for i, v in enumerate(visits) if v == 0][k:] for k in (0, 1)], strict=False)
        )
        <= 4
    )


# ---------------------------------------------------------------------------------------------- calendar


def england(n_days: int = 3_653, start: str = "2022-01-01", **changes: Any) -> Any:
    base = make_config("gatekept").calendar.model_dump()
    return lay_out(Calendar(**{**base, "start": start, **changes}), n_days)


@pytest.mark.parametrize(
    "day",
    [
        "2022-06-02",  # spring bank holiday, moved for the Platinum Jubilee
        "2022-06-03",  # Platinum Jubilee
        "2022-09-19",  # State Funeral of Queen Elizabeth II
        "2023-05-08",  # Coronation of King Charles III
        "2023-04-07",  # Good Friday
        "2023-04-10",  # Easter Monday
        "2022-12-27",  # for Christmas Day on a Sunday
        "2024-01-01",
        "2024-08-26",
    ],
)
def test_services_are_closed_on_the_bank_holidays_of_england(day):
    """gov.uk/bank-holidays, England and Wales."""
    days = england()
    at = (dt.date.fromisoformat(day) - days.first_day).days
    assert days.weekday[at] < 5
    assert not days.works[at]
    assert england(bank_holidays=False).works[at]


def test_there_are_eight_bank_holidays_in_a_usual_year_and_none_of_scotland():
    days = england()
    for year, number in ((2024, 8), (2025, 8), (2022, 10), (2023, 9)):
        of_year = [(days.first_day + dt.timedelta(days=i)).year == year for i in range(3_653)]
        on_weekdays = (days.weekday < 5) & np.array(of_year) & ~days.works
        assert on_weekdays.sum() == number, year
    assert days.works[(dt.date(2024, 1, 2) - days.first_day).days]  # closed in Scotland only


def test_schools_are_open_about_39_weeks_a_year():
    """190 days for pupils are 38 weeks, and inset days come on top; the pattern here is by whole weeks."""
    days = england()
    for year in range(2022, 2031):
        first = (dt.date(year, 9, 1) - days.first_day).days
        weeks = days.term[first : first + 365].sum() / 5
        assert 38 <= weeks <= 40, (year, weeks)
    assert not days.term[days.weekday >= 5].any()
    august = (dt.date(2024, 8, 7) - days.first_day).days
    assert not days.term[august]
    assert days.works[august]


def test_winter_is_september_to_february_and_children_move_up_on_1_september():
    days = england(n_days=365)
    assert days.winter[0]
    assert not days.winter[(dt.date(2022, 7, 1) - days.first_day).days]
    assert days.winter[(dt.date(2022, 9, 1) - days.first_day).days]
    assert (dt.date(2022, 9, 1) - days.first_day).days in september_firsts(days.first_day, 365)


@settings(max_examples=6, phases=[Phase.generate])
@given(
    start=st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)),
    working=st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat"]), min_size=1, unique=True),
    closed=st.lists(st.integers(1, 53), max_size=40, unique=True),
)
def test_every_minute_stays_in_the_ledger_across_holidays(start, working, closed):
    """Weeks without a working day, without school, or with one day that an offer runs on."""
    changes = {
        "calendar.start": start.isoformat(),
        "calendar.working_days": working,
        "calendar.school_holiday_weeks": closed,
        "system.offers.therapy.term_only": True,
        "system.offers.statutory_advice.requests.per_year": 1,
        "system.offers.statutory_advice.weekdays": [working[0]],
        "system.offers.drop_in.weekdays": working,
        "system.offers.statutory_advice.term_only": True,
    }
    r = record(make_config("balanced", changes), seed=2)
    ledger, available = r.engine.books.ledger, r.engine.books.available
    assert (ledger.sum(axis=3) == available).all()
    works = r.tables.days.works.reshape(-1, 7).any(axis=1)
    assert (available[~works] == 0).all()
    assert (available[works].sum() > 0) == works.any()


def test_a_year_of_staff_minutes_is_what_the_contracts_say():
    """WTE in post times hours at work, over an average year's working days: more bank holidays, fewer minutes."""
    config = make_config("gatekept", {"history_years": 0.0, "horizon_years": 1.0})
    r = record(config, seed=1)
    v = config.resolver()
    roles = config.workforce.roles
    children = r.area.children[:, :18, :].sum(axis=(1, 2)).astype(float)
    wte = establishment(config.workforce, children, children, 0.0, v).sum(axis=0)
    days_worked = r.tables.days.works.sum()
    years = days_worked / (share_of_working_days(config.calendar) * 365.25)
    assert years == pytest.approx(r.tables.end_day / 365.25, rel=0.02)
    for j, role in enumerate(roles.values()):
        expected = wte[j] * v(role.hours_per_year) * 60.0 * years
        assert r.engine.books.available[:, :, j].sum() == pytest.approx(expected, abs=len(children) * 1.5)


def test_history_and_horizon_are_whole_weeks():
    assert whole_weeks(1.0) == 364
    assert whole_weeks(3.0) == 157 * 7
    assert whole_weeks(0.0) == 0
    for years in (0.1, 0.5, 2.3, 10.0):
        assert whole_weeks(years) % 7 == 0
        assert abs(whole_weeks(years) - years * 365.25) <= 3.5


def test_offers_have_the_ledger_line_that_their_access_says():
    offers = make_config("balanced").system.offers
    lines = {name: line_of(offer) for name, offer in offers.items()}
    assert lines["triage"] == "triage"
    assert lines["therapy"] == "direct_contact"
    assert lines["drop_in"] == "drop_in"
    assert lines["link_visit"] == "link_visit"
    assert lines["targeted_group"] == "group"
    assert lines["universal_work"] == "universal_work"
    assert lines["statutory_advice"] == "statutory"


def test_minutes_that_no_offer_may_use_are_unused_and_not_gone():
    """A role rostered only for a term-time offer, in the holidays."""
    changes = {"calendar.school_holiday_weeks": list(range(1, 54))}
    r = record(make_config("gatekept", changes), seed=1)
    staff = list(r.config.workforce.roles).index("school_staff")
    mine = r.engine.books.ledger[:, :, staff]
    assert mine.sum() > 0
    assert mine[..., L_UNUSED].sum() == mine.sum()


def test_slots_of_a_plain_list_are_counted_and_not_timed():
    """27 appointments a week, one hour of account each, every week."""
    config = make_config("single_list", {"system.slots_per_week": 27})
    r = record(config, seed=1)
    assert set(np.diff(r.engine.books.available.sum(axis=(1, 2)))) <= {-1, 0, 1}
    assert r.engine.books.available[:, 0, 0].mean() == pytest.approx(27 * 60, abs=0.5)
    assert compile_config(config, r.area, 1).rules.minutes.tolist() == [[[60, 0, 0]]]
