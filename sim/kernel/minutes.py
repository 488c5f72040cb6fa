"""Staff minutes: what an appointment costs, who pays, and the ledger that always adds up.

Each offer of each team has minutes for the day. An appointment may begin while any are left; what it needs
beyond them is paid first thing from the next minutes of the same offer, so that no capacity is lost to rounding
and every minute is entered in the ledger in the week in which it was worked.
"""

from __future__ import annotations

from sim.jit import inner
from sim.kernel.state import (
    COACHED,
    INDIRECT,
    L_COACHING,
    L_INDIRECT,
    L_LOST,
    L_TRAVEL,
    L_UNUSED,
    LOST,
    MAIN,
    TRAVEL,
    Books,
    Rules,
)


@inner
def line_of(rules: Rules, offer: int, part: int) -> int:
    """Ledger line of a part of a contact."""
    if part == INDIRECT:
        return L_INDIRECT
    if part == TRAVEL:
        return L_TRAVEL
    if part == LOST:
        return L_LOST
    if part == COACHED:
        return L_COACHING
    return rules.offers.line[offer]


@inner
def can_start(rules: Rules, books: Books, team: int, offer: int) -> bool:
    """Whether every staff group the offer needs has minutes left today."""
    for g in range(rules.n_groups):
        if (
            rules.minutes[offer, g, MAIN]
            + rules.minutes[offer, g, INDIRECT]
            + rules.minutes[offer, g, TRAVEL]
            > 0
        ):
            some = False
            for r in range(rules.n_roles):
                if rules.group_of[r] == g and books.credit[team, offer, r] > 0:
                    some = True
            if not some:
                return False
    return True


@inner
def debtor_of(rules: Rules, books: Books, team: int, offer: int, group: int) -> int:
    """The role that will owe what a contact needs beyond today's minutes: the last with minutes left.

    Each role then starts contacts only as fast as its own minutes pay for them.
    """
    debtor = -1
    for r in range(rules.n_roles):
        if rules.group_of[r] == group and (debtor < 0 or books.credit[team, offer, r] > 0):
            debtor = r
    return debtor


@inner
def pay(
    rules: Rules,
    books: Books,
    week: int,
    team: int,
    offer: int,
    group: int,
    part: int,
    minutes: int,
    debtor: int,
) -> None:
    """Take minutes from the roles of a group, in their order; the rest is owed by the debtor."""
    if minutes <= 0:
        return
    if week * 7 >= rules.decision_day:
        books.tallies.minutes[offer] += minutes
    line = line_of(rules, offer, part)
    for r in range(rules.n_roles):
        have = books.credit[team, offer, r]
        if rules.group_of[r] == group and have > 0:
            take = min(have, minutes)
            books.credit[team, offer, r] = have - take
            books.ledger[week, team, r, line] += take
            minutes -= take
    books.debt[team, offer, debtor, part] += minutes


@inner
def charge(rules: Rules, books: Books, week: int, team: int, offer: int, lost: bool) -> int:
    """Pay for one contact (or for one that was missed: its main minutes are lost). Returns the minutes spent."""
    total = 0
    for g in range(rules.n_groups):
        main = rules.minutes[offer, g, MAIN]
        indirect, travel = rules.minutes[offer, g, INDIRECT], rules.minutes[offer, g, TRAVEL]
        if main + indirect + travel == 0:
            continue
        debtor = debtor_of(rules, books, team, offer, g)
        if lost:
            pay(rules, books, week, team, offer, g, LOST, main, debtor)
            continue
        pay(rules, books, week, team, offer, g, MAIN, main, debtor)
        pay(rules, books, week, team, offer, g, INDIRECT, indirect, debtor)
        pay(rules, books, week, team, offer, g, TRAVEL, travel, debtor)
        total += main + indirect + travel
    return total


@inner
def pay_debts(rules: Rules, books: Books, week: int, team: int, offer: int, role: int) -> None:
    """What was begun and not paid comes first."""
    for part in range(COACHED + 1):
        owed = books.debt[team, offer, role, part]
        have = books.credit[team, offer, role]
        if owed > 0 and have > 0:
            take = min(owed, have)
            books.debt[team, offer, role, part] = owed - take
            books.credit[team, offer, role] = have - take
            books.ledger[week, team, role, line_of(rules, offer, part)] += take


@inner
def open_day(rules: Rules, books: Books, day: int, team: int) -> None:
    """Each offer that runs today gets its part of the week's minutes, and pays what it owes."""
    week = day // 7
    for o in range(rules.offers.access.shape[0]):
        if not (rules.runs[o, day] and rules.works[day]):
            continue
        n, gone = books.run_days[o, 0], books.run_days[o, 1]
        for r in range(rules.n_roles):
            budget = books.week_budget[team, o, r]
            if budget > 0:
                books.credit[team, o, r] = budget * (gone + 1) // n - budget * gone // n
                pay_debts(rules, books, week, team, o, r)


@inner
def collect_spare(rules: Rules, books: Books, team: int, role: int) -> int:
    """Take back the minutes of a role that nobody booked today."""
    spare = 0
    for o in range(rules.offers.access.shape[0]):
        spare += books.credit[team, o, role]
        books.credit[team, o, role] = 0
    return spare


@inner
def lose_spare(rules: Rules, books: Books, day: int, team: int) -> None:
    """Minutes that are left at the end of the day are unused."""
    for r in range(rules.n_roles):
        spare = collect_spare(rules, books, team, r)
        if spare > 0:
            books.ledger[day // 7, team, r, L_UNUSED] += spare
