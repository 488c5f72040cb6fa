"""The life of a need outside offers: it begins, is noticed or not, its family seeks help or not."""

from __future__ import annotations

from sim.draws import (
    BOTH_DOORS,
    DOOR,
    HABIT,
    NAVIGATION_DAYS,
    NOTICED,
    NOTICED_GAP,
    REQUEST,
    REQUEST_GAP,
    RETURN,
    SEEKS,
    WRONG_DOOR,
    WRONG_DOOR_DAYS,
    days_after,
    uniform,
)
from sim.function import LOWEST
from sim.jit import inner
from sim.kernel.basics import (
    count,
    drop_outside,
    drop_ticket,
    has_ticket,
    log,
    new_ticket,
    outside,
    pull,
    push,
    schedule,
)
from sim.kernel.erosion import mind_gates, word_at
from sim.kernel.routes import choose, closed, follow, join, leave, opened, serves, stand
from sim.kernel.score import anchor, capability_days, end_support, in_normal_range, level_now
from sim.kernel.state import (
    AGED_OUT,
    ARRIVE,
    BEFORE_START,
    BOTH,
    CANDIDATE,
    CHANCE,
    E_AGE_OUT,
    E_ARRIVES,
    E_BEGIN,
    E_GATED,
    E_MOVE,
    E_NOT_SEEKING,
    E_NOTICED,
    E_REQUEST,
    E_SEEKS,
    E_WORSEN,
    E_WRONG_DOOR,
    GONE,
    HIDDEN,
    IN_BOTH,
    IN_GROUP,
    KNOWN,
    LEADS_GROUP,
    NEVER,
    NEVER_SOUGHT,
    NEW,
    NOBODY,
    NOT_SERVED,
    OLD,
    ON_THE_WAY,
    ONE_SYSTEM,
    OUTSIDE,
    POPULATION,
    REQUEST_CHANCE,
    TO_COME,
    VISIT,
    W_IDENTIFIED,
    W_ONSETS,
    W_REQUESTS,
    WAITING,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import held_by, note_entry, switched, system_at
from sim.numerics import logistic


@inner
def begin(rules: Rules, people: People, tickets: Tickets, books: Books, need: int) -> None:
    """A need begins (or, before the history, is found to be there already)."""
    day = first_day_of(people, need)
    people.needs.capability_then[need] = capability_days(people, people.needs.place[need], max(day, 0))
    people.needs.level[need] = level_now(rules, people, need, max(day, people.needs.onset[need]))
    worsen_before(rules, people, need)
    count(people, books, day, W_ONSETS, need)
    log(rules, people, books, day, need, -1, E_BEGIN)
    if people.needs.referral[need]:
        notice(rules, people, tickets, books, need, day)
        people.needs.concern[need] = day
        enter(rules, people, tickets, books, need, max(day, 0), day)
    elif people.needs.identified[need] != NEVER:
        known_before(rules, people, tickets, books, need, day)
    else:
        people.needs.phase[need] = HIDDEN
        t = new_ticket(people, tickets, books, need, OUTSIDE)
        push(tickets, books, rules.hidden_base + people.needs.place[need], t)
        next_chance(rules, people, tickets, books, need, max(day, 0))


@inner
def first_day_of(people: People, need: int) -> int:
    """Day on which a need begins for the run; for one that was known before the history, when it became known."""
    onset, identified = int(people.needs.onset[need]), int(people.needs.identified[need])
    return identified if onset < 0 and identified != NEVER else onset


@inner
def worsen_before(rules: Rules, people: People, need: int) -> None:
    """A step down that lies before the history has been taken when it begins."""
    day = people.needs.worsens[need]
    if day == NEVER or day < people.needs.onset[need] or day >= 0:
        return
    if not in_normal_range(rules, people, need, day):
        y = anchor(rules, people, need, day)
        people.needs.y[need] = max(LOWEST, y - rules.worsen_points)


@inner
def known_before(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """Known before the history began: still to be dealt with if recent, else it may come back one day."""
    people.needs.phase[need] = KNOWN
    create_requests(rules, people, tickets, books, need, 0)
    if people.needs.identified[need] >= -rules.start_waiting:
        door = door_of(rules, people, need, 0, system_at(rules, people, need, 0))
        if door >= 0 and seeks(rules, people, need, door, 0):
            people.needs.concern[need] = people.needs.identified[need]
            enter(rules, people, tickets, books, need, 0, int(people.needs.identified[need]))
            return
    people.needs.reason[need] = BEFORE_START
    if rules.start_returns > 0.0:
        u = uniform(rules.seed, people.needs.key[need], RETURN, 0)
        t = outside(people, tickets, books, need)
        schedule(tickets, books, t, days_after(1.0 / rules.start_returns, u), ARRIVE)


@inner
def noticed_rate(rules: Rules, system: int, kind: int, age: int) -> float:
    """Rate per day at which an unknown need of this kind is noticed at an age in days, without coaching."""
    rate = rules.noticed_rate[system, kind, 0]
    for b in range(1, rules.noticed_rate.shape[2]):
        if age >= rules.noticed_from[kind, b]:
            rate = rules.noticed_rate[system, kind, b]
    return rate


@inner
def next_chance(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """Enter the next chance of being noticed in the diary.

    Chances come at the fastest possible rate and are taken with the ratio of the rate then in force to it
    (thinning of a Poisson process, Lewis and Shedler 1979), so that the rate may change with age and place.
    """
    fastest = rules.noticed_fastest[system_at(rules, people, need, day), people.needs.kind[need]]
    if fastest <= 0.0:
        return
    u = uniform(rules.seed, people.needs.key[need], NOTICED_GAP, people.needs.noticed_chances[need])
    t = outside(people, tickets, books, need)
    schedule(tickets, books, t, day + days_after(1.0 / fastest, u), CHANCE)


@inner
def chance(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A chance of being noticed: taken, missed, or no longer needed because the need has gone by itself."""
    if in_normal_range(rules, people, need, day):
        drop_outside(people, tickets, books, need)
        people.needs.phase[need] = GONE
        return
    kind = people.needs.kind[need]
    system = system_at(rules, people, need, day)
    now = noticed_rate(rules, system, kind, day - people.children.birth[people.needs.child[need]])
    now *= 1.0 + (rules.capability_notices - 1.0) * people.places.capability[people.needs.place[need]]
    u = uniform(rules.seed, people.needs.key[need], NOTICED, people.needs.noticed_chances[need])
    people.needs.noticed_chances[need] += 1
    if u * rules.noticed_fastest[system, kind] >= now:
        next_chance(rules, people, tickets, books, need, day)
        return
    notice(rules, people, tickets, books, need, day)
    consider(rules, people, tickets, books, need, day)


@inner
def notice(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """Somebody knows of the need from now on."""
    drop_outside(people, tickets, books, need)
    people.needs.phase[need] = KNOWN
    people.needs.identified[need] = day
    people.needs.concern[need] = day
    count(people, books, day, W_IDENTIFIED, need)
    log(rules, people, books, day, need, -1, E_NOTICED)
    create_requests(rules, people, tickets, books, need, day)


@inner
def door_of(rules: Rules, people: People, need: int, day: int, system: int) -> int:
    """The door of a system that a family goes to, by age, kind, level and the family's own luck; -1: none."""
    c = people.needs.child[need]
    age = day - people.children.birth[c]
    level = level_now(rules, people, need, day)
    total = 0.0
    first, end = rules.door_first[system], rules.door_first[system] + rules.door_n[system]
    for d in range(first, end):
        if fits_door(rules, d, people.needs.kind[need], level, age):
            total += rules.doors.share[d]
    if total <= 0.0:
        return -1
    u = uniform(rules.seed, people.children.id[c], DOOR, 0) * total
    for d in range(first, end):
        if fits_door(rules, d, people.needs.kind[need], level, age):
            u -= rules.doors.share[d]
            if u < 0.0:
                return d
    return -1


@inner
def fits_door(rules: Rules, door: int, kind: int, level: int, age: int) -> bool:
    """Whether a door is for this kind, level and age."""
    right_age = rules.door_ages[door, 0] <= age and age < rules.door_ages[door, 1]
    return rules.door_kinds[door, kind] and rules.door_levels[door, level] and right_age


@inner
def seeks(rules: Rules, people: People, need: int, door: int, day: int) -> bool:
    """Whether the family comes to this door: a trait of the family, tried again when the need gets worse.

    Of those who would not come to a new door, some come when word of it has got round.
    """
    c = people.needs.child[need]
    odds = rules.door_seeks[door, people.children.quintile[c]]
    odds += rules.doors.navigation[door] * people.children.navigation[c]
    comes = logistic(odds)
    word = word_at(rules, people.needs.place[need], door, day)
    if word > 0.0:
        comes += word * (1.0 - comes)
    return uniform(rules.seed, people.needs.key[need], SEEKS, people.needs.sought[need]) < comes


@inner
def consider(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The family of a known need decides whether to seek help, and sets out."""
    door = door_today(rules, people, books, need, day)
    if door < 0 or not seeks(rules, people, need, door, day):
        people.needs.reason[need] = NEVER_SOUGHT
        log(rules, people, books, day, need, -1, E_NOT_SEEKING)
        return
    log(rules, people, books, day, need, -1, E_SEEKS)
    if rules.doors.days[door] <= 0.0 and rules.doors.wrong[door] <= -1e8:
        if people.needs.gated[need]:
            log(rules, people, books, day, need, -1, E_GATED)
        enter(rules, people, tickets, books, need, day, day)
        return
    people.needs.phase[need] = ON_THE_WAY
    u = uniform(rules.seed, people.needs.key[need], NAVIGATION_DAYS, people.needs.arrivals[need])
    t = outside(people, tickets, books, need)
    schedule(tickets, books, t, day + days_after(max(rules.doors.days[door], 1e-9), u), ARRIVE)


@inner
def arrive(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A family arrives: at the right door, or at a wrong one that sends it on."""
    drop_outside(people, tickets, books, need)
    people.needs.phase[need] = KNOWN
    door = door_today(rules, people, books, need, day)
    if in_normal_range(rules, people, need, day):
        return
    if people.needs.gated[need]:
        log(rules, people, books, day, need, -1, E_GATED)
    occasion = int(people.needs.arrivals[need])
    if door >= 0 and rules.doors.wrong[door] > -1e8:
        c = people.needs.child[need]
        odds = rules.doors.wrong[door] - rules.doors.navigation[door] * people.children.navigation[c]
        if uniform(rules.seed, people.needs.key[need], WRONG_DOOR, occasion) < logistic(odds):
            people.needs.arrivals[need] += 1
            people.needs.phase[need] = ON_THE_WAY
            log(rules, people, books, day, need, -1, E_WRONG_DOOR)
            u = uniform(rules.seed, people.needs.key[need], WRONG_DOOR_DAYS, occasion)
            t = outside(people, tickets, books, need)
            schedule(tickets, books, t, day + days_after(max(rules.doors.wrong_days[door], 1e-9), u), ARRIVE)
            return
    enter(rules, people, tickets, books, need, day, day)


@inner
def enter(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int, since: int
) -> None:
    """Go through the door to the first offer. ``since``: the day that counts as joining its list."""
    system = system_at(rules, people, need, day)
    door = door_of(rules, people, need, day, system)
    occasion = int(people.needs.arrivals[need])
    note_entry(rules, people, need, day)
    people.needs.arrivals[need] += 1
    log(rules, people, books, day, need, -1, E_ARRIVES)
    if door < 0:
        leave(rules, people, books, need, day, NOT_SERVED)
        return
    # arrivals draw their branch beside the routings of offers, never with the same number
    if not go_through(rules, people, tickets, books, need, door, day, since, occasion):
        leave(rules, people, books, need, day, NOT_SERVED)
    elif system == 0 and not people.needs.gated[need]:  # the other door is shut
        try_both_doors(rules, people, tickets, books, need, day)


@inner
def go_through(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    need: int,
    door: int,
    day: int,
    since: int,
    occasion: int,
) -> bool:
    """Through a door to the offer behind it; False if there is none for this need."""
    draw = 1_000_000 + occasion
    b = choose(rules, people, need, rules.doors.first_branch[door], rules.doors.n_branches[door], draw)
    return b >= 0 and follow(rules, people, tickets, books, need, b, day, since, draw)


@inner
def door_today(rules: Rules, people: People, books: Books, need: int, day: int) -> int:
    """The door that a family goes to on a day: habit, or new doors that overflow, may send it to the old one; -1: none."""
    mind_habit(rules, people, need, day)
    if mind_gates(rules, people, books, need, day) and door_of(rules, people, need, day, 0) < 0:
        people.needs.gated[need] = False  # there is no old door for it
    return door_of(rules, people, need, day, system_at(rules, people, need, day))


@inner
def mind_habit(rules: Rules, people: People, need: int, day: int) -> None:
    """Where both systems work side by side, practitioners send some concerns to the old door by habit."""
    if rules.habit <= 0.0:
        return
    both = rules.side_by_side[day] and switched(rules, people.needs.place[need], day)
    u = uniform(rules.seed, people.needs.key[need], HABIT, people.needs.arrivals[need])
    people.needs.by_habit[need] = both and u < rules.habit


@inner
def try_both_doors(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A family that waits in the old system may go to the new door as well, on the same day.

    Which families do is a trait of theirs, and more likely for those who find their way about.
    """
    if rules.both_doors <= -1e8 or not rules.side_by_side[day] or people.needs.in_both[need] != ONE_SYSTEM:
        return
    if not switched(rules, people.needs.place[need], day) or not held_by(rules, people, tickets, need, OLD):
        return
    c = people.needs.child[need]
    odds = rules.both_doors + rules.both_navigation * people.children.navigation[c]
    if uniform(rules.seed, people.children.family[c], BOTH_DOORS, 0) >= logistic(odds):
        return
    door = door_of(rules, people, need, day, 1)
    if door < 0:
        return
    occasion = int(people.needs.arrivals[need])
    people.needs.arrivals[need] += 1
    log(rules, people, books, day, need, -1, E_ARRIVES)
    go_through(rules, people, tickets, books, need, door, day, day, occasion)
    if held_by(rules, people, tickets, need, NEW):
        people.needs.in_both[need] = IN_BOTH


@inner
def worsen(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """A step down, unless the need is supported or gone; a family that had not come may come now."""
    if people.needs.phase[need] == TO_COME or people.needs.supports[need] > 0:
        return
    if (
        day >= people.children.out[people.needs.child[need]]
    ):  # a need that has gone by itself can still come back
        return
    if in_normal_range(rules, people, need, day):
        return
    y = anchor(rules, people, need, day)
    people.needs.y[need] = max(LOWEST, y - rules.worsen_points)
    log(rules, people, books, day, need, -1, E_WORSEN)
    idle = people.needs.phase[need] == KNOWN and people.needs.open[need] == 0
    if idle and people.needs.reason[need] == NEVER_SOUGHT:
        people.needs.sought[need] += 1
        consider(rules, people, tickets, books, need, day)


@inner
def move(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The child goes on to school or to secondary school."""
    c = people.needs.child[need]
    new = (
        people.children.secondary[c] if day >= people.children.to_secondary[c] else people.children.primary[c]
    )
    if new == people.needs.place[need]:
        return
    gained = capability_days(people, people.needs.place[need], day) - people.needs.capability_then[need]
    if gained != 0.0 and people.needs.phase[need] != TO_COME:
        anchor(rules, people, need, day)  # what the old place gave is kept; nothing given, nothing changed
    people.needs.place[need] = new
    people.needs.capability_then[need] = capability_days(people, new, day)
    log(rules, people, books, day, need, -1, E_MOVE)
    t = people.needs.tickets[need]
    while (
        t != NOBODY
    ):  # unknown in the new place; or waiting for its visitor, no longer for that of the old one
        offer = tickets.offer[t]
        if offer == OUTSIDE:
            if people.needs.phase[need] == HIDDEN:
                pull(tickets, books, t)
                push(tickets, books, rules.hidden_base + new, t)
        elif tickets.state[t] == WAITING and rules.offers.access[offer] == VISIT:
            pull(tickets, books, t)
            stand(rules, people, tickets, books, t, rules.offers.list_base[offer] + new)
        t = tickets.sibling[t]


@inner
def age_out(rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int) -> None:
    """The child has grown out of the services: every episode closes."""
    if people.needs.phase[need] == TO_COME:
        people.needs.phase[need] = GONE
        return
    drop_outside(people, tickets, books, need)
    t = people.needs.tickets[need]
    while t != NOBODY:
        following = tickets.sibling[t]
        end_support(rules, people, tickets, books, t, day)
        state, offer = tickets.state[t], tickets.offer[t]
        if rules.offers.access[offer] != POPULATION and state != CANDIDATE:
            closed(people, books, need)
        if state == IN_GROUP or state == LEADS_GROUP:
            tickets.tries[t] = -1  # stays as an empty chair until the group ends
        else:
            drop_ticket(people, tickets, books, t)
        t = following
    anchor(rules, people, need, day)
    people.needs.phase[need] = GONE
    log(rules, people, books, day, need, -1, E_AGE_OUT)
    if people.needs.identified[need] != NEVER and people.needs.left[need] == NEVER:
        leave(rules, people, books, need, day, AGED_OUT)


@inner
def create_requests(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, day: int
) -> None:
    """A known need may lead to a request with the force of law, one day."""
    system = system_at(rules, people, need, max(day, 0))
    for offer in range(rules.offers.access.shape[0]):
        theirs = rules.offers.of[offer] == BOTH or rules.offers.of[offer] == system
        if (
            rules.offers.request_rate[offer] > 0.0
            and theirs
            and has_ticket(people, tickets, need, offer) == NOBODY
        ):
            t = new_ticket(people, tickets, books, need, offer)
            tickets.state[t] = CANDIDATE
            next_request(rules, people, tickets, books, t, day)


@inner
def next_request(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """The next day on which a request may be made (thinning, as for being noticed)."""
    need, offer = tickets.need[t], tickets.offer[t]
    fastest = rules.offers.request_rate[offer] * max(1.0, rules.offers.request_hazard[offer])
    u = uniform(rules.seed, people.needs.key[need], REQUEST_GAP, tickets.contacts[t])
    schedule(tickets, books, t, day + days_after(1.0 / fastest, u), REQUEST_CHANCE)


@inner
def request_chance(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """A request is made, the more likely the longer the family has waited for a first contact."""
    need, offer = tickets.need[t], tickets.offer[t]
    level = level_now(rules, people, need, day)
    rate = rules.offers.request_rate[offer] if rules.request_levels[offer, level] else 0.0
    waits = (
        people.needs.referred[need] != NEVER
        and people.needs.first_contact[need] == NEVER
        and people.needs.open[need] > 0
    )
    if waits and day - people.needs.referred[need] > rules.offers.request_wait[offer]:
        rate *= rules.offers.request_hazard[offer]
    fastest = rules.offers.request_rate[offer] * max(1.0, rules.offers.request_hazard[offer])
    u = uniform(rules.seed, people.needs.key[need], REQUEST, tickets.contacts[t])
    tickets.contacts[t] += 1
    if u * fastest >= rate or not serves(rules, people, need, offer, day):
        next_request(rules, people, tickets, books, t, day)
        return
    tickets.contacts[t] = 0
    opened(people, books, need)
    count(people, books, day, W_REQUESTS, need)
    log(rules, people, books, day, need, offer, E_REQUEST)
    join(rules, people, tickets, books, t, day, day)
