"""Phase 4: at the end of a week lists are counted, next week's minutes planned, capability moves on."""

from __future__ import annotations

import math

import numpy as np

from sim.jit import compiled, inner
from sim.kernel.calls import close_calls, is_to_be_called, keep_for_calls
from sim.kernel.erosion import count_overflow
from sim.kernel.sessions import waiting_anywhere
from sim.kernel.state import (
    FREE,
    L_CHANGE,
    L_COORDINATION,
    L_QUEUE,
    L_UNUSED,
    NEW,
    NOBODY,
    OLD,
    POPULATION,
    QUEUE,
    TO_CALL,
    W_IN_CONTACT,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import belongs, leading, switched


@inner
def band(days: int) -> int:
    """Weeks band of the published collection: 0-1, >1-2, >2-4, >4-12, >12-18, >18-52, >52 weeks."""
    if days <= 7:
        return 0
    if days <= 14:
        return 1
    if days <= 28:
        return 2
    if days <= 84:
        return 3
    if days <= 126:
        return 4
    return 5 if days <= 364 else 6


@inner
def count_lists(rules: Rules, books: Books, day: int) -> None:
    """Enter everybody on a waiting list in this week's count, by weeks waited so far."""
    week, teams = day // 7, rules.n_teams
    for t in range(books.standing.row.shape[0]):
        row = books.standing.row[t]
        if row != NOBODY:
            offer, team = row // teams, row % teams
            books.waiting[week, offer, team, 0] += 1
            books.waiting[week, offer, team, 1 + band(day - books.standing.since[t])] += 1


@inner
def queue_minutes(rules: Rules, books: Books, team: int, group: int, week: int) -> float:
    """Minutes that this team's lists ask of a staff group in a week: upkeep, rebookings, validation rounds."""
    total = 0.0
    for offer in range(rules.offers.access.shape[0]):
        beside_new = rules.offers.of[offer] == OLD and 0.0 < rules.capacity[week, team] < 1.0
        goes_on = rules.old_upkeep if beside_new else 1.0
        if goes_on <= 0.0:
            continue
        per_child = rules.upkeep_child[offer, group]
        every = rules.offers.validation_every[offer]
        if every > 0 and week % every == 0:
            per_child += rules.upkeep_validation[offer, group]
        if per_child > 0.0 and rules.offers.access[offer] == QUEUE:
            waiting = waiting_anywhere(rules, books, team, offer)
            total += goes_on * (per_child * waiting / (rules.n_teams if rules.offers.pooled[offer] else 1))
        total += goes_on * rules.upkeep_rebook[offer, group] * books.rebookings[team, offer]
    return total


@inner
def pay_queue_management(rules: Rules, books: Books, left: np.ndarray, team: int, week: int) -> None:
    """Queues eat capacity: first the role named for it, then the others of the group, up to a share of their time.

    What does not fit is left undone: a service that cannot keep up with its list stops calling families.
    """
    system = leading(rules, week, team)
    for g in range(rules.n_groups):
        owed = books.queue_carry[team, g] + queue_minutes(rules, books, team, g, week)
        due = math.floor(owed)
        books.queue_carry[team, g] = owed - due
        for turn in range(2):
            for r in range(rules.n_roles):
                named = rules.queue_role[system, g] == r
                if due > 0 and (named if turn == 0 else (rules.group_of[r] == g and not named)):
                    take = min(due, min(left[r], math.floor(left[r] * rules.queue_most[system])))
                    left[r] -= take
                    due -= take
                    books.ledger[week, team, r, L_QUEUE] += take


@inner
def reserve_statutory(rules: Rules, books: Books, left: np.ndarray, team: int) -> None:
    """Requests with the force of law have the first call on the week's minutes."""
    for offer in range(rules.offers.access.shape[0]):
        if rules.offers.request_rate[offer] <= 0.0 or books.run_days[offer, 0] == 0:
            continue
        n = waiting_anywhere(rules, books, team, offer)
        for g in range(rules.n_groups):
            wanted = n * (
                rules.minutes[offer, g, 0] + rules.minutes[offer, g, 1] + rules.minutes[offer, g, 2]
            )
            for r in range(rules.n_roles):
                if rules.group_of[r] == g:
                    wanted += (
                        books.debt[team, offer, r, 0]
                        + books.debt[team, offer, r, 1]
                        + books.debt[team, offer, r, 2]
                    )
            for r in range(rules.n_roles):
                if rules.group_of[r] == g and wanted > 0:
                    take = min(wanted, left[r])
                    books.week_budget[team, offer, r] += take
                    left[r] -= take
                    wanted -= take


@inner
def plan_role(
    rules: Rules, people: People, books: Books, system: int, team: int, role: int, week: int, minutes: int
) -> None:
    """Divide minutes of a role by its job plan in a system.

    Time for offers that do not run this week (school holidays) goes to the role's other offers in proportion.
    """
    left = minutes
    for line in range(rules.plan_overhead.shape[2]):
        take = math.floor(minutes * rules.plan_overhead[system, role, line])
        books.ledger[week, team, role, line] += take
        left -= take
    planned, running, last = 0.0, 0.0, -1
    for o in range(rules.offers.access.shape[0]):
        share = rules.plan_offer[system, team, role, o]
        planned += share
        if share > 0.0 and books.run_days[o, 0] > 0:
            running += share
            last = o
    if last < 0:
        books.ledger[week, team, role, L_UNUSED] += left
        return
    total = min(left, math.floor(minutes * planned + 1e-6))
    rest = total
    for o in range(rules.offers.access.shape[0]):
        share = rules.plan_offer[system, team, role, o]
        if share > 0.0 and books.run_days[o, 0] > 0:
            part = rest if o == last else min(rest, math.floor(total * share / running))
            rest -= part
            spend_or_book(rules, people, books, system, team, o, role, week, part)
    books.ledger[week, team, role, L_UNUSED] += left - total


@inner
def spend_or_book(
    rules: Rules,
    people: People,
    books: Books,
    system: int,
    team: int,
    offer: int,
    role: int,
    week: int,
    minutes: int,
) -> None:
    """Minutes of an offer for a week: to be booked day by day, or spent on places at once (universal work).

    What only the new system does for places goes to those that have changed over.
    """
    if rules.offers.access[offer] != POPULATION:
        books.week_budget[team, offer, role] += minutes
        return
    books.ledger[week, team, role, rules.offers.line[offer]] += minutes
    if week * 7 >= rules.decision_day:
        books.tallies.minutes[offer] += minutes
    first, end = people.team_first[team], people.team_first[team + 1]
    weight = 0.0
    for i in range(first, end):
        p = people.team_place[i]
        if rules.offers.of[offer] != NEW or works_new(rules, p, week):
            weight += rules.place_weight[system, p]
    if weight > 0.0:
        for i in range(first, end):
            p = people.team_place[i]
            here = rules.offers.of[offer] != NEW or works_new(rules, p, week)
            if here and people.places.pupils[p] > 0.0:
                hours = minutes / 60.0 * rules.place_weight[system, p] / weight
                people.places.capability_new[p] += (
                    rules.capability_gain * hours / (people.places.pupils[p] / 100.0)
                )


@inner
def works_new(rules: Rules, place: int, week: int) -> bool:
    """Whether a place works in the new way on some day of a week."""
    return rules.switch_day[place] < (week + 1) * 7 and rules.back_day[place] > week * 7


@inner
def minutes_per_day(rules: Rules, team: int, role: int, week: int) -> float:
    """Minutes of a role on a working day: staff move from where the old system places them to where the new one does."""
    old = rules.minutes_per_day[0, team, role]
    moved = rules.staff_share[week]
    if moved <= 0.0 or rules.minutes_per_day[1, team, role] == old:
        return old
    return (1.0 - moved) * old + moved * rules.minutes_per_day[1, team, role]


@inner
def minutes_of_week(rules: Rules, team: int, role: int, week: int) -> float:
    """The same for the posts that are filled."""
    filled = rules.posts_filled[week, team, role]
    per_day = minutes_per_day(rules, team, role, week)
    return per_day if filled >= 1.0 else per_day * filled


@inner
def pay_change(rules: Rules, books: Books, left: np.ndarray, team: int, week: int) -> None:
    """What the change of system costs comes off the top of the week."""
    for r in range(rules.n_roles):
        for part in range(2):
            take = min(left[r], rules.change_minutes[week, team, r, part])
            left[r] -= take
            books.ledger[week, team, r, L_CHANGE if part == 0 else L_COORDINATION] += take


@inner
def share_out(rules: Rules, books: Books, team: int, week: int) -> None:
    """Each system's share of the team's week. Some stays with a system that has no more, while it holds anybody."""
    new = rules.capacity[week, team]
    if new >= 1.0 and books.held[0, team] > 0:
        new = 1.0 - rules.run_off
    elif new <= 0.0 and books.held[1, team] > 0:
        new = rules.run_off
    books.system_share[0, team] = 1.0 - new
    if rules.plan_offer.shape[0] > 1:
        books.system_share[1, team] = new


@inner
def divide(rules: Rules, people: People, books: Books, team: int, role: int, week: int, minutes: int) -> None:
    """A role's remaining minutes, by the job plans of the systems in which its team works this week."""
    if rules.undivided[role]:
        plan_role(rules, people, books, leading(rules, week, team), team, role, week, minutes)
        return
    to_new = math.floor(minutes * books.system_share[1, team] + 1e-6)
    if books.system_share[0, team] > 0.0:
        plan_role(rules, people, books, 0, team, role, week, minutes - to_new)
    if books.system_share[1, team] > 0.0:
        plan_role(rules, people, books, 1, team, role, week, to_new)


@inner
def count_held(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """How many episodes each team has in what one system only offers, and how many of them are to be rung up."""
    for team in range(rules.n_teams):
        books.held[0, team] = 0
        books.held[1, team] = 0
        books.calls[team, TO_CALL] = 0
    for t in range(tickets.need.shape[0]):
        if tickets.state[t] == FREE:
            continue
        if belongs(rules, tickets, t, OLD):
            books.held[0, tickets.team[t]] += 1
            if rules.by_call and is_to_be_called(rules, people, tickets, t, day):
                books.calls[tickets.team[t], TO_CALL] += 1
        elif belongs(rules, tickets, t, NEW):
            books.held[1, tickets.team[t]] += 1


@inner
def plan_extra(rules: Rules, books: Books, team: int, role: int, week: int) -> None:
    """Minutes brought in for the old lists: divided between them by the old system's job plan."""
    minutes = rules.extra_minutes[week, team, role]
    if minutes <= 0:
        return
    books.available[week, team, role] += minutes
    total, last = 0.0, -1
    for o in range(rules.offers.access.shape[0]):
        if is_extra_for(rules, books, team, role, o):
            total += rules.plan_offer[0, team, role, o]
            last = o
    rest = minutes
    for o in range(rules.offers.access.shape[0]):
        if is_extra_for(rules, books, team, role, o):
            part = rest
            if o != last:
                part = min(rest, math.floor(minutes * rules.plan_offer[0, team, role, o] / total))
            books.week_budget[team, o, role] += part
            rest -= part
    books.ledger[week, team, role, L_UNUSED] += rest


@inner
def is_extra_for(rules: Rules, books: Books, team: int, role: int, offer: int) -> bool:
    """Whether extra minutes of a role go to an offer: it is of the old system, and runs this week."""
    mine = rules.offers.of[offer] == OLD and rules.offers.access[offer] != POPULATION
    return mine and rules.plan_offer[0, team, role, offer] > 0.0 and books.run_days[offer, 0] > 0


@compiled
def plan_week(rules: Rules, people: People, books: Books, week: int) -> None:
    """Turn next week's available minutes into budgets and ledger entries, team by team, role by role."""
    first = week * 7
    end = min(first + 7, rules.works.shape[0])
    for o in range(rules.offers.access.shape[0]):
        books.run_days[o, 0] = 0
        books.run_days[o, 1] = 0
        for d in range(first, end):
            if rules.runs[o, d] and rules.works[d]:
                books.run_days[o, 0] += 1
    books.week_budget[:] = 0
    for team in range(rules.n_teams):
        left = books.available[week, team]
        for r in range(rules.n_roles):
            per_day = minutes_of_week(rules, team, r, week)
            left[r] = math.floor(per_day * rules.works_before[end] + 1e-6) - math.floor(
                per_day * rules.works_before[first] + 1e-6
            )
        share_out(rules, books, team, week)
        remaining = left.copy()
        pay_change(rules, books, remaining, team, week)
        keep_for_calls(rules, books, remaining, team, week)
        pay_queue_management(rules, books, remaining, team, week)
        reserve_statutory(rules, books, remaining, team)
        for r in range(rules.n_roles):
            divide(rules, people, books, team, r, week, remaining[r])
            plan_extra(rules, books, team, r, week)
    books.rebookings[:] = 0


@inner
def move_capability(rules: Rules, people: People, day: int) -> None:
    """A week's capability counts towards its integral; staff turnover takes some, coaching adds some."""
    for p in range(people.places.capability.shape[0]):
        c = people.places.capability[p]
        people.places.capability_days[p] += 7.0 * c
        c *= rules.capability_keep
        if rules.place_keep < 1.0 and switched(rules, p, day):
            c *= rules.place_keep
        people.places.capability[p] = min(1.0, c + people.places.capability_new[p] * (1.0 - c))
        people.places.capability_new[p] = 0.0


@compiled
def end_week(rules: Rules, people: People, tickets: Tickets, books: Books, day: int) -> None:
    """Close the week that ends with this day and plan the next."""
    count_lists(rules, books, day)
    books.weekly[day // 7, W_IN_CONTACT] = books.in_contact
    move_capability(rules, people, day)
    count_overflow(rules, books)
    for team in range(rules.n_teams):
        close_calls(rules, books, team, day // 7)
    if day + 1 < rules.end_day:
        if rules.plan_offer.shape[0] > 1:
            count_held(rules, people, tickets, books, day + 1)
        plan_week(rules, people, books, day // 7 + 1)
