"""Where a need goes: joining an offer, going on to the next one, leaving."""

from __future__ import annotations

import math

from sim.draws import ALSO, BRANCH, DELAY, GOAL_LED, PATIENCE, PRIORITY, days_after, uniform
from sim.jit import inner
from sim.kernel.basics import count, drop_ticket, has_ticket, log, new_ticket, outside, push, schedule
from sim.kernel.score import end_support, level_now, start_support
from sim.kernel.state import (
    ARRIVE,
    DELAYED,
    E_JOINS,
    E_LEAVES,
    END_SUPPORT,
    GIVE_UP,
    JOIN,
    KNOWN,
    NEVER,
    NOBODY,
    NOT_LEFT,
    NOT_SERVED,
    ON_THE_WAY,
    ONE_SYSTEM,
    POPULATION,
    QUEUE,
    RUNNING,
    TO_DOOR,
    VISIT,
    W_LEFT,
    W_REFERRED,
    WAITING,
    WALK_IN,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import list_closed, note_entry


@inner
def serves(rules: Rules, people: People, need: int, offer: int, day: int) -> bool:
    """Whether an offer is for this kind of need and this age."""
    age = day - people.children.birth[people.needs.child[need]]
    return (
        rules.offer_kinds[offer, people.needs.kind[need]]
        and rules.offers.age_from[offer] <= age
        and age < rules.offers.age_to[offer]
    )


@inner
def opened(people: People, books: Books, need: int) -> None:
    """One more episode of care is open for the need."""
    people.needs.open[need] += 1
    if people.needs.open[need] == 1:
        c = people.needs.child[need]
        books.in_contact[
            people.children.locality[c], people.children.quintile[c], people.needs.level[need]
        ] += 1
        people.needs.left[need] = NEVER
        people.needs.reason[need] = NOT_LEFT


@inner
def closed(people: People, books: Books, need: int) -> None:
    """One episode of care fewer."""
    people.needs.open[need] -= 1
    if people.needs.open[need] == 0:
        c = people.needs.child[need]
        books.in_contact[
            people.children.locality[c], people.children.quintile[c], people.needs.level[need]
        ] -= 1


@inner
def leave(rules: Rules, people: People, books: Books, need: int, day: int, reason: int) -> None:
    """The need leaves, unless another episode is still open."""
    if people.needs.open[need] > 0 or people.needs.left[need] != NEVER:
        return
    people.needs.left[need] = day
    people.needs.reason[need] = reason
    people.needs.in_both[need] = ONE_SYSTEM
    count(people, books, day, W_LEFT, need)
    log(rules, people, books, day, need, -1, E_LEAVES)


@inner
def priority_class(rules: Rules, people: People, need: int, offer: int, day: int) -> int:
    """Class on the offer's list: the first rule that fits, last if none does."""
    first, n = rules.offers.rule_from[offer], rules.offers.rule_n[offer]
    if n == 0:
        return 0
    age = day - people.children.birth[people.needs.child[need]]
    level = level_now(rules, people, need, day)
    for i in range(first, first + n):
        fits = rules.rule_kinds[i, people.needs.kind[need]] and rules.rule_levels[i, level]
        if fits and rules.rule_ages[i, 0] <= age and age < rules.rule_ages[i, 1]:
            if rules.rule_share[i] >= 1.0 or people.needs.urgent[need]:
                return i - first
            u = uniform(rules.seed, people.needs.key[need], PRIORITY, people.needs.lists_joined[need])
            if u < rules.rule_share[i]:
                return i - first
    return n


@inner
def list_of(rules: Rules, people: People, need: int, offer: int, team: int, day: int) -> int:
    """The list on which a need waits for an offer. Position 0 of a list of classes is for those rebooked."""
    if rules.offers.access[offer] == VISIT:
        return rules.offers.list_base[offer] + people.needs.place[need]
    if rules.offers.access[offer] == WALK_IN:
        return rules.offers.list_base[offer] + team
    row = 0 if rules.offers.pooled[offer] else team
    group = rules.kind_group[offer, people.needs.kind[need]]
    classes = rules.offers.n_classes[offer] + 1
    base = rules.offers.list_base[offer] + (row * rules.offers.n_kind_groups[offer] + group) * classes
    return base + 1 + priority_class(rules, people, need, offer, day)


@inner
def wait_from(rules: Rules, people: People, tickets: Tickets, t: int) -> int:
    """Day from which a wait counts: the clock start where the recorded clock runs and nobody has been seen yet."""
    need = tickets.need[t]
    runs = rules.offers.clock[tickets.offer[t]] and people.needs.first_contact[need] == NEVER
    return people.needs.referred[need] if runs and people.needs.referred[need] != NEVER else tickets.joined[t]


@inner
def stand(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, queue: int) -> None:
    """Stand on a waiting list, and be counted there each week. A list of the whole area counts under the first team."""
    offer = tickets.offer[t]
    push(tickets, books, queue, t)
    team = tickets.team[t]
    if rules.offers.access[offer] == VISIT:
        team = people.places.locality[people.needs.place[tickets.need[t]]]
    elif rules.offers.access[offer] == QUEUE and rules.offers.pooled[offer]:
        team = 0
    books.standing.row[t] = int(offer) * rules.n_teams + team
    books.standing.since[t] = wait_from(rules, people, tickets, t)


@inner
def count_from_joining(people: People, tickets: Tickets, books: Books, need: int) -> None:
    """After the first contact the waits for other lists count from the day of joining them."""
    t = people.needs.tickets[need]
    while t != NOBODY:
        if books.standing.row[t] != NOBODY:
            books.standing.since[t] = tickets.joined[t]
        t = tickets.sibling[t]


@inner
def join(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int, since: int) -> None:
    """Stand on the list of an offer. ``since`` counts as the day of joining (earlier than ``day`` at the start)."""
    need, offer = tickets.need[t], tickets.offer[t]
    note_entry(rules, people, need, day)
    tickets.state[t] = WAITING
    tickets.joined[t] = since
    tickets.ready[t] = since + rules.offers.notice[offer]
    draw_goal(rules, people, tickets, t)
    if rules.offers.clock[offer] and people.needs.referred[need] == NEVER:
        people.needs.referred[need] = since
        count(people, books, day, W_REFERRED, need)
    stand(rules, people, tickets, books, t, list_of(rules, people, need, offer, tickets.team[t], day))
    if rules.offers.patience[offer] > 0.0:
        u = uniform(rules.seed, people.needs.key[need], PATIENCE, people.needs.lists_joined[need])
        schedule(tickets, books, t, day + days_after(rules.offers.patience[offer], u), GIVE_UP)
    people.needs.lists_joined[need] += 1
    log(rules, people, books, day, need, offer, E_JOINS)


@inner
def begin_support(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, offer: int, day: int
) -> None:
    """Support that takes no appointment starts at once, or goes on for longer if it is running already."""
    ends = day + max(1, rules.offers.lasts[offer])
    t = has_ticket(people, tickets, need, offer)
    if t == NOBODY:
        t = new_ticket(people, tickets, books, need, offer)
    if tickets.state[t] != RUNNING:  # new, or meant to start later
        tickets.state[t] = RUNNING
        start_support(rules, people, tickets, books, t, day)
        if day >= rules.decision_day:
            people.needs.seen_by[need] |= 1 << offer
            books.tallies.contacts[offer] += 1
    schedule(tickets, books, t, ends, END_SUPPORT)


@inner
def start(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, offer: int, day: int, since: int
) -> bool:
    """Enter an offer; False when it is not for this kind or age. Nobody stands on the same list twice."""
    if not serves(rules, people, need, offer, day):
        return False
    if rules.offers.access[offer] == POPULATION:
        begin_support(rules, people, tickets, books, need, offer, day)
    elif has_ticket(people, tickets, need, offer) == NOBODY:
        t = new_ticket(people, tickets, books, need, offer)
        opened(people, books, need)
        join(rules, people, tickets, books, t, day, since)
    return True


@inner
def draw_goal(rules: Rules, people: People, tickets: Tickets, t: int) -> None:
    """Whether this course will end by its goal rather than by its package."""
    need, share = tickets.need[t], rules.offers.goal_led[tickets.offer[t]]
    if share > 0.0:
        u = uniform(rules.seed, people.needs.key[need], GOAL_LED, people.needs.lists_joined[need])
        tickets.goal_led[t] = share >= 1.0 or u < share


@inner
def branch_delay(rules: Rules, people: People, need: int, branch: int, occasion: int) -> int:
    """Days until a branch takes effect; 0 means at once."""
    mean = rules.branches.days[branch]
    if mean <= 0.0:
        return 0
    if rules.branches.fixed[branch]:
        return math.ceil(mean)
    return days_after(mean, uniform(rules.seed, people.needs.key[need], DELAY, occasion))


@inner
def destination(rules: Rules, people: People, need: int, branch: int, day: int) -> int:
    """Where a branch leads on a day: an offer, or to the doors or out. Instead of to a closed list, to the doors."""
    target = rules.branches.to[branch]
    if target >= 0 and list_closed(rules, people, need, target, day):
        return TO_DOOR
    return target


@inner
def follow(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    need: int,
    branch: int,
    day: int,
    since: int,
    occasion: int,
) -> bool:
    """Go where a branch leads, now or after its delay; False if it leads out or the offer is not for this need."""
    target = destination(rules, people, need, branch, day)
    delay = branch_delay(rules, people, need, branch, occasion)
    if target >= 0:
        if delay == 0:
            return start(rules, people, tickets, books, need, target, day, since)
        if has_ticket(people, tickets, need, target) == NOBODY:
            t = new_ticket(people, tickets, books, need, target)
            tickets.state[t] = DELAYED
            if rules.offers.access[target] != POPULATION:
                opened(people, books, need)
            schedule(tickets, books, t, day + delay, JOIN)
        return True
    if target == TO_DOOR and people.needs.phase[need] == KNOWN:
        people.needs.phase[need] = ON_THE_WAY
        t = outside(people, tickets, books, need)
        schedule(tickets, books, t, day + max(1, delay), ARRIVE)
    return False


@inner
def route(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    need: int,
    offer: int,
    outcome: int,
    day: int,
) -> None:
    """What happens after an outcome: offers that run besides, one of the alternatives, or leaving."""
    level = level_now(rules, people, need, day)
    i = rules.route[offer, outcome, level, people.needs.kind[need]]
    occasion = int(people.needs.routings[need])
    people.needs.routings[need] += 1
    reason = outcome
    if i >= 0:
        first = rules.spans.also_from[i]
        for b in range(first, first + rules.spans.also_n[i]):
            u = uniform(rules.seed, people.needs.key[need], ALSO, occasion * 32 + (b - first))
            if u < rules.branches.share[b]:
                follow(rules, people, tickets, books, need, b, day, day, occasion * 32 + (b - first) + 1)
        b = choose(rules, people, need, rules.spans.to_from[i], rules.spans.to_n[i], occasion)
        if b >= 0 and not follow(rules, people, tickets, books, need, b, day, day, occasion * 32):
            if destination(rules, people, need, b, day) >= 0:
                reason = NOT_SERVED
    leave(rules, people, books, need, day, reason)


@inner
def choose(rules: Rules, people: People, need: int, first: int, n: int, occasion: int) -> int:
    """One of ``n`` alternatives by their shares, or -1."""
    if n == 0:
        return -1
    if n == 1 and rules.branches.share[first] >= 1.0:
        return first
    u = uniform(rules.seed, people.needs.key[need], BRANCH, occasion)
    for b in range(first, first + n):
        if u < rules.branches.share[b]:
            return b
    return -1


@inner
def finish(
    rules: Rules, people: People, tickets: Tickets, books: Books, t: int, outcome: int, day: int
) -> None:
    """An episode is over: its support ends, the ticket goes back, the need goes on or leaves."""
    need, offer = tickets.need[t], tickets.offer[t]
    end_support(rules, people, tickets, books, t, day)
    drop_ticket(people, tickets, books, t)
    if rules.offers.access[offer] == POPULATION:
        return
    closed(people, books, need)
    route(rules, people, tickets, books, need, offer, outcome, day)
