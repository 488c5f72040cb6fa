"""Phase 3 of a day: each team works through its offers in a fixed order, as long as there are minutes."""

from __future__ import annotations

from sim.jit import inner
from sim.kernel.calls import calls_of_a_day
from sim.kernel.contacts import first_appointment, first_ready, later_session, start_group, turn_away, visit
from sim.kernel.minutes import can_start, collect_spare, lose_spare, open_day, pay_debts
from sim.kernel.state import (
    L_UNUSED,
    NEW,
    NOBODY,
    OLD,
    QUEUE,
    VISIT,
    WALK_IN,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import leading, rostered


@inner
def front(tickets: Tickets, books: Books, queue: int, day: int) -> int:
    """First on a list, if that one may be seen today."""
    t = books.lists.head[queue]
    return t if t != NOBODY and tickets.ready[t] <= day else NOBODY


@inner
def first_in_class_order(
    rules: Rules, tickets: Tickets, books: Books, offer: int, base: int, day: int, kept: bool
) -> int:
    """Who is next on the lists of one team and kind: those rebooked, then by class.

    With carved-out appointments the first class has the kept ones (``kept``) to itself and takes others only when
    nobody else waits.
    """
    t = front(tickets, books, base, day)
    if t != NOBODY:
        return t
    n = rules.offers.n_classes[offer]
    carved = rules.offers.carve_share[offer] > 0.0 and n > 1
    if carved and kept:
        t = front(tickets, books, base + 1, day)
        if t != NOBODY or not rules.offers.carve_released[offer]:
            return t
    for c in range(1 if carved else 0, n):
        t = front(tickets, books, base + 1 + c, day)
        if t != NOBODY:
            return t
    return front(tickets, books, base + 1, day) if carved else NOBODY


@inner
def next_on_list(
    rules: Rules, tickets: Tickets, books: Books, team: int, offer: int, day: int, kept: bool
) -> int:
    """Who is next for an offer. Of the kinds that have lists of their own, the one whose first has the strongest claim.

    The claim is the wait so far times the kind's weight: waits settle in inverse proportion to the weights.
    """
    classes = rules.offers.n_classes[offer] + 1
    groups = rules.offers.n_kind_groups[offer]
    row = 0 if rules.offers.pooled[offer] else team
    first = rules.offers.list_base[offer] + row * groups * classes
    if groups == 1:
        return first_in_class_order(rules, tickets, books, offer, first, day, kept)
    who, most = NOBODY, 0.0
    for g in range(groups):
        t = first_in_class_order(rules, tickets, books, offer, first + g * classes, day, kept)
        if t != NOBODY:
            claim = (day - tickets.joined[t] + 1) * rules.kind_weight[offer, g]
            if claim > most:
                who, most = t, claim
    return who


@inner
def keeps_this_slot(rules: Rules, books: Books, team: int, offer: int) -> bool:
    """Whether the next appointment is one of those kept for the first class."""
    return books.carve[offer, team] + rules.offers.carve_share[offer] >= 1.0


@inner
def waiting_anywhere(rules: Rules, books: Books, team: int, offer: int) -> int:
    """Number on the offer's lists for a team."""
    classes = rules.offers.n_classes[offer] + 1
    row = 0 if rules.offers.pooled[offer] else team
    n = rules.offers.n_kind_groups[offer] * classes
    first = rules.offers.list_base[offer] + row * n
    total = 0
    for q in range(first, first + n):
        total += books.lists.length[q]
    return total


@inner
def from_the_list(
    rules: Rules, people: People, tickets: Tickets, books: Books, team: int, offer: int, day: int
) -> None:
    """New appointments from a waiting list, as long as there are minutes and somebody may be seen."""
    while can_start(rules, books, team, offer):
        kept = rules.offers.carve_share[offer] > 0.0 and keeps_this_slot(rules, books, team, offer)
        t = next_on_list(rules, tickets, books, team, offer, day, kept)
        if t == NOBODY and not (kept and waiting_anywhere(rules, books, team, offer) > 0):
            return
        if rules.offers.carve_share[offer] > 0.0:
            books.carve[offer, team] += rules.offers.carve_share[offer] - (1.0 if kept else 0.0)
        if t == NOBODY:  # kept, not needed, and not released: the slot is lost
            lose_slot(rules, books, day, team, offer)
        elif rules.offers.group_size[offer] > 0:
            small = waiting_anywhere(rules, books, team, offer) < rules.offers.group_smallest[offer]
            if small and day - tickets.joined[t] < rules.offers.group_wait[offer]:
                return
            start_group(rules, people, tickets, books, t, day, team)
        else:
            first_appointment(rules, people, tickets, books, t, day, team)


@inner
def lose_slot(rules: Rules, books: Books, day: int, team: int, offer: int) -> None:
    """An appointment's minutes go unused."""
    for g in range(rules.n_groups):
        left = rules.minutes[offer, g, 0] + rules.minutes[offer, g, 1] + rules.minutes[offer, g, 2]
        for r in range(rules.n_roles):
            if rules.group_of[r] == g and left > 0 and books.credit[team, offer, r] > 0:
                take = min(left, books.credit[team, offer, r])
                books.credit[team, offer, r] -= take
                books.ledger[day // 7, team, r, L_UNUSED] += take
                left -= take


@inner
def stage(
    rules: Rules, people: People, tickets: Tickets, books: Books, team: int, offer: int, new: bool, day: int
) -> None:
    """One step of the day's order: sessions owed to courses under way, or new appointments, of one offer."""
    if not (rules.runs[offer, day] and rules.works[day]):
        return
    if not new:
        queue = rules.offers.owed_base[offer] + team
        while books.lists.head[queue] != NOBODY and can_start(rules, books, team, offer):
            later_session(rules, people, tickets, books, books.lists.head[queue], day)
    elif rules.offers.access[offer] == QUEUE:
        from_the_list(rules, people, tickets, books, team, offer, day)
    elif rules.offers.access[offer] == WALK_IN:
        queue = rules.offers.list_base[offer] + team
        while can_start(rules, books, team, offer):
            t = first_ready(tickets, books, queue, day)
            if t == NOBODY:
                break
            first_appointment(rules, people, tickets, books, t, day, team)
    elif rules.offers.access[offer] == VISIT:
        while can_start(rules, books, team, offer):
            if not visit(rules, people, tickets, books, team, offer, day):
                break


@inner
def share_spare_time(
    rules: Rules, people: People, tickets: Tickets, books: Books, team: int, day: int
) -> None:
    """Minutes nobody booked go, role by role, to the other lists that the role is rostered for.

    Where two systems run side by side and do not pool their minutes, to lists of the same system only.
    """
    for r in range(rules.n_roles):
        if not kept_apart(rules, team, r, day):
            spare = collect_spare(rules, books, team, r)
            offer_spare(rules, people, tickets, books, team, r, -1, spare, day)
            continue
        of_old, of_new = collect_by_system(rules, books, team, r)
        pooled = int(of_old * rules.spare_pooled) + int(of_new * rules.spare_pooled)
        of_old -= int(of_old * rules.spare_pooled)
        of_new -= int(of_new * rules.spare_pooled)
        offer_spare(rules, people, tickets, books, team, r, 0, of_old, day)
        offer_spare(rules, people, tickets, books, team, r, 1, of_new, day)
        offer_spare(rules, people, tickets, books, team, r, -1, pooled, day)


@inner
def kept_apart(rules: Rules, team: int, role: int, day: int) -> bool:
    """Whether what one of two systems side by side has left over of a role's minutes is not all for the other to use."""
    if rules.spare_pooled >= 1.0 or rules.plan_offer.shape[0] < 2 or rules.undivided[role]:
        return False
    return 0.0 < rules.capacity[day // 7, team] < 1.0


@inner
def collect_by_system(rules: Rules, books: Books, team: int, role: int) -> tuple[int, int]:
    """Take back unbooked minutes of a role: the old system's and the new one's; what both offer is split by the week."""
    old, new, both = 0, 0, 0
    for o in range(rules.offers.access.shape[0]):
        spare = int(books.credit[team, o, role])
        books.credit[team, o, role] = 0
        if rules.offers.of[o] == OLD:
            old += spare
        elif rules.offers.of[o] == NEW:
            new += spare
        else:
            both += spare
    to_new = int(both * books.system_share[1, team])
    return old + both - to_new, new + to_new


@inner
def offer_spare(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    team: int,
    role: int,
    system: int,
    spare: int,
    day: int,
) -> None:
    """Unbooked minutes of a role for the lists of a system (-1: of all in which the team works), in the day's order."""
    if spare == 0:
        return
    for i in range(rules.sequence.offer.shape[0]):
        offer = rules.sequence.offer[i]
        theirs = (
            rostered(rules, books, team, role, offer)
            if system < 0
            else rules.plan_offer[system, team, role, offer] > 0.0
        )
        if spare == 0 or not theirs or rules.offers.access[offer] == VISIT:
            continue
        books.credit[team, offer, role] = spare
        pay_debts(rules, books, day // 7, team, offer, role)
        stage(rules, people, tickets, books, team, offer, rules.sequence.new[i], day)
        spare = books.credit[team, offer, role]
        books.credit[team, offer, role] = 0
    books.ledger[day // 7, team, role, L_UNUSED] += spare


@inner
def team_day(rules: Rules, people: People, tickets: Tickets, books: Books, team: int, day: int) -> None:
    """A team's working day."""
    open_day(rules, books, day, team)
    calls_of_a_day(rules, people, tickets, books, team, day)
    for i in range(rules.sequence.offer.shape[0]):
        stage(rules, people, tickets, books, team, rules.sequence.offer[i], rules.sequence.new[i], day)
    if rules.spare_shared[leading(rules, day // 7, team)]:
        share_spare_time(rules, people, tickets, books, team, day)
    lose_spare(rules, books, day, team)
    for offer in range(rules.offers.access.shape[0]):
        if rules.offers.access[offer] == WALK_IN and rules.runs[offer, day] and rules.works[day]:
            turn_away(rules, people, tickets, books, team, offer, day)
